"""What the contract names and this version does not have yet: answered, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFound

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["route"]


async def route(_: Asked) -> object:
    """Say that the route comes with a later version."""
    raise NotFound("This version does not have this yet; it comes with a later one.")
