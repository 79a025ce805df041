"""What an import last said of a SKU's stock.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "imported_units",
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["skus.id"]),
        sa.PrimaryKeyConstraint("sku"),
    )
