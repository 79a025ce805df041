"""The ledger: double entry, posted once, never changed.

Debits are above zero and credits below; every transaction sums to zero. A capture is one
transaction an order, a refund of it mirrors its parts. Accounts:

- ``provider_clearing``    what the payment provider holds for us
- ``shop_payable:<shop>``  what we owe a shop
- ``platform_fee``         what the platform keeps
- ``tax_payable``          tax to hand on; zero until orders have tax
- ``commission``           what affiliates get; zero until there are any
- ``unclaimed_money``      what came for goods that were gone and goes back
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from checkout.splits import reversed_part, share
from store.sql.rows import Connection, add_all, insert_all_new, insert_or_ignore
from store.sql.tables import ledger_entries, ledger_txns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkout.order import Order
    from checkout.order_rows import OrderRecord
    from checkout.record import Record

__all__ = [
    "CLEARING",
    "COMMISSION",
    "FEE",
    "TAX",
    "UNCLAIMED",
    "Parts",
    "payable",
    "post_captures",
    "post_late",
    "post_refund",
]

CLEARING: Final = "provider_clearing"
FEE: Final = "platform_fee"
TAX: Final = "tax_payable"
COMMISSION: Final = "commission"
UNCLAIMED: Final = "unclaimed_money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an order's money is made of, in minor units; the shop gets the rest of ``total``."""

    total: int
    fee: int
    tax: int
    commission: int

    @classmethod
    def of(cls, *, total: int, tax: int, goods: int, fee_bps: int) -> Parts:
        """The parts of a paid order; the fee is on ``goods``, without tax and shipping."""
        return cls(total=total, fee=share(goods, fee_bps), tax=tax, commission=0)

    def accounts(self, shop: str) -> dict[str, int]:
        """What each account is owed; together ``total``."""
        others = {FEE: self.fee, TAX: self.tax, COMMISSION: self.commission}
        return {payable(shop): self.total - sum(others.values()), **others}

    def reversed(self, refunded: int) -> Parts:
        """What of it has gone back once ``refunded`` was given back altogether."""
        return Parts(
            total=refunded,
            fee=reversed_part(self.fee, refunded, self.total),
            tax=reversed_part(self.tax, refunded, self.total),
            commission=reversed_part(self.commission, refunded, self.total),
        )


def payable(shop: str) -> str:
    """The account of what we owe a shop."""
    return f"shop_payable:{shop}"


def post_captures(
    conn: Connection, captured: Sequence[tuple[Record, Order, Parts]], now_ms: int
) -> None:
    """Post what was taken for orders; a repeat changes nothing."""
    txns: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for record, order, parts in captured:
        key = f"capture:{order.id}"
        txn = {"key": key, "kind": "capture", "ref": record.id, "order": order.id}
        txns.append({**txn, "currency": record.currency, "at": now_ms})
        amounts = {account: -amount for account, amount in parts.accounts(order.shop).items()}
        entries += _entries(key, {CLEARING: parts.total, **amounts})
    insert_all_new(conn, ledger_txns, txns)
    insert_all_new(conn, ledger_entries, entries)


def post_refund(
    conn: Connection, record: OrderRecord, refund: str, amount: int, now_ms: int
) -> None:
    """Post what was given back of an order; a repeat changes nothing.

    Each account bears its part of all that was refunded until now, less what it bore before.
    """
    order = record.order
    parts = Parts(
        total=order.total,
        fee=record.platform_fee,
        tax=order.tax,
        commission=record.commission,
    )
    before = parts.reversed(order.refunded_total).accounts(order.shop)
    after = parts.reversed(order.refunded_total + amount).accounts(order.shop)
    amounts = {account: after[account] - before[account] for account in after}
    txn = {"key": f"refund:{refund}", "kind": "refund", "ref": record.checkout}
    txn |= {"order": order.id, "currency": order.currency}
    _post(conn, txn, {CLEARING: -amount, **amounts}, now_ms)


def post_late(
    conn: Connection, kind: str, record: Record, amounts: Mapping[str, int], now_ms: int
) -> None:
    """Post the capture or refund of money that came too late for an order; once each."""
    txn = {"key": f"{kind}:{record.paying.id}", "kind": kind, "ref": record.id}
    txn["currency"] = record.currency
    _post(conn, txn, amounts, now_ms)


def _post(
    conn: Connection, txn: Mapping[str, str], amounts: Mapping[str, int], now_ms: int
) -> None:
    entries = _entries(txn["key"], amounts)
    if insert_or_ignore(conn, ledger_txns, **txn, at=now_ms) and entries:
        add_all(conn, ledger_entries, entries)


def _entries(key: str, amounts: Mapping[str, int]) -> list[dict[str, Any]]:
    if sum(amounts.values()) != 0:
        raise ValueError("a ledger transaction must sum to zero")
    return [
        {"txn": key, "account": account, "amount": amount}
        for account, amount in sorted(amounts.items())
        if amount
    ]
