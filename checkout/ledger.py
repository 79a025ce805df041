"""The ledger: double entry, posted once, never changed.

Debits are above zero and credits below; every transaction sums to zero. Accounts:
``provider_clearing`` is what the payment provider holds for us, ``shop_payable:<shop>`` what
we owe a shop, ``unclaimed_money`` what came for goods that were gone and goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from store.sql.rows import Connection, insert, insert_or_ignore
from store.sql.tables import ledger_entries, ledger_txns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkout.record import Record

__all__ = ["CLEARING", "UNCLAIMED", "payable", "post"]

CLEARING: Final = "provider_clearing"
UNCLAIMED: Final = "unclaimed_money"


def payable(shop: str) -> str:
    """The account of what we owe a shop."""
    return f"shop_payable:{shop}"


def post(
    conn: Connection, kind: str, record: Record, amounts: Mapping[str, int], now_ms: int
) -> None:
    """Post a transaction of a checkout's payment; a repeat of its kind changes nothing.

    ``kind`` is capture or refund; ``amounts`` are minor units by account and sum to zero; a
    zero is left out.

    Raises:
        ValueError: They do not.

    """
    if sum(amounts.values()) != 0:
        raise ValueError("a ledger transaction must sum to zero")
    key = f"{kind}:{record.paying.id}"
    txn = {"key": key, "kind": kind, "ref": record.id, "currency": record.currency}
    if not insert_or_ignore(conn, ledger_txns, **txn, at=now_ms):
        return
    entries = [
        {"txn": key, "account": account, "amount": amount}
        for account, amount in sorted(amounts.items())
        if amount
    ]
    if entries:
        conn.execute(insert(ledger_entries), entries)
