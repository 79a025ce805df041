"""What keeps a promise, as a text that can be taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CART", "CHECKOUT", "LUA", "SCHEMA", "SHOP", "STORE", "STORIES", "Guard"]

CHECKOUT: Final = "tests/integration/checkout/"
STORIES: Final = CHECKOUT + "stories/"
CART: Final = "tests/integration/cart/"
STORE: Final = "tests/integration/store/"
SHOP: Final = "tests/integration/shop/"
LUA: Final = "store/redis/lua/"
SCHEMA: Final = "store/sql/migrations/versions/0001_first.py"


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps a promise, and the code without it.

    Attributes:
        name: The promise: where, and what.
        file: Where it is kept.
        text: What keeps it; stands there once.
        without: What stands there when it is taken away.
        tests: Who must notice, as pytest names them: a file, or ``file::test``.
        is_simulated: The simulation notices too, by itself, within its first 2,000 seeds.

    """

    name: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]
    is_simulated: bool = False

    def unfit(self, root: Path) -> str | None:
        """Why it cannot be taken away from the tree at ``root``; None if it can."""
        count = (root / self.file).read_text(encoding="utf-8").count(self.text)
        if count != 1:
            return f"{self.name}: its text is {count} times in {self.file}, not once"
        for test in self.tests:
            path, _, name = test.partition("::")
            if not (root / path).exists():
                return f"{self.name}: there is no {path}"
            if name and f"def {name}(" not in (root / path).read_text(encoding="utf-8"):
                return f"{self.name}: there is no {test}"
        return None
