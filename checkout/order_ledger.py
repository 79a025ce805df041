"""An order's entries in the ledger, each with what it means in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from base.errors import NotFound
from base.money import spoken
from checkout import ledger
from checkout.order_rows import find
from store.sql.rows import Connection, select
from store.sql.tables import ledger_entries, ledger_txns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from base.identity import Actor

__all__ = ["LedgerEntry", "entries_of"]

WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("capture", ledger.CLEARING): "The buyer paid {}; the payment provider holds it.",
    ("capture", "shop_payable"): "Of that {} is owed to the shop.",
    ("capture", ledger.FEE): "Of that {} is the platform's fee.",
    ("capture", ledger.TAX): "Of that {} is tax to hand on.",
    ("capture", ledger.COMMISSION): "Of that {} is commission for affiliates.",
    ("refund", ledger.CLEARING): "The payment provider gave {} back to the buyer.",
    ("refund", "shop_payable"): "Of that the shop bears {}: it is owed less.",
    ("refund", ledger.FEE): "Of that {} is fee that the platform gives up.",
    ("refund", ledger.TAX): "Of that {} is tax that need not be handed on.",
    ("refund", ledger.COMMISSION): "Of that {} is commission that affiliates lose.",
}
"""By kind of transaction and account."""

BUYERS_WORDS: Final[Mapping[str, str]] = {
    "capture": "You paid {}.",
    "refund": "You got {} back.",
}


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """Money that came to an account (above zero) or went from it (below).

    Attributes:
        kind: capture or refund.
        what: What it means, for people.
        amount: Minor units; those of one ``txn`` add up to zero.

    """

    at: int
    kind: str
    what: str
    account: str
    amount: int
    currency: str
    txn: str


def entries_of(conn: Connection, actor: Actor, order: str) -> list[LedgerEntry]:
    """What the ledger has of an order, the oldest first; a buyer sees their own money only.

    Raises:
        NotFound: There is no such order, or it is somebody else's.

    """
    record = find(conn, order)
    if record is None or not record.is_seen_by(actor):
        raise NotFound("There is no such order of yours. Check its id.")
    query = (
        select(ledger_txns, ledger_entries.c.account, ledger_entries.c.amount)
        .join(ledger_entries, ledger_entries.c.txn == ledger_txns.c.key)
        .where(ledger_txns.c.order == order)
        .order_by(ledger_txns.c.at, ledger_txns.c.key, ledger_entries.c.account)
    )
    if not record.is_of(actor):
        query = query.where(ledger_entries.c.account == ledger.CLEARING)
    return [
        LedgerEntry(
            at=row.at,
            kind=row.kind,
            what=_said(
                row.kind, row.account, row.amount, row.currency, to_shop=record.is_of(actor)
            ),
            account=row.account,
            amount=row.amount,
            currency=row.currency,
            txn=row.key,
        )
        for row in conn.execute(query)
    ]


def _said(kind: str, account: str, amount: int, currency: str, *, to_shop: bool) -> str:
    words = WORDS[kind, account.partition(":")[0]] if to_shop else BUYERS_WORDS[kind]
    # A refund by cumulative parts may move a minor unit the other way: then say so.
    is_usual = (amount > 0) is ((kind == "capture") is (account == ledger.CLEARING))
    return words.format(spoken(abs(amount) if is_usual else -abs(amount), currency))
