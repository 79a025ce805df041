"""The buyers of ``swarm.py``: several processes, told together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from types import TracebackType
from typing import Final, Self

import jwt
import msgspec

from bench.checkout.swarm import Outcome, Plan
from bench.hub.crowd import CROWDS_CORE, on_core

__all__ = ["Buyers", "together"]

AHEAD_S: Final = 0.3
"""Between telling the processes and the first click, so that all begin together."""


class Buyers:
    """People with an account each, joined when made.

    Args:
        port: Of the server.
        secret: Signs their tokens.
        show: What they watch: one with the SKU in its bag tells all of them what is left.
        count: How many.
        processes: Over how many processes.

    """

    def __init__(self, port: int, secret: str, show: str, count: int, processes: int = 1) -> None:
        self._processes = [
            subprocess.Popen(
                on_core(
                    CROWDS_CORE, [sys.executable, "-m", "bench.checkout.swarm", str(port), show]
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(processes)
        ]
        exp = int(time.time()) + 3600
        for number, process in enumerate(self._processes):
            names = [f"buyer-{number}-{at}" for at in range(self._of(number, count))]
            claims = {"role": "viewer", "exp": exp}
            known = {
                name: jwt.encode({"sub": name, **claims}, secret, algorithm="HS256")
                for name in names
            }
            self._tell(process, msgspec.json.encode(known))
        for process in self._processes:
            self._hear(process)

    def follow(self, plan: Plan) -> Outcome:
        """Let as many as the plan says, spread over the processes, follow it."""
        begin_at = time.time() + AHEAD_S
        for number, process in enumerate(self._processes):
            first = self._of(number, plan.first)
            its_own = msgspec.structs.replace(
                plan,
                first=first,
                count=self._of(number, plan.first + plan.count) - first,
                in_flight=self._of(number, plan.in_flight),
                key=f"{plan.key}-{number}",
                begin_at=begin_at,
            )
            self._tell(process, msgspec.json.encode(its_own))
        return together(
            [msgspec.json.decode(self._hear(one), type=Outcome) for one in self._processes]
        )

    def close(self) -> None:
        """Let them go."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            process.wait(60)

    def __enter__(self) -> Self:
        """Use them for a while."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Let them go at the end."""
        self.close()

    def _of(self, number: int, count: int) -> int:
        """How many of the first ``count`` a process has: they are dealt out in turn."""
        return -((number - count) // len(self._processes))

    def _tell(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        assert process.stdin is not None
        process.stdin.write(line + b"\n")
        process.stdin.flush()

    def _hear(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"a process of buyers has ended with {process.wait(10)}")
        return line


def together(outcomes: list[Outcome]) -> Outcome:
    """What came of several processes' shares of one plan."""
    answers: Counter[str] = Counter()
    for outcome in outcomes:
        answers.update(outcome.answers)
    return Outcome(
        answers=dict(answers),
        latencies=sorted(ms for outcome in outcomes for ms in outcome.latencies),
        began=min(outcome.began for outcome in outcomes),
        last_click=max(outcome.last_click for outcome in outcomes),
        ended=max(outcome.ended for outcome in outcomes),
    )
