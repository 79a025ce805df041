"""Pages made of templates, each rendered once for all who open it in the same second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from base.threads import aside
from web.compressed import Compressed

if TYPE_CHECKING:
    from base.clock import Clock

__all__ = ["Rendering"]

TEMPLATES: Final = Path(__file__).parent / "templates"

FRESH_S: Final = 1.0
"""As old as a page's numbers may be; its script brings them up to date at once."""

MOST_KEPT: Final = 256

Make = Callable[[], Awaitable[Compressed]]


class Rendering:
    """The templates, and what was rendered of them a moment ago.

    Args:
        known: What every template may name.

    """

    def __init__(self, clock: Clock, known: dict[str, object]) -> None:
        self._clock = clock
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(known)
        self._kept: dict[Hashable, tuple[float, asyncio.Future[Compressed]]] = {}

    def now(self, template: str, **filled: object) -> Compressed:
        """A small page, rendered on the spot."""
        return Compressed(self._templates.get_template(template).render(filled).encode())

    async def aside(self, template: str, **filled: object) -> Compressed:
        """A page, rendered while the loop goes on."""
        return await aside(self.now, template, **filled)

    async def kept(self, key: Hashable, make: Make) -> Compressed:
        """What was made under this key less than :data:`FRESH_S` ago, or is made now."""
        now_s = self._clock.monotonic_s()
        made_s, made = self._kept.get(key, (-FRESH_S, None))
        if made is None or now_s - made_s >= FRESH_S:
            made = asyncio.ensure_future(make())
            self._kept.pop(key, None)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = now_s, made
        try:
            return await asyncio.shield(made)
        except Exception:
            self._kept.pop(key, None)
            raise
