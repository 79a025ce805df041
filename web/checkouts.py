"""Routes of checkouts: the twins of their commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from base.errors import Invalid
from live import commands
from web.bodies import NewCheckout, Payment
from web.route import Made

if TYPE_CHECKING:
    from live.commands import Command
    from web.asked import Asked

__all__ = ["cancel", "create", "get", "pay"]


async def create(asked: Asked) -> object:
    """Buy one product, or check out the cart; a repeat gives the same checkout."""
    wanted, key, show = asked.read(NewCheckout), asked.key, None
    if isinstance(wanted.show, str):
        # Where it was bought must exist, or its host would wait for news for ever.
        show = (await asked.services.shows.get(wanted.show)).id
    return Made(await asked.run(_command(wanted, key), show))


async def get(asked: Asked) -> object:
    """One checkout."""
    return await asked.run(commands.CheckoutGet(checkout=asked.id("checkout")))


async def pay(asked: Asked) -> object:
    """Pay it."""
    payment = asked.read(Payment)
    return await asked.run(
        commands.CheckoutPay(
            checkout=asked.id("checkout"), method=payment.method, ship_to=payment.ship_to
        )
    )


async def cancel(asked: Asked) -> object:
    """Give it up."""
    return await asked.run(commands.CheckoutCancel(checkout=asked.id("checkout")))


def _command(wanted: NewCheckout, key: str) -> Command:
    if wanted.sku is UNSET and wanted.qty is UNSET:
        return commands.CheckoutOpen(key=key, expected_total=wanted.expected_total)
    if wanted.sku is UNSET or wanted.qty is UNSET:
        raise Invalid("Name both sku and qty to buy one product, or neither for the cart.")
    if wanted.expected_total is not UNSET:
        raise Invalid("expected_total is for the whole cart, not for one product.")
    return commands.Buy(sku=wanted.sku, qty=wanted.qty, key=key)
