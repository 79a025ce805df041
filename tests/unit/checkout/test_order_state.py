"""The life of an order is its table."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import cast

import pytest
from msgspec import structs

from checkout.checkout import Address
from checkout.order import Order
from checkout.order_rows import OrderRecord, change
from checkout.order_state import CANCELLABLE, MEANING, SENDABLE, TRANSITIONS, OrderState
from store.sql.rows import Connection

DOC = Path(__file__).parents[3] / "docs" / "orders.md"
NO_BOOK = cast("Connection", None)
ORDER = Order(
    id="or_1",
    number="000001",
    shop="ada",
    state="",
    lines=(),
    subtotal=0,
    shipping=0,
    discount=0,
    tax=0,
    total=0,
    refunded_total=0,
    currency="USD",
    paid_at=0,
    ship_to=Address(name="V", line1="1", city="Oslo", country="NO"),
)

FORBIDDEN = [
    (state, to)
    for state, to in itertools.product(OrderState, OrderState)
    if to not in TRANSITIONS[state] and to is not state
]


def section() -> str:
    """What the document says of orders."""
    return DOC.read_text(encoding="utf-8").split("\n## Orders\n", 1)[1]


@pytest.mark.parametrize(("state", "to"), FORBIDDEN)
def test_what_is_not_in_the_table_never_reaches_the_book(
    state: OrderState, to: OrderState
) -> None:
    record = OrderRecord(
        order=structs.replace(ORDER, state=state.value),
        checkout="co_1",
        viewer="vera",
        attempt="pay_1",
        lines=(),
        reserved=0,
        platform_fee=0,
        commission=0,
        next_at=None,
    )

    with pytest.raises(ValueError, match="does not follow"):
        change(NO_BOOK, record, to)


def test_every_state_can_be_reached() -> None:
    reached = {OrderState.ON_HOLD}
    for _ in OrderState:
        reached |= {to for state in reached for to in TRANSITIONS[state]}

    assert reached == set(OrderState)


def test_every_order_comes_to_an_end() -> None:
    ends = {state for state in OrderState if not TRANSITIONS[state]}

    assert ends == {OrderState.COMPLETED, OrderState.CANCELLED}
    for state in set(OrderState) - ends:
        found = {state}
        for _ in OrderState:
            found |= {to for one in found for to in TRANSITIONS[one]}
        assert found & ends


def test_what_was_sent_is_never_cancelled() -> None:
    for state in set(OrderState) - CANCELLABLE | {OrderState.PARTIALLY_SHIPPING}:
        assert OrderState.CANCELLED not in TRANSITIONS[state]
    assert SENDABLE < CANCELLABLE


def test_the_document_lists_every_state_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", section(), re.MULTILINE))

    assert rows == {state.value: meaning for state, meaning in MEANING.items()}


def test_the_documents_picture_is_drawn_from_the_table() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", section(), re.MULTILINE))

    assert drawn == {
        (state.value, to.value) for state, follow in TRANSITIONS.items() for to in follow
    }
