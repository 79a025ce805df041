"""Rows of the store as payments and charges, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET, UnsetType

from sandbox.payments import Action, Charge, Decline, Payment, Status

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

__all__ = ["PAGES", "charge_of", "columns", "payment_of", "payment_row", "text", "try_row"]

PAGES: Final = "/sandbox/3ds/"
"""Where confirmation pages live; the shop's own port hands this path on."""


def payment_row(db: Connection, payment: str) -> Row | None:
    """The row of a payment, if there is one."""
    row: Row | None = db.execute("SELECT * FROM payments WHERE id = ?", (payment,)).fetchone()
    return row


def try_row(db: Connection, payment: str, key: str) -> Row | None:
    """The row of the try with that key, if there was one."""
    row: Row | None = db.execute(
        "SELECT * FROM tries WHERE payment = ? AND key = ?", (payment, key)
    ).fetchone()
    return row


def payment_of(row: Row) -> Payment:
    """The payment that a row holds."""
    status = Status(row["status"])
    error: Decline | UnsetType = UNSET
    if row["error_code"] is not None:
        error = Decline(row["error_code"], row["error_message"])
    action: Action | UnsetType = UNSET
    if status is Status.REQUIRES_ACTION:
        action = Action(f"{PAGES}{row['id']}?token={row['page_token']}")
    return Payment(
        id=row["id"],
        status=status,
        amount=row["amount"],
        currency=row["currency"],
        captured=row["captured"],
        refunded=row["refunded"],
        metadata=_metadata(row),
        created=row["created"],
        last_error=error,
        action=action,
    )


def charge_of(row: Row) -> Charge:
    """What the provider holds for a captured payment."""
    return Charge(
        id=row["id"],
        checkout=_metadata(row).get("checkout", ""),
        amount=row["amount"],
        currency=row["currency"],
        captured=row["captured"],
        refunded=row["refunded"],
    )


def _metadata(row: Row) -> dict[str, str]:
    return msgspec.json.decode(row["metadata"], type=dict[str, str])


def text(metadata: dict[str, str]) -> str:
    """Metadata as the store keeps it."""
    return msgspec.json.encode(metadata).decode()


def columns(decline: Decline | None) -> tuple[str | None, str | None]:
    """A decline as ``error_code`` and ``error_message``."""
    return (None, None) if decline is None else (decline.code, decline.message)
