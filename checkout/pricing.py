"""What a checkout costs: lines and totals in integer minor units, by the server alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from base.errors import Conflict, NotFound
from cart.cart import Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shop.product import SkuFacts

__all__ = ["Quote", "by_shop", "quote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Frozen prices: later changes in the shop never touch an open checkout.

    Attributes:
        pvs: The price version that each SKU was priced with.

    """

    currency: str
    lines: tuple[Line, ...]
    total: int
    pvs: Mapping[str, int]


def quote(wanted: Sequence[tuple[str, int]], facts: Mapping[str, SkuFacts]) -> Quote:
    """Price SKUs and units.

    Raises:
        NotFound: A SKU that does not exist.
        Conflict: Nothing is wanted, or in more than one currency.

    """
    if not wanted:
        raise Conflict("The cart is empty. Put something into it first.")
    for sku, _ in wanted:
        if sku not in facts:
            raise NotFound("There is no such product. Check its id.")
    currencies = {facts[sku].currency for sku, _ in wanted}
    if len(currencies) > 1:
        raise Conflict("One purchase can have only one currency. Buy the others apart.")
    lines = tuple(_line(facts[sku], qty) for sku, qty in wanted)
    return Quote(
        currency=currencies.pop(),
        lines=lines,
        total=sum(line.line_total for line in lines),
        pvs={sku: facts[sku].pv for sku, _ in wanted},
    )


def by_shop(lines: Sequence[Line]) -> dict[str, tuple[Line, ...]]:
    """The lines of each shop, shops in sorted order.

    Everybody takes shops in the same order, so that two purchases cannot wait for each other.
    """
    if len(lines) == 1:
        return {lines[0].shop: tuple(lines)}
    shops = sorted({line.shop for line in lines})
    return {shop: tuple(line for line in lines if line.shop == shop) for shop in shops}


def _line(facts: SkuFacts, qty: int) -> Line:
    return Line(
        sku=facts.sku,
        product=facts.product,
        shop=facts.shop,
        title=facts.title,
        unit_price=facts.price,
        qty=qty,
        line_total=facts.price * qty,
    )
