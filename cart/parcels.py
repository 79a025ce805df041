"""Parcels: a guest's lines on their way into an account's cart.

The two carts may live on different Redis servers, so no script can change both. The lines
leave the guest's cart as a parcel, arrive in the account's cart once, and then the parcel
goes: a crash at any point loses nothing and doubles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cart.cart import MOST_LINES, MOST_UNITS
from cart.contents import Contents
from store.redis import keys

if TYPE_CHECKING:
    from base.clock import Clock
    from store.redis.scripts import Reply, Scripts

__all__ = ["PARCEL_MS", "Parcel", "Parcels"]

PARCEL_MS: Final = 30 * 24 * 3600 * 1000
"""A parcel waits as long as a cart lives."""

ARRIVED_MS: Final = PARCEL_MS + 24 * 3600 * 1000
"""Longer than a parcel waits, so that none arrives twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Lines for ``to``, the account that the guest became."""

    id: str
    to: str
    contents: Contents


class Parcels:
    """Takes lines from guests and brings them to accounts.

    Args:
        scripts: Where carts are kept.
        clock: Numbers parcels.

    """

    def __init__(self, scripts: Scripts, clock: Clock) -> None:
        self._scripts = scripts
        self._clock = clock

    async def take(self, guest: str, viewer: str, arrived: str) -> Parcel | None:
        """The guest's next parcel, which may be an older one for another account.

        Args:
            guest: Whose lines.
            viewer: For whom, if there is no older parcel.
            arrived: The parcel that has arrived and may go, or ``""``.

        Returns:
            None when the guest's cart is empty and no parcel waits.

        Raises:
            Outage: The carts cannot be reached; a repeat goes on where this one stopped.

        """
        ident = f"{guest}-{self._clock.now_ms()}"
        fields = await self._scripts.call(
            "cart_take",
            [keys.cart(guest), keys.cart_parcel(guest)],
            [viewer, ident, arrived, PARCEL_MS],
        )
        if not fields:
            return None
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        return Parcel(
            id=named[b":id"].decode(), to=named[b":to"].decode(), contents=Contents.of(fields)
        )

    async def bring(self, parcel: Parcel) -> Reply:
        """Put a parcel into its account's cart, once.

        Returns:
            The script's reply, with the cart.

        Raises:
            Outage: The carts cannot be reached.

        """
        contents = parcel.contents
        lines = [word for line in contents.units.items() for word in line]
        limits = [MOST_LINES, MOST_UNITS]
        return await self._scripts.call(
            "cart_merge",
            [keys.cart(parcel.to), keys.cart_merged(parcel.to, parcel.id)],
            [PARCEL_MS, ARRIVED_MS, contents.currency, *limits, *lines],
        )
