"""A SKU as the book keeps it: everything but the units left."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from base.errors import Conflict, Invalid
from base.ids import new_id
from base.iso import CURRENCIES
from base.text import one_line
from shop.product import Sku

if TYPE_CHECKING:
    from shop.product import PatchSku

__all__ = ["ListedSku"]

SKU_TITLE_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSku:
    """A variant and its price.

    Attributes:
        pv: Price version, from 1; rises with every new price.
        first: Units that it comes with while it is new; none once the book has it.

    """

    id: str
    title: str
    price: int
    compare_at: int | None
    currency: str
    pv: int = 1
    first: int = 0

    @classmethod
    def of(cls, new: PatchSku) -> ListedSku:
        """A new SKU as a seller describes it, its title made fit to show.

        Raises:
            Invalid: The title, the price or the currency is missing, the title is empty or
                too long, or there is no such currency.

        """
        title, price, currency = new.title, new.price, new.currency
        if title is UNSET or price is UNSET or currency is UNSET:
            name = "A new SKU" if new.id is UNSET else f"{new.id} is a new SKU. It"
            raise Invalid(f"{name} needs a title, a price and a currency.")
        if currency not in CURRENCIES:
            raise Invalid(
                f"{currency} is not a currency of ISO 4217. Write its three letters, as USD."
            )
        return cls(
            id=new_id("sku") if new.id is UNSET else new.id,
            title=_title(title),
            price=price,
            compare_at=None if new.compare_at is UNSET else new.compare_at or None,
            currency=currency,
            first=0 if new.left is UNSET else new.left,
        )

    def patched(self, change: PatchSku, left: int) -> ListedSku:
        """The same SKU with what the change names.

        Args:
            change: What the seller sent.
            left: The units left now, which are not changed here.

        Raises:
            Conflict: The currency would change.
            Invalid: The title does not fit, or other units are named than are left.

        """
        if change.currency not in {UNSET, self.currency}:
            raise Conflict("The currency of a SKU never changes. Make a new SKU.")
        if change.left not in {UNSET, left}:
            raise Invalid(
                f"There are {left} left of {self.id} now. Leave the field left out here, and "
                f"change the stock with POST /v1/skus/{self.id}/stock."
            )
        # A title that is sent back as it was read stays as it is, to the letter.
        same_title = change.title is UNSET or change.title == self.title
        price = self.price if change.price is UNSET else change.price
        before = self.compare_at if change.compare_at is UNSET else change.compare_at
        return dataclasses.replace(
            self,
            title=self.title if same_title else _title(str(change.title)),
            price=price,
            compare_at=before or None,
            pv=self.pv + (price != self.price),
        )

    def shown(self, left: int) -> Sku:
        """The SKU with the units left of it."""
        return Sku(
            id=self.id,
            title=self.title,
            price=self.price,
            compare_at=UNSET if self.compare_at is None else self.compare_at,
            currency=self.currency,
            left=left,
        )


def _title(text: str) -> str:
    return one_line(text, most=SKU_TITLE_MOST, what="A SKU's title")
