"""Chat: what is said, by whom, how fast, and what the host takes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.viewer import Refusal

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis


async def test_a_message_reaches_everybody_and_its_sender(two_nodes: House) -> None:
    house = two_nodes
    vera = await house.visit("vera")
    otto = await house.visit("otto", at=house.b, binary=True)

    said = await vera.do("chat.send", text="Is it dishwasher safe? 🙂")
    heard = [await who.event("chat") for who in (vera, otto)]

    assert (
        heard[0]
        == heard[1]
        == {
            "ev": "chat",
            "seq": 4,
            "at": heard[0]["at"],
            "message": said["message"],
            "from": {"id": "vera", "name": "Vera", "role": "viewer"},
            "text": "Is it dishwasher safe? 🙂",
        }
    )


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  hello  ", "hello"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u202etxet terces\u202c", "txet terces"),
        ("a\u2066b\u2069c\u200e\u200f\u061c", "abc"),
        ("bell\x07 \x1b[31mred\x00", "bell [31mred"),
        ("two\nlines\there", "two\nlines\there"),
        ("carriage\r\nreturn\x85next", "carriage\nreturnnext"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩‍👩‍👧 شكرا", "👩‍👩‍👧 شكرا"),
        ("x" * 500, "x" * 500),
        ("\U0001f49b" * 500, "\U0001f49b" * 500),
        (" " * 100 + "x" * 500 + "\u200e" * 100, "x" * 500),
    ],
)
async def test_a28_text_is_shown_clean(house: House, typed: str, shown: str) -> None:
    vera = await house.visit("vera")

    await vera.do("chat.send", text=typed)

    assert (await vera.event("chat"))["text"] == shown


async def test_text_that_is_empty_or_too_long_is_invalid(house: House) -> None:
    vera = await house.visit("vera")

    for text in ("", "   ", "\u202e\u202c", "\x00\x07", "x" * 501, "\U0001f49b" * 501, "x" * 9000):
        assert (text[:9], await vera.refused("chat.send", text=text)) == (text[:9], "invalid")
    assert "message" in await vera.do("chat.send", text="still allowed")


async def test_a17_a_viewer_has_a_pace_over_all_nodes(two_nodes: House) -> None:
    house = two_nodes
    here, there = await house.visit("vera"), await house.visit("vera", at=house.b)
    otto = await house.visit("otto")
    for who in (here, there, here):
        await who.do("chat.send", text="hello")

    with pytest.raises(Refusal) as refused:
        await there.do("chat.send", text="hello")
    assert refused.value.code == "rate_limited"
    assert 1000 < refused.value.data["retry_after_ms"] <= 2000
    await otto.do("chat.send", text="hello")
    house.clock.advance(2000)
    await here.do("chat.send", text="hello")
    assert await here.refused("chat.send", text="hello") == "rate_limited"


async def test_the_host_is_not_paced(house: House) -> None:
    host = await house.host()

    for number in range(20):
        await host.do("chat.send", text=f"line {number}")


async def test_a_muted_viewer_is_told_until_when(two_nodes: House) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b)

    before = house.clock.now_ms()
    assert await host.do("viewer.mute", viewer="vera", seconds=60) == {}
    with pytest.raises(Refusal) as refused:
        await vera.do("chat.send", text="hello")

    assert refused.value.code == "forbidden"
    assert before + 60_000 <= refused.value.data["until"] <= house.clock.now_ms() + 60_000
    assert "at" in await vera.do("ping")
    assert await vera.do("like", count=1) == {}
    house.clock.advance(60_000)
    await vera.do("chat.send", text="hello again")


async def test_a_ban_needs_a_reason_and_spares_the_host(house: House) -> None:
    host = await house.host()
    admin = await house.visit(token=house.token("root", "admin"))

    for reason in ("", "  ", "x" * 201):
        assert await host.refused("viewer.ban", viewer="vera", reason=reason) == "invalid"
    assert await host.refused("viewer.ban", viewer="mara", reason="oops") == "forbidden"
    assert await admin.refused("viewer.ban", viewer="mara", reason="spam") == "forbidden"
    assert (await house.visit("vera")).joined["viewer"]["id"] == "vera"


async def test_a_mute_can_be_lifted(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")
    await host.do("viewer.mute", viewer="vera", seconds=3600)
    assert await vera.refused("chat.send", text="hello") == "forbidden"

    await host.do("viewer.mute", viewer="vera", seconds=0)

    assert "message" in await vera.do("chat.send", text="hello")


async def test_a_deleted_message_is_gone_for_those_here_and_those_to_come(
    two_nodes: House,
) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b)
    kept = await vera.do("chat.send", text="kept")
    doomed = await vera.do("chat.send", text="doomed")

    assert await host.do("chat.delete", message=doomed["message"]) == {}
    deleted = await vera.event("chat.deleted")

    assert deleted["message"] == doomed["message"]
    assert await host.refused("chat.delete", message=doomed["message"]) == "not_found"
    await house.start_node()
    for node in house.nodes:
        late = await house.visit("late", at=node)
        assert [said["message"] for said in late.joined["chat"]] == [kept["message"]]


async def test_the_last_30_messages_are_shown_without_deleted_ones(house: House) -> None:
    host = await house.host()
    await house.say(*(f"line {number}" for number in range(40)))
    last = await host.event("chat", text="line 39")
    await host.do("chat.delete", message=last["message"])
    await host.event("chat.deleted")
    await house.start_node()

    shown = [
        [said["text"] for said in (await house.visit("late", at=node)).joined["chat"]]
        for node in house.nodes
    ]

    assert shown == [[f"line {number}" for number in range(9, 39)]] * 2


async def test_messages_of_many_are_told_to_all_in_one_order(two_nodes: House) -> None:
    house = two_nodes
    crowd = [await house.visit(f"viewer-{n}", at=house.nodes[n % 2]) for n in range(10)]

    await asyncio.gather(*(who.do("chat.send", text="me first") for who in crowd))
    orders = [[(await who.event("chat"))["from"]["id"] for _ in crowd] for who in crowd]

    assert sorted(orders[0]) == sorted(f"viewer-{n}" for n in range(10))
    assert all(order == orders[0] for order in orders)


async def test_a28_a_name_is_shown_without_tricks(house: House) -> None:
    vera = await house.visit(
        token=house.token("vera", name="V\u202eera\x07  \n of Oslo" + "o" * 99)
    )

    name = vera.joined["viewer"]["name"]

    assert name.startswith("Vera of Oslo")
    assert len(name) <= 60
