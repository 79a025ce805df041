"""The tables of the book.

Money is in minor units, times are Unix ms. JSON columns hold snapshots that no sum is made of
in SQL. What must happen once has a unique key here, not a check in code.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "checkouts",
    "claims",
    "imported_units",
    "ledger_entries",
    "ledger_txns",
    "metadata",
    "order_lines",
    "order_numbers",
    "orders",
    "outbox",
    "payments",
    "products",
    "refund_lines",
    "refunds",
    "restocks",
    "shipments",
    "shows",
    "skus",
    "stock",
    "stock_adjustments",
    "webhook_inbox",
]

metadata = MetaData()

Ident = String(64)
Money = BigInteger
Millis = BigInteger
Json = JSON(none_as_null=True)
Counter = BigInteger().with_variant(Integer, "sqlite")

products = Table(
    "products",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("shop", Ident, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("images", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Millis, nullable=False),
    Index("products_by_shop", "shop", "id"),
)

skus = Table(
    "skus",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("product", Ident, ForeignKey("products.id"), nullable=False),
    Column("shop", Ident, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("price", Money, nullable=False),
    Column("compare_at", Money),
    Column("currency", String(3), nullable=False),
    Column("pv", Integer, nullable=False, doc="Price version: rises with every price."),
    Index("skus_by_product", "product", "position"),
)

stock = Table(
    "stock",
    metadata,
    Column("sku", Ident, ForeignKey("skus.id"), primary_key=True),
    Column("shop", Ident, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("claimed", BigInteger, nullable=False, doc="Units of open and paid checkouts."),
    CheckConstraint("claimed >= 0 AND claimed <= total", name="stock_not_oversold"),
)

stock_adjustments = Table(
    "stock_adjustments",
    metadata,
    Column("shop", Ident, primary_key=True),
    Column("key", Ident, primary_key=True),
    Column("sku", Ident, nullable=False),
    Column("body", Text, nullable=False, doc="What was asked, to refuse another body."),
    Column("delta", BigInteger, nullable=False),
    Column("booked", Boolean, nullable=False, doc="Whether stock.total has the delta."),
    Column("left", BigInteger, doc="Units left afterwards; null until the gate has it."),
    Column("at", Millis, nullable=False),
    Index("adjustments_to_do", "left", "at"),
)

imported_units = Table(
    "imported_units",
    metadata,
    Column("sku", Ident, ForeignKey("skus.id"), primary_key=True),
    Column("units", BigInteger, nullable=False, doc="What the last file said there are."),
)

shows = Table(
    "shows",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("title", Text, nullable=False),
    Column("host_id", Ident, nullable=False),
    Column("host_name", Text, nullable=False),
    Column("playback_url", Text),
    Column("starts_at", Millis),
    Column("created_at", Millis, nullable=False),
)

checkouts = Table(
    "checkouts",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("viewer", Ident, nullable=False),
    Column("viewer_name", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("whole_cart", Boolean, nullable=False),
    Column("show", Ident),
    Column("state", String(16), nullable=False),
    Column("open", Boolean, nullable=False, doc="Whether it still holds the viewer's place."),
    Column("currency", String(3), nullable=False),
    Column("lines", Json, nullable=False),
    Column("subtotal", Money, nullable=False),
    Column("shipping", Money, nullable=False),
    Column("discount", Money, nullable=False),
    Column("tax", Money, nullable=False),
    Column("total", Money, nullable=False),
    Column("pay_by", Millis, nullable=False),
    Column("hold_until", Millis, nullable=False),
    Column("ship_to", Json),
    Column("action", Json),
    Column("failure", Json),
    Column("created_at", Millis, nullable=False),
    Column("next_at", Millis, doc="When the sweeper looks again; null when ended."),
    # The migration has PostgreSQL's condition too: to name it here loads its whole dialect.
    Index("one_open_checkout_a_viewer", "viewer", unique=True, sqlite_where=text("open = 1")),
    Index("checkouts_due", "next_at"),
)

claims = Table(
    "claims",
    metadata,
    Column("checkout", Ident, ForeignKey("checkouts.id"), primary_key=True),
    Column("sku", Ident, primary_key=True),
    Column("shop", Ident, nullable=False),
    Column("qty", Integer, nullable=False),
    Column("state", String(8), nullable=False, doc="open, sold or released."),
    Index("claims_by_sku", "sku"),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Ident, primary_key=True, doc="The attempt: our key at the provider."),
    Column("checkout", Ident, ForeignKey("checkouts.id"), nullable=False, unique=True),
    Column("provider", String(16), nullable=False),
    Column("provider_ref", Text),
    Column("amount", Money, nullable=False),
    Column("currency", String(3), nullable=False),
    Column(
        "state",
        String(16),
        nullable=False,
        doc="queued, created, captured, cancelled or refunded.",
    ),
    Column("tries", Integer, nullable=False),
    Column("captured", Money, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("number", String(32), nullable=False),
    Column("checkout", Ident, ForeignKey("checkouts.id"), nullable=False),
    Column("shop", Ident, nullable=False),
    Column("viewer", Ident, nullable=False),
    Column("state", String(24), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("lines", Json, nullable=False),
    Column("subtotal", Money, nullable=False),
    Column("shipping", Money, nullable=False),
    Column("discount", Money, nullable=False),
    Column("tax", Money, nullable=False),
    Column("total", Money, nullable=False),
    Column("refunded_total", Money, nullable=False),
    Column("paid_at", Millis, nullable=False),
    Column("ship_to", Json, nullable=False),
    Column("tracking", Text, doc="Of the latest parcel."),
    Column("cancel_request", Json, doc="What the buyer asks the shop to cancel."),
    Column("platform_fee", Money, nullable=False, server_default=text("0")),
    Column("commission", Money, nullable=False, server_default=text("0")),
    Column("next_at", Millis, doc="When time changes it by itself; null: never."),
    UniqueConstraint("checkout", "shop", name="one_order_a_shop"),
    UniqueConstraint("shop", "number", name="order_number_once"),
    # With the id: a page of a list, however deep, is read from its cursor on.
    Index("orders_by_viewer", "viewer", "paid_at", "id"),
    Index("orders_by_shop", "shop", "paid_at", "id"),
    Index("orders_by_time", "paid_at", "id"),
    Index("orders_due", "next_at"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order", Ident, ForeignKey("orders.id"), primary_key=True),
    Column("sku", Ident, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("qty", Integer, nullable=False),
    Column("line_total", Money, nullable=False),
    Column("shipped", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("restocked", Integer, nullable=False, doc="Units that are on sale again."),
    CheckConstraint("shipped >= 0 AND cancelled >= 0", name="units_not_negative"),
    CheckConstraint("shipped + cancelled <= qty", name="units_not_sent_and_cancelled"),
    CheckConstraint("restocked >= 0 AND restocked <= qty", name="units_restocked_once"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Ident, primary_key=True, doc="Our key at the provider."),
    Column("order", Ident, ForeignKey("orders.id"), nullable=False),
    Column("key", String(96), nullable=False, doc="The caller's, or ``cancel.…``."),
    Column("body", Text, nullable=False, doc="What was asked, to refuse another body."),
    Column("state", String(16), nullable=False, doc="pending, succeeded or failed."),
    Column("amount", Money, nullable=False),
    Column("reason", Text),
    Column("restock", Boolean, nullable=False, doc="Whether its units go back on sale with it."),
    Column("created_at", Millis, nullable=False),
    Column("next_at", Millis, doc="When the sweeper asks the provider again."),
    CheckConstraint("amount >= 0", name="refund_not_negative"),
    UniqueConstraint("order", "key", name="one_refund_a_key"),
    Index("refunds_due", "next_at"),
)

refund_lines = Table(
    "refund_lines",
    metadata,
    Column("refund", Ident, ForeignKey("refunds.id"), primary_key=True),
    Column("sku", Ident, primary_key=True),
    Column("qty", Integer, nullable=False),
    Column("amount", Money, nullable=False),
)

restocks = Table(
    "restocks",
    metadata,
    Column("cause", Ident, primary_key=True, doc="The refund whose units are on sale again."),
    Column("shop", Ident, nullable=False),
    Column("at", Millis, nullable=False),
    Column("done_at", Millis, doc="When the gate had them; until then a rebuild has to know."),
    Index("restocks_to_do", "done_at"),
)

shipments = Table(
    "shipments",
    metadata,
    Column("order", Ident, ForeignKey("orders.id"), primary_key=True),
    Column("key", Ident, primary_key=True, doc="Follows from tracking and units, if it can."),
    Column("lines", Json, nullable=False),
    Column("tracking", Text),
    Column("carrier", Text),
    Column("at", Millis, nullable=False),
)

order_numbers = Table(
    "order_numbers",
    metadata,
    Column("shop", Ident, primary_key=True),
    Column("last", Integer, nullable=False),
)

ledger_txns = Table(
    "ledger_txns",
    metadata,
    Column("key", String(96), primary_key=True, doc="``capture:<order>``: posted once."),
    Column("kind", String(16), nullable=False),
    Column("ref", Ident, nullable=False, doc="The checkout."),
    Column("currency", String(3), nullable=False),
    Column("at", Millis, nullable=False),
    Column("order", Ident, doc="Null for money that came too late for an order."),
    Index("ledger_by_order", "order"),
    Index("ledger_by_checkout", "ref"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("txn", String(96), ForeignKey("ledger_txns.key"), primary_key=True),
    Column("account", String(96), primary_key=True),
    Column("amount", Money, nullable=False, doc="Debit above zero, credit below."),
    CheckConstraint("amount <> 0", name="entry_not_zero"),
)

webhook_inbox = Table(
    "webhook_inbox",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("event", String(128), primary_key=True),
    Column("attempt", Ident, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", Millis, nullable=False),
    Column("done_at", Millis),
    # The few that are not done, whichever of the other columns a question names as well.
    Index("webhooks_to_do", "done_at", "provider", "attempt"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", Millis, nullable=False),
    Column("done_at", Millis),
    Index("outbox_to_do", "done_at", "id"),
    # Ids are never used twice, also after the newest rows were pruned: receivers know them.
    sqlite_autoincrement=True,
)
