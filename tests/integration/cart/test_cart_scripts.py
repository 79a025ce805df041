"""The scripts of carts, one by one: what they refuse, and what they leave untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage
from store.redis import keys

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

CART = keys.cart("vera")
WRONG = ["-1", "1.5", "1e3", "007", "nan", "inf", "0x10", " 1", "1000", ""]


async def fields(scripts: Scripts, key: str = CART) -> dict[str, str]:
    flat = await scripts.command("HGETALL", key)
    return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2], strict=True)}


async def change(scripts: Scripts, op: str, sku: str, qty: str | int, *limits: int) -> Any:
    most = limits or (50, 999)
    return await scripts.call("cart_change", [CART], [op, 60_000, sku, qty, "USD", *most])


async def test_cart_get_answers_every_field_in_order(scripts: Scripts) -> None:
    await change(scripts, "set", "mug", 2)
    await change(scripts, "set", "tote", 1)

    assert await scripts.call("cart_get", [CART]) == [
        b"same", b"mug", b"2", b":cur", b"USD", b":v", b"2", b"tote", b"1"
    ]  # fmt: skip
    assert await scripts.call("cart_get", [keys.cart("otto")]) == [b"same"]


@pytest.mark.parametrize("op", ["add", "set"])
@pytest.mark.parametrize("qty", WRONG)
async def test_cart_change_takes_whole_quantities_only(
    scripts: Scripts, op: str, qty: str
) -> None:
    assert await change(scripts, op, "mug", qty) == [b"bad"]
    assert await fields(scripts) == {}


async def test_cart_change_adds_no_zero(scripts: Scripts) -> None:
    assert await change(scripts, "add", "mug", 0) == [b"bad"]


async def test_cart_change_keeps_its_limits(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5, 1, 9)

    assert await change(scripts, "add", "mug", 5, 1, 9) == [b"units"]
    assert await change(scripts, "add", "tote", 1, 1, 9) == [b"lines"]
    assert await fields(scripts) == {"mug": "5", ":cur": "USD", ":v": "1"}


async def test_cart_change_fails_before_it_writes(scripts: Scripts) -> None:
    await scripts.command("SET", CART, "no hash")

    with pytest.raises(Outage):
        await change(scripts, "add", "mug", 1)

    assert await scripts.command("GET", CART) == b"no hash"


async def test_an_emptied_cart_keeps_its_version_alone(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5)
    await change(scripts, "set", "mug", 0)
    assert await fields(scripts) == {":v": "2"}

    await change(scripts, "add", "mug", 5)
    await change(scripts, "clear", "", "")
    assert await fields(scripts) == {":v": "4"}

    await change(scripts, "add", "mug", 5)
    await bought(scripts, "mug", 5)
    assert await fields(scripts) == {":v": "6"}


async def take(scripts: Scripts, to: str, ident: str, arrived: str = "") -> Any:
    places = [CART, keys.cart_parcel("vera")]
    return await scripts.call("cart_take", places, [to, ident, arrived, 60_000])


async def test_cart_take_moves_the_lines_into_a_parcel(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5)

    await take(scripts, "otto", "p-1")

    parcel = {":id": "p-1", ":to": "otto", ":v": "1", ":cur": "USD", "mug": "5"}
    assert await fields(scripts, keys.cart_parcel("vera")) == parcel
    assert await fields(scripts) == {":v": "2"}


async def test_cart_take_hands_out_the_same_parcel_until_it_arrived(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5)
    first = await take(scripts, "otto", "p-1")
    await change(scripts, "add", "tote", 1)

    assert await take(scripts, "kim", "p-2") == first
    assert await take(scripts, "kim", "p-2", "p-0") == first
    second = await take(scripts, "kim", "p-2", "p-1")
    assert b"tote" in second
    assert b"mug" not in second
    assert await take(scripts, "kim", "p-3", "p-2") == []


async def test_cart_take_of_an_empty_cart_takes_nothing(scripts: Scripts) -> None:
    assert await take(scripts, "otto", "p-1") == []
    assert await fields(scripts) == {}


async def merge(scripts: Scripts, *lines: str | int, parcel: str = "p-1") -> Any:
    places = [CART, keys.cart_merged("vera", parcel)]
    return await scripts.call("cart_merge", places, [60_000, 70_000, "USD", 50, 999, *lines])


async def test_cart_merge_puts_a_parcel_in_once(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5)

    assert (await merge(scripts, "mug", 2, "tote", 1))[0] == b"changed"
    assert (await merge(scripts, "mug", 2, "tote", 1))[0] == b"same"

    assert await fields(scripts) == {"mug": "7", ":cur": "USD", ":v": "2", "tote": "1"}
    assert 60_000 < await scripts.command("PTTL", keys.cart_merged("vera", "p-1")) <= 70_000


@pytest.mark.parametrize("qty", ["0", *WRONG])
async def test_cart_merge_takes_whole_quantities_only(scripts: Scripts, qty: str) -> None:
    assert await merge(scripts, "mug", 1, "tote", qty) == [b"bad"]
    assert await fields(scripts) == {}
    assert not await scripts.command("EXISTS", keys.cart_merged("vera", "p-1"))


async def bought(scripts: Scripts, *lines: str | int) -> Any:
    places = [CART, keys.cart_bought("vera", "co_1")]
    return await scripts.call("cart_bought", places, [60_000, 70_000, *lines])


async def test_cart_bought_takes_out_what_is_there_once(scripts: Scripts) -> None:
    await change(scripts, "add", "mug", 5)
    await change(scripts, "add", "tote", 1)

    assert (await bought(scripts, "mug", 2, "tote", 4))[0] == b"changed"
    assert (await bought(scripts, "mug", 2, "tote", 4))[0] == b"same"

    assert await fields(scripts) == {"mug": "3", ":cur": "USD", ":v": "3"}


async def test_cart_bought_of_nothing_that_is_there_changes_nothing(scripts: Scripts) -> None:
    assert await bought(scripts, "mug", 2) == [b"same"]
    assert await fields(scripts) == {}


@pytest.mark.parametrize("qty", ["0", *WRONG])
async def test_cart_bought_takes_whole_quantities_only(scripts: Scripts, qty: str) -> None:
    await change(scripts, "add", "mug", 5)

    assert await bought(scripts, "mug", 1, "tote", qty) == [b"bad"]
    assert (await fields(scripts))["mug"] == "5"


async def test_cart_bought_fails_before_it_writes(scripts: Scripts) -> None:
    await scripts.command("SET", CART, "no hash")

    with pytest.raises(Outage):
        await bought(scripts, "mug", 1)

    assert not await scripts.command("EXISTS", keys.cart_bought("vera", "co_1"))
