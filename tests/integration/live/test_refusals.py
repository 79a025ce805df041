"""Each command with each code that it can be refused with, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from live.commands import BY_OP
from tests.integration.live.raw import handshake
from tests.viewer import ADDRESS, Refusal, card

if TYPE_CHECKING:
    from tests.integration.live.house import House
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis

HOSTS: dict[str, dict[str, Any]] = {
    "show.start": {},
    "show.end": {},
    "bag.add": {"product": "mug-blue"},
    "bag.remove": {"product": "mug-blue"},
    "bag.move": {"product": "mug-blue", "position": 2},
    "pin": {"product": "mug-blue"},
    "unpin": {},
    "chat.delete": {"message": "msg_1"},
    "viewer.mute": {"viewer": "otto", "seconds": 60},
    "viewer.ban": {"viewer": "otto", "reason": "spam"},
}
VIEWERS: dict[str, dict[str, Any]] = {
    "chat.send": {"text": "hello"},
    "cart.get": {},
    "cart.clear": {},
    "cart.add": {"sku": "tote", "qty": 1},
    "cart.set": {"sku": "tote", "qty": 1},
    "buy": {"sku": "tote", "qty": 1, "key": "key-00001"},
    "checkout.open": {"key": "key-00002"},
    "checkout.pay": {"checkout": "co_1", "method": card("tok_ok"), "ship_to": ADDRESS},
    "checkout.get": {},
    "checkout.cancel": {"checkout": "co_1"},
}
ON_SOCKETS = {"join", "ping", "auth", "like"}


async def refusal(who: Viewer, op: str, **fields: object) -> Refusal:
    try:
        await who.do(op, **fields)
    except Refusal as refused:
        return refused
    raise AssertionError(f"{op} was not refused")


def test_the_tables_of_this_file_name_every_command() -> None:
    assert set(BY_OP) == {*HOSTS, *VIEWERS, *ON_SOCKETS}


@pytest.mark.parametrize("role", ["viewer", "seller", "creator", "host"])
async def test_the_show_is_its_hosts_alone(house: House, role: str) -> None:
    olga = await house.visit(token=house.token("olga", role, shop="ada"))

    codes = {op: await olga.refused(op, **fields) for op, fields in HOSTS.items()}

    assert codes == dict.fromkeys(HOSTS, "forbidden")
    show = await (await house.connect()).join()
    assert (show["seq"], show["show"]["state"], show["pinned"]) == (3, "live", None)


async def test_a_viewer_of_the_hosts_name_is_no_host(house: House) -> None:
    impostor = await house.visit(token=house.token("mara", "viewer"))

    assert await impostor.refused("pin", product="tote") == "forbidden"


async def test_an_admin_runs_every_show(house: House) -> None:
    admin = await house.visit(token=house.token("root", "admin"))

    assert await admin.do("pin", product="tote") == {}
    assert await admin.do("viewer.mute", viewer="otto", seconds=5) == {}


async def test_what_is_unknown_is_not_found(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")
    await house.put("cap", 1)  # listed, not in the bag
    asked: list[tuple[Viewer, str, dict[str, Any]]] = [
        (host, "bag.add", {"product": "nothing"}),
        (host, "bag.remove", {"product": "nothing"}),
        (host, "bag.remove", {"product": "cap"}),
        (host, "bag.move", {"product": "cap", "position": 1}),
        (host, "pin", {"product": "nothing"}),
        (host, "pin", {"product": "cap"}),
        (host, "chat.delete", {"message": "msg_1"}),
        (vera, "cart.add", {"sku": "nothing", "qty": 1}),
        (vera, "cart.set", {"sku": "nothing", "qty": 1}),
        (vera, "buy", {"sku": "nothing", "qty": 1, "key": "key-00001"}),
        (vera, "checkout.get", {}),
        (vera, "checkout.get", {"checkout": "co_1"}),
        (vera, "checkout.cancel", {"checkout": "co_1"}),
        (vera, "checkout.pay", VIEWERS["checkout.pay"]),
    ]

    for who, op, fields in asked:
        assert (op, await who.refused(op, **fields)) == (op, "not_found")


@pytest.mark.parametrize("ended", [False, True], ids=["scheduled", "ended"])
async def test_what_needs_a_live_show_is_closed(house: House, ended: bool) -> None:
    await house.make_show("evening", live=ended)
    host, vera = await house.connect(), await house.connect()
    await host.join("evening", token=house.token("mara", "host"))
    await vera.join("evening", token=house.token("vera"))
    await host.do("bag.add", product="tote")
    if ended:
        await host.do("show.end")
        await vera.event("show.ended")

    assert await host.refused("pin", product="tote") == "closed"
    assert await host.refused("unpin") == "closed"
    assert await vera.refused("chat.send", text="hello") == "closed"
    assert await vera.refused("like", count=1) == "closed"

    assert (await vera.do("cart.add", sku="tote", qty=1))["cart"]["count"] == 1
    assert (await vera.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]["state"]
    assert len((await host.do("bag.remove", product="tote"))["bag"]) == 0


async def test_a04_the_cart_refuses_another_currency_and_too_many_units(house: House) -> None:
    vera = await house.visit("vera")
    await house.put("vase", 5, currency="EUR")
    await vera.do("cart.set", sku="tote", qty=999)

    units = await refusal(vera, "cart.add", sku="tote", qty=1)
    assert (units.code, units.data) == ("limit", {"limit": 999})
    assert await vera.refused("cart.add", sku="vase", qty=1) == "conflict"
    assert (await vera.do("cart.get"))["cart"]["count"] == 999


async def test_buying_is_refused_by_the_contracts_codes(house: House) -> None:
    vera = await house.visit("vera")

    assert await vera.refused("checkout.open", key="key-00001") == "conflict"
    sold_out = await refusal(vera, "buy", sku="mug-blue", qty=6, key="key-00001")
    assert (sold_out.code, sold_out.data) == ("sold_out", {"sku": "mug-blue"})
    await vera.do("cart.add", sku="tote", qty=2)
    price = await refusal(vera, "checkout.open", key="key-00001", expected_total=1)
    assert (price.code, price.data) == ("price_changed", {"total": 3998})
    await vera.do("checkout.open", key="key-00001")
    assert await vera.refused("buy", sku="tote", qty=1, key="key-00001") == "key_reused"
    assert await vera.refused("checkout.open", key="key-00001", expected_total=1) == "key_reused"


async def test_paying_is_refused_by_the_contracts_codes(paying_house: House) -> None:
    vera, otto = await paying_house.visit("vera"), await paying_house.visit("otto")
    first = (await vera.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]["id"]

    async def pays(who: Viewer, token: str, checkout: str = first, **more: object) -> str:
        return await who.refused("checkout.pay", checkout=checkout, method=card(token), **more)

    assert await pays(vera, "tok_ok") == "invalid"
    assert await pays(vera, "tok_unheard_of", ship_to=ADDRESS) == "invalid"
    assert await pays(otto, "tok_ok", ship_to=ADDRESS) == "not_found"
    assert await otto.refused("checkout.get", checkout=first) == "not_found"
    assert await otto.refused("checkout.cancel", checkout=first) == "not_found"
    assert await pays(vera, "tok_declined", ship_to=ADDRESS) == "payment_declined"
    assert await pays(vera, "tok_unavailable") == "unavailable"
    await vera.do("checkout.pay", checkout=first, method=card("tok_3ds"))
    assert await pays(vera, "tok_ok") == "in_progress"
    busy = await refusal(vera, "buy", sku="tote", qty=1, key="key-00002")
    assert (busy.code, busy.data) == ("in_progress", {"checkout": first})


async def test_paying_too_late_or_what_has_ended_is_refused(paying_house: House) -> None:
    house = paying_house
    vera, otto = await house.visit("vera"), await house.visit("otto")
    late = (await vera.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]["id"]
    gone = (await otto.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]["id"]
    await otto.do("checkout.cancel", checkout=gone)

    method = {"method": card("tok_ok"), "ship_to": ADDRESS}
    assert await otto.refused("checkout.pay", checkout=gone, **method) == "conflict"
    house.clock.advance(301_000)
    assert await vera.refused("checkout.pay", checkout=late, **method) == "expired"


async def test_a17_too_many_commands_are_rate_limited_and_answered_in_order(house: House) -> None:
    vera = await house.visit("vera")

    sent = [await vera.send("ping") for _ in range(70)]
    replies = [await vera.reply(ident) for ident in sent]

    refused = [reply["error"] for reply in replies if "error" in reply]
    assert 70 - 60 - 30 <= len(refused) <= 11
    assert {error["code"] for error in refused} <= {"rate_limited"}
    assert all(1 <= error["data"]["retry_after_ms"] <= 1000 for error in refused)
    house.clock.advance(1000)
    assert "at" in await vera.do("ping")


async def test_a17_who_never_stops_is_closed_4429(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        ping = b'{"id": 1, "op": "ping"}'
        socket.writer.write((bytes([0x81, 0x80 | len(ping), 0, 0, 0, 0]) + ping) * 1500)

        assert await socket.close_code() == 4429


async def test_a17_hearts_have_a_rate_of_their_own(house: House) -> None:
    vera = await house.visit("vera")

    sent = [await vera.send("like", count=50) for _ in range(15)]
    replies = [await vera.reply(ident) for ident in sent]

    assert ["ok" in reply for reply in replies[:10]] == [True] * 10
    refused = [reply["error"] for reply in replies if "error" in reply]
    assert refused
    assert {error["code"] for error in refused} == {"rate_limited"}
    house.clock.advance(1000)
    assert await vera.do("like", count=50) == {}


async def test_without_redis_everything_is_unavailable_and_nothing_breaks(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")
    await house.scripts.close()

    asked = [(host, HOSTS), (vera, VIEWERS)]
    for who, commands in asked:
        for op, fields in commands.items():
            if op in {"checkout.get", "checkout.pay", "checkout.cancel"}:
                continue  # the book answers
            house.clock.advance(100)
            refused = await refusal(who, op, **fields)
            assert (op, refused.code) == (op, "unavailable")
            assert refused.data["retry_after_ms"] > 0
            assert "Error" not in str(refused)

    assert "at" in await vera.do("ping")
    newcomer = await house.connect()
    assert await newcomer.refused("join", show="evening") == "unavailable"
    assert (await newcomer.join())["show"]["id"] == "demo"


async def test_without_the_book_buying_is_unavailable(house: House) -> None:
    vera = await house.visit("vera")
    await house.a.node.stores.book.close()

    for op in ("buy", "checkout.open", "checkout.pay", "checkout.get", "checkout.cancel"):
        assert (op, await vera.refused(op, **VIEWERS[op])) == (op, "unavailable")
    assert "at" in await vera.do("ping")
