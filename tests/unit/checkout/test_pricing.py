"""Lines and totals are computed here, in integers."""

from __future__ import annotations

import pytest

from base.errors import Conflict, NotFound
from checkout.pricing import by_shop, quote
from shop.product import SkuFacts


def facts(sku: str, price: int, *, shop: str = "ada", currency: str = "USD") -> SkuFacts:
    return SkuFacts(
        sku=sku, product=sku, shop=shop, title=sku, price=price, currency=currency, pv=3
    )


SHELF = {
    "mug-blue": facts("mug-blue", 1999),
    "pot": facts("pot", 1, shop="bob"),
    "tee": facts("tee", 2500, currency="JPY"),
}


def test_the_total_is_the_sum_of_the_lines() -> None:
    priced = quote([("mug-blue", 999), ("pot", 1)], SHELF)

    assert [line.line_total for line in priced.lines] == [1_997_001, 1]
    assert (priced.total, priced.currency) == (1_997_002, "USD")
    assert priced.pvs == {"mug-blue": 3, "pot": 3}


def test_nothing_cannot_be_bought() -> None:
    with pytest.raises(Conflict):
        quote([], SHELF)


def test_an_unknown_sku_is_not_found() -> None:
    with pytest.raises(NotFound):
        quote([("unicorn", 1)], SHELF)


def test_two_currencies_are_a_conflict() -> None:
    with pytest.raises(Conflict):
        quote([("mug-blue", 1), ("tee", 1)], SHELF)


def test_shops_come_in_sorted_order_and_their_sums_are_the_whole() -> None:
    priced = quote([("pot", 2), ("mug-blue", 1)], SHELF)

    shops = by_shop(priced.lines)

    assert list(shops) == ["ada", "bob"]
    assert sum(line.line_total for lines in shops.values() for line in lines) == priced.total
