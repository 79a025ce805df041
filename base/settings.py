"""Settings: every option of the command line is also an environment variable.

``YELLOWCART_`` + the field's name in upper case; an option given on the command line wins.
"""

from __future__ import annotations

import dataclasses
import logging
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args, get_type_hints

__all__ = ["PREFIX", "SECRETS", "Settings", "SettingsError"]

PREFIX: Final = "YELLOWCART_"
LEAST: Final = {
    "history": 1000,
    "commands_per_second": 1,
    "commands_burst": 1,
    "chat_every_ms": 1,
    "chat_burst": 1,
    "likes_per_second": 1,
    "pay_seconds": 1,
}
"""The smallest values that keep the contract, or keep anybody from doing anything."""

SECRETS: Final = frozenset({"secret", "stripe_secret_key", "stripe_webhook_secrets"})
"""Environment variables only: everybody on the machine can read a command line."""

LEAST_SECRET: Final = 32
"""Characters: 128 bits at least, if they are random hexadecimal digits."""

LONGEST_HOLD_S: Final = 24 * 3600
"""The gate refuses to hold stock for longer."""

WHOLE_BPS: Final = 10_000
FASTEST_PAYMENTS: Final = 10_000
"""A second; no provider takes more."""

HIGHEST_PORT: Final = 65535
MOST_WORKERS: Final = 256
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(Exception):
    """A setting that cannot be used; the message says what to set instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation runs.

    Attributes:
        host: Address to listen on.
        port: TCP port; 0 lets the kernel choose.
        workers: Server processes that share the port.
        data_dir: Where the embedded stores and the secret live.
        demo: Create the demo show once.
        secret: Signs tokens and webhooks; made and kept in the data folder when unset.
        redis_url: ``redis://``, ``rediss://``, ``unix://``; unset: an embedded server.
        database_url: ``postgresql://``; unset: SQLite in the data folder.
        allowed_origins: Browser origins besides our own, with scheme, comma-separated.
        trusted_proxies: Addresses whose ``X-Forwarded-For`` counts, comma-separated.
        payments: The payment provider, ``sandbox`` or ``stripe``.
        stripe_secret_key: Stripe's secret or restricted key, ``sk_…`` or ``rk_…``.
        stripe_webhook_secrets: Signing secrets ``whsec_…`` of the webhook, comma-separated.
        stripe_account: A connected account ``acct_…`` to act for; unset: the key's own.
        stripe_return_url: Where the bank sends buyers back to, with scheme.
        stripe_api: Where Stripe's API is; unset: Stripe itself. For test keys only.
        payments_per_second: Payments that go to the provider, over all processes; more wait
            in a queue. 0: 20 to Stripe, to the sandbox as they come.
        pay_seconds: How long a buyer has to pay.
        hold_grace_seconds: How much longer the stock stays held.
        free_cancel_seconds: How long after the payment a buyer may cancel without asking; the
            order is ``on_hold`` until then. 0: it is to be sent at once.
        cancel_approval: Who decides when a buyer cancels what waits to be sent: ``auto``, it
            is granted at once, or ``seller``, the shop is asked.
        cancel_answer_seconds: How long the shop has to answer; then the order is cancelled.
        complete_seconds: How long after its delivery an order can be refunded.
        platform_fee_bps: What the platform keeps of an order, in basis points (100 is 1 %);
            an order keeps the fee of the moment it was paid.
        drain_seconds: Over how long a stopping server spreads its closes.
        webhooks_private: Send webhooks to this machine and private networks too; on loopback
            they always may be.
        certfile: PEM file with certificate and key for TLS.
        history: Feed events kept for viewers who return.
        commands_per_second, commands_burst: Budget of a connection.
        chat_every_ms, chat_burst: Budget of a viewer's chat, over all nodes.
        likes_per_second: Like commands of a viewer on a node.
        connections_per_address: Sockets of one address; 0 is no limit. Loopback is
            free unless ``limit_loopback`` is set.
        limit_loopback: Count loopback addresses too.
        log_level: Of the standard logging levels.

    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    data_dir: Path = Path("data")
    demo: bool = False
    secret: str = field(default="", repr=False)
    redis_url: str = ""
    database_url: str = ""
    allowed_origins: str = ""
    trusted_proxies: str = ""
    payments: str = "sandbox"
    stripe_secret_key: str = field(default="", repr=False)
    stripe_webhook_secrets: str = field(default="", repr=False)
    stripe_account: str = ""
    stripe_return_url: str = ""
    stripe_api: str = ""
    payments_per_second: int = 0
    pay_seconds: int = 300
    hold_grace_seconds: int = 120
    free_cancel_seconds: int = 0
    cancel_approval: str = "auto"
    cancel_answer_seconds: int = 24 * 3600
    complete_seconds: int = 15 * 24 * 3600
    platform_fee_bps: int = 0
    drain_seconds: int = 5
    webhooks_private: bool = False
    certfile: str = ""
    history: int = 1000
    commands_per_second: int = 30
    commands_burst: int = 60
    chat_every_ms: int = 2000
    chat_burst: int = 3
    likes_per_second: int = 10
    connections_per_address: int = 1000
    limit_loopback: bool = False
    log_level: str = "INFO"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def may_tell_private(self) -> bool:
        """Whether webhooks may go to this machine and to private networks."""
        return self.webhooks_private or self.is_loopback

    @property
    def is_alone(self) -> bool:
        """Whether one process alone serves viewers; a command may still work beside it."""
        return self.workers == 1 and not self.redis_url

    @property
    def origins(self) -> frozenset[str]:
        """The browser origins on the allow-list."""
        return _items(self.allowed_origins)

    @property
    def proxies(self) -> frozenset[str]:
        """The addresses that may speak for others."""
        return _items(self.trusted_proxies)

    @classmethod
    def load(cls, given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
        """Defaults, overlaid by the environment, overlaid by what was given.

        Raises:
            SettingsError: A value that does not fit its setting.

        """
        values: dict[str, object] = {}
        for name, kind in get_type_hints(cls).items():
            text = environ.get(PREFIX + name.upper())
            if text is not None:
                values[name] = _parse(name, kind, text)
            if given.get(name) is not None:
                values[name] = given[name]
        settings = cls(**values)  # type: ignore[arg-type]
        settings._check()
        return settings

    def environ(self) -> dict[str, str]:
        """The same as environment variables, for a process of ours."""
        return {PREFIX + name.upper(): str(getattr(self, name)) for name in _names()}

    def _check(self) -> None:
        hold_s = self.pay_seconds + self.hold_grace_seconds
        postgres = self.database_url.startswith(("postgresql:", "postgres:"))
        rules = {
            f"port is {self.port}: choose 1 to 65535.": 0 <= self.port <= HIGHEST_PORT,
            f"workers is {self.workers}: choose 1 to 256.": 1 <= self.workers <= MOST_WORKERS,
            f"payments is {self.payments!r}: set sandbox or stripe.": self.payments
            in {"sandbox", "stripe"},
            "database_url must be a postgresql:// address, or unset (SQLite).": postgres
            or not self.database_url,
            f"payments_per_second is {self.payments_per_second}: choose 10000 at most.": (
                self.payments_per_second <= FASTEST_PAYMENTS
            ),
            "allowed_origins: write each with its scheme, as https://shop.example.": all(
                "://" in origin for origin in self.origins
            ),
            "pay_seconds and hold_grace_seconds together: choose a day at most.": hold_s
            <= LONGEST_HOLD_S,
            f"cancel_approval is {self.cancel_approval!r}: set auto or seller.": (
                self.cancel_approval in {"auto", "seller"}
            ),
            f"platform_fee_bps is {self.platform_fee_bps}: choose 0 to 10000, which is all.": (
                self.platform_fee_bps <= WHOLE_BPS
            ),
            f"log_level is {self.log_level!r}: set DEBUG, INFO or WARNING.": (
                self.log_level.upper() in logging.getLevelNamesMapping()
            ),
        }
        for name, least in LEAST.items():
            rules[f"{name} is {getattr(self, name)}: choose {least} or more."] = (
                getattr(self, name) >= least
            )
        for name in _names():
            value = getattr(self, name)
            if isinstance(value, int):
                rules[f"{name} is {value}: it cannot be negative."] = value >= 0
        for message, holds in rules.items():
            if not holds:
                raise SettingsError(message)


def _names() -> list[str]:
    return [each.name for each in dataclasses.fields(Settings)]


def _items(text: str) -> frozenset[str]:
    return frozenset(item.strip() for item in text.split(",") if item.strip())


def _parse(name: str, kind: object, text: str) -> object:
    if isinstance(kind, types.UnionType):
        kind = get_args(kind)[0]
    if kind is bool:
        return text.strip().lower() in {"1", "true", "yes", "on"}
    if kind is Path:
        return Path(text)
    if kind is int:
        try:
            return int(text)
        except ValueError as error:
            raise SettingsError(
                f"{PREFIX}{name.upper()} is {text!r}: set a whole number."
            ) from error
    return text
