"""Moments in messages: Unix ms for a person to read."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["spoken"]


def spoken(at_ms: int) -> str:
    """A moment as ``4 June 2026, 19:00 UTC``."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
