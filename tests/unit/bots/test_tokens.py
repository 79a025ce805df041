"""Tokens as a merchant's backend would sign them."""

from __future__ import annotations

import time

import jwt

from bots.tokens import Mint


def test_a_token_names_the_account_and_outlives_the_run() -> None:
    token = Mint("a secret of the tests, long enough", 60).token("bot-1", "viewer", "Bot 1")

    claims = jwt.decode(token, "a secret of the tests, long enough", algorithms=["HS256"])

    assert (claims["sub"], claims["role"], claims["name"]) == ("bot-1", "viewer", "Bot 1")
    assert claims["exp"] > time.time() + 60


def test_a_short_secret_signs_without_a_warning() -> None:
    assert Mint("short", 1).token("bot-1", "admin")
