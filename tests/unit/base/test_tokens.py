"""Whose token holds, and what it says."""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from base.errors import Unauthorized
from base.identity import Role
from base.tokens import Tokens, sign
from tests.clock import StoppedClock

SECRET = "a secret that is long enough to sign with"


def tokens(clock: StoppedClock) -> Tokens:
    return Tokens(SECRET, clock)


def claims(clock: StoppedClock, **more: object) -> dict[str, object]:
    return {"sub": "ada", "role": "viewer", "exp": clock.now_ms() // 1000 + 60, **more}


def test_a_signed_token_says_who_it_is(clock: StoppedClock) -> None:
    token = sign(SECRET, claims(clock, role="seller", name="Ada  L.", shop="clay"))  # type: ignore[arg-type]

    actor = tokens(clock).verify(token)

    assert (actor.id, actor.name, actor.role, actor.shop) == ("ada", "Ada L.", Role.SELLER, "clay")
    assert not actor.guest


def test_a_token_is_signed_as_the_library_signs_it(clock: StoppedClock) -> None:
    body = claims(clock, name="Zoe")

    assert sign(SECRET, body) == jwt.encode(body, SECRET, algorithm="HS256")  # type: ignore[arg-type]


def test_a_guest_comes_back_as_the_same(clock: StoppedClock) -> None:
    guest, token = tokens(clock).guest()

    assert tokens(clock).verify(token) == guest
    assert guest.guest
    assert guest.role is Role.VIEWER


def test_it_ends_when_it_says(clock: StoppedClock) -> None:
    token = sign(SECRET, claims(clock))  # type: ignore[arg-type]
    tokens(clock).verify(token)

    clock.advance(60_001)

    with pytest.raises(Unauthorized):
        tokens(clock).verify(token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": "a b"},
        {"sub": "a\n"},
        {"sub": "x" * 65},
        {"role": "emperor"},
        {"role": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"shop": "../etc"},
        {"show": 5},
    ],
    ids=str,
)
def test_wrong_claims_do_not_hold(clock: StoppedClock, wrong: dict[str, object]) -> None:
    body = {name: value for name, value in claims(clock, **wrong).items() if value is not None}

    with pytest.raises(Unauthorized):
        tokens(clock).verify(jwt.encode(body, SECRET, algorithm="HS256"))


def test_a08_forged_tokens_do_not_hold(clock: StoppedClock) -> None:
    good = sign(SECRET, claims(clock))  # type: ignore[arg-type]
    head, body, signature = good.split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    other = jwt.encode(claims(clock), "another secret, just as long as it", algorithm="HS256")
    stronger = jwt.encode(claims(clock), SECRET * 2, algorithm="HS512")

    forgeries = [f"{unsigned}.{body}.", f"{head}.{body}.{signature[::-1]}", other, stronger]
    for forged in [*forgeries, "", "a.b.c", "x" * 10_000]:
        with pytest.raises(Unauthorized):
            tokens(clock).verify(forged)


def test_a_name_cannot_carry_control_characters(clock: StoppedClock) -> None:
    token = sign(SECRET, claims(clock, name="Ada\u202e\n<b>" + "x" * 100))  # type: ignore[arg-type]

    name = tokens(clock).verify(token).name

    assert name.isprintable()
    assert len(name) <= 60
