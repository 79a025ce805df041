"""Parts add up to their whole, however they are cut."""

from __future__ import annotations

import random

import pytest

from checkout.ledger import Parts
from checkout.splits import reversed_part, share, spread, up_to


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (70, [50, 50], [35, 35]),
        (5, [0, 3, 0], [0, 5, 0]),
        (1, [1, 1], [1, 0]),
        (10, [6, 3, 1], [6, 3, 1]),
        (11, [2, 3], [4, 7]),
        (0, [], []),
        (0, [0, 0], [0, 0]),
        (10**15, [1, 10**11], [10_000, 10**15 - 10_000]),
    ],
)
def test_largest_remainders(amount: int, weights: list[int], parts: list[int]) -> None:
    assert spread(amount, weights) == parts


def test_a_split_always_adds_up_and_nobody_is_a_unit_off() -> None:
    chance = random.Random(4)
    for _ in range(2000):
        weights = [chance.randrange(1000) for _ in range(chance.randrange(1, 9))]
        amount = chance.randrange(10_000)
        if not sum(weights):
            continue
        parts = spread(amount, weights)
        assert sum(parts) == amount
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - amount * weight / sum(weights)) < 1


def test_something_cannot_be_split_among_nobody() -> None:
    with pytest.raises(ValueError, match="nobody"):
        spread(1, [0, 0])


def test_units_add_up_to_their_line() -> None:
    assert [up_to(100, units, 3) for units in range(4)] == [0, 33, 66, 100]


def test_a_share_is_rounded_down() -> None:
    assert [share(1999, bps) for bps in (0, 250, 10_000)] == [0, 49, 1999]


def test_a_part_is_reversed_whole_by_a_full_refund_however_it_is_cut() -> None:
    chance = random.Random(5)
    for _ in range(500):
        captured = chance.randrange(1, 5000)
        part, refunded, back = chance.randrange(captured + 1), 0, 0
        while refunded < captured:
            before = reversed_part(part, refunded, captured)
            refunded += chance.randrange(1, captured - refunded + 1)
            step = reversed_part(part, refunded, captured) - before
            assert step >= 0
            back += step
        assert back == part


def test_nothing_is_reversed_of_what_was_free() -> None:
    assert reversed_part(0, 0, 0) == 0


def test_the_parts_of_an_order_add_up_to_it() -> None:
    parts = Parts.of(total=1999, tax=0, goods=1999, fee_bps=250)

    assert parts.accounts("ada") == {
        "shop_payable:ada": 1950,
        "platform_fee": 49,
        "tax_payable": 0,
        "commission": 0,
    }
    for refunded in range(2000):
        assert sum(parts.reversed(refunded).accounts("ada").values()) == refunded
    assert parts.reversed(1999) == parts
