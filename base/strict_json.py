"""JSON from outside, read strictly: what two readers could take differently is refused."""

from __future__ import annotations

import json
from typing import NoReturn

__all__ = ["loads", "unique"]


def loads(raw: bytes) -> object:
    """Read JSON in UTF-8.

    Raises:
        ValueError: It is none, nests too deep, or has duplicate keys, NaN, an infinity or
            half a surrogate pair.

    """
    text = raw.decode()
    try:
        value: object = json.loads(text, object_pairs_hook=unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if "\\u" in text:
        # Escaped lone surrogates would pass the decoder and break every encoder.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def unique(pairs: list[tuple[object, object]]) -> dict[object, object]:
    """An object's pairs as a dict.

    Raises:
        ValueError: A key stands twice, or is no text.

    """
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise ValueError("duplicate key")
    if not {*map(type, whole)} <= {str}:
        raise ValueError("key is not text")
    return whole


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
