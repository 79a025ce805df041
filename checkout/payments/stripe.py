"""Stripe: cards, by payment methods that the buyer's browser has made (``pm_…``).

An attempt is one PaymentIntent. Stripe chooses its id, and the book has it before the intent is
confirmed (``checkout/payments/references.py``), so that no answer that got lost can hide a
charge. What Stripe says of an intent counts only if account mode, attempt and checkout, amount
and currency are the ones that we asked for.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from base.errors import Invalid, Outage
from checkout.checkout import Failure
from checkout.payments import references
from checkout.payments.provider import Charge, Declined, Due, Lost, NotSent, Payment, Status
from checkout.payments.references import NEVER, Known
from checkout.payments.stripe_calls import CONFIRM_S, Calls, Refusal
from checkout.payments.stripe_money import STEPS, to_stripe
from checkout.payments.stripe_shapes import (
    Charges,
    Intent,
    Refund,
    Refunds,
    charge_of,
    payment_of,
)
from checkout.payments.stripe_webhook import Signatures
from checkout.payments.stripe_words import declined, unpayable, unrefundable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from stripe import StripeClient, StripeObject

    from checkout.payments.provider import WebhookEvent
    from store.sql.book import Book

    Call = Callable[[StripeClient], Awaitable[StripeObject]]

__all__ = ["StripeProvider"]

logger = logging.getLogger(__name__)

B = TypeVar("B")

_METHOD: Final = re.compile(r"pm_[A-Za-z0-9_]{1,120}")

REFUNDED: Final = frozenset({"succeeded", "pending"})
"""A pending refund is on its way; others have come to nothing."""

MOST_REFUNDS: Final = 100


class StripeProvider:
    """A client of Stripe's payment intents.

    Args:
        calls: Stripe, by its library.
        signatures: Checks its webhooks.
        book: Where the ids of our intents are kept.
        is_live: Whether real money moves; else Stripe's test mode.
        return_url: Where the bank sends the buyer afterwards.

    """

    name = "stripe"
    steps: Mapping[str, int] = STEPS

    def __init__(
        self, calls: Calls, signatures: Signatures, book: Book, *, is_live: bool, return_url: str
    ) -> None:
        self._calls = calls
        self._signatures = signatures
        self._book = book
        self._is_live = is_live
        self._return_url = return_url

    async def close(self) -> None:
        """Let the connections go."""
        await self._calls.close()

    def accepts(self, token: str) -> bool:
        """Whether it has the form of a payment method's id."""
        return _METHOD.fullmatch(token) is not None

    async def take(self, due: Due, token: str, key: str) -> Payment:
        """Make the intent, then try to take the money: its id is in the book in between."""
        try:
            await self.create(due.attempt, due.amount, due.currency, due.checkout)
        except Lost as lost:
            # Without a confirm nothing is charged, whether it was made or not.
            raise NotSent from lost
        return await self.confirm(due.attempt, token, key)

    async def create(self, attempt: str, amount: int, currency: str, checkout: str) -> None:
        """Make the intent, unless the book has one."""
        known = await self._known(attempt)
        if known.reference is not None:
            return
        intent = await self._create(attempt, to_stripe(amount, currency), currency, checkout)
        payment = payment_of(intent, intent.id, is_live=self._is_live)
        if (payment.id, payment.checkout) != (attempt, checkout) or (
            payment.amount,
            payment.currency,
        ) != (amount, currency):
            logger.error("break: Stripe's intent for %s is another one: %s", attempt, intent.id)
            raise Lost
        if await self._keep(attempt, intent.id) != intent.id:
            # Somebody was faster. Nobody will confirm this one; it need not stay open either.
            with suppress(NotSent, Lost, Refusal):
                await self._calls.ask(
                    Intent, lambda stripe: stripe.v1.payment_intents.cancel_async(intent.id)
                )

    async def confirm(self, attempt: str, token: str, key: str) -> Payment:
        """Try to take the money."""
        known = await self._known(attempt)
        if known.reference is None:
            raise NotSent
        if known.reference == NEVER:
            return _never(attempt, known)
        ident = known.reference
        try:
            intent = await self._calls.ask(
                Intent,
                lambda stripe: stripe.v1.payment_intents.confirm_async(
                    ident,
                    {"payment_method": token, "return_url": self._return_url},
                    {"idempotency_key": key},
                ),
                CONFIRM_S,
            )
        except Refusal as refusal:
            return await self._unconfirmed(ident, refusal)
        return payment_of(intent, ident, is_live=self._is_live)

    async def fetch(self, attempt: str) -> Payment | None:
        """The payment as it stands; without an id in the book nothing was ever confirmed."""
        known = await self._known(attempt)
        if known.reference is None:
            return None
        if known.reference == NEVER:
            return _never(attempt, known)
        return await self._fetch(known.reference)

    async def cancel(self, attempt: str) -> Payment:
        """Cancel the intent; one that the book does not know yet will never be known."""
        known = await self._known(attempt)
        ident = known.reference or await self._keep(attempt, NEVER)
        if ident == NEVER:
            return _never(attempt, known)
        try:
            # Without a key of ours: a refusal must not be repeated from memory for a day.
            intent = await self._calls.ask(
                Intent,
                lambda stripe: stripe.v1.payment_intents.cancel_async(ident),
            )
        except Refusal:
            # It has ended, or the bank is at it.
            return await self._fetch(ident)
        return payment_of(intent, ident, is_live=self._is_live)

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        """Give money back; what was given back under ``key`` before is not given again."""
        known = await self._known(attempt)
        ident = known.reference
        if ident is None or ident == NEVER:
            raise NotSent("Nothing was paid that could be given back.")
        try:
            units = to_stripe(amount, known.currency)
        except Invalid as invalid:
            raise Declined(Failure(code="refund_refused", message=invalid.message)) from invalid
        try:
            if not await self._is_refunded(ident, key):
                await self._refund(ident, units, key)
        except Refusal as refusal:
            failure = unrefundable(refusal.problem)
            if failure is not None:
                raise Declined(failure) from refusal
            logger.error("Stripe does not refund %s: %s", attempt, refusal.problem.code)  # noqa: TRY400 - one line says it
            raise NotSent from refusal

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        """What was captured for us, the newest first; other sales of the account are left out."""
        page = await self._asked(
            Charges,
            lambda stripe: stripe.v1.charges.list_async(
                {"limit": limit, "starting_after": after} if after else {"limit": limit}
            ),
        )
        ours = [
            charge_of(found)
            for found in page.data
            if found.captured and "attempt" in found.metadata
        ]
        return ours, page.data[-1].id if page.has_more and page.data else None

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes) -> WebhookEvent | None:
        """Check the signature first, then read."""
        return self._signatures.read(headers, raw)

    async def _create(self, attempt: str, units: int, currency: str, checkout: str) -> Intent:
        try:
            return await self._calls.ask(
                Intent,
                lambda stripe: stripe.v1.payment_intents.create_async(
                    {
                        "amount": units,
                        "currency": currency.lower(),
                        # The contract's methods are cards; Apple Pay and Google Pay are some.
                        "allowed_payment_method_types": ["card"],
                        "capture_method": "automatic",
                        "metadata": {"checkout": checkout, "attempt": attempt},
                    },
                    {"idempotency_key": attempt},
                ),
            )
        except Refusal as refusal:
            words = unpayable(refusal.problem)
            if words is not None:
                raise Invalid(words) from refusal
            logger.error("Stripe refuses to begin %s: %s", attempt, refusal)  # noqa: TRY400 - one line says it
            raise NotSent from refusal

    async def _unconfirmed(self, ident: str, refusal: Refusal) -> Payment:
        problem = refusal.problem
        if refusal.is_decline:
            raise Declined(declined(problem)) from refusal
        if problem.code == "payment_intent_unexpected_state":
            return await self._fetch(ident)
        # Its words are not for the log: they may name the payment method.
        logger.warning("Stripe refuses to confirm %s: %s, %s", ident, problem.code, problem.param)
        if problem.param in {None, "payment_method"}:
            # All else that we send is the same each time: it is about the card.
            raise Invalid("This card cannot be used. Enter it again, or another one.") from refusal
        raise NotSent from refusal

    async def _fetch(self, ident: str) -> Payment:
        intent = await self._asked(
            Intent, lambda stripe: stripe.v1.payment_intents.retrieve_async(ident)
        )
        return payment_of(intent, ident, is_live=self._is_live)

    async def _is_refunded(self, ident: str, key: str) -> bool:
        found = await self._calls.ask(
            Refunds,
            lambda stripe: stripe.v1.refunds.list_async(
                {"payment_intent": ident, "limit": MOST_REFUNDS}
            ),
        )
        return any(
            (refund.metadata or {}).get("key") == key and refund.status in REFUNDED
            for refund in found.data
        )

    async def _refund(self, ident: str, units: int, key: str) -> None:
        refund = await self._calls.ask(
            Refund,
            lambda stripe: stripe.v1.refunds.create_async(
                {"payment_intent": ident, "amount": units, "metadata": {"key": key}},
                {"idempotency_key": key},
            ),
        )
        if refund.status not in REFUNDED:
            logger.error(
                "Stripe's refund of %s is %s: look at its dashboard", ident, refund.status
            )
            raise Lost

    async def _asked(self, kind: type[B], call: Call) -> B:
        """Ask for something that only a wrong key or a wrong account can make refused."""
        try:
            return await self._calls.ask(kind, call)
        except Refusal as refusal:
            logger.error("Stripe refuses to tell: %s", refusal)  # noqa: TRY400 - one line says it
            raise Lost from refusal

    async def _known(self, attempt: str) -> Known:
        try:
            known = await self._book.read(references.look_up, attempt)
        except Outage as error:
            raise NotSent from error
        if known is None:
            raise LookupError("the book does not know this attempt")
        return known

    async def _keep(self, attempt: str, reference: str) -> str:
        try:
            kept = await self._book.write(references.keep, attempt, reference)
        except Outage as error:
            raise NotSent from error
        if kept is None:
            raise LookupError("the book does not know this attempt")
        return kept


def _never(attempt: str, known: Known) -> Payment:
    return Payment(
        id=attempt,
        status=Status.CANCELED,
        amount=known.amount,
        currency=known.currency,
        captured=0,
        checkout=known.checkout,
    )
