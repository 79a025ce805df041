"""A server of its own for a measurement, with stock as it is needed."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.checkout.buyers import Buyers
from bench.hub.crowd import cpu_s
from bench.hub.servers import command_line, measured
from tests.served import Served

__all__ = ["QUIET", "Shop"]

QUIET: Final = "quiet"
"""A show with an empty bag: who watches it hears nothing of the stock."""


class Shop:
    """A fresh server with its embedded stores, gone at the end.

    Args:
        options: More of its command line.
        environ: More of its environment.
        program: What is run in place of ``server.py``.

    """

    def __init__(
        self,
        options: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
        program: tuple[str, ...] = ("server.py",),
    ) -> None:
        self._open = ExitStack()
        place = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="yc-shop-")))
        data = place / "data"
        self.served = Served(data, ("--demo", *options), environ or {}, program).start()
        self._open.callback(self.served.stop)
        self._admin = self.served.token("boss", "admin")
        self._keys = 0
        _, page = self.served.http("GET", "/v1/products?limit=1")
        sku = page["items"][0]["skus"][0]
        self.sku: str = sku["id"]
        self._currency: str = sku["currency"]
        host = self.served.token("demo-host", "host")
        self._asked("POST", "/v1/shows", {"id": QUIET, "title": "Quiet"}, host)

    def stock(self, left: int) -> None:
        """Leave so many units of the SKU to sell."""
        self._keys += 1
        body = {"set": left, "key": f"bench-{self._keys:06d}"}
        self._asked("POST", f"/v1/skus/{self.sku}/stock", body, self._admin)

    def other(self, shop: str, left: int) -> str:
        """A SKU of another shop, with so many units."""
        sku = {"id": f"{shop}-mug", "title": "Mug", "price": 1500, "currency": self._currency}
        body = {"shop": shop, "title": "Mug", "skus": [{**sku, "left": left}]}
        self._asked("POST", "/v1/products", body, self._admin)
        return f"{shop}-mug"

    def buyers(self, count: int, *, show: str = QUIET, processes: int = 1) -> Buyers:
        """People who have joined."""
        return Buyers(self.served.port, self.served.secret, show, count, processes)

    def is_right(self) -> bool:
        """Whether the books agree."""
        answer = self._asked("GET", "/v1/audit", None, self._admin)
        return bool(answer["ok"])

    @property
    def paid(self) -> int:
        """How many checkouts were paid so far."""
        return measured(self.served, 'yellowcart_checkouts_total{outcome="paid"}')

    @property
    def pid(self) -> int:
        """Of the server, or of the supervisor of several."""
        assert self.served.process is not None
        return self.served.process.pid

    @property
    def redis_pid(self) -> int:
        """Of its embedded Redis."""
        return next(pid for pid in self.served.children() if "redis" in command_line(pid))

    def cpu_s(self) -> float:
        """Seconds of processor time of the server, its stores and its provider."""
        return sum(map(cpu_s, [self.pid, *self.served.children()]))

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._open.close()

    def _asked(self, method: str, path: str, body: object, token: str) -> dict[str, object]:
        status, answer = self.served.http(method, path, body, token=token)
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return dict(answer)
