"""Where a payment provider's webhook comes in by HTTP.

``checkout/webhook.py`` has the provider's client check who signed it, writes it to the inbox, and
then acts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFound

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["receive"]


async def receive(asked: Asked) -> object:
    """Take a webhook of the payment provider in."""
    provider, services = asked.id("provider"), asked.services
    if provider != services.settings.payments:
        raise NotFound("There is no such payment provider here. Check the webhook's address.")
    await services.webhooks.receive(provider, asked.request.headers, asked.raw)
    return {}
