from __future__ import annotations

import pytest

from base import strict_json


def test_ordinary_json_is_read() -> None:
    raw = '{"sku": "mug-blue", "qty": 2, "name": "Zoë 🛒", "half": "\\ud83d\\uded2"}'.encode()

    assert strict_json.loads(raw) == {
        "sku": "mug-blue",
        "qty": 2,
        "name": "Zoë 🛒",
        "half": "🛒",
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b'["\\ud800"]',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        b"1" * 10_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_two_readers_could_take_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words differ by what is wrong
        strict_json.loads(raw)
