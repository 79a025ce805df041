"""What may go wrong while somebody pays is told without who they are or how they pay."""

from __future__ import annotations

import logging

import msgspec
import pytest
from msgspec.structs import replace

from base.errors import Invalid, Outage
from checkout import rows
from checkout.checkout import Address
from tests.integration.checkout.market import HOME, Market, buyer, card


@pytest.mark.parametrize("country", ["XX", "ZZ", "UK", "EU"])
async def test_a_country_that_is_none_changes_nothing(market: Market, country: str) -> None:
    checkout = await market.buy()
    nowhere = msgspec.structs.replace(HOME, country=country)

    with pytest.raises(Invalid, match="country"):
        await market.node.purchases.pay(buyer(), checkout.id, card(), nowhere)

    assert await market.get(checkout) == checkout
    assert await market.charges() == []


async def test_a38_a_provider_that_is_down_is_one_line_without_tokens(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    checkout = await market.buy()

    with pytest.raises(Outage) as refused:
        await market.pay(checkout, "tok_unavailable")

    lines = [line for line in caplog.records if line.levelno >= logging.WARNING]
    assert [(line.levelno, line.exc_info) for line in lines] == [(logging.WARNING, None)]
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    for private in ("tok_", HOME.name, HOME.line1):
        assert private not in caplog.text


async def test_a38_a_record_shows_nobody_in_a_log(market: Market) -> None:
    paid = await market.pay(await market.buy())
    record = await market.book.read(rows.by_id, paid.id)
    assert record is not None
    assert record.ship_to == HOME
    secret = replace(record, viewer_name="Vera Secret")

    shown = repr([secret, HOME, card(), Address(name="N N", line1="L", city="C", country="NO")])

    for private in ("Vera", HOME.line1, "tok_ok", "N N"):
        assert private not in shown
