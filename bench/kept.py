"""The figures of a bench, kept as JSON: a part that is measured again replaces its own alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.pages.report import machine

__all__ = ["Kept"]


class Kept:
    """A file of figures by part; ``measured`` in it tells where and with what each part was.

    Args:
        bench: Its name.
        parts: All the parts that it has.
        path: The file, which may be there from earlier runs.

    """

    def __init__(self, bench: str, parts: Iterable[str], path: Path) -> None:
        self._bench, self._path = bench, path
        path.parent.mkdir(parents=True, exist_ok=True)
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self._parts: dict[str, object] = {name: found.pop(name) for name in parts if name in found}
        found.pop("bench", None)
        # Before there was "measured", a file was of one run.
        self._measured = found.pop("measured", dict.fromkeys(self._parts, found))
        self._where: dict[str, Any] = {}

    def begin(self) -> None:
        """Look where the next part is measured, before it makes the machine busy."""
        self._where = machine("")

    def keep(self, part: str, figures: object) -> None:
        """Write the figures of the part that was begun, or what there is of them."""
        self._parts[part] = figures
        self._measured[part] = self._where
        kept = {"bench": self._bench, **self._where, "measured": self._measured, **self._parts}
        self._path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
