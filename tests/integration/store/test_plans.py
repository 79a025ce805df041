"""What is asked every second, at every payment or by a list goes by an index to what it wants."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from checkout import breaks, inbox, orders, refunds, shipments, sweeper, tally
from checkout.excerpt import read_excerpt
from shop.adjustment import pending_adjustments
from shop.rebuild import _read_shards
from store.sql import outbox
from store.sql.connect import sqlite_engine

CURSOR = (1_790_000_000_000, "or_1")

QUESTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a buyer's orders": (orders._page, (None, 51, "viewer", "vera")),
    "a buyer's next orders": (orders._page, (CURSOR, 51, "viewer", "vera")),
    "a shop's orders": (orders._page, (None, 51, "shop", "mugs")),
    "a shop's next orders": (orders._page, (CURSOR, 51, "shop", "mugs")),
    "all orders": (orders._page, (None, 51, "", "")),
    "the next of all orders": (orders._page, (CURSOR, 51, "", "")),
    "checkouts that are due": (sweeper._due, (1, 200)),
    "payments under way": (sweeper._pending, ("", 200)),
    "orders that are due": (shipments.due, (1, 200)),
    "refunds that are due": (refunds.due, (1, 200)),
    "webhooks left over": (inbox.left_over, ("sandbox", 1, 500)),
    "a webhook is done": (inbox.mark_done, ("sandbox", "pay_1", 1, 1)),
    "webhooks done long ago": (inbox.forget_before, (1, 500)),
    "what the outbox has done": (outbox._forget, (1, 1000)),
    "adjustments of the stock left over": (pending_adjustments, (100,)),
    "what the outbox has": (outbox._undelivered, (0, 500)),
    "holds that there should be": (tally.count_open, ()),
    "an excerpt for the audit": (read_excerpt, ("co_1", 100)),
    "what fills the gate": (_read_shards, ()),
    "breaks about payments that are settled": (breaks.settle, (1,)),
}
"""Operations, and something to ask them for."""

OPEN = "SCAN checkouts USING INDEX one_open_checkout_a_viewer"
SCANS = {
    "all orders": {"SCAN orders USING INDEX orders_by_time"},
    "holds that there should be": {OPEN},
    "what fills the gate": {OPEN, "SCAN stock USING INDEX sqlite_autoindex_stock_1"},
}
"""Who goes along an index from its beginning: to a limit, where only what is open is in it, or
where all is asked for.
"""


@pytest.fixture
def path(tmp_path: Path, migrated_sqlite: Path) -> Path:
    return Path(shutil.copy(migrated_sqlite, tmp_path / "book.db"))


def plan(path: Path, op: Callable[..., Any], *args: Any) -> list[str]:
    """How SQLite carries out everything that an operation asks."""
    said: list[str] = []
    engine = sqlite_engine(path)
    with engine.connect() as conn:
        raw: Any = conn.connection.dbapi_connection
        raw.set_trace_callback(said.append)
        with conn.begin():
            op(conn, *args)
        raw.set_trace_callback(None)
    engine.dispose()
    asked = [one for one in said if one.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    assert asked
    with closing(sqlite3.connect(path)) as conn:
        return [row[3] for one in asked for row in conn.execute(f"EXPLAIN QUERY PLAN {one}")]


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_goes_by_an_index(name: str, path: Path) -> None:
    op, args = QUESTIONS[name]

    steps = plan(path, op, *args)

    for step in steps:
        # Some rows of the same time may be put in order; all rows may not.
        assert "TEMP B-TREE FOR ORDER BY" not in step, steps
        assert not step.startswith("SCAN") or step in SCANS.get(name, ()), steps


def test_a_webhook_is_found_among_all_that_were_done(path: Path) -> None:
    (step,) = plan(path, inbox.mark_done, "sandbox", "pay_1", 1, 1)

    assert "webhooks_to_do (done_at=? AND provider=? AND attempt=?)" in step


def test_payments_under_way_are_found_among_the_open_checkouts(path: Path) -> None:
    steps = plan(path, sweeper._pending, "", 200)

    assert "checkouts USING INDEX one_open_checkout_a_viewer (viewer>?)" in steps[0]
    assert "payments USING INDEX sqlite_autoindex_payments_2 (checkout=?)" in steps[1]


def test_the_gate_is_filled_without_a_look_at_all_that_was_ever_sold(path: Path) -> None:
    first, second, *_ = plan(path, _read_shards)

    assert first == "SCAN checkouts USING INDEX one_open_checkout_a_viewer"
    assert "claims USING INDEX sqlite_autoindex_claims_1 (checkout=?)" in second


@pytest.mark.parametrize("name", [name for name in QUESTIONS if "next" in name])
def test_a_list_goes_on_at_its_cursor_however_deep_that_is(name: str, path: Path) -> None:
    op, args = QUESTIONS[name]

    (step,) = plan(path, op, *args)

    assert "(paid_at,id)<(?,?)" in step
