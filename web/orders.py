"""Routes of orders: each sees their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["get", "list_all"]


async def list_all(asked: Asked) -> object:
    """A page of orders, the latest first."""
    orders, cursor = await asked.services.orders.list(asked.actor, *asked.page)
    return {"items": orders, "next": cursor}


async def get(asked: Asked) -> object:
    """One order."""
    return await asked.services.orders.get(asked.actor, asked.id("order"))
