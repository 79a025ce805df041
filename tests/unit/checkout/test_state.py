"""The life of a checkout is its table."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from checkout.state import ENDED, MEANING, OPEN, PENDING, TRANSITIONS, State, may, shown

DOC = Path(__file__).parents[3] / "docs" / "orders.md"

PUBLIC = set(
    "reserving reserved pay_pending authorized capturing paid refunding "
    "rejected expired cancelled failed refunded".split()
)


@pytest.mark.parametrize(("state", "to"), itertools.product(State, State))
def test_a_state_may_follow_only_where_the_table_says(state: State, to: State) -> None:
    assert may(state, to) is (to in TRANSITIONS[state])


def test_every_state_can_be_reached() -> None:
    reached = {State.RESERVING}
    for _ in State:
        reached |= {to for state in reached for to in TRANSITIONS[state]}

    assert reached == set(State)


def test_every_open_state_can_come_to_an_end() -> None:
    def leads_on(state: State) -> set[State]:
        found = {state}
        for _ in State:
            found |= {to for one in found for to in TRANSITIONS[one]}
        return found

    for state in OPEN:
        assert leads_on(state) & (ENDED | {State.PAID})


@pytest.mark.parametrize("state", [*ENDED, State.PAID, State.REFUNDING])
def test_what_has_ended_never_holds_stock_again_as_an_open_checkout(state: State) -> None:
    assert not TRANSITIONS[state] & OPEN


def test_every_state_is_open_or_ended_or_has_the_money() -> None:
    assert OPEN | ENDED | {State.PAID, State.REFUNDING} == set(State)
    assert not OPEN & ENDED
    assert PENDING < OPEN


def test_only_public_states_are_shown() -> None:
    assert {shown(state).value for state in State} == PUBLIC


def test_the_document_lists_every_state_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", DOC.read_text(), re.MULTILINE))

    assert rows == {state.value: meaning for state, meaning in MEANING.items()}


def test_the_documents_picture_is_drawn_from_the_table() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", DOC.read_text(), re.MULTILINE))

    assert drawn == {
        (state.value, to.value) for state, follow in TRANSITIONS.items() for to in follow
    }
