"""The dashboard shows what is measured, all of it and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from web.metrics import Metrics

DASHBOARD = json.loads((Path(__file__).parents[3] / "docs" / "grafana.json").read_text())
NAME = re.compile(r"\byellowcart_\w+")
NODE = SimpleNamespace(
    viewers=1,
    sockets=1,
    rooms=1,
    tasks=1,
    payments_waiting=1,
    feed_silent_s=0.1,
    closes=Counter({1001: 1}),
)


def measured() -> dict[str, set[str]]:
    """Every sample's name, and its labels."""
    metrics = Metrics("1")
    metrics.watch(cast("Any", NODE))
    metrics.joined("ok")
    metrics.command("ping", "ok")
    metrics.told("chat", 1)
    metrics.broadcast("tick", 0.01)
    metrics.sent("tick", 10)
    metrics.checkout("paid")
    metrics.webhook("delivered")
    metrics.http("GET", "/", 200)
    return {
        sample.name: set(sample.labels) | {"instance"}
        for family in metrics.families()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return panels + [
        variable["query"]["query"]
        for variable in DASHBOARD["templating"]["list"]
        if variable["type"] == "query"
    ]


def test_it_names_only_what_is_measured() -> None:
    names = measured()
    for expression in expressions():
        for name in NAME.findall(expression):
            assert name in names, expression


def test_it_groups_only_by_labels_that_there_are() -> None:
    names = measured()
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            [name] = NAME.findall(target["expr"])
            grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
            labels = {label.strip() for group in grouped for label in group.split(",")}
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert labels <= names[name], target["expr"]
            assert shown <= labels, target["legendFormat"]


def test_nothing_that_is_measured_is_left_out() -> None:
    shown = {name for expression in expressions() for name in NAME.findall(expression)}
    for name in measured():
        whole = re.sub(r"_(bucket|count|sum)$", "", name)
        assert any(one.startswith(whole) for one in shown), name


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
