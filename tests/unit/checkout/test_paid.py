"""What others may see of a buyer."""

from __future__ import annotations

import pytest

from checkout.paid import masked


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Vera", "V***"),
        ("  otto", "o***"),
        ("Élodie", "É***"),
        ("E\u0301lodie", "E\u0301***"),
        ("李", "李***"),
        ("", "***"),
        (" ", "***"),
    ],
)
def test_a_name_shows_its_first_character_only(name: str, seen: str) -> None:
    assert masked(name) == seen
