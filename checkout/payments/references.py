"""Which of the provider's payments is ours, for a provider that chooses the ids itself.

The id is in the book before the payment is confirmed, and the first one stays. So without one
nothing can have been charged, and whoever writes :data:`NEVER` there first has made sure that
nothing ever will be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from store.sql.rows import Connection, select, update
from store.sql.tables import payments

__all__ = ["NEVER", "Known", "keep", "look_up"]

NEVER: Final = "never"
"""In the place of an id: this attempt was canceled before it had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the book knows of an attempt.

    Attributes:
        reference: The provider's id, :data:`NEVER`, or None while there is none.
        amount: Minor units.

    """

    reference: str | None
    checkout: str
    amount: int
    currency: str


def look_up(conn: Connection, attempt: str) -> Known | None:
    """An attempt, as far as a provider must know it."""
    row = conn.execute(select(*_KNOWN).where(payments.c.id == attempt)).one_or_none()
    if row is None:
        return None
    reference, checkout, amount, currency = row
    return Known(reference=reference, checkout=checkout, amount=amount, currency=currency)


def keep(conn: Connection, attempt: str, reference: str) -> str | None:
    """Note the provider's id; the one that is in the book from now on, the first."""
    conn.execute(
        update(payments)
        .where(payments.c.id == attempt, payments.c.provider_ref.is_(None))
        .values(provider_ref=reference)
    )
    found = look_up(conn, attempt)
    return None if found is None else found.reference


_KNOWN: Final = (
    payments.c.provider_ref,
    payments.c.checkout,
    payments.c.amount,
    payments.c.currency,
)
