"""Why the server closes a connection: codes, their reasons, and whether to come back."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["FINAL", "REASONS", "CloseCode"]


class CloseCode(IntEnum):
    """WebSocket close codes of the contract."""

    DONE = 1000
    GOING_AWAY = 1001
    TOO_LARGE = 1009
    BAD_FRAME = 4400
    TOKEN_EXPIRED = 4401
    BANNED = 4403
    TOO_SLOW = 4408
    REPLACED = 4409
    TOO_MANY = 4429


REASONS: Final = {
    CloseCode.DONE: "done",
    CloseCode.GOING_AWAY: "server going away, come back",
    CloseCode.TOO_LARGE: "message too large",
    CloseCode.BAD_FRAME: "bad message, or no join in time",
    CloseCode.TOKEN_EXPIRED: "token bad or expired, come back with a new one",
    CloseCode.BANNED: "banned from this show",
    CloseCode.TOO_SLOW: "too slow, come back with since",
    CloseCode.REPLACED: "replaced by a newer connection",
    CloseCode.TOO_MANY: "too many, come back later",
}

FINAL: Final = frozenset({CloseCode.BAD_FRAME, CloseCode.BANNED, CloseCode.REPLACED})
"""After these a client must not come back by itself."""
