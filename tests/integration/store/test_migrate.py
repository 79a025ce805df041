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
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.sql.connect import postgres_engine, sqlite_engine
from store.sql.migrate import MIGRATIONS, head, migrate
from store.sql.tables import metadata

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


def test_a_failed_migration_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is in the way of the last step."""
    path = tmp_path / "book.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE stock (x)")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Exception, match="stock"):
        migrate(f"sqlite:///{path}")

    assert set(definitions(path)) == {"stock"}
    assert os.listdir(tmp_path)
