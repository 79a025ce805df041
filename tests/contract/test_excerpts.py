"""The book read bit by bit: everything is in one excerpt, and in no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkout.excerpt import Excerpt, read_excerpt
from store.sql.rows import Connection, add
from store.sql.tables import ledger_entries, ledger_txns
from tests.contract.test_orders import NOW, bought

if TYPE_CHECKING:
    from store.sql.book import Book


def post(conn: Connection, ref: str) -> None:
    """A transaction about a checkout that there is not."""
    txn = {"key": f"capture:{ref}", "kind": "capture", "ref": ref, "currency": "USD", "at": NOW}
    add(conn, ledger_txns, **txn, order=None)
    add(conn, ledger_entries, txn=f"capture:{ref}", account="unclaimed_money", amount=-1)


def refs(excerpt: Excerpt) -> list[str]:
    return sorted(txn.ref for txn in excerpt.txns)


async def test_what_names_an_unknown_checkout_is_in_the_excerpt_where_that_would_be(
    book: Book,
) -> None:
    order = await bought(book)
    for ref in ("co_0", "co_5", "co_9"):
        await book.write(post, ref)

    first = await book.read(read_excerpt, "", 1)
    second = await book.read(read_excerpt, first.last or "", 1)

    assert (first.last, refs(first)) == ("co_1", ["co_0", "co_1"])
    assert (second.last, refs(second)) == (None, ["co_5", "co_9"])
    assert [row.id for row in first.orders] == [order.id]
    assert {row.checkout for row in [*first.claims, *first.payments]} == {"co_1"}
    assert not [*second.checkouts, *second.claims, *second.payments, *second.orders]
    for excerpt in (first, second):
        assert {entry.txn for entry in excerpt.entries} == {txn.key for txn in excerpt.txns}


async def test_the_whole_book_is_one_excerpt(book: Book) -> None:
    await bought(book)
    await book.write(post, "co_9")

    whole = await book.read(read_excerpt)

    assert (whole.last, refs(whole)) == (None, ["co_1", "co_9"])
