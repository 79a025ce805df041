"""The awaits of the purchase path: every call to a store or the provider, by its name."""

from __future__ import annotations

from typing import Final

AWAITS: Final = (
    # The gate.
    "DEL ready", "EXISTS ready", "GET ready", "GET lease", "GET seq", "HGET hold", "HMGET hold",
    "HMGET sku",
    "PEXPIRE lease", "SET lease", "SET opening",
    "ZRANGE holdx", "ZRANGEBYSCORE holdx", "cart_bought", "cart_change", "cart_get", "hold",
    "opening_done", "settle", "stock_adjust", "stock_create", "stock_read", "stock_rebuild",
    # The book.
    "_claimed", "_due", "_forget", "_known", "_mark", "_pending", "_read_shards",
    "_undelivered", "all_by_id", "begin", "begin_all",
    "begin_adjustment", "by_attempt", "by_id", "change_listing", "complete_adjustment", "due",
    "enter", "enter_all", "known",
    "forget_before", "left_over", "look", "look_later", "mark_done", "note", "note_action",
    "note_canceled", "note_declined", "note_unknown", "note_unsent", "open_of", "owned",
    "pending", "pending_adjustments", "postpone", "read_facts", "read_sku", "record_late",
    "record_all_paid", "record_paid",
    "record_refunded", "record_refunding", "refuse_adjustment", "reread_adjustment",
    "start_cancel", "take_in",
    # The provider.
    "provider cancel", "provider fetch", "provider refund", "provider take",
)  # fmt: skip
"""A run says which of them were never reached or never failed, and names that are missing."""
