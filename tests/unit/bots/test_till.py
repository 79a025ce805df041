"""Checkouts as their buyers learn of them."""

from __future__ import annotations

from typing import Any

from bots.invariants import Breaches
from bots.till import Till


def checkout(version: int, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "co-1",
        "version": version,
        "state": state,
        "total": 1999,
        "currency": "EUR",
        "lines": [{"sku": "mug-blue", "qty": 1}],
        "orders": ["or-1"] if state == "paid" else [],
        **changes,
    }


def note(till: Till, content: dict[str, Any], buyer: str = "bot-1", now_ms: int = 0) -> None:
    till.note(buyer, content, now_ns=now_ms * 1_000_000, clicked_ns=0)


def test_a_lower_version_is_old_news() -> None:
    till = Till(Breaches())

    note(till, checkout(3, "paid"))
    note(till, checkout(2, "pay_pending"))

    assert [receipt.state for receipt in till.paid()] == ["paid"]


def test_the_way_from_click_to_paid_is_timed_once() -> None:
    till = Till(Breaches())

    note(till, checkout(1, "reserved"), now_ms=5)
    note(till, checkout(2, "paid"), now_ms=40)
    note(till, checkout(2, "paid"), now_ms=90)

    assert till.latencies.items() == [(40.0, 1)]


def test_what_was_paid_stays_paid() -> None:
    breaches = Breaches()
    till = Till(breaches)

    note(till, checkout(2, "paid"))
    note(till, checkout(3, "expired"))

    assert breaches.counts == {"paid, and then not": 1}


def test_a_paid_checkout_has_an_order() -> None:
    breaches = Breaches()

    note(Till(breaches), checkout(2, "paid", orders=[]))

    assert breaches.counts == {"paid without an order": 1}


def test_nobody_sees_another_buyers_checkout() -> None:
    breaches = Breaches()
    till = Till(breaches)

    note(till, checkout(1, "reserved"), buyer="bot-1")
    note(till, checkout(1, "reserved"), buyer="bot-2")

    assert breaches.counts == {"somebody else's checkout": 1}
