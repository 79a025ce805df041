"""axe-core, the accessibility checker, on a page under its own policy.

It runs in a world of its own beside the page's, so that no Content-Security-Policy, trusted type
or script of the page stands in its way, and sees the same elements, in open shadow roots too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.served import ROOT

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

__all__ = ["Violation", "assert_accessible", "violations"]

SOURCE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS: Final = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    },
    # Its newest rules are off unless asked for by name.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # Each frame is asked by itself; style sheets are read as the browser has them.
    "iframes": False,
    "preload": False,
}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule, and an element that breaks it."""

    rule: str
    impact: str
    element: str
    html: str
    why: str

    def __str__(self) -> str:
        lines = [
            f"{self.rule} ({self.impact}) at {self.element}",
            self.html,
            *self.why.split("\n"),
        ]
        return "\n    ".join(line.strip() for line in lines if line.strip())


async def assert_accessible(page: Page, *, within: str = "") -> None:
    """Fail with every violation of WCAG 2.2 A and AA, in words.

    Args:
        page: What to look at, as it is now.
        within: A CSS selector outside of shadow roots; the whole page if empty.

    """
    found = await violations(page, within=within)
    words = "\n\n".join(str(violation) for violation in found)
    assert not found, f"{len(found)} violations at {page.url}\n\n{words}"


async def violations(page: Page, *, within: str = "") -> list[Violation]:
    """Every violation, of the page and of its frames of the same site."""
    if not SOURCE.exists():
        pytest.skip("needs axe-core in web/node_modules")
    session = await page.context.new_cdp_session(page)
    try:
        tree = await session.send("Page.getFrameTree")
        found = []
        for frame in _frames(tree["frameTree"]):
            found += await _of_frame(session, frame, within)
        return found
    finally:
        await session.detach()


def _frames(tree: dict[str, Any]) -> list[str]:
    children = [frame for child in tree.get("childFrames", ()) for frame in _frames(child)]
    return [tree["frame"]["id"], *children]


async def _of_frame(session: CDPSession, frame: str, within: str) -> list[Violation]:
    world = await session.send(
        "Page.createIsolatedWorld", {"frameId": frame, "worldName": "accessibility"}
    )
    context = world["executionContextId"]
    await _evaluate(session, context, SOURCE.read_text(encoding="utf-8"))
    call = f"axe.run({json.dumps(within) if within else 'document'}, {json.dumps(OPTIONS)})"
    report = await _evaluate(session, context, f"{call}.then(JSON.stringify)")
    return [
        Violation(rule["id"], rule["impact"], _path(node["target"]), node["html"], why)
        for rule in json.loads(report)["violations"]
        for node in rule["nodes"]
        for why in [node["failureSummary"]]
    ]


async def _evaluate(session: CDPSession, context: int, script: str) -> Any:
    how = {"contextId": context, "awaitPromise": True, "returnByValue": True}
    answer = await session.send("Runtime.evaluate", {"expression": script, **how})
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


def _path(target: list[str | list[str]]) -> str:
    """The element's selector; a list within is a path through shadow roots."""
    return " ".join(part if isinstance(part, str) else " >>> ".join(part) for part in target)
