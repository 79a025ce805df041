"""What is wrong with a body, in words for a person."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from base.errors import Invalid

__all__ = ["wrong_form"]

_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN: Final = re.compile(r"contains unknown field `([^`]+)`")
_BOUND: Final = re.compile(r"Expected `(\w+)` (>=|<=|of length [<>]=) (\d+)")
_BOUNDS: Final = {
    ">=": "must be {} or more",
    "<=": "must be {} or less",
    "of length >=": "must have a length of {} or more",
    "of length <=": "must have a length of {} or less",
}
_TYPES: Final = {
    "int": "must be a whole number",
    "str": "must be text",
    "bool": "must be true or false",
    "array": "must be a list",
    "object": "must be a map",
}
_PATTERNS: Final = {
    "[A-Za-z0-9_-]{1,64}": "must have 1 to 64 letters, digits, _ or -",
    "[A-Za-z0-9_-]{8,64}": "must have 8 to 64 letters, digits, _ or -",
    "[A-Z]{2}": "must have two capital letters, as PT",
    "[A-Z]{3}": "must have three capital letters, as USD",
}
"""What a field's pattern says to a person."""
_PATTERN: Final = re.compile(r"matching regex '\^(.*?)\\+Z'")
_WANTED: Final = re.compile(r"Expected `(\w+)`, got")


def wrong_form(error: msgspec.ValidationError) -> Invalid:
    """The refusal of a body that is not of its form, naming the field."""
    text = str(error)
    place = _PLACE.search(text)
    field = place[1] if place and place[1] else ""
    return Invalid(_said(text, field))


def _said(text: str, field: str) -> str:
    missing, unknown = _MISSING.search(text), _UNKNOWN.search(text)
    if missing:
        return f"The field {_inside(field, missing[1])} is missing. Send it too."
    if unknown:
        return f"There is no field {_inside(field, unknown[1])} here. Leave it out."
    name = f"The field {field}" if field else "What is sent"
    pattern = _PATTERN.search(text)
    if pattern and pattern[1] in _PATTERNS:
        return f"{name} {_PATTERNS[pattern[1]]}."
    bound, wanted = _BOUND.search(text), _WANTED.search(text)
    if bound:
        return f"{name} {_BOUNDS[bound[2]].format(bound[3])}."
    if wanted and wanted[1] in _TYPES:
        return f"{name} {_TYPES[wanted[1]]}."
    return f"{name} has a value that cannot be used. See /docs for those that can."


def _inside(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
