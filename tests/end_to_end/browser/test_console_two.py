"""Two consoles side by side: both show what is so, and each is told what the other did."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served


async def two(open_page: OpenPage, served: Served) -> tuple[Stall, Console, Console]:
    stall = Stall(served)
    for title in ("Apple", "Banana", "Cherry"):
        stall.put(title)
    left = await Console.opens(open_page, stall)
    return stall, left, await Console.opens(open_page, stall)


async def test_what_one_does_the_other_shows_and_says(
    open_page: OpenPage, shared_server: Served
) -> None:
    _, left, right = await two(open_page, shared_server)

    await left.puts_on_air("Apple")
    await expect(right.on_air).to_have_text("Apple")
    await expect(right.done("Another console pinned Apple")).to_be_visible()
    await expect(right.undo("Another console pinned Apple")).to_have_count(0)
    await expect(left.undo("Pinned Apple")).to_be_visible()

    await right.picks("Cherry", "Move to the top")
    await expect(left.titles).to_have_text(["Cherry", "Apple", "Banana"])
    await expect(left.done("Another console changed the order of the bag")).to_be_visible()
    await right.picks("Banana", "Remove")
    await expect(left.titles).to_have_text(["Cherry", "Apple"])
    await expect(left.done("Another console removed Banana from the bag")).to_be_visible()

    await right.button("Unpin").click()
    await expect(left.on_air).to_have_count(0)
    await expect(left.done("Another console took Apple off the air")).to_be_visible()


async def test_of_two_pins_at_once_the_last_wins_and_the_loser_is_told(
    open_page: OpenPage, shared_server: Served
) -> None:
    _, left, right = await two(open_page, shared_server)

    await asyncio.gather(left.pin("Apple").click(), right.pin("Banana").click())
    await expect(left.on_air).to_have_count(1)
    await expect(
        right.row("Apple").or_(right.row("Banana")).locator(".pin:visible")
    ).to_have_count(1)
    await asyncio.sleep(0.5)
    winner = await left.on_air.inner_text()
    await expect(right.on_air).to_have_text(winner)

    loser, lost = (left, "Apple") if winner == "Banana" else (right, "Banana")
    told = f"Another console pinned {winner} right after your {lost}"
    await expect(loser.done(told)).to_be_visible()


async def test_what_was_overtaken_is_not_undone(
    open_page: OpenPage, shared_server: Served
) -> None:
    _, left, right = await two(open_page, shared_server)
    await left.puts_on_air("Apple")
    await expect(right.on_air).to_have_text("Apple")
    await right.puts_on_air("Banana")
    await expect(left.on_air).to_have_text("Banana")

    await left.undo("Pinned Apple").click()

    await expect(left.done("Something else happened since. Nothing was undone.")).to_be_visible()
    await expect(left.on_air).to_have_text("Banana")
    assert left.wire.sent("unpin") == []


async def test_who_acts_on_what_the_other_removed_hears_it_in_plain_words(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall, left, right = await two(open_page, shared_server)
    await left.row("Cherry").locator(".more").click()
    await right.picks("Cherry", "Remove")
    await expect(right.titles).to_have_text(["Apple", "Banana"])
    await left.page.get_by_role("menuitem", name="Move to the top").click(force=True)

    await expect(left.titles).to_have_text(["Apple", "Banana"])
    await expect(left.page.locator(".undo-entry.warn")).to_contain_text("Nothing was changed.")
    assert stall.name in left.page.url
