"""Indexes for a book that has grown: what was read from end to end is found at once.

Lists of orders go on at their cursor; what is left to do with webhooks and with adjustments of
the stock is told apart from all that was ever done; the audit reads the ledger by checkouts.

Revision: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

BEFORE = {
    "orders_by_shop": ("orders", ["shop", "paid_at"]),
    "orders_by_viewer": ("orders", ["viewer", "paid_at"]),
    "webhooks_to_do": ("webhook_inbox", ["done_at"]),
}
AFTER = {
    "adjustments_to_do": ("stock_adjustments", ["left", "at"]),
    "ledger_by_checkout": ("ledger_txns", ["ref"]),
    "orders_by_shop": ("orders", ["shop", "paid_at", "id"]),
    "orders_by_viewer": ("orders", ["viewer", "paid_at", "id"]),
    "orders_by_time": ("orders", ["paid_at", "id"]),
    "webhooks_to_do": ("webhook_inbox", ["done_at", "provider", "attempt"]),
}


def upgrade() -> None:
    """Make the indexes anew."""
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    """Make the former ones."""
    _replace(AFTER, BEFORE)


def _replace(old: dict[str, tuple[str, list[str]]], new: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, _) in old.items():
        op.drop_index(name, table)
    for name, (table, columns) in new.items():
        op.create_index(name, table, columns)
