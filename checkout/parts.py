"""What the services of this package are made of; ``server.py`` puts it together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkout.order_terms import ORDER_TERMS, OrderTerms

if TYPE_CHECKING:
    from base.clock import Clock
    from base.tasks import Tasks
    from cart.announcer import Announcer
    from cart.carts import Carts
    from cart.holds import Holds
    from checkout.payments.pace import Pace
    from checkout.payments.provider import Provider
    from shop.catalog import Catalog
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from store.sql.outbox import Outbox

__all__ = ["Parts", "Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long things may take, in ms.

    Attributes:
        pay_ms: From opening a checkout until its payment must have begun.
        grace_ms: How much longer its stock stays held.
        answer_ms: How long ``pay`` waits for an outcome; the contract says 10 s, the rest is
            for the way to the buyer.

    """

    pay_ms: int = 300_000
    grace_ms: int = 120_000
    answer_ms: int = 9_000

    @property
    def hold_ms(self) -> int:
        """From a hold to its deadline."""
        return self.pay_ms + self.grace_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Stores, neighbours and the provider.

    Attributes:
        tasks: Owns the payments that are under way.
        secret: Keys the ids of checkouts, so that nobody can compute another's.
        pace: At which payments go to the provider; None: as they come.
        scripts: By which openings of one viewer in other processes are noticed; None when
            this process alone serves.

    """

    book: Book
    outbox: Outbox
    catalog: Catalog
    carts: Carts
    holds: Holds
    announcer: Announcer
    provider: Provider
    clock: Clock
    tasks: Tasks
    secret: str
    terms: Terms = Terms()
    order_terms: OrderTerms = ORDER_TERMS
    pace: Pace | None = None
    scripts: Scripts | None = None
