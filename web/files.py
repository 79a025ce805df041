"""Files that are served as they are: the demo's pictures, and what our pages look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

import shop
from base.errors import NotFound

if TYPE_CHECKING:
    from web.asked import Asked
    from web.route import Handle

__all__ = ["asset", "picture"]

MEDIA: Final = {".svg": "image/svg+xml", ".css": "text/css"}
KEPT_S: Final = 3600


def _folder(folder: Path) -> Handle:
    """Serve the files that are there now; no name can lead out of a table."""
    files = {path.name: path for path in folder.iterdir() if path.suffix in MEDIA}

    async def serve(asked: Asked) -> object:
        path = files.get(asked.id("file"))
        if path is None:
            raise NotFound("There is no such file.")
        headers = {
            "Content-Type": MEDIA[path.suffix],
            "Cache-Control": f"public, max-age={KEPT_S}",
        }
        return web.FileResponse(path, headers=headers)

    return serve


picture: Final = _folder(Path(next(iter(shop.__path__))) / "demo" / "pictures")
asset: Final = _folder(Path(__file__).parent / "static")
