"""The invariants, looked at after every step that changes a store.

Their numbers are those of the specification: I1 units of a SKU add up, I3 claims, I8 ledger,
I10 ends are final, I12 keys, I15 paid stays paid. The rest is looked at in the end, by
``verdict.py``.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import msgspec

from base.errors import YellowcartError
from checkout.checkout import Checkout
from checkout.state import ENDED, State, may
from store.redis import keys

if TYPE_CHECKING:
    from sqlite3 import Connection

    from msgspec import Struct

    from tests.simulation.gate import Redis
    from tests.simulation.trace import Trace

MOVES_STOCK: Final = frozenset({"hold", "settle", "stock_adjust", "stock_rebuild", "stock_create"})
UNITS: Final = ("total", "avail", "held", "sold")

Units = tuple[int, int, int, int]


class Watch(logging.Handler):
    """Looks, remembers, and complains.

    Args:
        redis: The gate's.
        book: The book's own connection.
        shop_of: Shop by SKU.
        trace: Hears what is broken.

    Attributes:
        broken: What does not hold; empty when all is well.
        lied_about: Payments that the provider said to have canceled, and took.
        may_drift: Whether Redis has lost data.
        told_paid: Checkouts that somebody was told to be paid.
        carts: By viewer and SKU: a checkout, units in the cart, units that it may buy.

    """

    def __init__(
        self, redis: Redis, book: Connection, shop_of: dict[str, str], trace: Trace
    ) -> None:
        super().__init__(logging.ERROR)
        self._redis = redis
        self._book = book
        self._trace = trace
        self._skus = list(shop_of)
        self._units = [("HMGET", keys.stock(shop, sku), *UNITS) for sku, shop in shop_of.items()]
        self._states: dict[str, tuple[State, int]] = {}
        self._opened: dict[tuple[str, ...], str] = {}
        self._stories: defaultdict[str, set[bytes]] = defaultdict(set)
        self.told_paid: set[str] = set()
        self.carts: dict[tuple[str, str], tuple[str, int, int]] = {}
        self.broken: list[str] = []
        self.lied_about: list[str] = []
        self.may_drift = False

    def complain(self, text: str) -> None:
        self.broken.append(text)
        self._trace.add("BROKEN", text)

    def emit(self, record: logging.LogRecord) -> None:
        """An error in the log is a break, unless the weather explains it."""
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        is_ours = error is None or isinstance(error, YellowcartError)
        is_drift = text.startswith("drift") and not self.may_drift
        if not is_ours or is_drift or text.startswith("break: payment"):
            self.complain(f"{record.name}: {text}: {error!r}")

    # Steps.

    def units(self) -> dict[str, Units]:
        """The gate's counters by SKU, where there are any."""
        replies = zip(self._skus, self._redis.ask_all(self._units), strict=True)
        return {
            sku: (int(total), int(avail), int(held), int(sold))
            for sku, (total, avail, held, sold) in replies
            if None not in {total, avail, held, sold}
        }

    def after_script(self, name: str) -> None:
        if name not in MOVES_STOCK:
            return
        for sku, (total, avail, held, sold) in self.units().items():
            if avail + held + sold != total or min(avail, held, sold) < 0:
                found = f"{avail} left + {held} held + {sold} sold of {total}"
                self.complain(f"I1 after {name}: {sku} has {found}")

    def after_write(self, op: str) -> None:
        book = self._book
        for sku, total, claimed, taken in book.execute(_STOCK):
            if not 0 <= claimed <= total or claimed != taken:
                text = f"I3 after {op}: {sku} has {claimed} of {total} claimed, {taken} in claims"
                self.complain(text)
        for txn, amount in book.execute(_UNBALANCED):
            self.complain(f"I8 after {op}: {txn} sums to {amount}")
        for ident, word, version, payment in book.execute(_STATES):
            state = State(word)
            before = self._states.get(ident)
            self._states[ident] = (state, version)
            if before is not None and before != (state, version):
                self._look_at_change(ident, payment, before, (state, version))

    def _look_at_change(
        self, ident: str, payment: str | None, before: tuple[State, int], now: tuple[State, int]
    ) -> None:
        if now[1] <= before[1]:
            self.complain(f"{ident} went from version {before[1]} to {now[1]}")
        if now[0] is before[0]:
            return
        self._trace.add(ident, before[0], "->", now[0])
        if not may(before[0], now[0]):
            self.complain(f"I10: {ident} went from {before[0]} to {now[0]}")
        elif before[0] in ENDED and payment not in self.lied_about:
            self.complain(f"I10: {ident} was {before[0]} and is {now[0]} without late money")

    def state_of(self, checkout: str) -> State | None:
        found = self._states.get(checkout)
        return None if found is None else found[0]

    # What is told.

    def tell(self, viewer: str, name: str, thing: Struct, *, again: bool = False) -> None:
        """Be the announcer of all processes."""
        del viewer, name
        if isinstance(thing, Checkout):
            self.heard(thing)

    def heard(self, checkout: Checkout) -> None:
        """Somebody was shown this."""
        if checkout.state != "paid":
            return
        self.told_paid.add(checkout.id)
        if self.state_of(checkout.id) is not State.PAID:
            self.complain(f"B3: {checkout.id} was told to be paid before the book had it")

    def opened(self, viewer: str, key: str, body: object, checkout: Checkout) -> None:
        """A key was answered with this checkout."""
        first = self._opened.setdefault((viewer, key), checkout.id)
        if first != checkout.id:
            self.complain(f"I12: {viewer}'s {key} is {first} and {checkout.id}")
        meant = self._opened.setdefault((viewer, key, "body"), repr(body))
        if meant != repr(body):
            self.complain(f"I12: {viewer}'s {key} stood for {meant} and {body!r}")

    def purchased(self, payload: dict[str, Any]) -> None:
        """The show was told of a purchase."""
        ident = payload["event"].removeprefix("purchase-")
        self._stories[ident].add(msgspec.json.encode(payload, order="sorted"))

    def stories_of(self, checkout: str) -> int:
        """How many different things the show was told of it."""
        return len(self._stories.get(checkout, ()))

    # What buyers do with their carts.

    def in_cart(self, viewer: str, sku: str, checkout: str, units: int, bought: int) -> None:
        """A cart has so many units, of which the checkout may buy some; nobody changes it."""
        self.carts[viewer, sku] = (checkout, units, bought)

    def cart_changes(self, viewer: str) -> None:
        """The viewer goes on putting things in."""
        for place in [place for place in self.carts if place[0] == viewer]:
            del self.carts[place]


_STOCK: Final = (
    "SELECT s.sku, s.total, s.claimed, (SELECT coalesce(sum(qty), 0) FROM claims c"
    " WHERE c.sku = s.sku AND c.state <> 'released') FROM stock s"
)
_UNBALANCED: Final = (
    "SELECT txn, sum(amount) FROM ledger_entries GROUP BY txn HAVING sum(amount) <> 0"
)
_STATES: Final = (
    "SELECT c.id, c.state, c.version, p.id FROM checkouts c"
    " LEFT JOIN payments p ON p.checkout = c.id"
)
