"""Routes of the cart: the twins of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from live import commands
from web.bodies import LineUnits, NewLine

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["add", "clear", "get", "set_line"]


async def get(asked: Asked) -> object:
    """The caller's cart."""
    return await asked.run(commands.CartGet())


async def add(asked: Asked) -> object:
    """Add units of a SKU."""
    line = asked.read(NewLine)
    return await asked.run(commands.CartAdd(sku=line.sku, qty=line.qty))


async def set_line(asked: Asked) -> object:
    """Set the units of a SKU."""
    units = asked.read(LineUnits)
    return await asked.run(commands.CartSet(sku=asked.id("sku"), qty=units.qty))


async def clear(asked: Asked) -> object:
    """Empty the cart."""
    return await asked.run(commands.CartClear())
