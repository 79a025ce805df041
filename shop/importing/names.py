"""Ids of what is imported: the same at every import, different in every shop."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["product_id", "sku_id", "units_key"]

DIGITS: Final = 16
"""64 bits of a digest: two of a million ids meet with a chance of one in 30 million."""

MOST_SLUG: Final = 47
MOST_PART: Final = 23
"""With the digest and the dashes they make up the 64 characters of an id."""

_NOT_PLAIN: Final = re.compile(r"[^a-z0-9]+")


def product_id(shop: str, handle: str) -> str:
    """As ``ocean-blue-shirt-1f0c7a5be2d98364``: a part to read, and one that tells apart."""
    return f"{_slug(handle, MOST_SLUG)}-{_digest(shop, handle)}"


def sku_id(shop: str, handle: str, options: Sequence[str]) -> str:
    """As ``ocean-blue-shirt-small-…``; ``options`` are the values that make the variant."""
    digest = _digest(shop, handle, *options)
    return f"{_slug(handle, MOST_PART)}-{_slug(' '.join(options), MOST_PART)}-{digest}"


def units_key(sku: str, at: int) -> str:
    """The key of a stock adjustment by an import; the dot keeps it apart from sellers'."""
    return f"import.{hashlib.sha256(sku.encode()).hexdigest()[:40]}.{at}"


def _slug(text: str, most: int) -> str:
    letters = unicodedata.normalize("NFKD", text[: 4 * most]).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("-", letters.lower()).strip("-")[:most].rstrip("-") or "x"


def _digest(*parts: str) -> str:
    # As JSON: joined plainly, other parts could make the same text.
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:DIGITS]
