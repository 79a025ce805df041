"""A client of nothing but msgpack and a raw socket: the protocol is all that it knows."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest

from tests.served import Served

pytestmark = pytest.mark.redis

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
FINAL_BINARY, MASKED = 0x82, 0x80
PING, PONG, CLOSE = 0x89, 0x8A, 0x88
ADDRESS = {"name": "Ada L.", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"}


class RawClient:
    """RFC 6455 by hand: the handshake, masked frames out, unmasked frames in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = connection.makefile("rb")
        self._commands = 0
        self.events: list[dict[str, Any]] = []

    def shake_hands(self, port: int) -> dict[str, str]:
        """Ask for the upgrade; returns the answer's headers."""
        key = base64.b64encode(os.urandom(16)).decode()
        self._connection.sendall(
            (
                f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                "Sec-WebSocket-Protocol: yellowcart.v1.msgpack\r\n\r\n"
            ).encode()
        )
        assert self._read.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        headers = {}
        while (line := self._read.readline()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        digest = hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()
        assert headers["sec-websocket-accept"] == base64.b64encode(digest).decode()
        return headers

    def do(self, op: str, **fields: object) -> dict[str, Any]:
        """Send a command; returns the ``ok`` of its reply."""
        self._commands += 1
        self._send(FINAL_BINARY, msgpack.packb({"id": self._commands, "op": op, **fields}))
        while True:
            for message in self._messages():
                if message.get("re") == self._commands:
                    assert "ok" in message, message["error"]
                    ok: dict[str, Any] = message["ok"]
                    return ok

    def event(self, name: str) -> dict[str, Any]:
        """The next event of a name."""
        while True:
            for event in self.events:
                if event["ev"] == name:
                    self.events.remove(event)
                    return event
            self._messages()

    def close(self) -> int:
        """Close as the RFC says; returns the code of the server's answer."""
        self._send(CLOSE, (1000).to_bytes(2, "big"))
        while True:
            head, payload = self._frame()
            if head == CLOSE:
                return int.from_bytes(payload[:2], "big")

    def _messages(self) -> list[dict[str, Any]]:
        head, payload = self._frame()
        if head == PING:
            self._send(PONG, payload)
            return []
        assert head == FINAL_BINARY
        message = msgpack.unpackb(payload)
        batch = message if isinstance(message, list) else [message]
        self.events += [part for part in batch if "ev" in part]
        return batch

    def _frame(self) -> tuple[int, bytes]:
        head, size = self._read.read(2)
        assert not size & MASKED
        if size == 126:
            size = int.from_bytes(self._read.read(2), "big")
        elif size == 127:
            size = int.from_bytes(self._read.read(8), "big")
        return head, self._read.read(size)

    def _send(self, head: int, payload: bytes) -> None:
        size = len(payload)
        assert size < 2**16
        length = bytes([MASKED | size])
        if size > 125:
            length = bytes([MASKED | 126]) + size.to_bytes(2, "big")
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self._connection.sendall(bytes([head]) + length + mask + masked)


@contextmanager
def raw_client(port: int) -> Iterator[RawClient]:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        yield RawClient(connection)


def test_msgpack_and_a_raw_socket_are_enough_to_pin_see_and_buy(server: Served) -> None:
    with raw_client(server.port) as host, raw_client(server.port) as viewer:
        for client in (host, viewer):
            answer = client.shake_hands(server.port)
            assert answer["sec-websocket-protocol"] == "yellowcart.v1.msgpack"
            assert "sec-websocket-extensions" not in answer
        host.do("join", show="demo", token=server.token("demo-host", "host"))
        joined = viewer.do("join", show="demo")
        product = joined["bag"][1]["product"]
        sku = product["skus"][0]
        left = joined["stock"][sku["id"]]

        assert host.do("pin", product=product["id"]) == {}
        pinned = viewer.event("pinned")
        opened = viewer.do("buy", sku=sku["id"], qty=1, key="raw-socket-1")["checkout"]
        card = {"type": "card", "token": "tok_ok"}
        paid = viewer.do("checkout.pay", checkout=opened["id"], method=card, ship_to=ADDRESS)

        assert (pinned["product"], pinned["seq"]) == (product["id"], joined["seq"] + 1)
        assert paid["checkout"]["state"] == "paid"
        assert paid["checkout"]["total"] == sku["price"]
        assert viewer.event("purchase")["product"] == product["id"]
        assert viewer.event("stock")["left"] == left - 1
        assert host.event("sales")["orders"] == 1
        assert viewer.close() == 1000
