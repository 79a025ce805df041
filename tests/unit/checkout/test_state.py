"""The life of a checkout is its table."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from checkout.record import Record
from checkout.rows import move
from checkout.state import ENDED, MEANING, OPEN, PENDING, TRANSITIONS, State, shown

if TYPE_CHECKING:
    from store.sql.rows import Connection

DOC = Path(__file__).parents[3] / "docs" / "orders.md"

PUBLIC = {state.value for state in State} - {"canceling", "unknown"}
CHECKOUTS = DOC.read_text(encoding="utf-8").split("\n## Orders\n", 1)[0]
NO_BOOK = cast("Connection", None)

FORBIDDEN = [
    (state, to) for state, to in itertools.product(State, State) if to not in TRANSITIONS[state]
]


@pytest.mark.parametrize(("state", "to"), FORBIDDEN)
def test_a32_what_is_not_in_the_table_never_reaches_the_book(state: State, to: State) -> None:
    record = Record(
        id="co_1",
        version=1,
        viewer="vera",
        viewer_name="Vera",
        fingerprint="",
        whole_cart=False,
        show=None,
        state=state,
        currency="USD",
        lines=(),
        subtotal=0,
        shipping=0,
        discount=0,
        tax=0,
        total=0,
        pay_by=0,
        hold_until=0,
        created_at=0,
    )

    with pytest.raises(ValueError, match="does not follow"):
        move(NO_BOOK, record, to)


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


@pytest.mark.parametrize("state", sorted(ENDED | {State.PAID, State.REFUNDING}))
def test_what_has_ended_never_holds_stock_again_as_an_open_checkout(state: State) -> None:
    assert not TRANSITIONS[state] & OPEN


def test_every_state_is_open_or_ended_or_has_the_money() -> None:
    assert OPEN | ENDED | {State.PAID, State.REFUNDING} == set(State)
    assert not OPEN & ENDED
    assert PENDING < OPEN


def test_only_public_states_are_shown() -> None:
    assert {shown(state).value for state in State} == PUBLIC


def test_the_document_lists_every_state_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", CHECKOUTS, re.MULTILINE))

    assert rows == {state.value: meaning for state, meaning in MEANING.items()}


def test_the_documents_picture_is_drawn_from_the_table() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", CHECKOUTS, re.MULTILINE))

    assert drawn == {
        (state.value, to.value) for state, follow in TRANSITIONS.items() for to in follow
    }
