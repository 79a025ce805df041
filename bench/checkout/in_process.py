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
from checkout.payments.provider import Charge, Payment, Status, WebhookEvent
from live import node

SERVER = Path(__file__).parents[2] / "server.py"


class InProcess:
    """A :class:`checkout.payments.provider.Provider` that takes all money it is asked to take."""

    name = "sandbox"
    steps: Mapping[str, int] = {}

    def __init__(self, *_: object) -> None:
        self._made: dict[str, tuple[int, str, str]] = {}
        self._charged: dict[str, Charge] = {}

    def accepts(self, token: str) -> bool:
        """Any."""
        return bool(token)

    async def create(self, attempt: str, amount: int, currency: str, checkout: str) -> None:
        """Note what it is about."""
        self._made[attempt] = amount, currency, checkout

    async def confirm(self, attempt: str, token: str, key: str) -> Payment:
        """Take the money."""
        del token, key
        amount, currency, checkout = self._made[attempt]
        self._charged[attempt] = Charge(
            id=attempt,
            checkout=checkout,
            amount=amount,
            currency=currency,
            captured=amount,
            refunded=0,
        )
        return self._shown(attempt)

    async def fetch(self, attempt: str) -> Payment | None:
        """What was taken."""
        return self._shown(attempt) if attempt in self._made else None

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
        amount, currency, checkout = self._made[attempt]
        is_charged = attempt in self._charged
        return Payment(
            id=attempt,
            status=Status.SUCCEEDED if is_charged else Status.REQUIRES_METHOD,
            amount=amount,
            currency=currency,
            captured=amount if is_charged else 0,
            checkout=checkout,
        )


if __name__ == "__main__":
    vars(node)["open_provider"] = InProcess
    sys.argv[0] = str(SERVER)
    runpy.run_path(str(SERVER), run_name="__main__")
