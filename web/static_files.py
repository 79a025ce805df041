"""What browsers load: scripts, styles and pictures of our pages, and the SDK.

Read once, at start. Their addresses carry a hash of all of them, so that a browser may keep
them for ever and a new version is a new address; imports between them are relative and stay
within one hash.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import NotFound
from web.compressed import Compressed

if TYPE_CHECKING:
    from web.asked import Asked
    from web.route import Handle

__all__ = ["ELEMENT", "FILES", "StaticFiles", "entry", "hashed"]

logger = logging.getLogger(__name__)

ELEMENT: Final = "moving/yellow-cart.js"
"""The element under an address that stays: it leads to the one under today's hash."""

FOLDER: Final = Path(__file__).parent / "browser"
VENDOR: Final = {
    "vendor/hls.light.min.mjs": Path(__file__).parent
    / "node_modules"
    / "hls.js"
    / "dist"
    / "hls.light.min.mjs",
}
"""Others' files under the names that our pages know them by; ``npm ci`` in web/ brings them."""

MEDIA: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".ts": "application/typescript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".webp": "image/webp",
}
PACKED: Final = frozenset({".png", ".webp"})

FOREVER: Final = "public, max-age=31536000, immutable"
A_WHILE: Final = "public, max-age=300"
"""For addresses without a hash, which other people's pages name: a fix is there in 5 minutes."""

NOT_KEPT: Final = "no-cache"

ALLOWED: Final = {
    # Any page may load these: what a page may do is for the socket and the API to say.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

_IMPORT: Final = re.compile(r"""^(?:import|export)\b[^;'"(]*['"](\.{1,2}/[^'"]+)['"]""", re.M)
"""A static import of one of our modules; ``import()`` waits until it is needed."""


class StaticFiles:
    """The files, by their names within ``web/browser``.

    Args:
        bodies: What each file holds.

    Attributes:
        root: Where they are, a slash at the end.

    """

    def __init__(self, bodies: Mapping[str, bytes]) -> None:
        digest = hashlib.sha256()
        for name, body in sorted(bodies.items()):
            digest.update(b"%s\0%d\0" % (name.encode(), len(body)))
            digest.update(body)
        self.version = digest.hexdigest()[:12]
        self.root = f"/static/{self.version}/"
        moving = f'export * from "{self.root}yellow-cart.js";\n'.encode()
        self._plain = {**bodies, ELEMENT: moving}
        self._bodies = {
            name: Compressed(body, shrinks=Path(name).suffix not in PACKED, lasts=True)
            for name, body in self._plain.items()
        }
        self._tags = {
            name: f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            for name, body in self._plain.items()
        }

    @classmethod
    def read(cls) -> StaticFiles:
        """The files as they are on the disk."""
        bodies = {
            path.relative_to(FOLDER).as_posix(): path.read_bytes()
            for path in sorted(FOLDER.rglob("*"))
            if path.suffix in MEDIA
        }
        for name, path in VENDOR.items():
            if path.is_file():
                bodies[name] = path.read_bytes()
            else:
                logger.warning(
                    "%s is not there: without it HLS plays in Safari only; run npm ci in web/",
                    path.name,
                )
        return cls(bodies)

    def modules(self, first: str) -> list[str]:
        """The addresses of a module and of all that it imports, for ``modulepreload``.

        Without it a browser would find them one level of imports after the other.
        """
        found: dict[str, None] = {}
        waiting = [first]
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self._plain:
                continue
            found[name] = None
            imported = _IMPORT.findall(self._plain[name].decode())
            waiting += [normpath(join(dirname(name), path)) for path in imported]
        return [self.root + name for name in found]

    async def answer(self, request: web.Request, name: str, kept: str) -> web.Response:
        """A file.

        Raises:
            NotFound: There is none of this name.

        """
        body = self._bodies.get(name)
        if body is None:
            raise NotFound("There is no such file. Check the address.")
        tag = self._tags[name]
        # Weak: gzipped or not, it is the same file.
        headers = {**ALLOWED, "Cache-Control": kept, "ETag": f"W/{tag}"}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers={**headers, "Vary": "Accept-Encoding"})
        return await body.answer(request, {**headers, "Content-Type": MEDIA[Path(name).suffix]})


FILES: Final = web.AppKey("files", StaticFiles)


async def hashed(asked: Asked) -> object:
    """A file under its hash.

    While nodes are renewed one after the other, a page of an old one may ask a new one: it
    gets today's file, not to be kept under yesterday's address.
    """
    files = asked.request.app[FILES]
    version, _, name = asked.id("file").partition("/")
    kept = FOREVER if version == files.version else NOT_KEPT
    return await files.answer(asked.request, name, kept)


def entry(name: str) -> Handle:
    """A file under an address of its own, without a hash."""

    async def serve(asked: Asked) -> object:
        return await asked.request.app[FILES].answer(asked.request, name, A_WHILE)

    return serve
