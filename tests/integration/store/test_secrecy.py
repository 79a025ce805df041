"""What fails in the book is logged without what was to be written."""

from __future__ import annotations

import logging

import pytest

from base.errors import Outage
from store.sql.rows import Connection, insert
from store.sql.tables import webhook_inbox
from store.sql.writer import SqliteBook


def write_letter(conn: Connection) -> None:
    letter = {"provider": "1 Mill Road, Leeds", "event": "tok_secret"}
    conn.exec_driver_sql("DROP TABLE webhook_inbox")
    conn.execute(insert(webhook_inbox).values(**letter))


async def test_a38_a_failed_statement_does_not_tell_its_parameters(
    book: SqliteBook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Outage) as outage:
        await book.write(write_letter)

    assert "webhook_inbox" in caplog.text
    for private in ("Mill Road", "tok_secret"):
        assert private not in caplog.text
        assert private not in outage.value.message
