"""What must be true of the server's files, read without the server's code.

The book and the practice provider's own book are two SQLite files in the data folder; the gate is
the embedded Redis. They are read while the server runs.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis

from store.folder import short_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.shopper import Told

__all__ = ["Books", "units_at_gate"]


@dataclass(frozen=True)
class Books:
    """The files of one data folder, as they were when they were read.

    Attributes:
        paid: Checkouts that are paid: what they come to, and how many shops sold them.
        orders: How many orders each checkout has.
        charges: What the provider took for each checkout, payment by payment.
        kept: Checkouts of which the provider has money that it did not give back.
        refunds: Succeeded refunds of the book: order and amount.
        noted: Refunds of the book, whatever became of them.
        given_back: What the provider gave back, by our key for it; late money apart.

    """

    paid: dict[str, tuple[int, int]]
    orders: Counter[str]
    charges: dict[str, list[int]]
    kept: set[str]
    refunds: dict[str, tuple[str, int]]
    noted: set[str]
    given_back: dict[str, list[int]]

    @classmethod
    def read(cls, folder: Path) -> Books:
        """Read in the order in which a purchase is written, backwards for refunds."""
        book, bank = folder / "book.db", folder / "sandbox.db"
        charges, kept = defaultdict[str, list[int]](list), set[str]()
        for metadata, taken, back in _rows(
            bank, "SELECT metadata, captured, refunded FROM payments"
        ):
            if taken:
                charges[json.loads(metadata)["checkout"]].append(taken)
            if taken > back:
                kept.add(json.loads(metadata)["checkout"])
        paid = {
            ident: (total, len({line["shop"] for line in json.loads(lines)}))
            for ident, total, lines in _rows(
                book, "SELECT id, total, lines FROM checkouts WHERE state = 'paid'"
            )
        }
        orders = Counter(checkout for (checkout,) in _rows(book, "SELECT checkout FROM orders"))
        query = (
            "SELECT id, \"order\", amount FROM refunds WHERE state = 'succeeded' AND amount > 0"
        )
        refunds = {ident: (order, amount) for ident, order, amount in _rows(book, query)}
        given_back = defaultdict[str, list[int]](list)
        for payment, key, amount in _rows(bank, "SELECT payment, key, amount FROM refunds"):
            # What comes too late to be a sale goes back by itself, without a refund of ours.
            if key != f"late-{payment}":
                given_back[key].append(amount)
        noted = {ident for (ident,) in _rows(book, "SELECT id FROM refunds")}
        return cls(paid, orders, charges, kept, refunds, noted, given_back)

    def wrong(self, told: Told) -> list[str]:
        """What people were told and is not so, and what does not fit together."""
        return [*self._wrong_sales(told), *self._wrong_refunds(told)]

    def unsettled(self) -> list[str]:
        """What may be so for a moment only: the provider keeps money, and nothing is paid."""
        return [f"{ident} is charged and not paid" for ident in sorted(self.kept - set(self.paid))]

    def _wrong_sales(self, told: Told) -> Iterator[str]:
        for ident, total in told.paid.items():
            if self.paid.get(ident, (None, 0))[0] != total:
                yield f"{ident} was told paid ({total}), the book has {self.paid.get(ident)}"
            if self.charges.get(ident) != [total]:
                yield f"{ident} was told paid ({total}), charged {self.charges.get(ident)}"
        for ident, (total, shops) in self.paid.items():
            if self.orders[ident] != shops:
                yield f"{ident} is paid and has {self.orders[ident]} orders of {shops} shops"
            if len(self.charges.get(ident, ())) > 1:
                yield f"{ident} ({total}) was charged {self.charges[ident]}"

    def _wrong_refunds(self, told: Told) -> Iterator[str]:
        for ident, amount in told.refunds.items():
            _, booked = self.refunds.get(ident, ("", 0))
            if booked != amount:
                yield f"refund {ident} of {amount} was told, the book has {booked}"
        sums = Counter[str]()
        for ident, (order, amount) in self.refunds.items():
            sums[order] += amount
            if self.given_back.get(ident) != [amount]:
                yield f"refund {ident} of {amount}: the provider has {self.given_back.get(ident)}"
        for key in sorted(set(self.given_back) - self.noted):
            yield f"{key}: the provider gave back {self.given_back[key]}, and no refund says so"
        for order, amount in told.returned.items():
            if sums[order] < amount:
                yield f"{order} was told to be refunded {amount}, the book has {sums[order]}"


def units_at_gate(folder: Path, shard: str, sku: str) -> dict[str, int]:
    """The counters of a SKU, straight from the embedded Redis."""
    socket = short_socket(folder / "redis" / "redis.sock")
    with redis.Redis(unix_socket_path=str(socket)) as client:
        flat: Any = client.hgetall(f"{{s:{shard}}}:sku:{sku}")
    return {name.decode(): int(count) for name, count in flat.items()}


def _rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as conn:
        return conn.execute(query).fetchall()
