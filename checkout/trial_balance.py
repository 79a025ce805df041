"""The ledger counted for the audit: what it should say, and what it says."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkout import ledger
from checkout.pricing import by_shop
from checkout.refund import RefundState
from checkout.splits import reversed_part
from checkout.state import State
from checkout.tally import lines_of

if TYPE_CHECKING:
    from checkout.excerpt import Excerpt

__all__ = ["Trial", "count_ledger"]


@dataclass(slots=True)
class Trial:
    """What the ledger should say of an excerpt, and what it says.

    Under ``txn <key>`` the sum of a transaction; under ``captures <checkout>`` how many there
    are, one an order; under ``refund <id>`` what a refund took from the clearing account; under
    ``<account> of <order>`` what refunds have left of it.

    Attributes:
        wanted_sums, said_sums: Of all excerpts together: under ``provider_clearing <currency>``
            what the provider holds; under ``all <currency>`` the trial balance.

    """

    wanted: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    wanted_sums: Counter[str] = field(default_factory=Counter)
    said_sums: Counter[str] = field(default_factory=Counter)


def count_ledger(excerpt: Excerpt) -> Trial:
    """Count what an excerpt of the book says."""
    trial = Trial()
    _want_captures(excerpt, trial)
    back = _want_refunds(excerpt, trial)
    for txn in excerpt.txns:
        trial.wanted[f"txn {txn.key}"] = trial.said[f"txn {txn.key}"] = 0
        if txn.kind == "capture":
            trial.said[f"captures {txn.ref}"] += 1
    for order, parts in _read_entries(excerpt, back, trial).items():
        _want_balances(order, parts, back[order], trial.wanted)
    return trial


def _want_captures(excerpt: Excerpt, trial: Trial) -> None:
    kept = {State.PAID.value, State.REFUNDING.value}
    for row in excerpt.checkouts:
        if row.state not in kept and row.state != State.REFUNDED.value:
            continue
        is_paid = row.state == State.PAID.value
        trial.wanted[f"captures {row.id}"] = len(by_shop(lines_of(row.lines))) if is_paid else 1
        if row.state in kept:
            trial.wanted_sums[f"{ledger.CLEARING} {row.currency}"] += row.total


def _want_refunds(excerpt: Excerpt, trial: Trial) -> Counter[str]:
    """What was refunded of each order."""
    currency_of = {row.id: row.currency for row in excerpt.orders}
    back: Counter[str] = Counter()
    for row in excerpt.refunds:
        if row.state == RefundState.SUCCEEDED.value and row.amount > 0:
            back[row.order] += row.amount
            trial.wanted[f"refund {row.id}"] = -row.amount
            trial.wanted_sums[f"{ledger.CLEARING} {currency_of[row.order]}"] -= row.amount
    return back


def _read_entries(excerpt: Excerpt, back: Counter[str], trial: Trial) -> dict[str, dict[str, int]]:
    """Add up the entries; the captures of orders of which something was refunded."""
    captures: dict[str, dict[str, int]] = defaultdict(dict)
    txns = {row.key: row for row in excerpt.txns}
    for entry in excerpt.entries:
        txn, account, amount = txns[entry.txn], entry.account, entry.amount
        trial.said[f"txn {txn.key}"] += amount
        trial.said_sums[f"all {txn.currency}"] += amount
        is_clearing = account == ledger.CLEARING
        if is_clearing:
            trial.said_sums[f"{ledger.CLEARING} {txn.currency}"] += amount
        if txn.kind == "refund" and is_clearing and txn.order is not None:
            trial.said[txn.key.replace(":", " ", 1)] = amount
        if txn.order is not None and back[txn.order]:
            trial.said[f"{account} of {txn.order}"] += amount
            if txn.kind == "capture":
                captures[txn.order][account] = amount
    return captures


def _want_balances(order: str, parts: dict[str, int], refunded: int, wanted: Counter[str]) -> None:
    captured = parts.get(ledger.CLEARING, 0)
    rest = captured - refunded
    wanted[f"{ledger.CLEARING} of {order}"] = rest
    shops = []
    for account, amount in parts.items():
        if account in {ledger.FEE, ledger.TAX, ledger.COMMISSION}:
            left = -amount - reversed_part(-amount, refunded, captured)
            wanted[f"{account} of {order}"] = -left
            rest -= left
        elif account != ledger.CLEARING:
            shops.append(account)
    for account in shops:
        # The shop is owed what the others leave.
        wanted[f"{account} of {order}"] = -rest
