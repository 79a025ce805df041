"""Routes of shows: read by everybody, run by their hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from live import commands
from live.show import NewShow
from web.bodies import OneProduct
from web.route import Made

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = [
    "add_product",
    "create",
    "end",
    "get",
    "list_all",
    "pin",
    "remove_product",
    "sales",
    "start",
    "unpin",
]


async def list_all(asked: Asked) -> object:
    """A page of shows."""
    shows, cursor = await asked.services.shows.page(*asked.page)
    return {"items": shows, "next": cursor}


async def get(asked: Asked) -> object:
    """One show."""
    return await asked.services.shows.get(asked.id("show"))


async def sales(asked: Asked) -> object:
    """What a show has sold."""
    ident = asked.id("show")
    asked.require_show(ident)
    await asked.services.shows.hosted(asked.actor, ident)
    return await asked.services.shows.sales(ident)


async def create(asked: Asked) -> object:
    """Make a show."""
    new = asked.read(NewShow)
    asked.require_show(new.id if isinstance(new.id, str) else "")
    return Made(await asked.services.shows.create(asked.actor, new))


async def start(asked: Asked) -> object:
    """Go live."""
    return await asked.run(commands.ShowStart(), asked.id("show"))


async def end(asked: Asked) -> object:
    """End the show."""
    return await asked.run(commands.ShowEnd(), asked.id("show"))


async def pin(asked: Asked) -> object:
    """Pin a product of the bag."""
    return await asked.run(commands.Pin(product=asked.read(OneProduct).product), asked.id("show"))


async def unpin(asked: Asked) -> object:
    """Take the pinned product away."""
    return await asked.run(commands.Unpin(), asked.id("show"))


async def add_product(asked: Asked) -> object:
    """Put a product into the bag."""
    product = asked.read(OneProduct).product
    return await asked.run(commands.BagAdd(product=product), asked.id("show"))


async def remove_product(asked: Asked) -> object:
    """Take a product out of the bag."""
    return await asked.run(commands.BagRemove(product=asked.id("product")), asked.id("show"))
