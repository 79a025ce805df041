"""Everybody buys and pays at once: how many are paid, second by second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from bench.checkout.buyers import AHEAD_S
from bench.checkout.rates import others
from bench.checkout.shop import Shop
from bench.checkout.swarm import Outcome, Plan

__all__ = ["Curve", "curve"]

STEP_S: Final = 1.0
PATIENCE_S: Final = 30.0
LONGEST_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Curve:
    """Paid purchases against time.

    Attributes:
        per_second: Payments that go to the provider a second; 0: as they come.
        answers: What ``pay`` answered, within its ten seconds: who waits is ``pay_pending``.
        paid: How many were paid after each second since the first click.
        took_s: Until the last one was, or until that was waited for no longer.

    """

    buyers: int
    per_second: int
    answers: dict[str, int]
    paid: list[int]
    took_s: float
    is_right: bool

    def __str__(self) -> str:
        """In a line."""
        pace = f"{self.per_second} a second" if self.per_second else "as they come"
        return (
            f"{self.buyers:,} pay at once, the provider is asked {pace}: {self.paid[-1]:,} paid "
            f"after {self.took_s:.1f} s; answers {self.answers}; the books "
            f"{'agree' if self.is_right else 'DO NOT AGREE'}; paid by second {self.paid}"
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        found = others(self.answers, {"paid", "pay_pending"})
        if not self.is_right:
            found.append("the books do not agree")
        if self.paid[-1] != self.buyers:
            found.append(f"{self.paid[-1]:,} of {self.buyers:,} paid")
        return found


def curve(buyers: int, per_second: int) -> Curve:
    """Let them loose on a fresh server, and count until all are paid or time is over."""
    with Shop(environ={"YELLOWCART_PAYMENTS_PER_SECOND": str(per_second)}) as shop:
        shop.stock(buyers)
        with shop.buyers(buyers, processes=2) as crowd:
            plan = Plan(
                sku=shop.sku,
                first=0,
                count=buyers,
                key="at-once",
                pays="tok_ok",
                patience_s=PATIENCE_S,
            )
            said: list[Outcome] = []
            began = time.perf_counter() + AHEAD_S
            thread = threading.Thread(target=lambda: said.append(crowd.follow(plan)))
            thread.start()
            paid, took_s = _counted(shop, buyers, began)
            thread.join()
        return Curve(
            buyers=buyers,
            per_second=per_second,
            answers=said[0].answers,
            paid=paid,
            took_s=took_s,
            is_right=shop.is_right(),
        )


def _counted(shop: Shop, buyers: int, began: float) -> tuple[list[int], float]:
    """Paid by each second, and when the last one was seen."""
    paid: list[int] = []
    while True:
        due = began + (len(paid) + 1) * STEP_S
        count = shop.paid
        while count < buyers and time.perf_counter() < due:
            time.sleep(min(0.1, max(0.0, due - time.perf_counter())))
            count = shop.paid
        paid.append(count)
        took_s = time.perf_counter() - began
        if count >= buyers or took_s > LONGEST_S:
            return paid, took_s
