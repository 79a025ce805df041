"""A pytest plugin for CI: a skipped test that is marked as below fails the run.

A test may skip where a laptop lacks a program; CI has Redis, PostgreSQL and Chromium, so there a
skip would hide a broken promise. Load it with ``-p scripts.must_run``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MARKS = frozenset({"redis", "postgres", "browser"})

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a skipped test; with xdist this runs in the process that reports."""
    if report.skipped and MARKS & report.keywords.keys() and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that should have run."""
    for test in _skipped:
        terminalreporter.write_line(f"SKIPPED BUT MUST RUN {test}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that was otherwise good."""
    if _skipped and not hasattr(session.config, "workerinput"):
        session.exitstatus = 1
