"""Carts: what viewers mean to buy; nothing is held for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.errors import Conflict, Invalid, Limit, NotFound, Refused
from cart.cart import MOST_LINES, MOST_UNITS, Cart
from cart.contents import Contents
from cart.parcels import PARCEL_MS, Parcels
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from cart.announcer import Announcer
    from shop.catalog import Catalog
    from store.redis.scripts import Reply, Scripts

__all__ = ["Carts"]

CART_MS: Final = PARCEL_MS
"""How long a cart is kept after its last change."""

MARKER_MS: Final = 7 * 24 * 3600 * 1000
"""How long a paid checkout is remembered; it is told within seconds."""


class Carts:
    """The cart of each viewer.

    Every real change raises the version by one and is told to the viewer's sockets.

    Args:
        scripts: Where carts are kept.
        catalog: Prices and titles of the lines, at most some seconds old.
        announcer: Tells viewers.
        clock: Numbers parcels of guests.

    """

    def __init__(
        self, scripts: Scripts, catalog: Catalog, announcer: Announcer, clock: Clock
    ) -> None:
        self._scripts = scripts
        self._catalog = catalog
        self._announcer = announcer
        self._parcels = Parcels(scripts, clock)

    async def get(self, viewer: str) -> Cart:
        """The cart as it is.

        Raises:
            Outage: The carts or the prices cannot be read; this holds for every method.

        """
        return await self._shown(viewer, await self._scripts.call("cart_get", [keys.cart(viewer)]))

    async def clear(self, viewer: str) -> Cart:
        """Take every line out."""
        reply = await self._scripts.call("cart_change", [keys.cart(viewer)], ["clear", CART_MS])
        return await self._shown(viewer, reply)

    async def add(self, viewer: str, sku: str, qty: int) -> Cart:
        """Put units in, on top of those there; a repeat adds again.

        Raises:
            NotFound: No such SKU.
            Conflict: The cart has another currency.
            Limit: More than 50 lines or 999 units of a line.
            Invalid: A quantity beyond 1..999.

        """
        return await self._change("add", viewer, sku, qty)

    async def set(self, viewer: str, sku: str, qty: int) -> Cart:
        """Make it that many units; 0 takes the line out. Errors as for :meth:`add`."""
        return await self._change("set", viewer, sku, qty)

    async def bought(self, viewer: str, checkout: str, lines: Sequence[tuple[str, int]]) -> Cart:
        """Take the lines of a paid checkout out, once; what was added since stays.

        Args:
            viewer: Whose cart.
            checkout: What was paid; a repeat changes nothing for a week.
            lines: SKU and units.

        """
        args = [CART_MS, MARKER_MS, *(word for line in lines for word in line)]
        place = [keys.cart(viewer), keys.cart_bought(viewer, checkout)]
        return await self._shown(viewer, await self._scripts.call("cart_bought", place, args))

    async def merge(self, guest: str, viewer: str) -> Cart:
        """Move a guest's lines into an account's cart.

        Units of a SKU add up to 999 at most; lines in another currency, and those beyond
        50, are dropped. A repeat finds the guest's cart empty. A crash in between loses
        nothing: the lines wait in a parcel, which the next merge delivers first. The
        guest's own sockets are told that their cart is empty.

        Returns:
            The account's cart.

        """
        if guest != viewer:
            parcel = await self._parcels.take(guest, viewer, arrived="")
            while parcel is not None:
                self._announcer.tell(guest, "cart", await self.get(guest))
                await self._shown(parcel.to, await self._parcels.bring(parcel))
                parcel = await self._parcels.take(guest, viewer, arrived=parcel.id)
        return await self.get(viewer)

    async def _change(self, op: str, viewer: str, sku: str, qty: int) -> Cart:
        facts = (await self._catalog.facts([sku])).get(sku)
        if facts is None:
            raise NotFound("There is no such SKU. Check its id.")
        args: list[str | int] = [op, CART_MS, sku, qty, facts.currency, MOST_LINES, MOST_UNITS]
        return await self._shown(
            viewer, await self._scripts.call("cart_change", [keys.cart(viewer)], args)
        )

    async def _shown(self, viewer: str, reply: Reply) -> Cart:
        outcome, *fields = reply
        if outcome not in {b"changed", b"same"}:
            raise _refusal(outcome)
        contents = Contents.of(fields)
        cart = contents.priced(await self._catalog.facts(list(contents.units)))
        if outcome == b"changed":
            self._announcer.tell(viewer, "cart", cart)
        return cart


def _refusal(reason: bytes) -> Refused:
    if reason == b"currency":
        return Conflict("A cart has one currency. Check out what is in it first.")
    if reason == b"lines":
        return Limit(f"A cart has at most {MOST_LINES} lines. Buy these first.", MOST_LINES)
    if reason == b"units":
        return Limit(f"A line has at most {MOST_UNITS} units. Ask for fewer.", MOST_UNITS)
    return Invalid(f"Ask for 1 to {MOST_UNITS} units.")
