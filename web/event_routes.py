"""Routes for merchants' backends that want to hear what happened."""

from __future__ import annotations

from typing import Final

from shop.webhooks.endpoint import Endpoint, NewEndpoint
from web import events
from web.answers import DeliveryPage, Done, EndpointPage, EventPage
from web.bodies import NoFields
from web.route import Route, Who

__all__ = ["EVENTS"]

EVENTS: Final = (
    Route(
        method="GET",
        path="/v1/events",
        does="List what happened, the oldest first; go on after the id of the last one.",
        handle=events.list_events,
        who=Who.SELLER,
        answer=EventPage,
        lists=True,
    ),
    Route(
        method="POST",
        path="/v1/webhooks",
        does="Have events sent to an address; the answer alone has the secret.",
        handle=events.create_endpoint,
        who=Who.SELLER,
        body=NewEndpoint,
        answer=Endpoint,
        made=True,
        errors=("limit",),
        example={"url": "https://shop.example/yellowcart", "kinds": ["order.paid"]},
    ),
    Route(
        method="GET",
        path="/v1/webhooks",
        does="List the addresses that events are sent to.",
        handle=events.list_endpoints,
        who=Who.SELLER,
        answer=EndpointPage,
        lists=True,
    ),
    Route(
        method="DELETE",
        path="/v1/webhooks/{webhook}",
        does="Send nothing there any more.",
        handle=events.delete_endpoint,
        who=Who.SELLER,
        body=NoFields,
        answer=Done,
    ),
    Route(
        method="GET",
        path="/v1/webhooks/{webhook}/deliveries",
        does="List what was tried there, the latest first.",
        handle=events.list_deliveries,
        who=Who.SELLER,
        answer=DeliveryPage,
        lists=True,
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{webhook}/deliveries/{event}/redeliver",
        does="Send an event there once more, and switch the address on if it is off.",
        handle=events.redeliver,
        who=Who.SELLER,
        body=NoFields,
        answer=Done,
    ),
)
