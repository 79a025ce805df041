"""What must hold whatever happens; each check names what broke in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from bots.till import units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bots.frames import Map
    from bots.till import Receipt

__all__ = [
    "Breaches",
    "check_audit",
    "check_charges",
    "check_chats",
    "check_deliveries",
    "check_orders",
    "check_stock",
]

DETAILS: Final = 5
"""Examples kept of each kind of breach: a thousand viewers would all tell the same."""


class Breaches:
    """The invariants that broke, with how often and a few examples."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.details: defaultdict[str, list[str]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, name: str, detail: str, times: int = 1) -> None:
        """Note that ``name`` broke ``times`` times."""
        self.counts[name] += times
        if len(self.details[name]) < DETAILS:
            self.details[name].append(detail)

    def add_all(self, items: Iterable[Map]) -> None:
        """Take in what broke elsewhere, as :meth:`items` tells it."""
        for item in items:
            self.counts[item["name"]] += item["times"]
            known = self.details[item["name"]]
            known += item["examples"][: DETAILS - len(known)]

    def blame(self, who: str, lost: int, doubled: int, turned_back: int) -> None:
        """Note what one viewer's feed did wrong."""
        for name, times in (
            ("events lost", lost),
            ("events doubled", doubled),
            ("feed turned back", turned_back),
        ):
            if times:
                self.add(name, f"{who}: {times}", times)

    def items(self) -> list[Map]:
        """All of them, for a report."""
        return [
            {"name": name, "times": times, "examples": self.details[name]}
            for name, times in self.counts.items()
        ]


def check_deliveries(breaches: Breaches, *, delivered: int, joined: int, pins: int) -> None:
    """Every pin reached every viewer, and there was something to see."""
    if joined == 0 or pins == 0:
        breaches.add("nothing pinned", f"{pins} pins before {joined} viewers prove nothing")
    missing = joined * pins - delivered
    if missing > 0:
        detail = f"{delivered} of {joined} viewers × {pins} pins arrived"
        breaches.add("undelivered", detail, missing)


def check_chats(breaches: Breaches, *, heard: int, joined: int, said: int) -> None:
    """Every chat of a storm that was let in reached every viewer."""
    missing = joined * said - heard
    if missing > 0:
        detail = f"{heard} of {joined} viewers × {said} chats arrived"
        breaches.add("chats undelivered", detail, missing)


def check_stock(
    breaches: Breaches,
    before: Mapping[str, int],
    after: Mapping[str, int],
    sold: Mapping[str, int],
) -> None:
    """Sold units were there, and left the shelf.

    Other people may buy in the meantime, so stock may fall further than the bots bought.

    Args:
        breaches: Where to note what broke.
        before: Units left by SKU, before the first purchase.
        after: The same at the end, when no bot holds anything.
        sold: Units in the paid orders of the bots.

    """
    for sku, units in sold.items():
        had, left = before.get(sku, 0), after.get(sku, 0)
        if units > had:
            breaches.add("oversold", f"{sku}: {units} units sold of {had}")
        if had - left < units:
            detail = f"{sku}: {units} units sold, but stock went from {had} to {left}"
            breaches.add("sold without leaving the shelf", detail)
    for sku, left in after.items():
        if left < 0:
            breaches.add("oversold", f"{sku}: {left} left")


def check_charges(breaches: Breaches, receipts: Iterable[Receipt], charges: Sequence[Map]) -> None:
    """Every paid checkout was captured once, in full; nothing else was.

    Args:
        breaches: Where to note what broke.
        receipts: The bots' checkouts, paid or not. An undecided one may be either.
        charges: What the provider itself holds.

    """
    held: defaultdict[str, list[Map]] = defaultdict(list)
    for charge in charges:
        if charge["captured"] > 0:
            held[charge["checkout"]].append(charge)
    for receipt in receipts:
        mine = held[receipt.checkout]
        kept = sum(charge["captured"] - charge["refunded"] for charge in mine)
        if receipt.is_paid:
            _check_paid(breaches, receipt, mine)
        elif receipt.is_over and kept:
            detail = f"{receipt.checkout} is {receipt.state}, yet {kept} were kept"
            breaches.add("charged without an order", detail)


def _check_paid(breaches: Breaches, receipt: Receipt, charges: Sequence[Map]) -> None:
    if len(charges) != 1:
        detail = f"{receipt.checkout} was captured {len(charges)} times"
        breaches.add("paid without a charge" if not charges else "charged twice", detail)
        return
    charge = charges[0]
    captured = (charge["captured"], charge["currency"])
    if captured != (receipt.total, receipt.currency):
        detail = f"{receipt.checkout}: {receipt.total} {receipt.currency}, captured {captured}"
        breaches.add("charged another amount", detail)


def check_orders(
    breaches: Breaches, who: str, receipts: Sequence[Receipt], orders: Sequence[Map]
) -> None:
    """A buyer's own orders are those of its paid checkouts, unit by unit and to the last cent."""
    wanted = [order for receipt in receipts for order in receipt.orders]
    found = {order["id"]: order for order in orders}
    for name, times in Counter(wanted).items():
        if times > 1 or name not in found:
            detail = f"{who}: order {name} is in {times} checkouts"
            breaches.add("order missing" if name not in found else "order doubled", detail)
    for unknown in set(found) - set(wanted):
        breaches.add("order without a checkout", f"{who}: order {unknown}")
    paid = sum(receipt.total for receipt in receipts)
    ordered = sum(order["total"] for order in orders)
    if paid != ordered:
        breaches.add("orders differ from payments", f"{who}: paid {paid}, ordered {ordered}")
    units = sum((receipt.units for receipt in receipts), Counter[str]())
    lines = sum((units_of(order["lines"]) for order in orders), Counter[str]())
    if units != lines:
        detail = f"{who}: paid {dict(units)}, ordered {dict(lines)}"
        breaches.add("units differ from payments", detail)


def check_audit(breaches: Breaches, audit: Map) -> None:
    """The server's own audit is ok."""
    for check in audit["checks"]:
        if not check["ok"]:
            detail = f"{check['name']}: expected {check['expected']}, actual {check['actual']}"
            breaches.add("audit", detail)
    if not audit["ok"] and not breaches.counts["audit"]:
        breaches.add("audit", "not ok, without a check that says why")
