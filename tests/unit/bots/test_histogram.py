"""Percentiles and steps of counted times."""

from __future__ import annotations

from bots.histogram import Histogram


def test_percentiles_are_values_that_occurred() -> None:
    times = Histogram((float(ms), 1) for ms in range(100, 0, -1))

    assert [times.percentile(percent) for percent in (50, 99, 100)] == [50.0, 99.0, 100.0]
    assert Histogram([(7.0, 1)]).percentile(50) == 7.0


def test_what_occurred_often_weighs_more() -> None:
    times = Histogram([(1.0, 99), (500.0, 1)])

    assert times.spread() == {"p50": 1.0, "p99": 1.0, "max": 500.0}


def test_of_no_values_there_is_no_percentile() -> None:
    assert Histogram().spread() == {"p50": None, "p99": None, "max": None}
    assert Histogram().steps() == {}


def test_each_value_is_in_the_first_step_that_fits() -> None:
    times = Histogram([(0.3, 2), (1.0, 1), (1.1, 1), (99.9, 1), (70_000, 1)])

    assert times.steps() == {"1": 3, "2": 1, "100": 1, "more": 1}


def test_histograms_add_up() -> None:
    times = Histogram([(1.0, 1)])

    times.add_all(Histogram([(1.04, 2), (3.0, 1)]))

    assert times.items() == [(1.0, 3), (3.0, 1)]
