"""So many in a burst, then so many a second."""

from __future__ import annotations

from live.token_bucket import TokenBucket


def test_a_burst_is_free_then_the_rate_counts() -> None:
    budget = TokenBucket(10, 3)

    waits = [budget.take(100.0) for _ in range(4)]

    assert waits[:3] == [0, 0, 0]
    assert 95 <= waits[3] <= 105


def test_what_was_refused_costs_nothing() -> None:
    budget = TokenBucket(10, 1)
    budget.take(100.0)

    for _ in range(50):
        assert budget.take(100.0) > 0

    assert budget.take(100.11) == 0


def test_a_pause_does_not_save_more_than_the_burst() -> None:
    budget = TokenBucket(10, 2)
    budget.take(0.0)

    assert [budget.take(1000.0) > 0 for _ in range(3)] == [False, False, True]
