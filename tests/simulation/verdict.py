"""The last look: whether it is over, and whether all is well then."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from checkout.attempts import MOST_TRIES
from checkout.state import OPEN, State
from store.redis import keys

if TYPE_CHECKING:
    from sqlite3 import Connection

    from tests.simulation.gate import Redis
    from tests.simulation.watch import Watch


class Verdict:
    """Compares what the stores, the provider and those who were told something say.

    Args:
        watch: Remembers what was told, and hears what is broken.
        redis: The gate's.
        book: The book's own connection.
        till: The provider's.

    """

    def __init__(self, watch: Watch, redis: Redis, book: Connection, till: Connection) -> None:
        self._watch = watch
        self._complain = watch.complain
        self._redis = redis
        self._book = book
        self._till = till

    def left_to_do(self) -> list[str]:
        """What still keeps it from being quiet."""
        found = [text for query, text in _WORK if self._book.execute(query).fetchone()]
        found += [text for query, text in _TILL_WORK if self._till.execute(query).fetchone()]
        shards = range(keys.SHARDS)
        if any(self._redis.ask_all([("ZCARD", keys.shard_deadlines(shard)) for shard in shards])):
            found.append("holds are left")
        if not all(self._redis.ask_all([("EXISTS", keys.shop_ready(shard)) for shard in shards])):
            found.append("the gate is closed")
        return found

    def look(self) -> None:
        """All of it; what does not hold is told to the watch."""
        self._look_at_checkouts()
        self._look_at_tries()
        self._look_at_told()
        self._look_at_stock()
        self._look_at_carts()

    def _look_at_checkouts(self) -> None:
        charges = self._charges()
        orders: dict[str, Counter[str]] = {}
        totals: Counter[str] = Counter()
        for ident, shop, total in self._book.execute("SELECT checkout, shop, total FROM orders"):
            orders.setdefault(ident, Counter())[shop] += 1
            totals[ident] += total
        for ident, word, total, raw in self._book.execute(_CHECKOUTS):
            state = State(word)
            if state in OPEN or state is State.REFUNDING:
                self._complain(f"I16: {ident} is still {state}")
            shops = {line["shop"] for line in msgspec.json.decode(raw)}
            made = orders.pop(ident, Counter())
            if made != (dict.fromkeys(shops, 1) if state is State.PAID else {}):
                self._complain(f"I4: {ident} is {state} with orders at {dict(made)}")
            captured, refunded = charges.pop(ident, (0, 0))
            kept = total if state is State.PAID else 0
            if captured - refunded != kept or totals[ident] != kept:
                sums = f"captured {captured}, refunded {refunded}, orders {totals[ident]}"
                self._complain(f"I7: {ident} is {state} of {total}: {sums}")
            stories = self._watch.stories_of(ident)
            if stories != (state is State.PAID):
                self._complain(f"I17: the show heard {stories} stories of {ident}: {state}")
        if charges or orders:
            self._complain(f"I4: captured {charges} and ordered {orders} for nothing")

    def _charges(self) -> dict[str, tuple[int, int]]:
        """Captured and refunded, by checkout."""
        found: dict[str, tuple[int, int]] = {}
        for raw, captured, refunded in self._till.execute(_CHARGES):
            ident = msgspec.json.decode(raw).get("checkout", "")
            if ident in found:
                self._complain(f"I6: {ident} was captured twice")
            found[ident] = (captured, refunded)
        return found

    def _look_at_tries(self) -> None:
        for payment, tries in self._till.execute(_TRIES):
            if tries > MOST_TRIES:
                self._complain(f"{payment} was tried {tries} times")
        for event, times in self._book.execute(_DOUBLED):
            self._complain(f"I17: {event} is {times} times in the inbox")

    def _look_at_told(self) -> None:
        for ident in sorted(self._watch.told_paid):
            state = self._watch.state_of(ident)
            if state is not State.PAID:
                self._complain(f"I15: {ident} was told to be paid and is {state}")

    def _look_at_stock(self) -> None:
        """No undersell: what was not sold is on sale again."""
        sold: Counter[str] = Counter()
        for _, word, _, raw in self._book.execute(_CHECKOUTS):
            if word == State.PAID:
                for line in msgspec.json.decode(raw):
                    sold[line["sku"]] += line["qty"]
        units = self._watch.units()
        for sku, total, claimed in self._book.execute("SELECT sku, total, claimed FROM stock"):
            right = (total, total - sold[sku], 0, sold[sku])
            if claimed != sold[sku] or units.get(sku, right) != right:
                found = f"{claimed} claimed, {units.get(sku)} at the gate"
                self._complain(f"I16: {sku} has {found} of {total}, and {sold[sku]} were sold")

    def _look_at_carts(self) -> None:
        """What was paid has left the cart once, and what came in meanwhile is there."""
        for (viewer, sku), (ident, units, bought) in self._watch.carts.items():
            is_paid = self._watch.state_of(ident) is State.PAID
            left = units - bought if is_paid else units
            found = int(self._redis.ask("HGET", keys.cart(viewer), sku) or 0)
            # What an earlier cart has bought may leave after the viewer has put in anew.
            least = max(left - self._bought_by_others(viewer, sku, ident), 0)
            # A Redis that lost its data may have lost the cart, or that it was emptied.
            if not least <= found <= left and not self._watch.may_drift:
                self._complain(f"I17: {viewer} has {found} of {sku} in the cart, not {left}")

    def _bought_by_others(self, viewer: str, sku: str, ident: str) -> int:
        """Units of a SKU that the viewer's other carts have bought."""
        return sum(
            line["qty"]
            for other, raw in self._book.execute(_CARTS_BOUGHT, [viewer])
            for line in msgspec.json.decode(raw)
            if other != ident and line["sku"] == sku
        )


_CARTS_BOUGHT: Final = (
    "SELECT id, lines FROM checkouts WHERE viewer = ? AND state = 'paid' AND whole_cart"
)
_CHECKOUTS: Final = "SELECT id, state, total, lines FROM checkouts"
_WORK: Final = (
    ("SELECT 1 FROM checkouts WHERE open OR state = 'refunding'", "checkouts are open"),
    ("SELECT 1 FROM checkouts WHERE next_at IS NOT NULL", "checkouts are due"),
    ("SELECT 1 FROM outbox WHERE done_at IS NULL", "the outbox is not empty"),
    ("SELECT 1 FROM webhook_inbox WHERE done_at IS NULL", "webhooks had no effect"),
    ("SELECT 1 FROM stock_adjustments WHERE left IS NULL", "adjustments are half done"),
)
_TILL_WORK: Final = (
    ("SELECT 1 FROM payments WHERE status = 'processing'", "the provider is at work"),
    ("SELECT 1 FROM events WHERE delivered = 0", "webhooks are on their way"),
)
_CHARGES: Final = "SELECT metadata, captured, refunded FROM payments WHERE captured > 0"
# Without what a lying provider takes by itself.
_TRIES: Final = "SELECT payment, count(*) FROM tries WHERE key <> 'late' GROUP BY payment"
_DOUBLED: Final = (
    "SELECT event, count(*) FROM webhook_inbox GROUP BY provider, event HAVING count(*) > 1"
)
