"""``/asyncapi.json``: commands, replies and events, in AsyncAPI's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from base.errors import STATUS
from live.close_codes import FINAL, REASONS
from live.commands import BY_OP
from live.events import BY_NAME, FEED_EVENTS
from live.wire import Format
from web.answers import (
    BagAnswer,
    CartAnswer,
    CheckoutAnswer,
    Done,
    Joined,
    Message,
    Pong,
)
from web.schemas import Schema, of_types

__all__ = ["ANSWERS", "asyncapi"]

ANSWERS: Final[Mapping[str, type[Struct]]] = {
    "join": Joined,
    "ping": Pong,
    "auth": Done,
    "chat.send": Message,
    "like": Done,
    **dict.fromkeys(("cart.get", "cart.clear", "cart.add", "cart.set"), CartAnswer),
    **dict.fromkeys(
        ("buy", "checkout.open", "checkout.pay", "checkout.get", "checkout.cancel"),
        CheckoutAnswer,
    ),
    "show.start": Done,
    "show.end": Done,
    **dict.fromkeys(("bag.add", "bag.remove", "bag.move"), BagAnswer),
    "pin": Done,
    "unpin": Done,
    "chat.delete": Done,
    "viewer.mute": Done,
    "viewer.ban": Done,
}
"""What a good reply to each command has as its ``ok``."""


def asyncapi(version: str) -> Schema:
    """The whole document."""
    kinds: list[type] = [*BY_OP.values(), *BY_NAME.values(), *ANSWERS.values()]
    schemas, components = of_types(kinds)
    messages = {
        **{op: _command(op, kind, schemas) for op, kind in BY_OP.items()},
        **{f"{op}.reply": _reply(op, answer, schemas) for op, answer in ANSWERS.items()},
        "error": _error(),
        **{name: _event(name, kind, schemas) for name, kind in BY_NAME.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yellowcart",
            "version": version or "0",
            "description": "One message is a map; the server may send an array of them. As"
            " text frames (JSON) or binary ones (MessagePack), by subprotocol:"
            f" {', '.join(fmt.subprotocol for fmt in Format)}.",
        },
        "channels": {
            "live": {
                "address": "/live",
                "messages": {
                    _slug(name): {"$ref": f"#/components/messages/{_slug(name)}"}
                    for name in messages
                },
            }
        },
        "operations": _operations(),
        "components": {
            "messages": {_slug(name): message for name, message in messages.items()},
            "schemas": components,
        },
        "x-close-codes": {
            str(int(code)): {"reason": reason, "retry": code not in FINAL}
            for code, reason in REASONS.items()
        },
    }


def _operations() -> Schema:
    channel = {"$ref": "#/channels/live"}
    operations: Schema = {
        _slug(op): {
            "action": "receive",
            "channel": channel,
            "messages": [_of_channel(op)],
            "reply": {
                "channel": channel,
                "messages": [_of_channel(f"{op}.reply"), _of_channel("error")],
            },
        }
        for op in BY_OP
    }
    operations["events"] = {
        "action": "send",
        "channel": channel,
        "messages": [_of_channel(name) for name in BY_NAME],
    }
    return operations


def _command(op: str, kind: type[Struct], schemas: dict[type, Schema]) -> Schema:
    required = {"type": "object", "required": ["id", "op"]}
    return {
        "name": op,
        "summary": _first_line(kind),
        "payload": {"allOf": [schemas[kind], required]},
    }


def _reply(op: str, answer: type[Struct], schemas: dict[type, Schema]) -> Schema:
    return {
        "name": f"{op}.reply",
        "summary": f"The good reply to {op}.",
        "payload": _map(re={"type": "integer"}, ok=schemas[answer]),
    }


def _error() -> Schema:
    error = _map(code={"type": "string", "enum": list(STATUS)}, message={"type": "string"})
    error["properties"]["data"] = {"type": "object"}
    return {
        "name": "error",
        "summary": "The reply to a command that was refused.",
        "payload": _map(re={"type": "integer"}, error=error),
    }


def _event(name: str, kind: type[Struct], schemas: dict[type, Schema]) -> Schema:
    required = ["ev", "at"] + ["seq"] * (kind in FEED_EVENTS)
    return {
        "name": name,
        "summary": _first_line(kind),
        "payload": {"allOf": [schemas[kind], {"type": "object", "required": required}]},
    }


def _map(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _of_channel(name: str) -> Schema:
    return {"$ref": f"#/channels/live/messages/{_slug(name)}"}


def _slug(name: str) -> str:
    return name.replace(".", "_")


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]
