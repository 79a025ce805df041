"""What the checks let pass, and what they name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bots.invariants import (
    DETAILS,
    Breaches,
    check_audit,
    check_charges,
    check_chats,
    check_deliveries,
    check_orders,
    check_stock,
)
from bots.till import Receipt

Map = dict[str, Any]


def receipt(state: str = "paid", total: int = 1999) -> Receipt:
    return Receipt(
        checkout="co-1",
        buyer="bot-1",
        clicked_ns=0,
        state=state,
        total=total,
        currency="EUR",
        orders=["or-1"] if state == "paid" else [],
        units=Counter({"mug-blue": 1}),
    )


def charge(**changes: Any) -> Map:
    money = {"amount": 1999, "captured": 1999, "refunded": 0, "currency": "EUR"}
    return {"id": "ch-1", "checkout": "co-1", **money, **changes}


def order(**changes: Any) -> Map:
    return {"id": "or-1", "total": 1999, "lines": [{"sku": "mug-blue", "qty": 1}], **changes}


@pytest.mark.parametrize(
    ("joined", "pins", "delivered", "expected"),
    [
        (1000, 20, 20_000, {}),
        (1000, 20, 19_999, {"undelivered": 1}),
        (1000, 0, 0, {"nothing pinned": 1}),
        (0, 20, 0, {"nothing pinned": 1}),
    ],
)
def test_every_pin_reaches_every_viewer(
    joined: int, pins: int, delivered: int, expected: dict[str, int]
) -> None:
    breaches = Breaches()

    check_deliveries(breaches, delivered=delivered, joined=joined, pins=pins)

    assert breaches.counts == expected


@pytest.mark.parametrize(
    ("heard", "expected"), [(8000, {}), (7990, {"chats undelivered": 10}), (9000, {})]
)
def test_every_chat_that_was_let_in_reaches_every_viewer(
    heard: int, expected: dict[str, int]
) -> None:
    breaches = Breaches()

    check_chats(breaches, heard=heard, joined=1000, said=8)

    assert breaches.counts == expected


@pytest.mark.parametrize(
    ("before", "after", "sold", "expected"),
    [
        (5, 2, 3, []),
        (5, 1, 3, []),  # somebody else bought one
        (5, 0, 6, ["oversold", "sold without leaving the shelf"]),
        (5, 3, 3, ["sold without leaving the shelf"]),
        (5, -1, 5, ["oversold"]),
    ],
)
def test_sold_units_were_there_and_left_the_shelf(
    before: int, after: int, sold: int, expected: list[str]
) -> None:
    breaches = Breaches()

    check_stock(breaches, {"mug-blue": before}, {"mug-blue": after}, {"mug-blue": sold})

    assert list(breaches.counts) == expected


@pytest.mark.parametrize(
    ("state", "charges", "expected"),
    [
        ("paid", [charge()], []),
        ("paid", [charge(), charge(captured=0)], []),  # a declined attempt
        ("paid", [], ["paid without a charge"]),
        ("paid", [charge(), charge()], ["charged twice"]),
        ("paid", [charge(captured=1)], ["charged another amount"]),
        ("paid", [charge(currency="USD")], ["charged another amount"]),
        ("paid", [charge(checkout="co-of-another")], ["paid without a charge"]),
        ("cancelled", [], []),
        ("cancelled", [charge(refunded=1999)], []),
        ("cancelled", [charge()], ["charged without an order"]),
        ("pay_pending", [charge()], []),  # nobody knows yet
    ],
)
def test_each_paid_checkout_is_captured_once_and_in_full(
    state: str, charges: list[Map], expected: list[str]
) -> None:
    breaches = Breaches()

    check_charges(breaches, [receipt(state)], charges)

    assert list(breaches.counts) == expected


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([order()], set()),
        (
            [],
            {"order missing", "orders differ from payments", "units differ from payments"},
        ),
        ([order(total=1)], {"orders differ from payments"}),
        ([order(lines=[{"sku": "mug-blue", "qty": 2}])], {"units differ from payments"}),
        (
            [order(), order(id="or-2", total=0, lines=[])],
            {"order without a checkout"},
        ),
    ],
)
def test_a_buyers_orders_are_those_of_its_checkouts(orders: list[Map], expected: set[str]) -> None:
    breaches = Breaches()

    check_orders(breaches, "bot-1", [receipt()], orders)

    assert set(breaches.counts) == expected


def test_one_order_in_two_checkouts_is_doubled() -> None:
    breaches = Breaches()

    check_orders(breaches, "bot-1", [receipt(), receipt()], [order()])

    assert "order doubled" in breaches.counts


def test_the_audits_failing_check_is_named() -> None:
    breaches = Breaches()
    checks = [
        {"name": "stock", "ok": True, "expected": 5, "actual": 5},
        {"name": "ledger", "ok": False, "expected": 0, "actual": 1999},
    ]

    check_audit(breaches, {"ok": False, "checks": checks})

    assert breaches.details["audit"] == ["ledger: expected 0, actual 1999"]


def test_an_audit_that_is_not_ok_breaks_even_without_a_reason() -> None:
    breaches = Breaches()

    check_audit(breaches, {"ok": False, "checks": []})

    assert breaches.counts == {"audit": 1}


def test_breaches_keep_a_few_examples_and_count_them_all() -> None:
    breaches = Breaches()

    for number in range(1000):
        breaches.add("events lost", f"bot-{number}")

    assert breaches.counts["events lost"] == 1000
    assert len(breaches.details["events lost"]) == DETAILS
