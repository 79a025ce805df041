"""Routes of what happened, and of the endpoints that are told: sellers see their shop's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.webhooks.endpoint import NewEndpoint
from web.route import Made

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "list_deliveries",
    "list_endpoints",
    "list_events",
    "redeliver",
]


async def list_events(asked: Asked) -> object:
    """A page of events, the oldest first."""
    events, cursor = await asked.services.events.list(asked.actor, *asked.page)
    return {"items": events, "next": cursor}


async def create_endpoint(asked: Asked) -> object:
    """Make an endpoint."""
    return Made(await asked.services.endpoints.create(asked.actor, asked.read(NewEndpoint)))


async def list_endpoints(asked: Asked) -> object:
    """A page of endpoints."""
    endpoints, cursor = await asked.services.endpoints.list(asked.actor, *asked.page)
    return {"items": endpoints, "next": cursor}


async def delete_endpoint(asked: Asked) -> object:
    """Delete an endpoint."""
    await asked.services.endpoints.delete(asked.actor, asked.id("webhook"))
    return {}


async def list_deliveries(asked: Asked) -> object:
    """A page of what was tried, the latest first."""
    endpoint = asked.id("webhook")
    tried, cursor = await asked.services.endpoints.deliveries(asked.actor, endpoint, *asked.page)
    return {"items": tried, "next": cursor}


async def redeliver(asked: Asked) -> object:
    """Send an event once more."""
    endpoint, event = asked.id("webhook"), asked.id("event")
    await asked.services.endpoints.redeliver(asked.actor, endpoint, event)
    return {}
