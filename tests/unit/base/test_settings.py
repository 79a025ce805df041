"""Where settings come from, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.settings import Settings, SettingsError


def test_what_is_given_wins_over_the_environment() -> None:
    environ = {"YELLOWCART_PORT": "9000", "YELLOWCART_DATA_DIR": "/srv/yc", "YELLOWCART_DEMO": "1"}

    settings = Settings.load({"port": 9001, "host": None}, environ)

    assert (settings.port, settings.host) == (9001, "127.0.0.1")
    assert settings.data_dir == Path("/srv/yc")
    assert settings.demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("WORKERS", "0"),
        ("PAYMENTS", "cash"),
        ("DATABASE_URL", "mysql://db"),
        ("PAY_SECONDS", "-5"),
        ("LOG_LEVEL", "LOUD"),
        ("ALLOWED_ORIGINS", "https://shop.example, other.example"),
        ("HISTORY", "0"),
        ("COMMANDS_PER_SECOND", "0"),
        ("LIKES_PER_SECOND", "0"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"(?i){name}") as refusal:
        Settings.load({}, {f"YELLOWCART_{name}": value})

    assert "\n" not in str(refusal.value)


def test_another_process_gets_the_same_settings() -> None:
    settings = Settings.load({"port": 81, "demo": True, "allowed_origins": "https://a"}, {})

    assert Settings.load({}, settings.environ()) == settings


def test_lists_are_split_at_commas() -> None:
    settings = Settings.load({"allowed_origins": " https://a ,https://b,"}, {})

    assert settings.origins == {"https://a", "https://b"}


def test_only_loopback_is_private() -> None:
    assert Settings().is_loopback
    assert not Settings(host="0.0.0.0").is_loopback  # noqa: S104
