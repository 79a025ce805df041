"""What a cart holds, before it has prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cart.cart import Cart, Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shop.product import SkuFacts

__all__ = ["Contents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """SKUs and units in the order in which they were put in.

    Attributes:
        currency: ``""`` while empty.

    """

    version: int
    currency: str
    units: Mapping[str, int]

    @classmethod
    def of(cls, flat: Sequence[bytes]) -> Contents:
        """Read a cart's hash as scripts answer it: field, value and so on."""
        fields = {
            key.decode(): value.decode() for key, value in zip(*[iter(flat)] * 2, strict=True)
        }
        version, currency = int(fields.pop(":v", "0")), fields.pop(":cur", "")
        units = {sku: int(qty) for sku, qty in fields.items() if not sku.startswith(":")}
        return cls(version=version, currency=currency, units=units)

    def priced(self, facts: Mapping[str, SkuFacts]) -> Cart:
        """The cart with prices and totals; a SKU without facts is left out."""
        lines = tuple(_line(facts[sku], qty) for sku, qty in self.units.items() if sku in facts)
        return Cart(
            version=self.version,
            currency=self.currency if lines else "",
            lines=lines,
            total=sum(line.line_total for line in lines),
            count=sum(line.qty for line in lines),
        )


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
