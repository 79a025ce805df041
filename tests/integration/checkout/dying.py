"""Processes that die at a chosen point: what they leave behind is what is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from base.errors import Outage
from cart.holds import Holds, HoldState
from checkout.payments.provider import Due, NotSent, Payment, Status
from checkout.payments.sandbox import SandboxProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cart.holds import Wanted
    from store.sql.book import Book


class Killed(BaseException):
    """The process is gone: no handler of ours may catch this."""


class DyingBook:
    """A book that kills its process just before or just after an operation."""

    def __init__(self, book: Book, *, before: str = "", after: str = "") -> None:
        self._book = book
        self._before = before
        self._after = after

    @property
    def shares_commits(self) -> bool:
        return self._book.shares_commits

    async def write(self, op: Callable[..., Any], *args: Any) -> Any:
        if op.__name__ == self._before:
            raise Killed
        result = await self._book.write(op, *args)
        if op.__name__ == self._after:
            raise Killed
        return result

    async def read(self, op: Callable[..., Any], *args: Any) -> Any:
        return await self._book.read(op, *args)

    async def close(self) -> None:
        """The book belongs to the test."""


class InterruptedBook(DyingBook):
    """A book that lets somebody else act just before an operation, once."""

    def __init__(self, book: Book, before: str, act: Callable[[], Awaitable[object]]) -> None:
        super().__init__(book)
        self._at = before
        self._act = act

    async def write(self, op: Callable[..., Any], *args: Any) -> Any:
        if op.__name__ == self._at:
            self._at = ""
            await self._act()
        return await super().write(op, *args)


class SilentBook(DyingBook):
    """A book that does not answer to one question."""

    def __init__(self, book: Book, question: str) -> None:
        super().__init__(book)
        self._question = question

    async def read(self, op: Callable[..., Any], *args: Any) -> Any:
        if op.__name__ == self._question:
            raise Outage
        return await super().read(op, *args)


class DyingProvider(SandboxProvider):
    """A provider whose caller dies just before it asks for money."""

    async def take(self, due: Due, token: str, key: str) -> Payment:
        raise Killed


class DyingHolds(Holds):
    """Holds whose caller dies after the first shop."""

    async def hold(
        self,
        checkout: str,
        shop: str,
        lines: Sequence[Wanted],
        *,
        fingerprint: str,
        deadline_ms: int,
    ) -> HoldState:
        await super().hold(checkout, shop, lines, fingerprint=fingerprint, deadline_ms=deadline_ms)
        raise Killed


class InterruptedHolds(Holds):
    """Holds that let somebody else act just before the counters are read, once."""

    act: Callable[[], Awaitable[object]] | None = None

    async def taken(self, shop: str, skus: Sequence[str]) -> dict[str, int]:
        act, self.act = self.act, None
        if act is not None:
            await act()
        return await super().taken(shop, skus)


class ForgetfulProvider(SandboxProvider):
    """A provider that says it canceled a payment, and takes the money all the same."""

    async def cancel(self, attempt: str) -> Payment:
        payment = await self.fetch(attempt)
        assert payment is not None
        return Payment(
            id=payment.id,
            status=Status.CANCELED,
            amount=payment.amount,
            currency=payment.currency,
            captured=0,
            checkout=payment.checkout,
        )


class BusyProvider(SandboxProvider):
    """A provider that works on every payment for ever, also when it is asked to cancel."""

    async def fetch(self, attempt: str) -> Payment | None:
        payment = await super().fetch(attempt)
        return payment and structs.replace(payment, status=Status.PROCESSING, captured=0)

    async def cancel(self, attempt: str) -> Payment:
        payment = await self.fetch(attempt)
        assert payment is not None
        return payment


class MiserlyProvider(SandboxProvider):
    """A provider that cannot be asked to give money back."""

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        raise NotSent(f"{key}: {amount} of {attempt}")
