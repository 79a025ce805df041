"""Every kind of book there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.books import POSTGRES, opened_book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from store.sql.book import Book


@pytest.fixture(params=["sqlite", "remote", POSTGRES])
async def book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Book]:
    async with opened_book(request.param, request, tmp_path) as book:
        yield book
