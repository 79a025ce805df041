"""What a page's WebSockets send and receive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page, WebSocket

__all__ = ["Wire"]


class Wire:
    """Listens to the sockets of a page; made before the page goes anywhere.

    Attributes:
        sockets: How many were opened.
        commands: Every command, in order.
        replies: Every reply, in order.
        events: Every event, in order.
        joins: What each join was answered with, if with ``ok``.

    """

    def __init__(self, page: Page) -> None:
        self.sockets = 0
        self.commands: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.joins: list[dict[str, Any]] = []
        page.on("websocket", self._opened)

    def sent(self, op: str) -> list[dict[str, Any]]:
        """The commands of an operation."""
        return [command for command in self.commands if command["op"] == op]

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The events of a name."""
        return [event for event in self.events if event["ev"] == name]

    def _opened(self, socket: WebSocket) -> None:
        self.sockets += 1
        joining: set[int] = set()

        def sent(frame: str | bytes) -> None:
            for message in _messages(frame):
                self.commands.append(message)
                if message["op"] == "join":
                    joining.add(message["id"])

        def received(frame: str | bytes) -> None:
            for message in _messages(frame):
                (self.replies if "re" in message else self.events).append(message)
                if message.get("re") in joining and "ok" in message:
                    self.joins.append(message["ok"])

        socket.on("framesent", sent)
        socket.on("framereceived", received)


def _messages(frame: str | bytes) -> list[dict[str, Any]]:
    found = json.loads(frame)
    return found if isinstance(found, list) else [found]
