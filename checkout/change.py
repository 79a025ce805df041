"""What an operation made of a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkout.record import Record

__all__ = ["Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """A checkout after an operation, and whether that changed it."""

    record: Record
    changed: bool
