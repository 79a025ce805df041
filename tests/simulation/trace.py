"""What happened in a seed, step by step."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Trace:
    """Steps in their order, each with its virtual time."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._steps: list[tuple[object, ...]] = []

    def add(self, *words: object) -> None:
        self._steps.append((self._now_s(), *words))

    @property
    def digest(self) -> str:
        """The same for the same schedule."""
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()[:16]

    def lines(self, last: int | None = None) -> list[str]:
        """The last steps, as text."""
        steps = self._steps if last is None else self._steps[-last:]
        return [
            f"{step[0]:9.3f} {' '.join(str(word) for word in step[1:] if word is not None)}"
            for step in steps
        ]
