"""What happens to an order after it is paid: refunds, cancellations, shipments.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

IDENT = sa.String(length=64)


def upgrade() -> None:
    """Create the tables, and bring the orders that there are into them."""
    _widen()
    _order_lines()
    _refunds()
    _restocks()
    _shipments()
    _fill_lines()
    _split_captures()


def _widen() -> None:
    nothing = sa.text("0")
    op.add_column("orders", sa.Column("tracking", sa.Text()))
    op.add_column("orders", sa.Column("cancel_request", sa.JSON()))
    for name in ("platform_fee", "commission"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default=nothing)
        op.add_column("orders", column)
    op.add_column("orders", sa.Column("next_at", sa.BigInteger()))
    op.create_index("orders_due", "orders", ["next_at"])
    op.add_column("ledger_txns", sa.Column("order", IDENT))
    op.create_index("ledger_by_order", "ledger_txns", ["order"])


def _order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order", IDENT, nullable=False),
        sa.Column("sku", IDENT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("line_total", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("restocked", sa.Integer(), nullable=False),
        sa.CheckConstraint("shipped >= 0 AND cancelled >= 0", name="units_not_negative"),
        sa.CheckConstraint("shipped + cancelled <= qty", name="units_not_sent_and_cancelled"),
        sa.CheckConstraint("restocked >= 0 AND restocked <= qty", name="units_restocked_once"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"]),
        sa.PrimaryKeyConstraint("order", "sku"),
    )


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", IDENT, nullable=False),
        sa.Column("order", IDENT, nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("restock", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.CheckConstraint("amount >= 0", name="refund_not_negative"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order", "key", name="one_refund_a_key"),
    )
    op.create_index("refunds_due", "refunds", ["next_at"])
    op.create_table(
        "refund_lines",
        sa.Column("refund", IDENT, nullable=False),
        sa.Column("sku", IDENT, nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["refund"], ["refunds.id"]),
        sa.PrimaryKeyConstraint("refund", "sku"),
    )


def _restocks() -> None:
    op.create_table(
        "restocks",
        sa.Column("cause", IDENT, nullable=False),
        sa.Column("shop", IDENT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("cause"),
    )
    op.create_index("restocks_to_do", "restocks", ["done_at"])


def _shipments() -> None:
    op.create_table(
        "shipments",
        sa.Column("order", IDENT, nullable=False),
        sa.Column("key", IDENT, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("tracking", sa.Text()),
        sa.Column("carrier", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.id"]),
        sa.PrimaryKeyConstraint("order", "key"),
    )


_ORDERS = sa.table(
    "orders",
    *(sa.column(name, sa.String()) for name in ("id", "checkout", "shop")),
    sa.column("total", sa.BigInteger()),
    sa.column("lines", sa.JSON()),
)
_LINES = sa.table(
    "order_lines",
    *(sa.column(name, sa.String()) for name in ("order", "sku")),
    *(sa.column(name, sa.Integer()) for name in ("position", "qty")),
    sa.column("line_total", sa.BigInteger()),
    *(sa.column(name, sa.Integer()) for name in ("shipped", "cancelled", "restocked")),
)
_TXNS = sa.table(
    "ledger_txns",
    *(sa.column(name, sa.String()) for name in ("key", "kind", "ref", "currency", "order")),
    sa.column("at", sa.BigInteger()),
)
_ENTRIES = sa.table(
    "ledger_entries",
    *(sa.column(name, sa.String()) for name in ("txn", "account")),
    sa.column("amount", sa.BigInteger()),
)


def _fill_lines() -> None:
    """Nothing was sent or cancelled yet: this version is the first that can."""
    connection = op.get_bind()
    for ident, lines in connection.execute(sa.select(_ORDERS.c.id, _ORDERS.c.lines)).all():
        rows = [
            {
                "order": ident,
                "sku": line["sku"],
                "position": position,
                "qty": line["qty"],
                "line_total": line["line_total"],
                "shipped": 0,
                "cancelled": 0,
                "restocked": 0,
            }
            for position, line in enumerate(lines)
        ]
        connection.execute(sa.insert(_LINES), rows)


def _split_captures() -> None:
    """A capture was one transaction a checkout; now each order has its own."""
    connection = op.get_bind()
    query = (
        sa.select(_ORDERS.c.id, _ORDERS.c.shop, _ORDERS.c.total, _TXNS)
        .select_from(_ORDERS.join(_TXNS, _TXNS.c.ref == _ORDERS.c.checkout))
        .where(_TXNS.c.kind == "capture")
    )
    found = connection.execute(query).all()
    for row in found:
        key = f"capture:{row.id}"
        facts = {"kind": "capture", "ref": row.ref, "currency": row.currency, "at": row.at}
        connection.execute(sa.insert(_TXNS), {"key": key, "order": row.id, **facts})
        if row.total:
            clearing = {"txn": key, "account": "provider_clearing", "amount": row.total}
            payable = {"txn": key, "account": f"shop_payable:{row.shop}", "amount": -row.total}
            connection.execute(sa.insert(_ENTRIES), [clearing, payable])
    for key in {row.key for row in found}:
        connection.execute(sa.delete(_ENTRIES).where(_ENTRIES.c.txn == key))
        connection.execute(sa.delete(_TXNS).where(_TXNS.c.key == key))
