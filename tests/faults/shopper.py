"""Somebody who buys over HTTP, and remembers what the server said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from tests.viewer import ADDRESS, card

if TYPE_CHECKING:
    from tests.served import Served

__all__ = ["Shopper", "Told", "Unanswered", "open_session"]

PATIENCE_S: Final = 20.0
"""For one answer: ``pay`` may take 10 s by the contract."""


class Unanswered(Exception):
    """The server was gone: it happened or not, nobody knows."""


@dataclass
class Told:
    """What people were told, and hold the server to; amounts in minor units.

    Attributes:
        paid: Checkouts that were said to be paid, with their total.
        orders: Their orders, as they were named.
        refunds: Refunds that were said to have succeeded.
        returned: Orders with what was said to be refunded of them in all.

    """

    paid: dict[str, int] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)

    def hear(self, checkout: dict[str, Any]) -> dict[str, Any]:
        """Remember a checkout if it is paid."""
        if checkout["state"] == "paid":
            self.paid[checkout["id"]] = checkout["total"]
            self.orders[checkout["id"]] = checkout["orders"]
        return checkout

    def hear_order(self, order: dict[str, Any]) -> None:
        """Remember what was refunded of an order."""
        if order["refunded_total"]:
            self.returned[order["id"]] = order["refunded_total"]

    def hear_refund(self, refund: dict[str, Any]) -> None:
        """Remember a refund that has succeeded."""
        if refund["state"] == "succeeded":
            self.refunds[refund["id"]] = refund["amount"]

    def copy(self) -> Told:
        """As it is now; more may be told meanwhile."""
        return Told(
            paid=dict(self.paid),
            orders=dict(self.orders),
            refunds=dict(self.refunds),
            returned=dict(self.returned),
        )


class Shopper:
    """Somebody with a token.

    Args:
        server: Where to buy.
        session: Who asks; shared.
        name: The viewer.
        told: Where to remember what the server said.
        claims: Of its token; none: a viewer's.

    """

    def __init__(
        self,
        server: Served,
        session: aiohttp.ClientSession,
        name: str,
        told: Told,
        **claims: str,
    ) -> None:
        self._server = server
        self._session = session
        self._token = server.token(name, **claims)  # type: ignore[arg-type]
        self._told = told

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str = ""
    ) -> tuple[int, Any]:
        """One request: status and JSON.

        Raises:
            Unanswered: The server is gone or was killed meanwhile.

        """
        headers = {"Authorization": f"Bearer {self._token}"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            async with self._session.request(
                method, self._server.url + path, json=body, headers=headers
            ) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unanswered from error

    async def buy(self, sku: str, qty: int, key: str) -> dict[str, Any] | None:
        """Reserve; None when it is refused."""
        body = {"sku": sku, "qty": qty}
        status, answer = await self.ask("POST", "/v1/checkouts", body, key=key)
        return self._told.hear(answer["checkout"]) if status in {200, 201} else None

    async def pay(self, checkout: str, by: str = "tok_ok") -> dict[str, Any] | None:
        """Pay; None when it is refused."""
        body = {"method": card(by), "ship_to": ADDRESS}
        status, answer = await self.ask("POST", f"/v1/checkouts/{checkout}/pay", body)
        return self._told.hear(answer["checkout"]) if status == 200 else None

    async def cancel(self, checkout: str) -> None:
        """Give a reservation back."""
        await self.ask("POST", f"/v1/checkouts/{checkout}/cancel")

    async def cancel_order(self, order: str) -> None:
        """Have a paid order cancelled, which gives all its money back."""
        status, answer = await self.ask("POST", f"/v1/orders/{order}/cancel")
        if status == 200:
            self._told.hear_order(answer)

    async def refund(self, order: str, amount: int, key: str) -> None:
        """As the seller, give some money back."""
        body = {"amount": amount}
        status, answer = await self.ask("POST", f"/v1/orders/{order}/refunds", body, key=key)
        if status in {200, 201}:
            self._told.hear_refund(answer)


def open_session() -> aiohttp.ClientSession:
    """One for all shoppers."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
    )
