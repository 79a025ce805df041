"""Pages are rendered once for all who ask in the same second, and never kept when that failed."""

from __future__ import annotations

import asyncio

import pytest

from tests.clock import StoppedClock
from web.compressed import Compressed
from web.rendering import FRESH_S, MOST_KEPT, Rendering


class Press:
    """Prints numbered pages, slowly."""

    def __init__(self) -> None:
        self.printed = 0

    async def __call__(self) -> Compressed:
        self.printed += 1
        number = self.printed
        await asyncio.sleep(0.01)
        return Compressed(b"page %d" % number)


async def test_many_who_ask_at_once_get_one_rendering() -> None:
    press, rendering = Press(), Rendering(StoppedClock(), {})

    pages = await asyncio.gather(*(rendering.kept("demo", press) for _ in range(50)))

    assert {page.plain for page in pages} == {b"page 1"}
    assert press.printed == 1


async def test_a_rendering_is_made_again_after_a_second() -> None:
    clock, press = StoppedClock(), Press()
    rendering = Rendering(clock, {})

    for _ in range(3):
        await rendering.kept("demo", press)
        clock.advance(int(FRESH_S * 500))

    assert press.printed == 2


async def test_a_rendering_that_failed_is_not_kept() -> None:
    press, rendering = Press(), Rendering(StoppedClock(), {})

    async def fail() -> Compressed:
        raise OSError("no paper")

    with pytest.raises(OSError, match="no paper"):
        await rendering.kept("demo", fail)

    assert (await rendering.kept("demo", press)).plain == b"page 1"


async def test_names_that_somebody_makes_up_do_not_fill_the_memory() -> None:
    press, rendering = Press(), Rendering(StoppedClock(), {})
    await rendering.kept("demo", press)

    await asyncio.gather(*(rendering.kept(number, press) for number in range(MOST_KEPT)))
    await rendering.kept("demo", press)

    assert press.printed == MOST_KEPT + 2
