"""What the server tells over HTTP: stock, orders, charges, the audit."""

from __future__ import annotations

import asyncio
import http
import http.client
import json
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.frames import Map

__all__ = ["Books", "Unreadable"]

TIMEOUT_S: Final = 30.0
TRIES: Final = 5
MOST_PAGES: Final = 10_000
PASSING: Final = frozenset({429, 503})


class Unreadable(Exception):
    """The server did not answer a question of the books."""

    def __init__(self, path: str, status: int, text: str) -> None:
        super().__init__(f"GET {path}: {status} {text}".rstrip())
        self.status = status


class Books:
    """Reads the server's HTTP side, in threads, with the standard library only.

    Args:
        url: Scheme, host and port.
        admin: A token of the role admin.

    """

    def __init__(self, url: str, admin: str) -> None:
        self._parts = urlsplit(url)
        self._admin = admin

    async def stock(self, products: Iterable[str]) -> dict[str, int]:
        """Units left by SKU, of each SKU of the products."""
        left: dict[str, int] = {}
        for product in products:
            found = await self._get(f"/v1/products/{quote(product)}", None)
            left |= {sku["id"]: sku["left"] for sku in found["skus"]}
        return left

    async def charges(self) -> list[Map]:
        """Every charge that the sandbox provider holds."""
        return await self._items("/v1/sandbox/charges", self._admin)

    async def orders(self, bearer: str) -> list[Map]:
        """A buyer's own orders."""
        return await self._items("/v1/orders", bearer)

    async def audit(self) -> Map:
        """The server's own invariants, checked now."""
        return await self._get("/v1/audit", self._admin)

    async def _items(self, path: str, bearer: str) -> list[Map]:
        items: list[Map] = []
        query = {"limit": "100"}
        for _ in range(MOST_PAGES):
            page = await self._get(f"{path}?{urlencode(query)}", bearer)
            items += page["items"]
            if page.get("next") is None:
                break
            query["after"] = str(page["next"])
        return items

    async def _get(self, path: str, bearer: str | None) -> Map:
        """One answer.

        Raises:
            Unreadable: Another status than 200, or no JSON, or no server.

        """
        status, body = await asyncio.to_thread(self._ask, path, bearer)
        for _ in range(TRIES - 1):
            if status not in PASSING:
                break
            await asyncio.sleep(1.0)
            status, body = await asyncio.to_thread(self._ask, path, bearer)
        try:
            content = json.loads(body)
        except ValueError:
            raise Unreadable(path, status, "without JSON") from None
        if status != http.HTTPStatus.OK:
            raise Unreadable(path, status, str(content.get("code", "")))
        return cast("Map", content)

    def _ask(self, path: str, bearer: str | None) -> tuple[int, bytes]:
        is_secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_S)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreadable(path, 0, str(error)) from error
        finally:
            connection.close()
