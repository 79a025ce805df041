"""Stripe's webhooks: who signed them, and whether they are about a payment of ours."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

import msgspec
import stripe
from msgspec import Struct, field

from base.errors import Invalid
from base.ids import is_id
from checkout.payments.provider import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from base.clock import Clock

__all__ = ["SIGNATURE", "Signatures"]

logger = logging.getLogger(__name__)

SIGNATURE: Final = "Stripe-Signature"
TOLERANCE_MS: Final = 300_000
"""How old a signature may be: Stripe's own default."""

_HEADER: Final = re.compile(r"t=([0-9]{1,12})((?:,v[0-9]+=[0-9a-f]{1,128}){1,16})")
_EVENT: Final = re.compile(r"evt_[A-Za-z0-9_]{1,120}")

OURS: Final = frozenset({"payment_intent", "charge"})
"""What carries the metadata that we gave the intent."""


class _Thing(Struct, frozen=True):
    object: str = ""
    metadata: dict[str, str] | None = None


class _Data(Struct, frozen=True):
    object: _Thing = field(default_factory=_Thing)


class _Event(Struct, frozen=True, kw_only=True):
    id: str
    type: str = ""
    livemode: bool | None = None
    account: str | None = None
    data: _Data = field(default_factory=_Data)


class Signatures:
    """Checks and reads webhooks.

    Args:
        secrets: Each may sign; several while one is being replaced.
        account: The connected account that we act for; empty for our own.
        is_live: Whether we take real money.
        clock: Decides which signatures are too old.

    """

    def __init__(
        self, secrets: Sequence[str], *, account: str, is_live: bool, clock: Clock
    ) -> None:
        self._secrets = tuple(secrets)
        self._account = account
        self._is_live = is_live
        self._clock = clock

    def read(self, headers: Mapping[str, str], raw: bytes) -> WebhookEvent | None:
        """What it tells of; None when that is none of our payments.

        Raises:
            Invalid: Not signed by Stripe, too old, or not of its form.

        """
        self._verify(headers.get(SIGNATURE, ""), raw)
        try:
            event = msgspec.json.decode(raw, type=_Event)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid("The webhook is not of its form.") from error
        if _EVENT.fullmatch(event.id) is None:
            raise Invalid("The webhook is not of its form.")
        thing = event.data.object
        attempt = (thing.metadata or {}).get("attempt", "")
        if thing.object not in OURS or not is_id(attempt):
            return None
        if event.livemode is not self._is_live or (event.account or "") != self._account:
            logger.warning("ignored %s: of another mode or account", event.id)
            return None
        return WebhookEvent(id=event.id, attempt=attempt)

    def _verify(self, header: str, raw: bytes) -> None:
        match = _HEADER.fullmatch(header)
        if match is None:
            raise Invalid("The webhook is not signed.")
        if not any(_signed(raw, header, secret) for secret in self._secrets):
            raise Invalid("The webhook's signature does not hold. Check its signing secret.")
        if abs(self._clock.now_ms() - int(match[1]) * 1000) > TOLERANCE_MS:
            raise Invalid("The webhook's signature is too old.")


def _signed(raw: bytes, header: str, secret: str) -> bool:
    try:
        # Without a tolerance, since it would look at the machine's clock.
        stripe.WebhookSignature.verify_header(raw, header, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True
