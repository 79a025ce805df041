"""What the HTTP side needs of the rest, put together by the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from base.clock import Clock
from base.settings import Settings
from base.tokens import Tokens
from checkout.aftercare import Aftercare
from checkout.audit import Check
from checkout.orders import Orders
from checkout.payments.provider import Charge
from live.front import Gateway
from live.handlers import Handlers
from live.node import Node
from live.provider import sandbox_socket
from live.rooms import Rooms
from live.shows import Shows
from shop.catalog import Catalog
from shop.events import Events
from shop.stock import Stock
from shop.webhooks.endpoints import Endpoints
from web.metrics import Metrics

__all__ = ["Audits", "Charges", "Health", "Services", "Webhooks"]


class Health(Protocol):
    """Whether this node can sell."""

    async def check(self) -> Mapping[str, bool]:
        """Each part that selling needs, as ``redis``, ``sql`` and ``feed``; never raises."""
        ...


class Webhooks(Protocol):
    """Where the payment provider's webhooks go."""

    async def receive(self, provider: str, headers: Mapping[str, str], raw: bytes) -> None:
        """Verify a webhook on its raw bytes and keep it.

        Raises:
            NotFound: Not our provider.
            Invalid: Not signed by it.

        """
        ...


class Charges(Protocol):
    """The payment provider, as far as its list of charges."""

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        """What it captured, and the cursor to go on after."""
        ...


class Audits(Protocol):
    """The audit of the books."""

    async def run(self) -> list[Check]:
        """Every check, made now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One node's services.

    Attributes:
        gateway: Takes over connections that ask for a WebSocket here, knows which origins
            are ours, and who is behind a trusted proxy.
        feed_silent_s: Seconds since the feed last heard Redis.
        payments_waiting: Payments of this process that wait for their turn to the provider.
        sandbox: Where the practice provider listens, ``unix:///path`` or
            ``http://host:port``; its pages are shown on our own port. None: there is none.
        version: Of this program.

    """

    settings: Settings
    clock: Clock
    tokens: Tokens
    handlers: Handlers
    shows: Shows
    rooms: Rooms
    catalog: Catalog
    stock: Stock
    orders: Orders
    events: Events
    endpoints: Endpoints
    aftercare: Aftercare
    audit: Audits
    webhooks: Webhooks
    provider: Charges
    health: Health
    metrics: Metrics
    gateway: Gateway
    feed_silent_s: Callable[[], float]
    payments_waiting: Callable[[], int]
    sandbox: str | None = None
    version: str = ""

    @classmethod
    def of(cls, node: Node, health: Health, metrics: Metrics, version: str) -> Services:
        """What the HTTP side needs of a node."""
        return cls(
            settings=node.settings,
            clock=node.clock,
            tokens=node.tokens,
            handlers=node.hub.handlers,
            shows=node.shows,
            rooms=node.hub.rooms,
            catalog=node.catalog,
            stock=node.stock,
            orders=node.orders,
            events=node.events,
            endpoints=node.endpoints,
            aftercare=node.purchases.aftercare,
            audit=node.audit,
            webhooks=node.webhooks,
            provider=node.provider,
            health=health,
            metrics=metrics,
            gateway=node.gateway,
            feed_silent_s=node.stores.feed.alive_s,
            payments_waiting=node.purchases.queue.__len__,
            sandbox=f"unix://{sandbox_socket(node.settings)}"
            if node.settings.payments == "sandbox"
            else None,
            version=version,
        )
