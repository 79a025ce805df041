"""A flash sale: everybody presses Buy within a second, twice, and some hang up."""

from __future__ import annotations

from dataclasses import dataclass

from bench.checkout.rates import others, percentile
from bench.checkout.shop import Shop
from bench.checkout.swarm import Plan

__all__ = ["Stampede", "stampede"]


@dataclass(frozen=True, slots=True)
class Stampede:
    """What came of it.

    Attributes:
        buyers, stock, seconds: How many wanted how much within how long.
        answers: How many heard what.
        held: Units that are held for somebody when all is over.
        after_s: From the last click to the last answer.
        is_right: Whether the books agree afterwards.

    """

    buyers: int
    stock: int
    seconds: float
    answers: dict[str, int]
    held: int
    p50_ms: float
    p99_ms: float
    after_s: float
    is_right: bool

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.buyers:,} buyers within {self.seconds:.0f} s, {self.stock:,} to sell: "
            f"{self.answers}, held {self.held:,}; p50 {self.p50_ms:.0f}, p99 {self.p99_ms:.0f} "
            f"ms, the last answer {self.after_s:.2f} s after the last click; the books "
            f"{'agree' if self.is_right else 'DO NOT AGREE'}"
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        found = others(self.answers, {"reserved", "sold_out", "hung_up"})
        if not self.is_right:
            found.append("the books do not agree")
        reserved, gone = (self.answers.get(name, 0) for name in ("reserved", "hung_up"))
        # Of those who hung up nobody knows whether the click had arrived.
        least = self.stock if self.answers.get("sold_out") else reserved
        most = min(self.stock, reserved + gone)
        if not least <= self.held <= most:
            found.append(f"{self.held:,} held, not {least:,} to {most:,}")
        return found


def stampede(buyers: int, stock: int, seconds: float, hang_up: float, clicks: int) -> Stampede:
    """Let them loose on a fresh server, in the show that sells it."""
    with Shop() as shop:
        shop.stock(stock)
        with shop.buyers(buyers, show="demo", processes=2) as crowd:
            outcome = crowd.follow(
                Plan(
                    sku=shop.sku,
                    first=0,
                    count=buyers,
                    key="stampede",
                    seconds=seconds,
                    evenly=False,
                    clicks=clicks,
                    hang_up=hang_up,
                    patience_s=60,
                )
            )
        product = shop.served.http("GET", "/v1/products?limit=1")[1]["items"][0]
        return Stampede(
            buyers=buyers,
            stock=stock,
            seconds=seconds,
            answers=outcome.answers,
            held=stock - product["skus"][0]["left"],
            p50_ms=percentile(outcome, 0.5),
            p99_ms=percentile(outcome, 0.99),
            after_s=outcome.ended - outcome.last_click,
            is_right=shop.is_right(),
        )
