from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.sql import connect
from store.sql.connect import postgres_engine, sqlite_engine
from store.sql.migrate import LOCK, MIGRATIONS, head, migrate
from store.sql.upkeep_tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


def differences(conn: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(conn, opts=options), metadata))


def definitions(path: Path) -> dict[str, list[str]]:
    """The words that define every table and index, in no order."""
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
    return {
        name: sorted(re.findall(r"[^\s\"(),]+", sql))
        for name, sql in rows
        if name not in {"alembic_version", "sqlite_sequence"}
    }


def test_the_tables_of_sqlite_are_those_of_the_code(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/migrated.db")
    engine = sqlite_engine(tmp_path / "made.db")
    metadata.create_all(engine)

    with sqlite_engine(tmp_path / "migrated.db").connect() as conn:
        assert differences(conn) == []
    # Checks and partial indexes, which Alembic does not compare.
    assert definitions(tmp_path / "migrated.db") == definitions(tmp_path / "made.db")


@pytest.mark.postgres
async def test_the_tables_of_postgresql_are_those_of_the_code(postgres_url: str) -> None:
    migrate(postgres_url)

    engine = postgres_engine(postgres_url)
    async with engine.connect() as conn:
        assert await conn.run_sync(differences) == []
    await engine.dispose()


@pytest.mark.postgres
async def test_nodes_that_start_together_migrate_once(postgres_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate, postgres_url) for _ in range(4)))

    migrate(postgres_url)


@pytest.mark.postgres
async def test_a_node_waits_for_another_that_migrates_for_long(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "WAIT_S", 0.5)
    engine = postgres_engine(postgres_url, is_patient=True)

    async with engine.begin() as other:
        await other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        migrating = asyncio.create_task(asyncio.to_thread(migrate, postgres_url))
        done, _ = await asyncio.wait([migrating], timeout=2)
    await engine.dispose()

    assert not done
    await migrating


def test_migrating_again_changes_nothing_and_does_not_ask_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    before = definitions(tmp_path / "book.db")
    monkeypatch.setattr("store.sql.migrate._upgrade", None)

    migrate(url)

    assert definitions(tmp_path / "book.db") == before


def test_alembic_is_not_even_imported_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    code = (
        "import sys; from store.sql.migrate import migrate; migrate(sys.argv[1]); "
        "print('alembic' in sys.modules)"
    )

    command = [sys.executable, "-c", code, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_the_newest_file_is_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [head()]


def test_t25_a_failed_migration_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table could not be made, and the shop went on (WooCommerce 26226, 26395).

    Here one is in the way of the last step. Guard: store/sql/migrate.py, one transaction.
    Kills: "migrate: all or nothing".
    """
    path = tmp_path / "book.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE stock (x)")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Exception, match="stock"):
        migrate(f"sqlite:///{path}")

    assert set(definitions(path)) == {"stock"}
    assert os.listdir(tmp_path)


def go_back_and_forth(conn: Connection) -> tuple[list[Any], list[Any]]:
    """What differs from the code's tables one version earlier, and after coming back."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
    command.downgrade(config, "0006")
    before = differences(conn)
    command.upgrade(config, "head")
    return before, differences(conn)


def test_the_indexes_of_long_lists_can_be_taken_back(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "book.db")

    with engine.begin() as conn:
        before, after = go_back_and_forth(conn)
    engine.dispose()

    assert before
    assert after == []


@pytest.mark.postgres
async def test_the_indexes_of_long_lists_can_be_taken_back_on_postgresql(
    postgres_url: str,
) -> None:
    engine = postgres_engine(postgres_url)

    async with engine.begin() as conn:
        before, after = await conn.run_sync(go_back_and_forth)
    await engine.dispose()

    assert before
    assert after == []


def move_old_book(conn: Connection) -> tuple[list[Any], list[Any]]:
    """Lines of orders and entries of the ledger, after a move from version 0002."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    command.upgrade(config, "0002")
    for statement in OLD_BOOK.split(";\n"):
        conn.exec_driver_sql(statement)
    command.upgrade(config, "head")
    lines = conn.exec_driver_sql('SELECT "order", sku, position, qty FROM order_lines')
    entries = conn.exec_driver_sql(
        'SELECT "order", account, amount, at FROM ledger_entries JOIN ledger_txns ON key = txn'
    )
    return sorted(map(tuple, lines)), sorted(map(tuple, entries), key=str)


MOVED = (
    [("or_a", "mug", 0, 2), ("or_a", "pot", 1, 1), ("or_b", "hat", 0, 1)],
    [
        ("or_a", "provider_clearing", 6_000_000_005, 1_790_000_000_000),
        ("or_a", "shop_payable:ada", -6_000_000_005, 1_790_000_000_000),
        ("or_b", "provider_clearing", 5, 1_790_000_000_000),
        ("or_b", "shop_payable:bob", -5, 1_790_000_000_000),
        (None, "provider_clearing", 7, 1_790_000_000_000),
        (None, "unclaimed_money", -7, 1_790_000_000_000),
    ],
)


def test_orders_of_the_version_before_get_their_lines_and_a_ledger_each(tmp_path: Path) -> None:
    engine = sqlite_engine(tmp_path / "book.db")

    with engine.begin() as conn:
        assert move_old_book(conn) == MOVED
    engine.dispose()


@pytest.mark.postgres
async def test_orders_of_the_version_before_on_postgresql(postgres_url: str) -> None:
    engine = postgres_engine(postgres_url)

    async with engine.begin() as conn:
        assert await conn.run_sync(move_old_book) == MOVED
    await engine.dispose()


OLD_BOOK = """
INSERT INTO checkouts (id, version, viewer, viewer_name, fingerprint, whole_cart, state, open,
  currency, lines, subtotal, shipping, discount, tax, total, pay_by, hold_until, created_at)
  VALUES ('co_1', 1, 'vera', 'V', 'f', true, 'paid', false, 'USD', '[]', 6000000010, 0, 0, 0,
  6000000010, 1, 1, 1);
INSERT INTO orders (id, number, checkout, shop, viewer, state, currency, lines, subtotal, shipping,
  discount, tax, total, refunded_total, paid_at, ship_to) VALUES
  ('or_a', '1', 'co_1', 'ada', 'vera', 'awaiting_shipment', 'USD',
   '[{"sku": "mug", "qty": 2, "line_total": 6000000000},
     {"sku": "pot", "qty": 1, "line_total": 5}]',
   6000000005, 0, 0, 0, 6000000005, 0, 1, '{}'),
  ('or_b', '1', 'co_1', 'bob', 'vera', 'awaiting_shipment', 'USD',
   '[{"sku": "hat", "qty": 1, "line_total": 5}]', 5, 0, 0, 0, 5, 0, 1, '{}');
INSERT INTO ledger_txns (key, kind, ref, currency, at) VALUES
  ('capture:pay_1', 'capture', 'co_1', 'USD', 1790000000000),
  ('capture:pay_2', 'capture', 'co_2', 'USD', 1790000000000);
INSERT INTO ledger_entries (txn, account, amount) VALUES
  ('capture:pay_1', 'provider_clearing', 6000000010),
  ('capture:pay_1', 'shop_payable:ada', -6000000005),
  ('capture:pay_1', 'shop_payable:bob', -5), ('capture:pay_2', 'provider_clearing', 7),
  ('capture:pay_2', 'unclaimed_money', -7)"""
"""A purchase at two shops, and late money, as version 0002 wrote them."""


@pytest.mark.postgres
async def test_t25_a_failed_migration_leaves_postgresql_as_it_was(postgres_url: str) -> None:
    """A table could not be made, and the shop went on (WooCommerce 26226).

    Guard: store/sql/migrate.py, one transaction.
    Kills: "migrate: all or nothing on PostgreSQL".
    """
    engine = postgres_engine(postgres_url)
    async with engine.begin() as conn:
        await conn.exec_driver_sql("CREATE TABLE stock (x int)")

    with pytest.raises(Exception, match="stock"):
        migrate(postgres_url)

    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    async with engine.connect() as conn:
        left = (await conn.exec_driver_sql(query)).scalars().all()
    # First of all, or the database cannot be dropped.
    await engine.dispose()

    assert left == ["stock"]
