"""The server with a payment provider inside its own process: what is left without HTTP.

``python -m bench.checkout.in_process serve …`` is ``server.py serve …`` in all else. Every payment
succeeds at once, nothing is kept on disk, and no webhook is sent.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# First: it keeps the collector away while modules load.
from base import quick_imports  # noqa: F401
from base.errors import Invalid
from checkout.payments.provider import Charge, Due, Payment, Status, WebhookEvent
from live import node

SERVER = Path(__file__).parents[2] / "server.py"


class InProcess:
    """A :class:`checkout.payments.provider.Provider` that takes all money it is asked to take."""

    name = "sandbox"
    steps: Mapping[str, int] = {}

    def __init__(self, *_: object) -> None:
        self._charged: dict[str, Charge] = {}

    def accepts(self, token: str) -> bool:
        """Any."""
        return bool(token)

    async def take(self, due: Due, token: str, key: str) -> Payment:
        """Take the money."""
        del token, key
        self._charged[due.attempt] = Charge(
            id=due.attempt,
            checkout=due.checkout,
            amount=due.amount,
            currency=due.currency,
            captured=due.amount,
            refunded=0,
        )
        return self._shown(due.attempt)

    async def fetch(self, attempt: str) -> Payment | None:
        """What was taken."""
        return self._shown(attempt) if attempt in self._charged else None

    async def cancel(self, attempt: str) -> Payment:
        """Nobody cancels in a measurement."""
        raise NotImplementedError

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        """Nor is anything refunded."""
        raise NotImplementedError

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        """For the audit, a page at a time."""
        charges = [*self._charged.values()]
        first = 0 if after is None else int(after)
        last = first + limit
        return charges[first:last], str(last) if last < len(charges) else None

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes) -> WebhookEvent | None:
        """None is sent."""
        raise Invalid("There are no webhooks.")

    async def close(self) -> None:
        """There is nothing to close."""

    def _shown(self, attempt: str) -> Payment:
        charge = self._charged[attempt]
        return Payment(
            id=attempt,
            status=Status.SUCCEEDED,
            amount=charge.amount,
            currency=charge.currency,
            captured=charge.amount,
            checkout=charge.checkout,
        )


if __name__ == "__main__":
    vars(node)["open_provider"] = InProcess
    sys.argv[0] = str(SERVER)
    runpy.run_path(str(SERVER), run_name="__main__")
