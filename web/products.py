"""Routes of products and stock: read by everybody, changed by sellers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.product import NewProduct, PatchProduct
from web.bodies import StockChange
from web.route import Made

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["change_stock", "create", "get", "list_all", "patch"]


async def list_all(asked: Asked) -> object:
    """A page of products."""
    products, cursor = await asked.services.catalog.list(*asked.page)
    return {"items": products, "next": cursor}


async def get(asked: Asked) -> object:
    """One product in full."""
    return await asked.services.catalog.get(asked.id("product"))


async def create(asked: Asked) -> object:
    """List a product."""
    return Made(await asked.services.catalog.create(asked.actor, asked.read(NewProduct)))


async def patch(asked: Asked) -> object:
    """Change a product."""
    change = asked.read(PatchProduct)
    return await asked.services.catalog.patch(asked.actor, asked.id("product"), change)


async def change_stock(asked: Asked) -> object:
    """Add units, take some away, or set what is left."""
    change = asked.read(StockChange)
    return await asked.services.stock.adjust(
        asked.actor,
        asked.id("sku"),
        add=change.add if isinstance(change.add, int) else None,
        set_to=change.set_to if isinstance(change.set_to, int) else None,
        key=change.key,
    )
