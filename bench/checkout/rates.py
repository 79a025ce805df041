"""How many a second, and how soon: reservations, refusals, paid purchases."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.checkout.limits import commits_a_second, scripts_a_second
from bench.checkout.shop import Shop
from bench.checkout.swarm import Outcome, Plan

__all__ = ["Paced", "Rates", "once", "others", "paced", "percentile", "rate", "rates"]

IN_PROCESS = ("-m", "bench.checkout.in_process")
"""The server with its provider inside."""

LIMIT_S = 3.0
WARM: Final = 400
"""Purchases that come first, so that nothing is done for the first time while it is measured."""


@dataclass(frozen=True, slots=True)
class Rates:
    """As fast as it goes, by so many in flight.

    Attributes:
        what: ``reserved``, ``sold_out`` or ``paid``, and in which circumstance.
        a_second: The median of all runs.
        cpu_us: Of processor time that server, Redis and provider need for one, together.
        scripts, commits: A second, of the bare script and the bare commit beside it.
        runs: Each run's rate.

    """

    what: str
    a_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    scripts: float
    commits: float
    runs: list[float]

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.what}: {self.a_second:,.0f} a second (p50 {self.p50_ms:.0f}, p99 "
            f"{self.p99_ms:.0f} ms; {self.cpu_us:.0f} µs of CPU each); beside them the bare "
            f"script {self.scripts:,.0f}, ratio {self.a_second / self.scripts:.2f}, the bare "
            f"commit {self.commits:,.0f}, ratio {self.a_second / self.commits:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Paced:
    """Reservations that come at a rate, as soon as they are due."""

    offered: float
    p50_ms: float
    p99_ms: float
    answers: dict[str, int]

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.offered:,.0f} reservations a second offered: p50 {self.p50_ms:.1f}, "
            f"p99 {self.p99_ms:.1f} ms; {self.answers}"
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        # More may be offered than a server can do; then it says so.
        return others(self.answers, {"reserved", "unavailable"})


def rates(
    what: str, count: int, in_flight: int, runs: int, *, is_inside: bool = False, watching: int = 0
) -> Rates:
    """Let people buy ``count`` times, so many at once, ``runs`` times on a fresh server each.

    Args:
        what: How each purchase is to end.
        count: Purchases of a run.
        in_flight: How many are under way at once.
        runs: The median of which counts.
        is_inside: Whether the provider is within the server's process.
        watching: So many more watch: they are told of each that is paid.

    """
    start = partial(Shop, program=IN_PROCESS) if is_inside else Shop
    found = [once(what, count, in_flight, start, watching) for _ in range(runs)]
    each = [rate(outcome) for outcome, _ in found]
    middle = sorted(range(runs), key=each.__getitem__)[runs // 2]
    outcome, cpu = found[middle]
    name = f"{what}, the provider in the same process" if is_inside else what
    return Rates(
        what=f"{name}, {watching:,} more watching" if watching else name,
        a_second=statistics.median(each),
        p50_ms=percentile(outcome, 0.5),
        p99_ms=percentile(outcome, 0.99),
        cpu_us=cpu / len(outcome.latencies) * 1e6,
        scripts=scripts_a_second(LIMIT_S),
        commits=commits_a_second(LIMIT_S),
        runs=[round(rate) for rate in each],
    )


def paced(per_second: float, seconds: float) -> Paced:
    """Let people press Buy at a steady rate."""
    count = int(per_second * seconds)
    with Shop() as shop:
        shop.stock(10**6)
        with shop.buyers(count + WARM) as buyers:
            buyers.follow(Plan(sku=shop.sku, first=0, count=WARM, key="warm-up", in_flight=20))
            outcome = buyers.follow(
                Plan(sku=shop.sku, first=WARM, count=count, key="paced-up", seconds=seconds)
            )
    return Paced(
        offered=per_second,
        p50_ms=percentile(outcome, 0.5),
        p99_ms=percentile(outcome, 0.99),
        answers=outcome.answers,
    )


def others(answers: dict[str, int], right: set[str]) -> list[str]:
    """The answers that nobody should have got, in words."""
    return [f"{count:,} {answer}" for answer, count in answers.items() if answer not in right]


def rate(outcome: Outcome) -> float:
    """Answers a second, from the first click to the last of them."""
    return len(outcome.latencies) / (outcome.ended - outcome.began)


def percentile(outcome: Outcome, share: float) -> float:
    """A percentile of the latencies, in ms."""
    return outcome.latencies[int(len(outcome.latencies) * share)]


def once(
    what: str,
    count: int,
    in_flight: int,
    start: Callable[[], Shop] = Shop,
    watching: int = 0,
) -> tuple[Outcome, float]:
    """Let them buy on a fresh server: what came of it, and its processor time in seconds.

    Who has paid buys again, ``count`` divided by those in flight. What is only reserved its buyer
    has to keep: there each buys once.

    Raises:
        RuntimeError: Somebody was answered otherwise, or the books do not agree.

    """
    first, people, again, pays = WARM, count, 1, ""
    if what == "paid":
        people = min(count, in_flight)
        first, again, pays = 0, count // people, "tok_ok"
    with start() as shop:
        shop.stock(10**6)
        with shop.buyers(first + people + watching) as buyers:
            warm = Plan(
                sku=shop.sku,
                first=0,
                count=first or people,
                key="warm-up",
                again=1 if first else 1 + WARM // people,
                in_flight=20,
                pays=pays,
            )
            buyers.follow(warm)
            if what == "sold_out":
                shop.stock(0)
            plan = Plan(
                sku=shop.sku,
                first=first,
                count=people,
                key="measured",
                again=again,
                in_flight=in_flight,
                pays=pays,
            )
            before = shop.cpu_s()
            outcome = buyers.follow(plan)
            cpu = shop.cpu_s() - before
        if outcome.answers != {what: people * again}:
            raise RuntimeError(f"not all were {what}: {outcome.answers}")
        if not shop.is_right():
            raise RuntimeError("the books do not agree")
    return outcome, cpu
