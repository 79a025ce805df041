"""The webhook inbox, as operations of every kind of book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkout import inbox

if TYPE_CHECKING:
    from store.sql.book import Book

LONG_AGO, NOW = 1_000, 2_000


async def test_what_was_done_long_ago_is_dropped_some_at_a_time(book: Book) -> None:
    for number in range(5):
        event, attempt = f"evt_{number}", f"pay_{number}"
        await book.write(inbox.take_in, "sandbox", event, attempt, b"{}", LONG_AGO)
    for number, done_at in ((0, LONG_AGO), (1, LONG_AGO), (2, LONG_AGO), (3, NOW)):
        await book.write(inbox.mark_done, "sandbox", f"pay_{number}", LONG_AGO, done_at)

    dropped = [await book.write(inbox.forget_before, NOW, 2) for _ in range(3)]

    assert dropped == [2, 1, 0]
    assert await book.read(inbox.left_over, "sandbox", NOW, 10) == ["pay_4"]
    # Who was dropped is new again, who was kept is not.
    assert await book.write(inbox.take_in, "sandbox", "evt_0", "pay_0", b"{}", NOW)
    assert not await book.write(inbox.take_in, "sandbox", "evt_3", "pay_3", b"{}", NOW)
