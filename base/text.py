"""Text that people type: one normal form, no control or direction-changing characters."""

from __future__ import annotations

import unicodedata
from typing import Final

from base.errors import Invalid

__all__ = ["one_line", "plain", "shortened"]

_BIDI: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)
"""They turn the reading order of what stands around them: a known way to deceive."""


def plain(text: str, *, most: int, what: str, least: int = 1) -> str:
    """Normalise to NFC and drop control and bidi characters but line breaks.

    Args:
        text: What was typed.
        most: Longest text allowed, in code points.
        what: The field's name, for the error.
        least: Shortest text allowed after cleaning, in code points.

    Raises:
        Invalid: Too long, too short, or not valid Unicode.

    """
    # Before normalising: NFC of a hostile text can be slow and longer.
    if len(text) > 4 * most:
        raise Invalid(f"{what} is longer than {most} characters.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{what} is not valid Unicode text.") from error
    kept = (c for c in unicodedata.normalize("NFC", text) if _is_kept(c))
    clean = "".join(kept).strip()
    if not least <= len(clean) <= most:
        raise Invalid(f"{what} must have {least} to {most} characters.")
    return clean


def one_line(text: str, *, most: int, what: str, least: int = 1) -> str:
    """As :func:`plain`, with every line break made a space."""
    return plain(" ".join(text.split()), most=most, what=what, least=least)


def shortened(text: str, most: int) -> str:
    """At most ``most`` code points, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _is_kept(char: str) -> bool:
    return char in "\n\t" or (unicodedata.category(char) != "Cc" and char not in _BIDI)
