"""Percentiles, and the report for people and programs."""

from __future__ import annotations

import json

from bots.report import Findings, as_json, as_text


def findings(**changes: object) -> Findings:
    times = {"p50": 1.0, "p99": 2.0, "max": 3.0}
    found = Findings(
        about={"url": "ws://127.0.0.1:8080/live", "show": "demo", "viewers": 1000, "buyers": 100,
               "seconds": 20.0, "seed": 1, "chat_per_second": 8.0},
        viewers={"wanted": 1000, "joined": 1000, "ramp_s": 1.5, "reconnects": 0, "snapshots": 0},
        pins={"acknowledged": 20, "delivered": 20_000, "expected": 20_000, "sight_ms": times,
              "event_age_ms": times},
        feed={"received": 123_456, "lost": 0, "doubled": 0,
              "event_age_ms": times | {"steps": {"1": 3, "10": 1}}},
        chat={"per_second": 7.5, "outcomes": {"ok": 7}, "sight_ms": times | {"steps": {"2": 7}}},
        purchases={"clicks": 300, "double_clicks": 60, "paid": 290, "paid_total": 579_710,
                   "sold_out": 10, "declined": 30, "paid_ms": times},
        stock={"sold": 350, "before": 2405, "after": 2055},
        charges={"count": 290, "captured": 579_710, "orders": 290, "ordered": 579_710},
        audit="ok",
    )  # fmt: skip
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_the_report_ends_with_the_verdict() -> None:
    text = as_text(findings())

    assert "20,000 of 20,000" in text
    assert "stock went from 2,405 to 2,055 (by 350)" in text
    assert text.endswith("Every invariant held.")


def test_a_histogram_is_a_row_of_shares() -> None:
    assert "≤1 75.0 %  ≤10 25.0 %" in as_text(findings())


def test_storms_and_misbehaviour_are_told_only_where_there_were_any() -> None:
    calm = findings()
    calm.about["chat_per_second"] = 0.0

    assert "7.5 of 8.0 a second, 7 ok, p50" in as_text(findings())
    assert "chat storm" not in as_text(calm)
    assert "3 stalled" in as_text(findings(unruly={"stalled": 3}))


def test_a_storm_that_nobody_sent_is_told_too() -> None:
    never: dict[str, object] = {"p50": None, "p99": None, "max": None, "steps": {}}
    silence = {"per_second": 0.0, "outcomes": {}, "sight_ms": never}

    assert "0.0 of 8.0 a second, never" in as_text(findings(chat=silence))


def test_what_broke_is_told_with_examples() -> None:
    breach = {"name": "events lost", "times": 3, "examples": ["bot-7: 3"]}

    text = as_text(findings(broken=[breach]))

    assert "Every invariant held." not in text
    assert "events lost, 3 times\n    bot-7: 3" in text


def test_json_is_one_object_in_one_line() -> None:
    line = as_json(findings())

    assert "\n" not in line
    content = json.loads(line)
    assert content["ok"] is True
    assert content["pins"]["delivered"] == 20_000
