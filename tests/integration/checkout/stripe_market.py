"""The market, paid by Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkout import attempts, rows
from checkout.payments.stripe import StripeProvider
from checkout.payments.stripe_calls import Calls
from checkout.payments.stripe_webhook import Signatures
from tests.integration.checkout.market import HOME, Market
from tests.stripe_account import OK
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer

if TYPE_CHECKING:
    from pathlib import Path

    from checkout.checkout import Checkout
    from checkout.payments.provider import Provider

BACK = "https://shop.example/thanks"
OLD_SECRET = "whsec_old"


class StripeMarket(Market):
    """As it is, with a Stripe of our own in place of the practice provider."""

    @property
    def stripe_provider(self) -> StripeProvider:
        """The provider, with the two steps of its ``take``."""
        assert isinstance(self.provider, StripeProvider)
        return self.provider

    async def open_provider(self, folder: Path, hook: str) -> Provider:
        del folder
        self.stripe = StripeServer(self.clock, hook=hook)
        self.address = await self.stripe.start()
        self._stack.push_async_callback(self.stripe.stop)
        return self.stripe_client()

    def stripe_client(
        self, address: str = "", *, is_live: bool = False, key: str = KEY, account: str = ""
    ) -> StripeProvider:
        secrets = [OLD_SECRET, WEBHOOK_SECRET]
        provider = StripeProvider(
            Calls(key, account=account, address=address or self.address),
            Signatures(secrets, account=account, is_live=is_live, clock=self.clock),
            self.book,
            is_live=is_live,
            return_url=BACK,
        )
        self._stack.push_async_callback(provider.close)
        return provider

    async def pay(self, checkout: Checkout, token: str = OK, who: str = "vera") -> Checkout:
        return await super().pay(checkout, token, who)

    def intent(self, checkout: Checkout) -> dict[str, Any]:
        """The one intent that Stripe has for a checkout."""
        (mine,) = [
            intent
            for intent in self.stripe.intents.values()
            if intent["metadata"]["checkout"] == checkout.id
        ]
        return mine

    async def begin(self, checkout: Checkout) -> str:
        """Note the attempt as ``pay`` does, and have its intent made; returns the attempt."""
        now = self.clock.now_ms()
        await self.book.write(attempts.begin, checkout.id, None, HOME, "stripe", now)
        attempt = attempts.attempt_id(checkout.id)
        await self.stripe_provider.create(attempt, checkout.total, checkout.currency, checkout.id)
        return attempt

    async def buy_of(self, ident: str) -> Checkout:
        """The checkout that an intent is for."""
        record = await self.book.read(
            rows.by_id, self.stripe.intents[ident]["metadata"]["checkout"]
        )
        assert record is not None
        return record.shown()

    async def take_in(self, raw: bytes, headers: dict[str, str] | None = None) -> None:
        """Post a webhook to the node."""
        headers = self.stripe.signature(raw) if headers is None else headers
        await self.node.webhooks.receive("stripe", headers, raw)
