"""What pages complain of: uncaught errors, and errors on the console, CSP's among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, WebError

__all__ = ["Complaints"]

ICON: Final = "/favicon.ico"
"""A browser asks for it when it likes to, once per site, also where a page names no icon."""


class Complaints:
    """Listens to every page of the contexts that it watches."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def watch(self, context: BrowserContext) -> None:
        """Listen to the pages of a context, to those too that open later."""
        context.on("weberror", self._error)
        context.on("console", self._console)

    def expect(self, pattern: str) -> None:
        """Let pass what this regular expression finds, in the whole test."""
        self._expected.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        """What fails a test."""
        return [text for text in self.heard if not any(p.search(text) for p in self._expected)]

    def _error(self, error: WebError) -> None:
        self.heard.append(f"uncaught: {error.error.stack or error.error}")

    def _console(self, message: ConsoleMessage) -> None:
        place = message.location
        if message.type == "error" and not place["url"].endswith(ICON):
            self.heard.append(f"{message.text} [{place['url']}:{place['lineNumber']}]")
