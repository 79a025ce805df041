"""What is measured: counters that the node feeds, and gauges that are read when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["HIGHEST", "Metrics", "Node"]

HIGHEST: Final = frozenset(
    {
        "yellowcart_build_info",
        "yellowcart_feed_silent_seconds",
        "yellowcart_loop_lag_seconds",
        "yellowcart_open_breaks",
    }
)
"""Gauges of which the worst worker's counts; all others add up over a machine's workers."""


SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Bounds of histograms: from a room of a few to one that takes longer than a tick."""


class Node(Protocol):
    """What a node knows of itself at any moment."""

    @property
    def viewers(self) -> int:
        """Who watches on this node."""
        ...

    @property
    def sockets(self) -> int:
        """Open WebSocket connections."""
        ...

    @property
    def rooms(self) -> int:
        """Shows that are open on this node."""
        ...

    @property
    def tasks(self) -> int:
        """Tasks under way in the loop."""
        ...

    @property
    def payments_waiting(self) -> int:
        """Payments that wait for their turn to the provider."""
        ...

    @property
    def feed_silent_s(self) -> float:
        """Seconds since Redis was last heard."""
        ...

    @property
    def closes(self) -> Mapping[int, int]:
        """Closed WebSocket connections by close code."""
        ...


class Metrics:
    """One process's measurements.

    Args:
        version: Of this program.

    """

    def __init__(self, version: str = "") -> None:
        self.registry = CollectorRegistry()
        # Kept by their labels: to find them takes longer than to count.
        self._joined = cache(self._counter("joins", "Joins by outcome", "outcome").labels)
        self._commanded = cache(
            self._counter("commands", "Commands by op and outcome", "op", "outcome").labels
        )
        self._events = self._counter("events_out", "Events told to sockets", "event")
        self._broadcasts = Histogram(
            "yellowcart_broadcast_seconds",
            "Telling everybody in a room, by lane",
            ["lane"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._feed_lag = Histogram(
            "yellowcart_feed_lag_seconds",
            "From an event to its arrival by the feed",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._bytes = self._counter("bytes_out", "Bytes of events to sockets, by lane", "lane")
        self._passed_over = self._counter("passed_over", "Sockets that were full")
        self._ended = cache(self._counter("checkouts", "Checkouts by outcome", "outcome").labels)
        self._webhooks = self._counter(
            "webhook_attempts", "Attempts to deliver an event to a shop, by outcome", "outcome"
        )
        self._waiting = Gauge(
            "yellowcart_webhook_waiting_seconds",
            "Age of the oldest event that an endpoint has not got yet",
            registry=self.registry,
        )
        self._breaks = Gauge(
            "yellowcart_open_breaks",
            "Differences between the books that somebody has to look at",
            registry=self.registry,
        )
        self._http = self._counter(
            "http_requests", "HTTP requests by route and status", "method", "route", "status"
        )
        self._lag = Gauge(
            "yellowcart_loop_lag_seconds",
            "How much too late the event loop woke up, worst worker",
            registry=self.registry,
        )
        build = Gauge("yellowcart_build_info", "This program", ["version"], registry=self.registry)
        build.labels(version).set(1)

    def joined(self, outcome: str) -> None:
        """Count a join; the outcome is ``ok``, ``recovered`` or an error's code."""
        self._joined(outcome).inc()

    def command(self, op: str, outcome: str) -> None:
        """Count a command of a socket or an HTTP route; ``ok`` or an error's code."""
        self._commanded(op, outcome).inc()

    def told(self, event: str, receivers: int) -> None:
        """Count an event written to so many sockets."""
        self._events.labels(event).inc(receivers)

    def broadcast(self, lane: str, seconds: float) -> None:
        """Note how long telling everybody took: ``now``, or with a ``tick``."""
        self._broadcasts.labels(lane).observe(seconds)

    def sent(self, lane: str, size: int) -> None:
        """Count bytes written: ``now``, with a ``tick``, or to who had ``missed`` events."""
        self._bytes.labels(lane).inc(size)

    def late(self, seconds: float) -> None:
        """Note how old an event was when it came from the feed."""
        self._feed_lag.observe(seconds)

    def passed_over(self) -> None:
        """Count a socket that was full and is told nothing until it drains."""
        self._passed_over.inc()

    def checkout(self, outcome: str) -> None:
        """Count a checkout that reached ``outcome``, one of its states."""
        self._ended(outcome).inc()

    def webhook(self, outcome: str) -> None:
        """Count an attempt to deliver an event: ``delivered``, ``failed`` or ``given_up``."""
        self._webhooks.labels(outcome).inc()

    def webhooks_waiting(self, seconds: float) -> None:
        """Note the age of the oldest event that an endpoint has not got yet; 0: none."""
        self._waiting.set(seconds)

    def open_breaks(self, count: int) -> None:
        """Note how many differences between the books are known, on any node."""
        self._breaks.set(count)

    def http(self, method: str, route: str, status: int) -> None:
        """Count an HTTP request; ``route`` is the declared path, without ids."""
        self._http.labels(method, route, str(status)).inc()

    def lagged(self, seconds: float) -> None:
        """Note how late the loop woke up."""
        self._lag.set(seconds)

    def watch(self, node: Node) -> None:
        """Read a node's gauges whenever somebody asks."""
        self.registry.register(_Watched(node))

    def families(self) -> list[Metric]:
        """Everything as it is now."""
        return list(self.registry.collect())

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"yellowcart_{name}", what, labels, registry=self.registry)


class _Watched(Collector):
    """A node's own numbers, in Prometheus's words."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterable[Metric]:
        """Read them."""
        node = self._node
        gauges = (
            ("viewers", "Who watches now", node.viewers),
            ("sockets", "Open WebSocket connections", node.sockets),
            ("tasks", "Tasks under way in the loop", node.tasks),
            (
                "payments_waiting",
                "Payments that wait for their turn to the provider",
                node.payments_waiting,
            ),
            ("rooms", "Shows open, on every worker that has viewers in them", node.rooms),
            (
                "feed_silent_seconds",
                "Since Redis was last heard, worst worker",
                node.feed_silent_s,
            ),
        )
        for name, what, value in gauges:
            yield GaugeMetricFamily(f"yellowcart_{name}", what, value=value)
        closes = CounterMetricFamily(
            "yellowcart_closes", "Closed WebSocket connections by close code", labels=["code"]
        )
        for code, count in node.closes.items():
            closes.add_metric([str(code)], count)
        yield closes
