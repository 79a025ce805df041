"""A shop with people before it, and what must be true of it whatever happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.shopper import Shopper, Told, Unanswered

if TYPE_CHECKING:
    import aiohttp

    from tests.served import Served

__all__ = ["PRICE", "SHOP", "Street"]

SHOP: Final = "ada"
PRICE: Final = 1999


class Street:
    """People of one server.

    Args:
        server: A true one.
        session: By which everybody asks.

    Attributes:
        told: What buyers were told.
        root: An administrator.
        seller: Who fills the shelves.
        stocked: Units that there ever were, by SKU.

    """

    def __init__(self, server: Served, session: aiohttp.ClientSession) -> None:
        self.told = Told()
        self.stocked: dict[str, int] = {}
        self._server = server
        self._session = session
        self._known: dict[str, Shopper] = {}
        self.root = self.person("root", role="admin")
        self.seller = self.person("ada-seller", role="seller", shop=SHOP)

    def person(self, name: str, **claims: str) -> Shopper:
        """Somebody of that name."""
        return Shopper(self._server, self._session, name, self.told, **claims)

    def known(self, name: str) -> Shopper:
        """Somebody who comes again and again."""
        if name not in self._known:
            self._known[name] = self.person(name)
        return self._known[name]

    async def put(self, sku: str, units: int) -> None:
        """List a product of one SKU with units to sell."""
        new = {"id": sku, "title": "One", "price": PRICE, "currency": "USD", "left": units}
        product = {"id": sku, "title": sku.title(), "skus": [new]}
        status, answer = await self.seller.ask("POST", "/v1/products", product)
        assert status == 201, answer
        self.stocked[sku] = units

    async def is_right(self) -> bool:
        """Whether the server can sell, and its books agree."""
        try:
            ready, _ = await self.root.ask("GET", "/readyz")
            status, audit = await self.root.ask("GET", "/v1/audit")
        except Unanswered:
            return False
        return ready == status == 200 and bool(audit["ok"])
