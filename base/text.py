"""Text that people type: one normal form, no control or direction-changing characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from base.errors import Invalid

__all__ = ["one_line", "plain", "shortened"]

_BIDI: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
"""They turn the reading order of what stands around them: a known way to deceive."""

_DROPPED: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}]")
"""Those, and the control characters (Unicode's Cc) but tab and line feed."""


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
        raise Invalid(f"{what} is longer than {most} characters. Shorten it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{what} is not valid Unicode text. Type it again.") from error
    clean = _DROPPED.sub("", unicodedata.normalize("NFC", text)).strip()
    if not least <= len(clean) <= most:
        raise Invalid(f"{what} must have {least} to {most} characters.")
    return clean


def one_line(text: str, *, most: int, what: str, least: int = 1) -> str:
    """As :func:`plain`, with every line break made a space."""
    return plain(" ".join(text.split()), most=most, what=what, least=least)


def shortened(text: str, most: int) -> str:
    """At most ``most`` code points, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
