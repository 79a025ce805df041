"""The end of a run: count what all have seen, compare what was paid with the books."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from bots import invariants
from bots.books import Books, Unreadable
from bots.report import Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.frames import Map
    from bots.options import Options
    from bots.tally import Tally
    from bots.till import Receipt
    from bots.viewer import Venue, Viewer

__all__ = ["Reckoning"]

SETTLE_S: Final = 5.0
"""For stock of cancelled checkouts to be back on the shelf."""

POLL_S: Final = 0.1


class Reckoning:
    """Makes the findings of a run.

    Args:
        options: What was asked for.
        venue: What the bots of this process shared.
        viewers: Those of this process, buyers first, who were let in before the window.

    """

    def __init__(self, options: Options, venue: Venue, viewers: Sequence[Viewer]) -> None:
        self._options = options
        self._pins = venue.pins
        self._till = venue.till
        self._breaches = venue.line.breaches
        self._viewers = viewers
        self._findings = Findings()

    def count_feeds(self, tally: Tally, ramp_s: float) -> None:
        """Take the numbers of viewers, feeds and pins, of all processes together.

        What broke in other processes must have been added to the venue's breaches, and their
        sightings to its pins.
        """
        counts, acknowledged = tally.counts, len(self._pins.acknowledged())
        delivered, steady = self._pins.delivered(), counts["steady"]
        invariants.check_deliveries(
            self._breaches, delivered=delivered, joined=steady, pins=acknowledged
        )
        invariants.check_chats(
            self._breaches, heard=len(tally.chat), joined=steady, said=tally.chats["ok"]
        )
        self._findings.viewers = {
            "wanted": self._options.viewers,
            "joined": counts["joined"],
            "ramp_s": round(ramp_s, 2),
            "reconnects": counts["reconnects"],
            "snapshots": counts["snapshots"],
        }
        self._findings.unruly = dict(tally.unruly)
        self._findings.pins = {
            "acknowledged": acknowledged,
            "delivered": delivered,
            "expected": acknowledged * steady,
            "sight_ms": self._pins.sights().spread(),
            "event_age_ms": self._pins.ages().spread(),
        }
        self._findings.feed = {
            **{name: counts[name] for name in ("received", "lost", "doubled")},
            "event_age_ms": tally.events.spread() | {"steps": tally.events.steps()},
        }
        self._findings.chat = {
            "per_second": round(tally.chats.total() / self._options.seconds, 2),
            "outcomes": dict(tally.chats),
            "sight_ms": tally.chat.spread() | {"steps": tally.chat.steps()},
        }
        self._till.refusals.update(tally.refusals)

    async def read_books(
        self, books: Books, products: Sequence[str], before: dict[str, int]
    ) -> None:
        """Compare stock, orders, charges and the audit with what the bots paid."""
        sold = sum((receipt.units for receipt in self._till.paid()), Counter[str]())
        after = dict(before)
        charges: list[Map] = []
        orders: list[Map] = []
        try:
            after = await self._stock_at_rest(books, products, before, sold)
            invariants.check_stock(self._breaches, before, after, sold)
            charges = await books.charges()
            invariants.check_charges(self._breaches, self._till.receipts.values(), charges)
            orders = await self._compare_orders(books)
            audit = await books.audit()
            invariants.check_audit(self._breaches, audit)
            self._findings.audit = "ok" if audit["ok"] else "not ok"
        except Unreadable as error:
            self._breaches.add("books unreadable", str(error))
        mine = [charge for charge in charges if charge["checkout"] in self._till.receipts]
        mine = [charge for charge in mine if charge["captured"] > 0]
        self._findings.stock = {
            "sold": sold.total(),
            "before": sum(before.values()),
            "after": sum(after.values()),
        }
        self._findings.charges = {
            "count": len(mine),
            "captured": sum(charge["captured"] for charge in mine),
            "orders": len(orders),
            "ordered": sum(order["total"] for order in orders),
        }

    def finish(self) -> Findings:
        """The findings, whole."""
        options, till, paid = self._options, self._till, self._till.paid()
        if options.buyers and not paid:
            self._breaches.add("nothing paid", f"{till.clicks} clicks, {till.sold_out} sold out")
        self._findings.about = {
            "url": options.url,
            "show": options.show,
            "viewers": options.viewers,
            "buyers": options.buyers,
            "seconds": options.seconds,
            "seed": options.seed,
            "processes": options.processes,
            "ramp": options.ramp,
            "chat_per_second": options.chat_per_second,
            "shares": {str(habit): share for habit, share in options.shares.items() if share},
        }
        self._findings.purchases = {
            "clicks": till.clicks,
            "double_clicks": till.double_clicks,
            "paid": len(paid),
            "paid_total": sum(receipt.total for receipt in paid),
            "sold_out": till.sold_out,
            "declined": till.declined,
            "paid_ms": till.latencies.spread(),
        }
        self._findings.refusals = dict(till.refusals)
        self._findings.broken = self._breaches.items()
        return self._findings

    async def _stock_at_rest(
        self, books: Books, products: Sequence[str], before: dict[str, int], sold: Counter[str]
    ) -> dict[str, int]:
        """Read the stock until it fits, or until nothing more will come back."""
        deadline = asyncio.get_running_loop().time() + SETTLE_S
        while True:
            after = await books.stock(products)
            fits = all(left == after.get(sku, 0) + sold[sku] for sku, left in before.items())
            if fits or asyncio.get_running_loop().time() > deadline:
                return after
            await asyncio.sleep(5 * POLL_S)

    async def _compare_orders(self, books: Books) -> list[Map]:
        """Ask each buyer's own list of orders."""
        receipts: dict[str, list[Receipt]] = {}
        for receipt in self._till.paid():
            receipts.setdefault(receipt.buyer, []).append(receipt)
        found: list[Map] = []
        for viewer in self._viewers[: self._options.buyers]:
            orders = await books.orders(viewer.bearer)
            invariants.check_orders(
                self._breaches, viewer.who, receipts.get(viewer.who, []), orders
            )
            found += orders
        return found
