"""The pages count a currency's digits as the server does."""

from __future__ import annotations

import re
from pathlib import Path

from base.money import EXPONENTS

MODULE = Path(__file__).parents[3] / "web" / "browser" / "common" / "money.js"


def test_amounts_have_the_same_digits_in_the_pages_as_on_the_server() -> None:
    rows = re.findall(r'^  (\d): "([A-Z ]+)",$', MODULE.read_text(encoding="utf-8"), re.M)

    table = {currency: int(digits) for digits, names in rows for currency in names.split()}

    assert table == EXPONENTS
