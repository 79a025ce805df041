from __future__ import annotations

import pytest

from base.errors import RateLimited, Unauthorized
from base.identity import Actor, Role
from base.settings import Settings
from tests.clock import StoppedClock
from web import budgets
from web.budgets import Budgets
from web.caller import Caller

SETTINGS = Settings(commands_per_second=1, commands_burst=2)


def caller(address: str = "203.0.113.1", actor: str | None = None) -> Caller:
    who = None
    if actor is not None:
        who = Actor(id=actor, name=actor, role=Role.VIEWER, expires_ms=2**53)
    return Caller(
        actor=who, refusal=Unauthorized("?"), address=address, is_loopback=address == "127.0.0.1"
    )


def taken(table: Budgets, who: Caller, times: int) -> int:
    """How many of so many requests pass."""
    passed = 0
    for _ in range(times):
        try:
            table.take(who)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_a_burst_passes_and_then_one_a_second(clock: StoppedClock) -> None:
    table = Budgets(SETTINGS, clock)

    assert taken(table, caller(), 5) == 2
    clock.advance(1000)
    assert taken(table, caller(), 5) == 1


def test_who_is_refused_is_told_when_to_come_back(clock: StoppedClock) -> None:
    table = Budgets(SETTINGS, clock)
    taken(table, caller(), 2)

    with pytest.raises(RateLimited) as refused:
        table.take(caller())

    assert 900 <= int(refused.value.data["retry_after_ms"]) <= 1001


def test_accounts_and_addresses_do_not_take_from_each_other(clock: StoppedClock) -> None:
    table = Budgets(SETTINGS, clock)
    taken(table, caller(), 2)

    assert taken(table, caller("203.0.113.2"), 5) == 2
    assert taken(table, caller(actor="ada"), 5) == 2
    assert taken(table, caller("203.0.113.2", actor="ada"), 5) == 0


def test_loopback_without_a_token_is_free_unless_it_is_limited(clock: StoppedClock) -> None:
    free = Budgets(SETTINGS, clock)
    limited = Budgets(
        Settings(commands_per_second=1, commands_burst=2, limit_loopback=True), clock
    )

    assert taken(free, caller("127.0.0.1"), 50) == 50
    assert taken(free, caller("127.0.0.1", actor="ada"), 50) == 2
    assert taken(limited, caller("127.0.0.1"), 50) == 2


def test_the_table_forgets_who_has_not_asked_for_longest(
    clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "MOST_CALLERS", 2)
    table = Budgets(SETTINGS, clock)
    taken(table, caller("203.0.113.1"), 2)
    taken(table, caller("203.0.113.2"), 2)
    taken(table, caller("203.0.113.1"), 1)

    taken(table, caller("203.0.113.3"), 1)

    assert len(table) == 2
    assert taken(table, caller("203.0.113.1"), 1) == 0
