"""Who may join, as whom, and how a join that fails ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from live.fan_out import FanOut
from live.hub import Hub
from live.private import Private
from store.redis import keys
from tests.integration.live.house import SECRET
from tests.viewer import Viewer
from tests.waiting import until

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a_join_is_answered_with_the_whole_show(house: House, binary: bool) -> None:
    host = await house.host()
    await host.do("pin", product="tote")
    await host.do("chat.send", text="Welcome!")
    await host.event("chat")
    pinned = await host.event("pinned")

    joined = await (await house.connect(binary=binary)).join(
        token=house.token("vera", name="Vera V")
    )

    assert set(joined) == {
        "viewer", "show", "epoch", "seq", "recovered", "pinned", "bag", "stock", "viewers",
        "likes", "chat",
    }  # fmt: skip
    assert joined["viewer"] == {"id": "vera", "name": "Vera V", "role": "viewer"}
    assert joined["show"] == {
        "id": "demo",
        "title": "The demo show",
        "state": "live",
        "host": {"id": "mara", "name": "Mara"},
        "started_at": joined["show"]["started_at"],
    }
    assert (joined["seq"], joined["recovered"]) == (5, False)
    assert joined["pinned"] == {"product": "tote", "at": pinned["at"]}
    assert [(item["position"], item["product"]["id"]) for item in joined["bag"]] == [
        (1, "mug-blue"),
        (2, "tote"),
    ]
    assert joined["bag"][0]["product"] == {
        "id": "mug-blue",
        "shop": "ada",
        "title": "Mug-Blue",
        "description": "",
        "images": [],
        "skus": [{"id": "mug-blue", "title": "One", "price": 1999, "currency": "USD", "left": 5}],
    }
    assert joined["stock"] == {"mug-blue": 5, "tote": 20}
    assert (joined["viewers"], joined["likes"]) == (1, 0)
    (said,) = joined["chat"]
    assert said == {
        "ev": "chat",
        "seq": 5,
        "at": said["at"],
        "message": said["message"],
        "from": {"id": "mara", "name": "Mara", "role": "host"},
        "text": "Welcome!",
    }


async def test_a_node_that_opens_the_show_later_answers_the_same(house: House) -> None:
    host = await house.host()
    await host.do("pin", product="tote")
    await host.do("chat.send", text="Welcome!")
    await host.event("chat")
    old = await (await house.connect()).join()

    await house.start_node()
    new = await (await house.connect(house.b)).join()

    for guest in (old, new):
        del guest["viewer"], guest["guest_token"], guest["viewers"]
    assert new == old


async def test_a_guest_comes_back_as_the_same_guest(house: House) -> None:
    first = await house.visit()
    guest = first.joined["viewer"]
    await first.do("cart.add", sku="tote", qty=2)

    again = await house.visit(guest_token=first.joined["guest_token"])

    assert guest["role"] == "viewer"
    assert again.joined["viewer"] == guest
    assert "guest_token" not in again.joined
    assert (await again.do("cart.get"))["cart"]["count"] == 2


async def test_a_guest_who_signs_in_takes_the_cart_along(house: House) -> None:
    guest = await house.visit()
    await guest.do("cart.add", sku="tote", qty=2)
    token = guest.joined["guest_token"]
    vera = await house.visit("vera")
    await vera.do("cart.add", sku="tote", qty=1)

    at_home = await house.visit("vera", guest_token=token)

    assert at_home.joined["viewer"]["id"] == "vera"
    assert (await at_home.do("cart.get"))["cart"]["count"] == 3
    assert (await guest.do("cart.get"))["cart"]["count"] == 0
    assert (await house.visit("vera", guest_token=token)).joined["viewer"]["id"] == "vera"
    assert (await at_home.do("cart.get"))["cart"]["count"] == 3


async def test_only_a_guests_cart_is_taken_along(house: House) -> None:
    otto = await house.visit("otto")
    await otto.do("cart.add", sku="tote", qty=2)

    vera = await house.visit("vera", guest_token=house.token("otto"))

    assert (await vera.do("cart.get"))["cart"]["count"] == 0
    assert (await otto.do("cart.get"))["cart"]["count"] == 2


async def test_an_old_guest_token_keeps_no_account_out(house: House) -> None:
    vera = await house.visit("vera", guest_token="worn out")

    assert vera.joined["viewer"]["id"] == "vera"


# Tokens.


async def rejected(house: House, **fields: object) -> tuple[str, int]:
    """How a join with such fields is refused: error and close code."""
    vera = await house.connect()
    code = await vera.refused("join", show="demo", **fields)
    return code, await vera.closed()


async def test_a08_a_token_that_does_not_hold_closes_4401(house: House) -> None:
    good = house.token("vera")
    bad = {
        "empty": "",
        "no token": "hello",
        "cut": good[:-4],
        "other secret": good.rpartition(".")[0] + ".AAAA",
        "expired": house.token("vera", ttl_s=-1),
        "no such role": house.token("vera", "king"),
        "bad id": house.token("ve ra"),
        "long": "x" * 8000,
    }

    answers = {name: await rejected(house, token=token) for name, token in bad.items()}

    assert answers == dict.fromkeys(bad, ("unauthorized", 4401))
    assert await rejected(house, guest_token="hello") == ("unauthorized", 4401)
    assert SECRET not in good


async def test_a_token_for_another_show_is_forbidden(house: House) -> None:
    await house.make_show("evening")
    token = house.token("vera", show="evening")

    assert await rejected(house, token=token) == ("forbidden", 4403)
    vera = await house.connect()
    assert (await vera.join("evening", token=token))["show"]["id"] == "evening"


async def test_a_token_that_expires_closes_4401(house: House) -> None:
    vera = await house.visit(token=house.token("vera", ttl_s=1))
    otto = await house.visit("otto")

    assert await vera.closed() == 4401
    assert "at" in await otto.do("ping")


async def test_a08_an_expired_viewer_gets_nothing_done(house: House) -> None:
    vera = await house.visit(token=house.token("vera", ttl_s=3600))

    house.clock.advance(3_600_000)
    late = await vera.send("cart.add", sku="tote", qty=1)

    assert await vera.closed() == 4401
    assert late not in vera.replies


# What goes wrong inside.


@pytest.mark.parametrize(
    ("kind", "step"),
    [(FanOut, "snapshot"), (FanOut, "enter"), (Private, "enter"), (Hub, "replace_oldest")],
)
@pytest.mark.parametrize("returns", [False, True], ids=["new", "returning"])
async def test_a_join_that_breaks_half_way_leaves_nobody_in_the_room(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: type, step: str, returns: bool
) -> None:
    otto = await house.visit("otto")
    vera = await house.connect()
    place = {name: otto.joined[name] for name in ("epoch", "seq")}
    fields: dict[str, Any] = {"since": place} if returns else {}

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(kind, step, broken)
        code = await vera.refused("join", show="demo", token=house.token("vera"), **fields)

    hub = house.a.node.hub
    fan_out = await hub.rooms.get("demo")
    assert (code, fan_out.viewers, len(fan_out)) == ("unavailable", 1, 1)
    nobody: Any = object()
    assert hub.private.enter("vera", nobody) == [nobody]
    hub.private.leave("vera", nobody)
    assert (await vera.join(token=house.token("vera"), **fields))["viewers"] == 2
    assert (fan_out.viewers, len(fan_out)) == (2, 2)


# Once, and again.


async def test_a_second_join_is_a_conflict(house: House) -> None:
    vera = await house.visit("vera")

    assert await vera.refused("join", show="demo") == "conflict"
    assert await vera.refused("join", show="nowhere", token="bad") == "conflict"
    assert "at" in await vera.do("ping")


async def test_joins_sent_together_are_one_join_and_a_conflict(house: House) -> None:
    vera = await house.connect()
    first, second = [await vera.send("join", show="demo") for _ in range(2)]

    assert "ok" in await vera.reply(first)
    assert (await vera.reply(second))["error"]["code"] == "conflict"


async def test_commands_behind_a_join_are_done_in_order(house: House) -> None:
    order: list[int] = []

    class Listener(Viewer):
        def take(self, part: dict[str, object]) -> None:
            order.append(int(str(part.get("re", 0))))
            super().take(part)

    vera = Listener((await house.connect()).socket)
    sent = [await vera.send("join", show="demo", token=house.token("vera"))]
    sent += [await vera.send("cart.add", sku="tote", qty=1) for _ in range(20)]
    sent += [await vera.send(op) for op in ("cart.get", "ping", "no.such.op", "cart.clear")]

    replies = [await vera.reply(ident) for ident in sent]

    assert [ident for ident in order if ident] == sent
    assert [reply["ok"]["cart"]["count"] for reply in replies[1:22]] == [*range(1, 21), 20]


async def test_the_answer_to_a_join_comes_before_any_event(house: House) -> None:
    host = await house.host()
    busy = asyncio.create_task(chatter(host))
    for _ in range(20):
        vera = await house.connect()
        await vera.send("join", show="demo")
        first = await vera.socket.recv()
        assert str(first).startswith('{"re":1,"ok"')
    busy.cancel()


async def chatter(host: Viewer) -> None:
    while True:
        house_text = "la la la"
        await host.send("chat.send", text=house_text)
        await asyncio.sleep(0.002)


# Bans.


async def test_a_ban_closes_4403_on_every_node_and_lasts(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    here, there = [await house.visit("vera", at=node) for node in house.nodes]
    otto = await house.visit("otto", at=house.b)

    assert await host.do("viewer.ban", viewer="vera", reason="spam") == {}

    assert await here.closed() == 4403
    assert await there.closed() == 4403
    for node in house.nodes:
        again = await house.connect(node)
        assert await again.refused("join", show="demo", token=house.token("vera")) == "forbidden"
        assert await again.closed() == 4403
    assert "at" in await otto.do("ping")


async def test_a_ban_counts_in_its_show_only(house: House) -> None:
    await house.make_show("evening")
    host = await house.host()
    elsewhere = await house.connect()
    await elsewhere.join("evening", token=house.token("vera"))

    await host.do("viewer.ban", viewer="vera", reason="spam")

    assert await rejected(house, token=house.token("vera")) == ("forbidden", 4403)
    assert "at" in await elsewhere.do("ping")


async def test_a_ban_that_was_not_heard_of_closes_within_seconds(two_nodes: House) -> None:
    house = two_nodes
    vera = await house.visit("vera", at=house.b)
    await house.b.pause("Channels.run")

    await (await house.host()).do("viewer.ban", viewer="vera", reason="spam")

    assert await vera.closed() == 4403


async def test_a_ban_is_kept_for_nodes_to_come(house: House) -> None:
    host = await house.host()
    await host.do("viewer.ban", viewer="vera", reason="spam")

    late = await house.start_node()
    vera = await house.connect(late)

    assert await vera.refused("join", show="demo", token=house.token("vera")) == "forbidden"
    assert await house.scripts.command("HKEYS", keys.show_banned("demo")) == [b"vera"]


# Many of one account.


async def test_an_account_with_too_many_sockets_loses_its_oldest(house: House) -> None:
    sockets = [await house.visit("vera") for _ in range(50)]
    otto = await house.visit("otto")

    await house.visit("vera")

    assert await sockets[0].closed() == 4409
    assert "at" in await sockets[1].do("ping")
    assert "at" in await otto.do("ping")
    await until(lambda: len(house.a.node.gateway.connections) == 51)


async def test_nobody_is_left_behind(house: House) -> None:
    node = house.a.node
    visitors = [await house.visit(f"viewer-{number}") for number in range(5)]
    fan_out = await node.hub.rooms.get("demo")
    assert (len(fan_out), fan_out.watching) == (5, 5)

    for number, visitor in enumerate(visitors):
        if number % 2:
            visitor.socket.transport.abort()
        else:
            await visitor.socket.close()
    await until(lambda: not node.gateway.connections)

    assert (len(fan_out), fan_out.watching) == (0, 0)
    assert (node.hub.private._sockets, node.hub.private._shards) == ({}, {})
    assert (len(node.hub.tasks), node.gateway.paused) == (0, {})
