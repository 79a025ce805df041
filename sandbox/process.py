"""Keeps the provider running as a process of its own, as a real one would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.child import Child

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["API_KEY", "LOG_LEVEL", "WEBHOOK_KEY", "SandboxProcess"]

API_KEY: Final = "YELLOWCART_SANDBOX_API_KEY"
WEBHOOK_KEY: Final = "YELLOWCART_SANDBOX_WEBHOOK_KEY"
LOG_LEVEL: Final = "YELLOWCART_LOG_LEVEL"
"""How the process is told."""

STOP_S: Final = 3.0


class SandboxProcess(Child):
    """The practice provider on a unix socket; its store has all that it promised.

    Args:
        store: Its SQLite file.
        socket: Where it listens; until then connections are refused.
        api_key: What callers show.
        webhook_secret: Signs webhooks.
        log_level: Of its log, on our standard error.

    """

    def __init__(
        self, *, store: Path, socket: Path, api_key: str, webhook_secret: str, log_level: str
    ) -> None:
        command = ["-m", "sandbox", str(store.absolute()), str(socket)]
        environ = {API_KEY: api_key, WEBHOOK_KEY: webhook_secret, LOG_LEVEL: log_level}
        super().__init__("the practice payment provider", command, environ, stop_s=STOP_S)
        self._socket = socket
        self._webhook_url: str | None = None

    def send_webhooks_to(self, url: str) -> None:
        """Have webhooks sent there from now on, also by one that is started again."""
        self._webhook_url = url
        self.welcome()

    def make_ready(self) -> None:
        """Remove the socket of one that died."""
        self._socket.unlink(missing_ok=True)

    def welcome(self) -> None:
        """Tell it where webhooks go."""
        if self._webhook_url is not None:
            self.tell(f"webhook {self._webhook_url}")

    def say_farewell(self) -> None:
        """Let it end in order: at the mere end of its input it would take us for dead."""
        self.tell("stop")
