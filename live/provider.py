"""The payment provider that the settings choose."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from base.errors import Outage
from base.ids import derived_id
from base.settings import PREFIX, Settings, SettingsError
from checkout.payments.pace import Pace
from checkout.payments.sandbox import SandboxProvider
from store.doctor import Finding
from store.folder import short_socket
from store.sql.rows import Connection, select
from store.sql.tables import payments

if TYPE_CHECKING:
    from base.clock import Clock
    from checkout.payments.provider import Provider
    from checkout.payments.stripe_calls import Calls
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = [
    "examine",
    "open_pace",
    "open_provider",
    "require",
    "require_own",
    "sandbox_key",
    "sandbox_socket",
]

STRIPE_PER_SECOND: Final = 20
"""Stripe allows 25 requests a second for each endpoint; some are for refunds and questions."""

LIVE: Final = ("sk_live_", "rk_live_")
TEST: Final = ("sk_test_", "rk_test_")


def open_provider(settings: Settings, book: Book, clock: Clock) -> Provider:
    """A client of the provider; it connects when it is first asked.

    Raises:
        SettingsError: A setting is missing or does not fit.

    """
    if settings.payments == "sandbox":
        return SandboxProvider(
            f"unix://{sandbox_socket(settings)}",
            api_key=sandbox_key(settings, "api"),
            webhook_secret=sandbox_key(settings, "webhook"),
            clock=clock,
        )
    require(settings)
    # Not at the top: its library is an extra, and takes a while.
    from checkout.payments.stripe import StripeProvider  # noqa: PLC0415
    from checkout.payments.stripe_webhook import Signatures  # noqa: PLC0415

    is_live = settings.stripe_secret_key.startswith(LIVE)
    return StripeProvider(
        _calls(settings),
        Signatures(
            _secrets(settings), account=settings.stripe_account, is_live=is_live, clock=clock
        ),
        book,
        is_live=is_live,
        return_url=settings.stripe_return_url,
    )


def open_pace(settings: Settings, scripts: Scripts | None, clock: Clock) -> Pace | None:
    """The pace of payments to the provider; None: as they come.

    Args:
        settings: Whose ``payments_per_second`` it is.
        scripts: Where the processes share it; None when there is one only.
        clock: For this process' part.

    """
    per_second = settings.payments_per_second
    if not per_second and settings.payments == "stripe":
        per_second = STRIPE_PER_SECOND
    if not per_second:
        return None
    return Pace(
        per_second,
        clock,
        provider=settings.payments,
        scripts=scripts,
        processes=settings.workers,
    )


def require(settings: Settings) -> None:
    """See that payments can be taken as the settings say.

    Raises:
        SettingsError: They cannot; the message says what to set or install.

    """
    if settings.payments != "stripe":
        return
    back, secrets = urlsplit(settings.stripe_return_url), _secrets(settings)
    is_live = settings.stripe_secret_key.startswith(LIVE)
    rules = {
        "Install Stripe's library to take payments by it: pip install 'yellowcart[stripe]'.": (
            find_spec("stripe") is not None
        ),
        f"Set {PREFIX}STRIPE_SECRET_KEY to your Stripe account's secret key (sk_… or rk_…).": (
            settings.stripe_secret_key.startswith(LIVE + TEST)
        ),
        f"Set {PREFIX}STRIPE_WEBHOOK_SECRETS to the signing secret of the webhook (whsec_…).": (
            bool(secrets) and all(secret.startswith("whsec_") for secret in secrets)
        ),
        f"{PREFIX}STRIPE_ACCOUNT names a connected account (acct_…), or is unset.": (
            settings.stripe_account[:5] in {"", "acct_"}
        ),
        f"Set {PREFIX}STRIPE_RETURN_URL to the page that buyers come back to from their bank, as "
        "https://shop.example/thanks.": back.scheme in {"http", "https"} and bool(back.hostname),
        f"A live key takes real money: {PREFIX}STRIPE_RETURN_URL must be https://.": (
            not is_live or back.scheme == "https"
        ),
        f"A live key is shown to Stripe only: unset {PREFIX}STRIPE_API.": (
            not is_live or not settings.stripe_api
        ),
        "A live key takes real money, and the demo has no real goods: start without --demo.": (
            not is_live or not settings.demo
        ),
    }
    for message, holds in rules.items():
        if not holds:
            raise SettingsError(message)


async def require_own(settings: Settings, book: Book) -> None:
    """See that the book has payments of this provider only.

    Practice sales must not be shipped, and nobody can say how another's payments stand.

    Raises:
        SettingsError: It has others.
        Outage: The book does not answer.

    """
    other = await book.read(_other, settings.payments)
    if other is not None:
        raise SettingsError(
            f"The book has sales paid by {other}, and {PREFIX}PAYMENTS is {settings.payments}: "
            "begin with another data folder and database."
        )


async def examine(settings: Settings) -> Finding:
    """Whether the provider can be used, for ``doctor``."""
    if settings.payments == "sandbox":
        return Finding("payments", ok=True, text="practice only: no real money is taken")
    try:
        require(settings)
    except SettingsError as error:
        return Finding("payments", ok=False, text=str(error))
    calls = _calls(settings)
    try:
        await calls.check()
    except Outage as error:
        return Finding("payments", ok=False, text=f"{error} Check the key and the network.")
    finally:
        await calls.close()
    if settings.stripe_secret_key.startswith(LIVE):
        return Finding("payments", ok=True, text="Stripe answers; real money is taken")
    if settings.is_loopback:
        return Finding("payments", ok=True, text="Stripe answers; no real money: a test key")
    text = f"no real money is taken: {PREFIX}STRIPE_SECRET_KEY is a test key, set the live one"
    return Finding("payments", ok=False, text=text)


def sandbox_socket(settings: Settings) -> Path:
    """Where the practice provider listens."""
    return short_socket(settings.data_dir.absolute() / "sandbox.sock")


def sandbox_key(settings: Settings, purpose: str) -> str:
    """A key that the server and its practice provider share."""
    return derived_id("key", settings.secret, purpose)


def _calls(settings: Settings) -> Calls:
    from checkout.payments.stripe_calls import Calls  # noqa: PLC0415 - as above

    return Calls(
        settings.stripe_secret_key,
        account=settings.stripe_account,
        address=settings.stripe_api,
    )


def _secrets(settings: Settings) -> list[str]:
    return [part.strip() for part in settings.stripe_webhook_secrets.split(",") if part.strip()]


def _other(conn: Connection, name: str) -> str | None:
    found = select(payments.c.provider).where(payments.c.provider != name).limit(1)
    return conn.execute(found).scalar_one_or_none()
