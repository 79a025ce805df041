"""Logs for machines and people: one line each, ``key=value``, never a secret."""

from __future__ import annotations

import logging
import time
from typing import Final

__all__ = ["Lines", "set_up"]

QUIET: Final = ("alembic", "asyncio", "websockets", "aiohttp")
"""Libraries whose INFO tells an operator nothing."""


_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPED: Final = {code: repr(chr(code))[1:-1] for code in _CONTROLS} | {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
}
"""What would begin a line of its own, or move about on an operator's terminal."""


class Lines(logging.Formatter):
    """``time=… level=… logger=… msg="…"``, a traceback following on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        message = record.getMessage().translate(_ESCAPED)
        line = (
            f"time={moment}.{int(record.msecs):03d}Z level={record.levelname.lower()} "
            f'logger={record.name} msg="{message}"'
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def set_up(level: str) -> None:
    """Write to standard error from ``level`` on.

    Raises:
        ValueError: There is no such level.

    """
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
