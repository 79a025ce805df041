"""Which settings payments can be taken with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from base.options import parser
from base.settings import Settings, SettingsError
from live import provider
from tests.clock import StoppedClock

GOOD = Settings(
    payments="stripe",
    stripe_secret_key="sk_test_1",
    stripe_webhook_secrets="whsec_1",
    stripe_return_url="https://shop.example/thanks",
)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        GOOD,
        replace(GOOD, stripe_secret_key="rk_live_1", stripe_account="acct_1"),
        replace(GOOD, stripe_return_url="http://127.0.0.1:8080/", demo=True),
    ],
    ids=["sandbox", "test", "live", "at home"],
)
def test_these_settings_do(settings: Settings) -> None:
    provider.require(settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stripe_secret_key": ""}, "STRIPE_SECRET_KEY"),
        ({"stripe_secret_key": "pk_live_1"}, "STRIPE_SECRET_KEY"),
        ({"stripe_webhook_secrets": ""}, "STRIPE_WEBHOOK_SECRETS"),
        ({"stripe_webhook_secrets": " , "}, "STRIPE_WEBHOOK_SECRETS"),
        ({"stripe_webhook_secrets": "whsec_1,sk_test_1"}, "STRIPE_WEBHOOK_SECRETS"),
        ({"stripe_account": "ada"}, "STRIPE_ACCOUNT"),
        ({"stripe_return_url": ""}, "STRIPE_RETURN_URL"),
        ({"stripe_return_url": "shop.example"}, "STRIPE_RETURN_URL"),
        ({"stripe_return_url": "javascript:alert(1)"}, "STRIPE_RETURN_URL"),
        ({"stripe_secret_key": "sk_live_1", "stripe_return_url": "http://a.example"}, "https"),
        ({"stripe_secret_key": "sk_live_1", "stripe_api": "http://127.0.0.1:1"}, "STRIPE_API"),
        ({"stripe_secret_key": "rk_live_1", "demo": True}, "without --demo"),
    ],
    ids=str,
)
def test_others_are_refused_in_one_line_without_the_secret(
    changes: dict[str, str | bool], words: str
) -> None:
    settings = replace(GOOD, **changes)  # type: ignore[arg-type]

    with pytest.raises(SettingsError, match=words) as refusal:
        provider.require(settings)

    assert "\n" not in str(refusal.value)
    assert "live_1" not in str(refusal.value)


def test_a_missing_library_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider, "find_spec", lambda _: None)

    with pytest.raises(SettingsError, match=r"pip install 'yellowcart\[stripe\]'"):
        provider.require(GOOD)


def test_secrets_are_neither_shown_nor_taken_from_the_command_line() -> None:
    settings = replace(GOOD, secret="a secret of ours")

    for secret in ("sk_test_1", "whsec_1", "a secret of ours"):
        assert secret not in repr(settings)
    for option in ("--secret", "--stripe-secret-key", "--stripe-webhook-secrets"):
        assert option not in parser().format_help()


async def test_the_doctor_knows_practice_from_money() -> None:
    finding = await provider.examine(Settings())

    assert finding.ok
    assert "no real money" in finding.text


async def test_off_loopback_a_test_key_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answering:
        async def check(self) -> None: ...
        async def close(self) -> None: ...

    monkeypatch.setattr(provider, "_calls", lambda _: Answering())

    at_home = await provider.examine(GOOD)
    public = await provider.examine(replace(GOOD, host="0.0.0.0"))  # noqa: S104
    live = await provider.examine(replace(GOOD, host="0.0.0.0", stripe_secret_key="sk_live_1"))  # noqa: S104

    assert [finding.ok for finding in (at_home, public, live)] == [True, False, True]
    assert "test key" in public.text


@pytest.mark.parametrize(
    ("settings", "ms"),
    [
        (Settings(), None),
        (Settings(payments_per_second=5), 200),
        (GOOD, 50),
        (replace(GOOD, payments_per_second=80), 12.5),
    ],
    ids=["sandbox", "sandbox, paced", "stripe", "a higher limit"],
)
async def test_payments_go_at_this_pace(settings: Settings, ms: float | None) -> None:
    clock, slept = StoppedClock(), []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds * 1000, 1))

    pace = provider.open_pace(settings, None, clock)

    if pace is None:
        assert ms is None
        return
    pace._sleep = sleep
    await pace.turn()
    await pace.turn()
    assert slept == [ms]
