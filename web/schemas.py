"""JSON Schemas of our structs, as both documents use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

__all__ = ["Schema", "of_types"]

Schema = dict[str, Any]
"""A JSON object: what the documents are made of."""

TEMPLATE: Final = "#/components/schemas/{name}"


def of_types(kinds: Iterable[type]) -> tuple[dict[type, Schema], Schema]:
    """Schemas that refer to components, by type, and the components."""
    wanted = list(dict.fromkeys(kinds))
    schemas, components = msgspec.json.schema_components(wanted, ref_template=TEMPLATE)
    return (
        {kind: _portable(schema) for kind, schema in zip(wanted, schemas, strict=True)},
        _portable(dict(sorted(components.items()))),
    )


def _portable(value: Any) -> Any:
    """The same in every language: Python's end of text is not ECMAScript's."""
    if isinstance(value, dict):
        return {
            name: item.replace("\\Z", "$") if name == "pattern" else _portable(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_portable(item) for item in value]
    return value
