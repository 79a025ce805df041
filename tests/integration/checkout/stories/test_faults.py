"""Stories of other shops about answers of Redis that got lost.

Each test says what went wrong elsewhere, and which guard of ours it kills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from store.redis.scripts import Scripts
from store.sql.rows import Connection
from store.sql.tables import claims
from tests.integration.checkout.market import Market, buyer
from tests.selling import seller
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from store.redis.connect import Client
    from store.redis.scripts import Reply

pytestmark = pytest.mark.redis


class Swallowing(Scripts):
    """Scripts whose first answer of one kind gets lost, after Redis has done as it was told."""

    swallows = ""

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | bytes] = ()
    ) -> Reply:
        reply = await super().call(name, keys, args)
        if name == self.swallows:
            self.swallows = ""
            raise Outage
        return reply

    async def call_all(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[str | int | bytes]]]
    ) -> list[Reply | Outage]:
        replies = await super().call_all(name, calls)
        if name == self.swallows:
            self.swallows = ""
            replies[0] = Outage()
        return replies


@pytest.fixture
async def scripts(redis_client: Client) -> AsyncIterator[Swallowing]:
    scripts = Swallowing(redis_client)
    await scripts.load()
    yield scripts
    await scripts.close()


async def test_t28_a_hold_whose_answer_got_lost_is_held_once(
    market: Market, scripts: Swallowing
) -> None:
    """The client of Redis sent a command again: one INCR counted four times (redis-py 261).

    Guard: store/redis/lua/hold.lua answers "repeat" to the hold it knows.
    Kills: "hold: a repeat changes nothing".
    """
    scripts.swallows = "hold"
    with pytest.raises(Outage):
        await market.buy(qty=2)

    checkout = await market.buy(qty=2)

    assert checkout.state == "reserved"
    assert await market.units() == (3, 2, 0)
    assert await market.off() == []


@pytest.mark.parametrize("target", ["sold", "released"])
async def test_t28_an_end_whose_answer_got_lost_moves_its_units_once(
    market: Market, scripts: Swallowing, target: str
) -> None:
    """As above.

    Guard: store/redis/lua/settle.lua answers "same" to what has ended.
    Kills: "settle: only what is held".
    """
    checkout = await market.buy(qty=2)
    # What is moved twice would be what somebody else holds.
    await market.buy(qty=2, who="otto")
    scripts.swallows = "settle"

    if target == "sold":
        await market.pay(checkout)
    else:
        await market.node.purchases.cancel(buyer(), checkout.id)
    await until(lambda: not scripts.swallows)
    market.clock.advance(60_000)

    assert await market.units() == ((1, 2, 2) if target == "sold" else (3, 2, 0))
    assert await market.off() == []


async def test_t28_a_delivery_whose_answer_got_lost_is_put_in_once(
    market: Market, scripts: Swallowing
) -> None:
    """As above.

    Guard: store/redis/lua/stock_adjust.lua knows the adjustment by its key.
    Kills: "adjust: once".
    """
    scripts.swallows = "stock_adjust"
    with pytest.raises(Outage):
        await market.node.stock.adjust(seller(), "mug-blue", add=3, set_to=None, key="key-0001")

    await market.node.stock.finish_pending()
    again = await market.node.stock.adjust(
        seller(), "mug-blue", add=3, set_to=None, key="key-0001"
    )

    assert again.left == 8
    assert await market.units() == (8, 0, 0)
    assert await market.off() == []


async def test_t25_without_its_tables_nothing_is_sold(market: Market) -> None:
    """A table could not be made, and stock was not reserved any more (WooCommerce 26226).

    Guard: checkout/opened.py ``enter``: no checkout without its claims.
    Kills: "enter: what is claimed is written down".
    """

    def drop(conn: Connection) -> None:
        claims.drop(conn)

    def create(conn: Connection) -> None:
        claims.create(conn)

    await market.book.write(drop)
    with pytest.raises(Exception, match=r"claims|Try again"):
        await market.buy()
    assert await market.charges() == []

    await market.book.write(create)
    market.clock.advance(10_000)
    await market.node.sweeper.end_orphans(10_000)
    assert await market.units() == (5, 0, 0)
    assert (await market.buy(qty=5)).state == "reserved"
    assert await market.off() == []
