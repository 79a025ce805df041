"""The gate filled from the book: at the first start, and after Redis lost its data."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from store.redis import keys
from store.sql.rows import Connection, select
from store.sql.tables import checkouts, claims, restocks, skus, stock, stock_adjustments

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["rebuild"]

logger = logging.getLogger(__name__)

ADJUSTMENT_MS: Final = 7 * 24 * 3600 * 1000

CALM_S: Final = 0.2
"""A buyer who was granted a hold just before the loss claims it in the book within this."""

READINGS: Final = 10
"""Readings of a book that does not come to rest before the last one is taken."""


async def rebuild(book: Book, scripts: Scripts, calm_s: float = CALM_S) -> int:
    """Fill and open every shard that is closed; quick when all are open.

    Safe to repeat and to run twice at once. Holds that the book does not know of are
    dropped: nobody has paid for them.

    Args:
        book: The truth.
        scripts: The gate.
        calm_s: How long the book must not change before it is believed, unless it is
            empty.

    Returns:
        How many shards were filled.

    Raises:
        Outage: The book or the gate cannot be reached.

    """
    closed = await _closed(scripts)
    if not closed:
        return 0
    shards = await _settled(book, closed, calm_s)
    filled = await asyncio.gather(*(_fill(scripts, number, shards[number]) for number in closed))
    logger.info("filled %d shards of the gate from the book", sum(filled))
    return sum(filled)


class _Hold(NamedTuple):
    member: str
    fingerprint: str
    deadline: str
    lines: list[tuple[str, str]]


@dataclass(slots=True)
class _Shard:
    """What the book says of one shard; numbers as strings, for Lua."""

    stock: list[tuple[str, ...]] = field(default_factory=list)
    stock_keys: list[str] = field(default_factory=list)
    holds: dict[tuple[str, str], _Hold] = field(default_factory=dict)
    applied: list[tuple[str, str]] = field(default_factory=list)
    applied_keys: list[str] = field(default_factory=list)
    undone_keys: list[str] = field(default_factory=list)


async def _closed(scripts: Scripts) -> list[int]:
    numbers = range(keys.SHARDS)
    ready = await asyncio.gather(
        *(scripts.command("EXISTS", keys.shop_ready(number)) for number in numbers)
    )
    return [number for number, is_ready in zip(numbers, ready, strict=True) if not is_ready]


async def _settled(book: Book, closed: list[int], calm_s: float) -> defaultdict[int, _Shard]:
    found = await book.read(_read_shards)
    for _ in range(READINGS):
        before = {number: found[number] for number in closed if number in found}
        if not before:
            break
        await asyncio.sleep(calm_s)
        found = await book.read(_read_shards)
        if before == {number: found[number] for number in closed if number in found}:
            break
    return found


async def _fill(scripts: Scripts, number: int, shard: _Shard) -> bool:
    deadlines = keys.shard_deadlines(number)
    # Closed as the shard is, nobody adds a hold to it meanwhile.
    present = await scripts.command("ZRANGE", deadlines, 0, -1)
    gone = [(shop, checkout) for checkout, _, shop in (m.decode().partition(".") for m in present)]
    gone = [hold for hold in gone if hold not in shard.holds]
    book = {
        "stock": shard.stock,
        "holds": list(shard.holds.values()),
        "gone": len(gone),
        "applied": shard.applied,
        "undone": len(shard.undone_keys),
    }
    holds = [keys.hold(shop, checkout) for shop, checkout in [*shard.holds, *gone]]
    reply = await scripts.call(
        "stock_rebuild",
        [
            keys.shop_ready(number),
            keys.shard_sequence(number),
            keys.shard_stream(number),
            deadlines,
            *shard.stock_keys,
            *holds,
            *shard.applied_keys,
            *shard.undone_keys,
        ],
        [msgspec.json.encode(book), ADJUSTMENT_MS],
    )
    return bool(reply == b"rebuilt")


def _read_shards(conn: Connection) -> defaultdict[int, _Shard]:
    shards: defaultdict[int, _Shard] = defaultdict(_Shard)
    held: Counter[str] = Counter()
    for claim in conn.execute(_open_claims()):
        held[claim.sku] += claim.qty
        _add_hold(shards[int(keys.shard(claim.shop))], claim)
    left: dict[str, int] = {}
    versions = select(stock, skus.c.pv).join(skus, skus.c.id == stock.c.sku)
    for row in conn.execute(versions.order_by(stock.c.sku)):
        # What is claimed and not held was sold: to add up all sales there ever were would take
        # the longer the more there are, and nothing is sold meanwhile.
        counts = (row.total, held[row.sku], row.claimed - held[row.sku])
        left[row.sku] = row.total - row.claimed
        shard = shards[int(keys.shard(row.shop))]
        shard.stock.append((row.sku, *map(str, (*counts, left[row.sku], row.pv))))
        shard.stock_keys.append(keys.stock(row.shop, row.sku))
    pending = select(stock_adjustments).where(stock_adjustments.c.left.is_(None))
    for row in conn.execute(pending):
        shard = shards[int(keys.shard(row.shop))]
        key = keys.adjustment(row.shop, row.key, row.at)
        if row.booked:
            # The total that we fill in contains it: the gate must not add it again.
            shard.applied.append((str(row.delta), str(left[row.sku])))
            shard.applied_keys.append(key)
        else:
            shard.undone_keys.append(key)
    for row in conn.execute(select(restocks).where(restocks.c.done_at.is_(None))):
        shard = shards[int(keys.shard(row.shop))]
        # Nobody reads what it changed, only that it is there.
        shard.applied.append(("0", "0"))
        shard.applied_keys.append(keys.restocked(row.shop, row.cause))
    return shards


def _open_claims() -> Any:
    return (
        select(claims, checkouts.c.fingerprint, checkouts.c.hold_until)
        .join(checkouts, checkouts.c.id == claims.c.checkout)
        .where(checkouts.c.open, claims.c.state == "open")
        # By viewer, who has one that is open: so the index of what is open is read, and no more.
        .order_by(checkouts.c.viewer, claims.c.sku)
    )


def _add_hold(shard: _Shard, claim: Any) -> None:
    member = f"{claim.checkout}.{claim.shop}"
    hold = _Hold(member, claim.fingerprint, str(claim.hold_until), [])
    lines = shard.holds.setdefault((claim.shop, claim.checkout), hold).lines
    lines.append((claim.sku, str(claim.qty)))
