"""Input that somebody sends on purpose: over a socket, in both formats."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.live.raw import TEXT, handshake
from tests.viewer import ADDRESS, Refusal, card

if TYPE_CHECKING:
    from tests.integration.live.house import House
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis

NO_QUANTITY: list[Any] = [-1, -415, 1.5, True, False, "1", "-1", "", None, [1], {"n": 1}]
MONEY: dict[str, Any] = {
    "price": 1,
    "unit_price": 1,
    "total": 1,
    "discount": 1999,
    "commission": 10_000,
    "currency": "JPY",
    "shop": "mallory",
    "coupon": "FREE",
}


async def refused(house: House, who: Viewer, op: str, **fields: object) -> str:
    house.clock.advance(100)  # within the budget
    return await who.refused(op, **fields)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a01_what_is_no_quantity_is_invalid_and_changes_nothing(
    house: House, binary: bool
) -> None:
    vera = await house.visit("vera", binary=binary)

    for qty in [0, *NO_QUANTITY]:
        for op, more in (("cart.add", {}), ("buy", {"key": "key-00001"})):
            code = await refused(house, vera, op, sku="tote", qty=qty, **more)
            assert (op, qty, code) == (op, qty, "invalid")
    for qty in NO_QUANTITY:
        assert await refused(house, vera, "cart.set", sku="tote", qty=qty) == "invalid"

    assert (await vera.do("cart.set", sku="tote", qty=0))["cart"]["count"] == 0
    assert await refused(house, vera, "checkout.get") == "not_found"


@pytest.mark.parametrize("number", ["1e3", "1.0e0", "1E-1", "0.5"])
async def test_a01_a_number_with_a_point_or_an_exponent_is_no_quantity(
    house: House, number: str
) -> None:
    vera = await house.visit("vera")

    await vera.socket.send(f'{{"id": 50, "op": "cart.add", "sku": "tote", "qty": {number}}}')

    assert (await vera.reply(50))["error"]["code"] == "invalid"


@pytest.mark.parametrize("number", ["007", "+1", "NaN", "Infinity", "0x10", "1_0", "1."])
async def test_a01_what_is_no_number_of_json_is_no_message(house: House, number: str) -> None:
    vera = await house.visit("vera")

    await vera.socket.send(f'{{"id": 50, "op": "cart.add", "sku": "tote", "qty": {number}}}')

    assert await vera.closed() == 4400


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a02_numbers_beyond_their_bounds_are_refused_before_they_are_used(
    house: House, binary: bool
) -> None:
    vera = await house.visit("vera", binary=binary)

    for qty in (1000, 2**31, 2**53, 2**63, 2**64 - 1):
        for op, more in (("cart.add", {}), ("cart.set", {}), ("buy", {"key": "key-00001"})):
            assert await refused(house, vera, op, sku="tote", qty=qty, **more) == "invalid"
    for total in (2**53, 2**64 - 1):
        code = await refused(house, vera, "checkout.open", key="key-00001", expected_total=total)
        assert code == "invalid"

    assert (await vera.do("cart.get"))["cart"]["count"] == 0


async def test_a02_a_cart_has_so_many_lines_and_a_line_so_many_units(house: House) -> None:
    vera = await house.visit("vera")
    for number in range(51):
        await house.put(f"sticker-{number}", 0)
    for number in range(50):
        house.clock.advance(100)
        await vera.do("cart.add", sku=f"sticker-{number}", qty=999)

    for fields in ({"sku": "sticker-50", "qty": 1}, {"sku": "sticker-0", "qty": 1}):
        house.clock.advance(100)
        with pytest.raises(Refusal) as refusal:
            await vera.do("cart.add", **fields)
        assert (refusal.value.code, list(refusal.value.data)) == ("limit", ["limit"])


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a03_nobody_sends_a_price_along(house: House, binary: bool) -> None:
    vera = await house.visit("vera", binary=binary)
    bought = (await vera.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]

    for name, value in MONEY.items():
        for op, fields in (
            ("cart.add", {"sku": "tote", "qty": 1}),
            ("buy", {"sku": "tote", "qty": 1, "key": "key-00002"}),
            ("checkout.open", {"key": "key-00003"}),
            ("checkout.pay", {"checkout": bought["id"], "method": card("tok_ok")}),
        ):
            code = await refused(house, vera, op, **fields, **{name: value})
            assert (op, name, code) == (op, name, "invalid")
    method = {**card("tok_ok"), "amount": 1}
    pay = {"checkout": bought["id"], "method": method, "ship_to": ADDRESS}
    assert await refused(house, vera, "checkout.pay", **pay) == "invalid"

    assert (await vera.do("checkout.get"))["checkout"] == bought
    assert (await vera.do("cart.get"))["cart"]["count"] == 0


async def test_a10_a_token_in_the_address_is_neither_taken_nor_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    token = house.token("mara", "host")

    with caplog.at_level(logging.DEBUG):
        async with handshake(house.a.port, path=f"/live?token={token}") as socket:
            await socket.say(id=1, op="join", show="demo")
            reply = json.loads(await socket.of(TEXT))

    assert reply["ok"]["viewer"]["id"].startswith("guest_")
    assert token not in caplog.text


async def test_a15_compression_is_not_agreed_to(house: House) -> None:
    offer = "permessage-deflate; client_max_window_bits"

    async with handshake(house.a.port, Sec_WebSocket_Extensions=offer) as socket:
        assert socket.status == 101
        assert "extensions" not in socket.head.lower()
        # A message with the bit of compression set is no message.
        socket.writer.write(bytes([0xC1, 0x80, 0, 0, 0, 0]))
        assert await socket.close_code() == 1002


async def test_a17_a_flood_of_chat_does_not_keep_its_sender_from_buying(house: House) -> None:
    vera = await house.visit("vera")
    sent = [await vera.send("chat.send", text="spam") for _ in range(20)]
    replies = [await vera.reply(ident) for ident in sent]
    codes = {reply["error"]["code"] for reply in replies if "error" in reply}
    assert codes == {"rate_limited"}

    assert (await vera.do("buy", sku="tote", qty=1, key="key-00001"))["checkout"]["state"]


@pytest.mark.parametrize("ident", ["a}b", "{u:00}:cart:otto", "a\nb", "a b", "é", "x" * 65, "*"])
async def test_a31_what_would_leave_its_key_is_no_id(house: House, ident: str) -> None:
    host, vera = await house.host(), await house.visit("vera")

    assert await refused(house, vera, "cart.add", sku=ident, qty=1) == "invalid"
    assert await refused(house, vera, "checkout.get", checkout=ident) == "invalid"
    assert await refused(house, host, "pin", product=ident) == "invalid"
    assert await refused(house, host, "viewer.ban", viewer=ident, reason="x") == "invalid"


async def test_a32_no_step_is_skipped(paying_house: House) -> None:
    house = paying_house
    vera = await house.visit("vera")
    pay = {"method": card("tok_ok"), "ship_to": ADDRESS}

    assert await refused(house, vera, "checkout.pay", checkout="co_1", **pay) == "not_found"
    for op in ("checkout.confirm", "checkout.capture", "order.create", "checkout.paid"):
        assert await refused(house, vera, op, checkout="co_1") == "invalid"
    state = {"checkout": "co_1", "state": "paid"}
    assert await refused(house, vera, "checkout.pay", **pay, **state) == "invalid"


async def test_a39_a_purchase_tells_others_no_more_than_a_masked_name(
    paying_house: House,
) -> None:
    house = paying_house
    vera, otto = await house.visit("vera"), await house.visit("otto")
    bought = (await vera.do("buy", sku="tote", qty=2, key="key-00001"))["checkout"]["id"]
    pay = {"method": card("tok_ok"), "ship_to": ADDRESS}
    await vera.do("checkout.pay", checkout=bought, **pay)

    told = await otto.event("purchase")

    assert {name: told[name] for name in told if name not in {"seq", "at"}} == {
        "ev": "purchase",
        "name": "V***",
        "product": "tote",
        "units": 2,
    }
    heard = [*otto.events, told]
    assert not {event["ev"] for event in heard} & {"cart", "checkout", "order", "sales"}
    assert bought not in json.dumps(heard)
