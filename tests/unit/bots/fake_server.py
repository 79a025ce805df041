"""A show in memory that speaks just enough of the protocol for the bots, and can misbehave."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jwt
import msgpack  # it ships no types
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Map = dict[str, Any]
SECRET = "the fake server's secret, long enough"
PRICE = 1999


class FakeServer:
    """One live show, two products with 50 units each; public attributes are for tests."""

    def __init__(self) -> None:
        self.url = ""
        self.stock = {"mug-blue": 50, "scarf-red": 50}
        self.pinned: str | None = None
        self.feed: list[Map] = []
        self.checkouts: dict[tuple[str, str], Map] = {}
        self.charges: list[Map] = []
        self.orders: dict[str, list[Map]] = {}
        self.seats: dict[ServerConnection, str] = {}
        self.joins: list[Map] = []
        self.carts: dict[str, list[Map]] = {}
        self.hang_up_after_pins = 0
        self.pings: Counter[str] = Counter()
        self._ids = itertools.count(1)

    def left_out(self, seat: ServerConnection, event: Map) -> bool:
        """Whether a seat is not told of an event; a test may say yes."""
        return False

    def capture(self, checkout: Map) -> list[Map]:
        """The provider's charges for a checkout; a test may make others."""
        charge = {"id": f"ch-{checkout['id']}", "checkout": checkout["id"], "currency": "EUR"}
        money = {"amount": checkout["total"], "captured": checkout["total"], "refunded": 0}
        return [charge | money]

    async def serve(self, seat: ServerConnection) -> None:
        async for frame in seat:
            command = msgpack.unpackb(frame)
            name, number = command.pop("op"), command.pop("id")
            try:
                answer = {"ok": await getattr(self, "do_" + name.replace(".", "_"))(seat, command)}
            except Denied as error:
                answer = {"error": {"code": str(error), "message": "No."}}
            except Unheard:
                continue
            await seat.send(msgpack.packb({"re": number, **answer}))
            if name == "join":
                since = command.get("since", {}).get("seq", len(self.feed))
                if missed := self.feed[since:]:
                    await seat.send(msgpack.packb(missed))
            if name == "pin":
                await self.tell(ev="pinned", product=self.pinned)

    async def tell(self, **event: Any) -> None:
        event |= {"at": time.time_ns() // 1_000_000, "seq": len(self.feed) + 1}
        self.feed.append(event)
        hang_up = event["ev"] == "pinned" and self.hang_up_after_pins == len(self.feed)
        for seat in list(self.seats):
            if not self.left_out(seat, event):
                with suppress(ConnectionClosed):  # who flaps has gone meanwhile
                    await seat.send(msgpack.packb(event))
            if hang_up and self.seats.get(seat) != "hanna":
                await seat.close(1001)

    async def do_join(self, seat: ServerConnection, command: Map) -> Map:
        self.joins.append(command)
        viewer = command.get("guest_token") or f"guest-{next(self._ids)}"
        if "token" in command:
            viewer = jwt.decode(command["token"], SECRET, algorithms=["HS256"])["sub"]
        self.seats[seat] = viewer
        products = [
            {"id": sku.split("-")[0], "skus": [{"id": sku, "left": left}]}
            for sku, left in self.stock.items()
        ]
        return {
            "viewer": {"id": viewer, "name": viewer, "role": "viewer"},
            "guest_token": viewer,
            "show": {"id": "demo", "state": "live", "host": {"id": "hanna", "name": "Hanna"}},
            "epoch": "e1",
            "seq": len(self.feed),
            "recovered": "since" in command,
            "pinned": {"product": self.pinned, "at": 1} if self.pinned else None,
            "bag": [{"position": n, "product": p} for n, p in enumerate(products, 1)],
        }

    async def do_pin(self, seat: ServerConnection, command: Map) -> Map:
        self.pinned = command["product"]
        return {}

    async def do_ping(self, seat: ServerConnection, command: Map) -> Map:
        self.pings[self.seats[seat]] += 1
        if self.pings[self.seats[seat]] % 2:
            raise Denied("rate_limited")
        return {"at": 1}

    async def do_like(self, seat: ServerConnection, command: Map) -> Map:
        return {}

    async def do_chat_send(self, seat: ServerConnection, command: Map) -> Map:
        await self.tell(ev="chat", message="m", text=command["text"])
        return {"message": "m"}

    async def do_cart_clear(self, seat: ServerConnection, command: Map) -> Map:
        self.carts[self.seats[seat]] = []
        return {"cart": {}}

    async def do_cart_add(self, seat: ServerConnection, command: Map) -> Map:
        self.carts[self.seats[seat]] = [command]
        return {"cart": {}}

    async def do_checkout_open(self, seat: ServerConnection, command: Map) -> Map:
        return await self.do_buy(seat, {**self.carts[self.seats[seat]][0], **command})

    async def do_buy(self, seat: ServerConnection, command: Map) -> Map:
        key = (self.seats[seat], command["key"])
        if key not in self.checkouts:
            if self.stock[command["sku"]] < command["qty"]:
                raise Denied("sold_out")
            self.stock[command["sku"]] -= command["qty"]
            self.checkouts[key] = {
                "id": f"co-{next(self._ids)}",
                "version": 1,
                "state": "reserved",
                "lines": [{"sku": command["sku"], "qty": command["qty"]}],
                "total": PRICE * command["qty"],
                "currency": "EUR",
                "orders": [],
            }
        return {"checkout": dict(self.checkouts[key])}

    async def do_checkout_pay(self, seat: ServerConnection, command: Map) -> Map:
        if command["method"]["token"] == "tok_declined":
            raise Denied("payment_declined")
        [checkout] = [c for c in self.checkouts.values() if c["id"] == command["checkout"]]
        checkout |= {"version": 2, "state": "paid", "orders": [f"or-{checkout['id']}"]}
        self.charges += self.capture(checkout)
        order = {"id": checkout["orders"][0], "lines": checkout["lines"]}
        orders = self.orders.setdefault(self.seats[seat], [])
        orders.append(order | {"total": checkout["total"]})
        return {"checkout": dict(checkout)}

    def answer(self, seat: ServerConnection, request: Request) -> Response | None:
        """Plain HTTP on the same port."""
        path = request.path.partition("?")[0]
        if path == "/live":
            return None
        content = self.http(path, request.headers.get("Authorization", "")[7:])
        body = json.dumps(content).encode()
        return Response(HTTPStatus.OK, "OK", Headers({"Content-Length": str(len(body))}), body)

    def http(self, path: str, bearer: str) -> Map:
        if path == "/v1/audit":
            return {"ok": True, "checks": []}
        if path == "/v1/sandbox/charges":
            return {"items": self.charges, "next": None}
        if path == "/v1/orders":
            if not bearer.startswith("guest-"):
                bearer = jwt.decode(bearer, SECRET, algorithms=["HS256"])["sub"]
            return {"items": self.orders.get(bearer, []), "next": None}
        product = path.rpartition("/")[2]
        left = [(sku, n) for sku, n in self.stock.items() if sku.startswith(product)]
        return {"id": product, "skus": [{"id": sku, "left": n} for sku, n in left]}


class Denied(Exception):
    """An error reply with that code."""


class Unheard(Exception):
    """No reply at all."""


@asynccontextmanager
async def running(fake: FakeServer) -> AsyncIterator[FakeServer]:
    """Serve on a free port; ``fake.url`` is where."""

    async def seat(connection: ServerConnection) -> None:
        try:
            await fake.serve(connection)
        finally:
            fake.seats.pop(connection, None)

    async with serve(
        seat,
        "127.0.0.1",
        0,
        process_request=fake.answer,
        subprotocols=[Subprotocol("yellowcart.v1.msgpack")],
        compression=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        fake.url = f"ws://127.0.0.1:{port}/live"
        yield fake
