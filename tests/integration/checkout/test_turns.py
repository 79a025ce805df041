"""One viewer opens with several keys at once: one after the other, nobody else is hurt."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from base.errors import Outage, RateLimited
from base.tasks import Tasks
from checkout import turns
from checkout.turns import MOST_WAITING, Turns
from store.redis import keys
from tests.integration.checkout.dying import InterruptedBook
from tests.integration.checkout.market import Market, Node, buyer

if TYPE_CHECKING:
    from checkout.checkout import Checkout


async def click(node: Node, key: str, qty: int = 5, who: str = "vera") -> Checkout:
    return await node.purchases.buy(buyer(who), "mug-blue", qty, key, "demo")


async def test_eight_keys_at_once_for_all_that_is_left_are_never_sold_out(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    answers = await asyncio.gather(
        *(market.buy(qty=5, key=f"key-000{number}") for number in range(8))
    )

    states = [(await market.get(answer)).state for answer in answers]
    assert states == ["cancelled"] * 7 + ["reserved"]
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]


async def test_eight_keys_at_once_over_two_processes_are_never_sold_out(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    nodes = [market.node, await market.start_node()]

    answers = await asyncio.gather(
        *(click(nodes[number % 2], f"key-000{number}") for number in range(8))
    )

    states = [(await market.get(answer)).state for answer in answers]
    assert sorted(states) == ["cancelled"] * 7 + ["reserved"]
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]


async def test_a18_a_viewer_who_clicks_with_many_keys_takes_no_more_than_one_unit(
    market: Market,
) -> None:
    nodes = [market.node, await market.start_node()]
    mine = [click(nodes[number % 2], f"key-000{number}", qty=1) for number in range(8)]
    others = [click(nodes[number % 2], "key-0001", 1, f"otto-{number}") for number in range(4)]

    answers = await asyncio.gather(*mine, *others)

    assert len({answer.id for answer in answers}) == 12
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []


async def test_repeats_over_two_processes_wait_among_other_keys(market: Market) -> None:
    nodes = [market.node, await market.start_node()]

    answers = await asyncio.gather(
        *(click(nodes[number % 2], f"key-000{number % 4 // 2}") for number in range(12))
    )

    assert len({answer.id for answer in answers}) == 2
    assert await market.units() == (0, 5, 0)


async def test_a_turn_is_given_back_after_every_opening(market: Market) -> None:
    await market.buy()
    with pytest.raises(Exception, match="left"):
        await market.buy(qty=9, key="key-0002")
    await market.node.parts.tasks.close(1)

    assert await market.scripts.command("EXISTS", keys.opening("vera")) == 0


async def test_the_turn_of_a_process_that_died_runs_out(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.scripts.command("SET", keys.opening("vera"), "dead", "PX", 300)

    assert (await market.buy()).state == "reserved"

    monkeypatch.setattr(turns, "WAIT_S", 0.2)
    await market.scripts.command("SET", keys.opening("vera"), "slow")
    with pytest.raises(Outage):
        await market.buy(key="key-0002")
    assert await market.scripts.command("GET", keys.opening("vera")) == b"slow"
    assert (await market.buy(who="otto")).state == "reserved"


async def test_a_turn_that_ran_out_does_not_end_the_next_one(market: Market) -> None:
    tasks = Tasks()

    turns_ = Turns(market.scripts, tasks)
    token = await turns_.begin("vera")
    # It took too long: its lease ran out, and another process has the turn.
    await market.scripts.command("SET", keys.opening("vera"), "another")
    turns_.end("vera", token)
    await asyncio.sleep(0)
    await tasks.close(1)

    assert await market.scripts.command("GET", keys.opening("vera")) == b"another"


async def test_turns_are_served_in_order_bounded_and_forgotten() -> None:
    served, turns_ = [], Turns(None, Tasks())

    async def wait(number: int) -> None:
        token = await turns_.begin("vera")
        served.append(number)
        await asyncio.sleep(0)
        turns_.end("vera", token)

    results = await asyncio.gather(
        *(wait(number) for number in range(MOST_WAITING + 1)), return_exceptions=True
    )

    assert served == list(range(MOST_WAITING))
    # One client's flood is no outage, which an operator would be woken for.
    assert [isinstance(result, RateLimited) for result in results[-2:]] == [False, True]
    assert len(turns_) == 0


async def test_who_was_passed_over_gives_no_turn_back() -> None:
    turns_ = Turns(None, Tasks())
    await turns_.begin("vera")
    second, third = (asyncio.create_task(turns_.begin("vera")) for _ in range(2))
    await asyncio.sleep(0)

    # In one step of the loop: the second goes away, and the turn comes to the third.
    second.cancel()
    turns_.end("vera", "")
    with pytest.raises(asyncio.CancelledError):
        await second
    await third

    assert turns_.enter("vera") is False
    turns_.end("vera", "")
    assert len(turns_) == 0


async def test_who_goes_when_the_turn_has_come_passes_it_on() -> None:
    turns_ = Turns(None, Tasks())
    await turns_.begin("vera")
    second, third = (asyncio.create_task(turns_.begin("vera")) for _ in range(2))
    await asyncio.sleep(0)

    turns_.end("vera", "")
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await third

    turns_.end("vera", "")
    assert len(turns_) == 0


async def test_what_a_viewer_asks_for_last_is_what_they_get(market: Market) -> None:
    await market.node.parts.carts.add("vera", "mug-blue", 1)

    first, last = await asyncio.gather(
        market.node.purchases.open(buyer(), "key-0001", None, "demo"),
        click(market.node, "key-0002"),
    )

    states = [(await market.get(answer)).state for answer in (first, last)]
    assert states == ["cancelled", "reserved"]
    assert await market.off() == []


async def test_a_checkout_cancelled_while_it_opens_is_no_drift(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    other = await market.start_node()

    class Cancelling(InterruptedBook):
        async def write(self, op, *args):  # type: ignore[no-untyped-def]
            done = await self._book.write(op, *args)
            if op.__name__ == "enter":
                await other.purchases.cancel(buyer(), args[0].id)
            return done

    node = await market.start_node(book=Cancelling(market.book, "", other.outbox.flush))

    checkout = await click(node, "key-0001")

    assert checkout.state == "cancelled"
    (line,) = [line for line in caplog.records if line.levelno >= logging.WARNING]
    assert (line.levelno, line.exc_info) == (logging.WARNING, None)
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []
