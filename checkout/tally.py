"""What book and gate hold, counted for the audit."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from cart.cart import Line
from checkout.pricing import by_shop
from checkout.state import PENDING, State
from store.redis import keys
from store.sql.rows import Connection, func, select
from store.sql.tables import (
    checkouts,
    claims,
    ledger_entries,
    ledger_txns,
    orders,
    payments,
    stock,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.redis.scripts import Reply, Scripts

__all__ = [
    "Claim",
    "Hold",
    "Paying",
    "Stocked",
    "Units",
    "count_claims",
    "count_ledger",
    "count_open",
    "count_orders",
    "count_payments",
    "count_stock",
    "read_holds",
    "read_units",
]

CHUNK: Final = 500
"""Commands sent at once: the audit must not crowd out the buyers."""


@dataclass(frozen=True, slots=True)
class Stocked:
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
    """A payment, and the state of its checkout."""

    attempt: str
    checkout: str
    total: int
    of: State

    @property
    def is_pending(self) -> bool:
        """Whether its outcome is on its way."""
        return self.of in PENDING or self.of is State.REFUNDING


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
        for shop, mine in by_shop(_lines(lines)).items()
    ]


def count_claims(conn: Connection) -> list[Claim]:
    """The claims in force."""
    query = (
        select(claims.c.checkout, claims.c.sku, claims.c.qty, claims.c.state, checkouts.c.state)
        .join(checkouts, checkouts.c.id == claims.c.checkout)
        .where(claims.c.state != "released")
    )
    return [
        Claim(checkout, sku, qty, state, State(of))
        for checkout, sku, qty, state, of in conn.execute(query)
    ]


def count_orders(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """What the orders of paid checkouts should come to, and what they do, by checkout.shop."""
    paid = select(checkouts.c.id, checkouts.c.lines).where(checkouts.c.state == State.PAID.value)
    wanted = {
        f"{ident}.{shop}": sum(line.line_total for line in mine)
        for ident, lines in conn.execute(paid)
        for shop, mine in by_shop(_lines(lines)).items()
    }
    made = select(orders.c.checkout, orders.c.shop, orders.c.total)
    return wanted, {f"{ident}.{shop}": total for ident, shop, total in conn.execute(made)}


def count_payments(conn: Connection) -> list[Paying]:
    """Every payment that the provider may have heard of."""
    query = select(payments.c.id, checkouts.c.id, checkouts.c.total, checkouts.c.state).join(
        checkouts, checkouts.c.id == payments.c.checkout
    )
    return [
        Paying(attempt, ident, total, State(of))
        for attempt, ident, total, of in conn.execute(query)
    ]


def count_ledger(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """What the ledger should say and what it says.

    Under ``txn <key>`` the sum of a transaction, under ``captures <checkout>`` how many there
    are, under ``<account> <currency>`` what the provider holds for paid checkouts.
    """
    wanted: dict[str, int] = defaultdict(int)
    said: dict[str, int] = defaultdict(int)
    kept = {State.PAID.value, State.REFUNDING.value}
    took = select(
        checkouts.c.id, checkouts.c.state, checkouts.c.currency, checkouts.c.total
    ).where(checkouts.c.state.in_([*kept, State.REFUNDED.value]))
    for ident, state, currency, total in conn.execute(took):
        wanted[f"captures {ident}"] = 1
        if state in kept and total:
            wanted[f"provider_clearing {currency}"] += total
    for key, kind, ref in conn.execute(
        select(ledger_txns.c.key, ledger_txns.c.kind, ledger_txns.c.ref)
    ):
        wanted[f"txn {key}"] = said[f"txn {key}"] = 0
        if kind == "capture":
            said[f"captures {ref}"] += 1
    sums = select(ledger_entries.c.txn, func.sum(ledger_entries.c.amount)).group_by(
        ledger_entries.c.txn
    )
    for txn, amount in conn.execute(sums):
        said[f"txn {txn}"] = int(amount)
    cleared = (
        select(ledger_txns.c.currency, func.sum(ledger_entries.c.amount))
        .join(ledger_txns, ledger_txns.c.key == ledger_entries.c.txn)
        .where(ledger_entries.c.account == "provider_clearing")
        .group_by(ledger_txns.c.currency)
    )
    for currency, amount in conn.execute(cleared):
        if amount:
            said[f"provider_clearing {currency}"] = int(amount)
    return dict(wanted), dict(said)


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


def _lines(snapshot: object) -> tuple[Line, ...]:
    return msgspec.convert(snapshot, tuple[Line, ...])
