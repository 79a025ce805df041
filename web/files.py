"""Files that are served as they are: the demo's pictures and film, and what /docs looks like."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import NotFound
from shop.demo import DEMO_FOLDER

if TYPE_CHECKING:
    from web.asked import Asked
    from web.route import Handle

__all__ = ["asset", "demo"]

MEDIA: Final = {
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".webm": "video/webm",
    ".webp": "image/webp",
}
KEPT_S: Final = 3600


def _served(paths: Iterable[Path]) -> Handle:
    """Serve the files that are there now; no name can lead out of a table.

    Parts of a file as well (RFC 9110, 14): a player asks for a film piece by piece.
    """
    files = {path.name: path for path in paths if path.suffix in MEDIA}

    async def serve(asked: Asked) -> object:
        path = files.get(asked.id("file"))
        if path is None:
            raise NotFound("There is no such file. Check the address.")
        headers = {
            "Content-Type": MEDIA[path.suffix],
            "Cache-Control": f"public, max-age={KEPT_S}",
            # Other people's pages show them too, under whatever policy those have.
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return web.FileResponse(path, headers=headers)

    return serve


demo: Final = _served([*DEMO_FOLDER.iterdir(), *(DEMO_FOLDER / "pictures").iterdir()])
asset: Final = _served((Path(__file__).parent / "static").iterdir())
