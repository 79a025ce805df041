"""What book and gate hold, counted for the audit."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from cart.cart import Line
from checkout.order_state import OrderState
from checkout.pricing import by_shop
from checkout.refund import RefundState
from checkout.state import PENDING, State
from store.redis import keys
from store.sql.rows import Connection, select
from store.sql.tables import checkouts, stock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.excerpt import Excerpt
    from store.redis.scripts import Reply, Scripts

__all__ = [
    "Claim",
    "Hold",
    "Paying",
    "Stocked",
    "Units",
    "count_claims",
    "count_open",
    "count_orders",
    "count_payments",
    "count_restocked",
    "count_sold",
    "count_stock",
    "lines_of",
    "read_holds",
    "read_units",
]

CHUNK: Final = 500
"""Commands sent at once: the audit must not crowd out the buyers."""


class Stocked(msgspec.Struct, frozen=True):
    """A SKU in the book."""

    sku: str
    shop: str
    total: int
    claimed: int


@dataclass(frozen=True, slots=True)
class Units:
    """A SKU at the gate; None where a counter is missing or no number."""

    total: int | None
    avail: int | None
    held: int | None
    sold: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force: its name is ``checkout.shop``."""

    name: str
    units: dict[str, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, and the state of its checkout."""

    checkout: str
    sku: str
    qty: int
    state: str
    of: State


@dataclass(frozen=True, slots=True)
class Paying:
    """A payment, the state of its checkout, and what was refunded of its orders."""

    attempt: str
    checkout: str
    total: int
    of: State
    refunded: int = 0
    is_refunding: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether money may be moving, in or out."""
        return self.of in PENDING or self.of is State.REFUNDING or self.is_refunding


def count_stock(conn: Connection) -> list[Stocked]:
    """Every SKU's stock."""
    return [Stocked(*row) for row in conn.execute(select(*_STOCK))]


_STOCK: Final = (stock.c.sku, stock.c.shop, stock.c.total, stock.c.claimed)


def count_open(conn: Connection) -> list[Hold]:
    """The holds that there should be: those of the open checkouts."""
    query = select(checkouts.c.id, checkouts.c.lines).where(checkouts.c.open)
    return [
        Hold(f"{ident}.{shop}", {line.sku: line.qty for line in mine})
        for ident, lines in conn.execute(query)
        for shop, mine in by_shop(lines_of(lines)).items()
    ]


def count_claims(excerpt: Excerpt) -> list[Claim]:
    """The claims in force."""
    states = {row.id: State(row.state) for row in excerpt.checkouts}
    return [
        Claim(row.checkout, row.sku, row.qty, row.state, states[row.checkout])
        for row in excerpt.claims
        if row.state != "released"
    ]


def count_sold(excerpt: Excerpt) -> dict[str, str]:
    """Under ``checkout/sku`` the state of the claim of each line that was paid; none: empty.

    Without lines of which some are on sale again (:func:`count_restocked`).
    """
    orders = {row.id: row.checkout for row in excerpt.orders}
    back = {(orders[line.order], line.sku) for line in excerpt.restocked}
    states = {(row.checkout, row.sku): row.state for row in excerpt.claims}
    return {
        f"{row.id}/{line.sku}": states.get((row.id, line.sku), "")
        for row in excerpt.checkouts
        if row.state == State.PAID.value
        for line in lines_of(row.lines)
        if (row.id, line.sku) not in back
    }


def count_orders(excerpt: Excerpt) -> tuple[dict[str, int], dict[str, int]]:
    """What orders should say, and what they do.

    Under ``checkout.shop`` what each comes to; under ``refunded of <order>`` what its refunds
    add up to; under ``cancelled <order>`` that all of it was given back.
    """
    wanted = {
        f"{row.id}.{shop}": sum(line.line_total for line in mine)
        for row in excerpt.checkouts
        if row.state == State.PAID.value
        for shop, mine in by_shop(lines_of(row.lines)).items()
    }
    found = {f"{row.checkout}.{row.shop}": row.total for row in excerpt.orders}
    back = _refunded(excerpt, RefundState.SUCCEEDED)
    moving = _refunded(excerpt, RefundState.PENDING).keys()
    for row in excerpt.orders:
        amount = row.refunded_total
        wanted[f"refunded of {row.id}"] = back.get(row.id, 0)
        found[f"refunded of {row.id}"] = amount
        if row.state == OrderState.CANCELLED.value and row.id not in moving:
            wanted[f"cancelled {row.id}"], found[f"cancelled {row.id}"] = row.total, amount
    return wanted, found


def count_payments(excerpt: Excerpt) -> list[Paying]:
    """Every payment that the provider may have heard of."""
    checkout_of = {row.id: row.checkout for row in excerpt.orders}
    back: Counter[str] = Counter()
    for order, amount in _refunded(excerpt, RefundState.SUCCEEDED).items():
        back[checkout_of[order]] += amount
    moving = {checkout_of[order] for order in _refunded(excerpt, RefundState.PENDING)}
    checkouts = {row.id: row for row in excerpt.checkouts}
    return [
        Paying(
            row.id,
            row.checkout,
            checkouts[row.checkout].total,
            State(checkouts[row.checkout].state),
            refunded=back[row.checkout],
            is_refunding=row.checkout in moving,
        )
        for row in excerpt.payments
    ]


def count_restocked(excerpt: Excerpt) -> tuple[dict[str, int], dict[str, int]]:
    """Units that stay sold of lines of which some are on sale again: as ordered, as claimed."""
    orders = {row.id: row for row in excerpt.orders}
    wanted: dict[str, int] = {}
    found: dict[str, int] = {}
    claimed = {(row.checkout, row.shop, row.sku): row for row in excerpt.claims}
    for line in excerpt.restocked:
        order = orders[line.order]
        name = f"sold of {order.checkout}/{line.sku}"
        wanted[name] = line.qty - line.restocked
        claim = claimed.get((order.checkout, order.shop, line.sku))
        if claim is not None:
            found[name] = claim.qty if claim.state == "sold" else 0
    return wanted, found


def _refunded(excerpt: Excerpt, state: RefundState) -> Counter[str]:
    """What refunds of that state come to, by order; an order without one is not there."""
    sums: Counter[str] = Counter()
    for row in excerpt.refunds:
        if row.state == state.value:
            sums[row.order] += row.amount
    return sums


async def read_units(scripts: Scripts, stocked: Sequence[Stocked]) -> dict[str, Units]:
    """The gate's counters of these SKUs."""
    found: dict[str, Units] = {}
    for start in range(0, len(stocked), CHUNK):
        some = stocked[start : start + CHUNK]
        replies = await asyncio.gather(
            *(
                scripts.command(
                    "HMGET", keys.stock(sku.shop, sku.sku), *Units.__dataclass_fields__
                )
                for sku in some
            )
        )
        for sku, reply in zip(some, replies, strict=True):
            found[sku.sku] = Units(*(_number(word) for word in reply))
    return found


async def read_holds(scripts: Scripts, wanted: Sequence[Hold]) -> list[Hold]:
    """The holds in force: those with a deadline, and those of ``wanted`` that are there."""
    shards = [keys.shard_deadlines(number) for number in range(keys.SHARDS)]
    listed = await asyncio.gather(*(scripts.command("ZRANGE", key, 0, -1) for key in shards))
    names = sorted(
        {name.decode() for shard in listed for name in shard} | {hold.name for hold in wanted}
    )
    found: list[Hold] = []
    for start in range(0, len(names), CHUNK):
        some = names[start : start + CHUNK]
        replies = await asyncio.gather(*(_read_hold(scripts, name) for name in some))
        found += [hold for hold in replies if hold is not None]
    return found


async def _read_hold(scripts: Scripts, name: str) -> Hold | None:
    checkout, _, shop = name.partition(".")
    flat: Reply = await scripts.command("HGETALL", keys.hold(shop, checkout))
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    if fields.get(b"st") != b"H":
        return None
    numbers = range(1, int(fields[b"n"]) + 1)
    units = {fields[b"k%d" % number].decode(): int(fields[b"q%d" % number]) for number in numbers}
    return Hold(name, units)


def _number(word: bytes | None) -> int | None:
    return int(word) if word is not None and word.lstrip(b"-").isdigit() else None


def lines_of(snapshot: object) -> tuple[Line, ...]:
    """The lines of a checkout, as the book keeps them."""
    return msgspec.convert(snapshot, tuple[Line, ...])
