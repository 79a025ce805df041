"""One connection over HTTP that asks one thing after the other, and how soon it is answered."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

__all__ = ["Asker", "Latency", "each", "latency"]

REQUESTS: Final = 500
WARM: Final = 50
PATIENCE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Latency:
    """How soon something was answered.

    Attributes:
        what: The request.
        orders: How many there were then.
        count: How often it was asked.

    """

    what: str
    orders: int
    count: int
    p50_ms: float
    p99_ms: float
    worst_ms: float

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.what}, of {self.orders:,} orders: p50 {self.p50_ms:.1f}, "
            f"p99 {self.p99_ms:.1f}, worst {self.worst_ms:.1f} ms ({self.count})"
        )


class Asker:
    """Asks a server on this machine, over one connection.

    Attributes:
        said: The last answer.

    """

    said: Any = None

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(
        self, method: str, path: str, token: str = "", body: object = None, key: str = ""
    ) -> float:
        """The milliseconds until the whole answer was there.

        Raises:
            RuntimeError: It was refused.

        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        raw = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, path, raw, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
        self.said = json.loads(text)
        return took

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._connection.close()


def each(port: int, what: str, orders: int, ask: Callable[[Asker, int], float]) -> Latency:
    """Ask many times, one after the other; ``ask`` is told the number of the request."""
    with Asker(port) as asker:
        found = [ask(asker, at) for at in range(WARM + REQUESTS)]
    return latency(what, orders, found[WARM:])


def latency(what: str, orders: int, found: list[float]) -> Latency:
    """What these milliseconds say."""
    known = sorted(found)
    return Latency(
        what=what,
        orders=orders,
        count=len(known),
        p50_ms=known[len(known) // 2],
        p99_ms=known[int(len(known) * 0.99)],
        worst_ms=known[-1],
    )
