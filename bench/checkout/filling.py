"""A market that has sold for two months: carts and paid orders in bulk, in a server that runs.

Everything is made by the product's own operations: carts by :class:`cart.carts.Carts`, holds by
:class:`cart.holds.Holds`, checkouts, payments, orders, ledger and events by the book's, charges
by those of the practice provider. Only the requests between them are left out, and many share a
commit. What the outbox has to deliver, the server itself delivers.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from base.clock import SystemClock
from cart.carts import Carts
from cart.holds import Holds, Wanted
from checkout import attempts, inbox, paid
from checkout.checkout import Address
from checkout.opened import enter
from checkout.order_terms import ORDER_TERMS
from checkout.pricing import Quote, by_shop, quote
from checkout.record import Record
from checkout.state import State
from sandbox import till
from shop.catalog import Catalog
from shop.product import SkuFacts
from store.redis.connect import close, connect
from store.redis.embedded import EmbeddedRedis
from store.redis.scripts import Scripts
from store.sql.outbox import Outbox
from store.sql.rows import Connection
from store.sql.writer import SqliteBook

__all__ = ["REGULAR", "Filling", "opened", "paid_by", "viewer_of"]

REGULAR: Final = "regular"
"""A viewer who buys far more often than the others."""

REGULARS_SHARE: Final = 0.01
SPAN_MS: Final = 60 * 24 * 3600 * 1000
"""The orders lie evenly over so long before now; events are kept for 90 days."""

AT_ONCE: Final = 2_000
PAGE: Final = 200
"""Purchases in a commit: the server's own writer waits for it."""

BEGAN_MS: Final = time.time_ns() // 1_000_000 - SPAN_MS
PROVIDER: Final = "sandbox"
HOLD_MS: Final = 3600 * 1000
LARGEST_SHARE: Final = 0.8
"""Of the orders, for the first shop."""

TWO_SHOPS_SHARE: Final = 0.05
HOME: Final = Address(name="Ada L", line1="1 Mill Lane", city="Leeds", country="GB")


class _Nobody:
    """Hears of every cart and tells nobody: there are no sockets here."""

    def tell(self, viewer: str, name: str, thing: object, *, again: bool = False) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase to be made, and when it was."""

    draft: Record
    pvs: dict[str, int]
    at: int

    @property
    def attempt(self) -> str:
        """The payment's id."""
        return attempts.attempt_id(self.draft.id)


class Filling:
    """Fills the stores of a server that runs.

    Args:
        scripts: Its Redis.
        book: Its book, as a second writer.
        charges: The practice provider's file.
        skus: What is sold: the first is the largest shop's.
        orders: How many will be made altogether.

    """

    def __init__(
        self,
        scripts: Scripts,
        book: SqliteBook,
        charges: sqlite3.Connection,
        skus: Sequence[str],
        orders: int,
    ) -> None:
        clock = SystemClock()
        self._scripts = scripts
        self._book = book
        self._charges = charges
        self._skus = skus
        self._of = orders
        self._outbox = Outbox(book, clock)
        self._catalog = Catalog(book, scripts, clock, self._outbox)
        self._carts = Carts(scripts, self._catalog, _Nobody(), clock)
        self._holds = Holds(scripts, clock)
        self._chance = random.Random(7)

    async def carts(self, first: int, count: int) -> None:
        """Put something into the carts of so many viewers."""
        for start in range(first, first + count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, first + count))
            await asyncio.gather(*(self._one_cart(number) for number in numbers))

    async def orders(self, first: int, count: int) -> None:
        """Sell and send for payment, so many times, and let the server deliver the news."""
        facts = await self._catalog.facts(self._skus)
        for start in range(first, first + count, PAGE):
            numbers = range(start, min(start + PAGE, first + count))
            await self._sell([self._sale(number, facts) for number in numbers])
        while await self._outbox.waiting():  # noqa: ASYNC110 - the server delivers, not we
            await asyncio.sleep(0.5)

    async def redis_bytes(self) -> int:
        """What Redis says that its data takes."""
        said = await self._scripts.command("INFO", "memory")
        found = dict(line.split(b":") for line in said.split() if b":" in line)
        return int(found[b"used_memory"])

    async def _one_cart(self, number: int) -> None:
        viewer = viewer_of(number)
        await self._carts.add(viewer, self._skus[number % len(self._skus)], 1 + number % 3)

    def _sale(self, number: int, facts: dict[str, SkuFacts]) -> Sale:
        at = paid_by(number / self._of)
        share = self._chance.random
        names = [self._skus[0 if share() < LARGEST_SHARE else self._other()]]
        if share() < TWO_SHOPS_SHARE:
            names = list({*names, self._skus[self._other()]})
        priced = quote([(sku, self._chance.randint(1, 3)) for sku in names], facts)
        viewer = REGULAR if share() < REGULARS_SHARE else viewer_of(number // 2)
        return Sale(_draft(number, viewer, priced, at), dict(priced.pvs), at)

    def _other(self) -> int:
        return self._chance.randrange(1, len(self._skus))

    async def _sell(self, sales: list[Sale]) -> None:
        # In the order of a real purchase, so that the audit finds every moment in order.
        await asyncio.gather(*(self._hold(sale) for sale in sales))
        raws = _charge(self._charges, sales)
        await self._book.write(_book, sales, raws)

    async def _hold(self, sale: Sale) -> None:
        deadline = time.time_ns() // 1_000_000 + HOLD_MS
        for shop, lines in by_shop(sale.draft.lines).items():
            wanted = [Wanted(sku=line.sku, qty=line.qty, pv=sale.pvs[line.sku]) for line in lines]
            await self._holds.hold(
                sale.draft.id, shop, wanted, fingerprint="volume", deadline_ms=deadline
            )


@contextlib.asynccontextmanager
async def opened(data_dir: Path, skus: Sequence[str], orders: int) -> AsyncIterator[Filling]:
    """A filling of the server that runs on this data folder."""
    client = connect(EmbeddedRedis(data_dir).url)
    scripts, book = Scripts(client), SqliteBook(data_dir / "book.db")
    charges = sqlite3.connect(data_dir / "sandbox.db", isolation_level=None, timeout=20)
    charges.row_factory = sqlite3.Row
    try:
        await scripts.load()
        yield Filling(scripts, book, charges, skus, orders)
    finally:
        charges.close()
        await book.close()
        await scripts.close()
        await close(client)


def paid_by(share: float) -> int:
    """Unix ms by which this share of all orders was paid."""
    return BEGAN_MS + int(SPAN_MS * share)


def viewer_of(number: int) -> str:
    """The account of that number."""
    return f"viewer-{number:07d}"


def _draft(number: int, viewer: str, priced: Quote, at: int) -> Record:
    return Record(
        id=f"co_volume{number:023d}",
        version=1,
        viewer=viewer,
        viewer_name=viewer,
        fingerprint="volume",
        whole_cart=False,
        show=None,
        state=State.RESERVED,
        currency=priced.currency,
        lines=priced.lines,
        subtotal=priced.total,
        shipping=0,
        discount=0,
        tax=0,
        total=priced.total,
        pay_by=at + HOLD_MS,
        hold_until=at + HOLD_MS,
        created_at=at,
        next_at=at + HOLD_MS,
    )


def _charge(db: sqlite3.Connection, sales: Sequence[Sale]) -> list[tuple[str, bytes]]:
    """Take the money; returns the events that tell of it, which count as sent."""
    db.execute("BEGIN IMMEDIATE")
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()
    for sale in sales:
        draft = sale.draft
        about = {"checkout": draft.id, "attempt": sale.attempt}
        order = till.Order(amount=draft.total, currency=draft.currency, metadata=about)
        till.create(db, sale.attempt, order, sale.at)
        till.confirm(db, sale.attempt, "tok_ok", f"{sale.attempt}-1", sale.at)
    news = db.execute("SELECT id, body FROM events WHERE number > ? ORDER BY number", (last,))
    found = [(row["id"], row["body"]) for row in news]
    db.execute("UPDATE events SET delivered = 1 WHERE number > ?", (last,))
    db.execute("COMMIT")
    return found


def _book(conn: Connection, sales: Sequence[Sale], told: Sequence[tuple[str, bytes]]) -> None:
    """Make purchases paid, step by step as :mod:`checkout` does."""
    for sale, (event, raw) in zip(sales, told, strict=True):
        enter(conn, sale.draft, sale.at)
        attempts.begin(conn, sale.draft.id, None, HOME, PROVIDER, sale.at)
        inbox.take_in(conn, PROVIDER, event, sale.attempt, raw, sale.at)
        paid.record_paid(conn, sale.attempt, ORDER_TERMS, sale.at)
        inbox.mark_done(conn, PROVIDER, sale.attempt, sale.at, sale.at)
