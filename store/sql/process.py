"""The processes that run the book's operations: one writes, one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.child import Child
from store.folder import short_socket

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LOG_LEVEL", "BookProcess"]

LOG_LEVEL: Final = "YELLOWCART_LOG_LEVEL"
"""How the process is told."""

STOP_S: Final = 10.0


class BookProcess(Child):
    """``python -m store.sql``; what was committed when it dies is in the file.

    Args:
        book: The SQLite file; its tables exist before the process is asked.
        socket: Where it listens, in a private folder.
        read_only: Whether it only reads.
        log_level: Of its log, on our standard error.

    """

    def __init__(self, *, book: Path, socket: Path, read_only: bool, log_level: str) -> None:
        command = ["-m", "store.sql", str(book.absolute()), str(socket.absolute())]
        if read_only:
            command.append("--read-only")
        name = "the book's reader" if read_only else "the book's writer"
        super().__init__(name, command, {LOG_LEVEL: log_level}, stop_s=STOP_S)
        self._socket = short_socket(socket)

    def make_ready(self) -> None:
        """Remove the socket of an earlier one, which may still carry out what it was asked."""
        self._socket.unlink(missing_ok=True)
