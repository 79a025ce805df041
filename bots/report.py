"""What a run found, for a person or as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bots.frames import Map

__all__ = ["Findings", "as_json", "as_text"]


@dataclass(slots=True, kw_only=True)
class Findings:
    """The numbers of one run; ``broken`` is empty when every invariant held.

    Latencies are :meth:`bots.histogram.Histogram.spread` maps; amounts are minor units.
    """

    about: Map = field(default_factory=dict)
    viewers: Map = field(default_factory=dict)
    unruly: Map = field(default_factory=dict)
    pins: Map = field(default_factory=dict)
    feed: Map = field(default_factory=dict)
    chat: Map = field(default_factory=dict)
    purchases: Map = field(default_factory=dict)
    stock: Map = field(default_factory=dict)
    charges: Map = field(default_factory=dict)
    refusals: Map = field(default_factory=dict)
    audit: str = "not read"
    broken: list[Map] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every invariant held."""
        return not self.broken


def as_json(findings: Findings) -> str:
    """One JSON object in one line."""
    content = {name: getattr(findings, name) for name in Findings.__slots__}
    return json.dumps({"ok": findings.ok, **content}, ensure_ascii=False)


def as_text(findings: Findings) -> str:
    """Aligned lines, the verdict last."""
    about, found = findings.about, _rows(findings)
    width = max(len(name) for name, _ in found)
    lines = [
        f"{about['url']}, show {about['show']}: {about['viewers']:,} viewers, "
        f"{about['buyers']:,} of them buyers, {about['seconds']:g} s, seed {about['seed']}",
        "",
        *(f"  {name:<{width}}  {text}" for name, text in found),
        "",
    ]
    if findings.ok:
        return "\n".join([*lines, "Every invariant held."])
    lines.append("BROKEN:")
    for breach in findings.broken:
        lines.append(f"  {breach['name']}, {breach['times']:,} times")
        lines += [f"    {example}" for example in breach["examples"]]
    return "\n".join(lines)


def _rows(findings: Findings) -> list[tuple[str, str]]:
    viewers, pins, feed = findings.viewers, findings.pins, findings.feed
    bought, stock, charges = findings.purchases, findings.stock, findings.charges
    rows = [
        ("viewers joined", f"{viewers['joined']:,} of {viewers['wanted']:,} in "
         f"{viewers['ramp_s']:.1f} s, {viewers['reconnects']:,} reconnections, "
         f"{viewers['snapshots']:,} snapshots"),
        ("pins", f"{pins['acknowledged']:,}"),
        ("deliveries", f"{pins['delivered']:,} of {pins['expected']:,}"),
        ("pin to sight", f"{_times(pins['sight_ms'])}  from the host's send"),
        ("", f"{_times(pins['event_age_ms'])}  from the event's time"),
        ("feed events", f"{feed['received']:,} received, {feed['lost']:,} lost, "
         f"{feed['doubled']:,} doubled"),
        ("all events", f"{_times(feed['event_age_ms'])}  from the event's time"),
        *_steps(feed["event_age_ms"]),
        ("purchases", f"{bought['paid']:,} paid of {bought['clicks']:,} "
         f"({bought['double_clicks']:,} clicked twice), {bought['sold_out']:,} sold out, "
         f"{bought['declined']:,} cards declined"),
        ("buy to paid", _times(bought["paid_ms"])),
        ("units", f"{stock['sold']:,} sold, stock went from {stock['before']:,} to "
         f"{stock['after']:,} (by {stock['before'] - stock['after']:,})"),
        ("charges", f"{charges['count']:,} charges of {charges['captured']:,} for "
         f"{charges['orders']:,} orders of {charges['ordered']:,} (minor units)"),
        ("audit", findings.audit),
    ]  # fmt: skip
    if findings.about["chat_per_second"]:
        rows += _storm(findings)
    if findings.unruly:
        rows.append(("misbehaved", _listed(findings.unruly)))
    if findings.refusals:
        rows.append(("refusals", _listed(findings.refusals)))
    return rows


def _storm(findings: Findings) -> list[tuple[str, str]]:
    asked, chat = findings.about["chat_per_second"], findings.chat
    rate = f"{chat['per_second']:,.1f} of {asked:,.1f} a second"
    said = ", ".join(filter(None, [rate, _listed(chat["outcomes"])]))
    sight = chat["sight_ms"]
    return [("chat storm", f"{said}, {_times(sight)}  from sending"), *_steps(sight)]


def _times(times: Map) -> str:
    if times["p50"] is None:
        return "never"
    return "  ".join(f"{name} {times[name]:,.1f} ms" for name in ("p50", "p99", "max"))


def _listed(counts: Map) -> str:
    return ", ".join(f"{times:,} {name}" for name, times in counts.items())


def _steps(times: Map) -> list[tuple[str, str]]:
    """A histogram in one row."""
    total = sum(times["steps"].values())
    shares = (f"≤{ms} {100 * found / total:.1f} %" for ms, found in times["steps"].items())
    return [("", "  ".join(shares) + "  (ms)")] if total else []
