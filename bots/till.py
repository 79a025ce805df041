"""What the bots bought: every checkout that one of them ever saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bots.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.frames import Map
    from bots.invariants import Breaches

__all__ = ["Receipt", "Till", "units_of"]

ENDS: Final = frozenset({"paid", "rejected", "expired", "cancelled", "failed", "refunded"})
AFTER_PAID: Final = frozenset({"paid", "refunding", "refunded"})


@dataclass(slots=True, kw_only=True)
class Receipt:
    """One checkout as its buyer knows it; ``clicked_ns`` is monotonic."""

    checkout: str
    buyer: str
    clicked_ns: int
    version: int = -1
    state: str = "reserving"
    total: int = 0
    currency: str = ""
    orders: list[str] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)

    @property
    def is_paid(self) -> bool:
        """Whether money and units changed hands."""
        return self.state == "paid"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in ENDS


class Till:
    """All receipts of a run, and what became of the clicks.

    Attributes:
        latencies: Milliseconds from click to paid, of each paid checkout.
        clicks: Purchases begun.
        refusals: Error codes of all commands, and how often.

    """

    def __init__(self, breaches: Breaches) -> None:
        self.receipts: dict[str, Receipt] = {}
        self.latencies = Histogram()
        self.clicks = 0
        self.double_clicks = 0
        self.declined = 0
        self.sold_out = 0
        self.refusals: Counter[str] = Counter()
        self._breaches = breaches

    def note(self, buyer: str, checkout: Map, *, now_ns: int, clicked_ns: int) -> Receipt:
        """Take in a checkout from a reply or a private event; older versions are old news."""
        receipt = self.receipts.get(checkout["id"])
        if receipt is None:
            receipt = Receipt(checkout=checkout["id"], buyer=buyer, clicked_ns=clicked_ns)
            self.receipts[receipt.checkout] = receipt
        if receipt.buyer != buyer:
            detail = f"{receipt.checkout} of {receipt.buyer} was shown to {buyer}"
            self._breaches.add("somebody else's checkout", detail)
        if checkout["version"] >= receipt.version:
            self._advance(receipt, checkout, now_ns)
        return receipt

    def paid(self) -> list[Receipt]:
        """The checkouts that ended well."""
        return [receipt for receipt in self.receipts.values() if receipt.is_paid]

    def _advance(self, receipt: Receipt, checkout: Map, now_ns: int) -> None:
        state = checkout["state"]
        if receipt.is_paid and state not in AFTER_PAID:
            detail = f"{receipt.checkout} was paid and is now {state}"
            self._breaches.add("paid, and then not", detail)
        if state == "paid" and not receipt.is_paid:
            self.latencies.add((now_ns - receipt.clicked_ns) / 1e6)
        if state == "paid" and not checkout["orders"]:
            self._breaches.add("paid without an order", receipt.checkout)
        receipt.version, receipt.state = checkout["version"], state
        receipt.total, receipt.currency = checkout["total"], checkout["currency"]
        receipt.orders = list(checkout["orders"])
        receipt.units = units_of(checkout["lines"])


def units_of(lines: Iterable[Map]) -> Counter[str]:
    """Units by SKU in the lines of a cart, a checkout or an order."""
    units = Counter[str]()
    for line in lines:
        units[line["sku"]] += line["qty"]
    return units
