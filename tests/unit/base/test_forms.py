"""A wrong body is explained by its field, in plain words."""

from __future__ import annotations

import msgspec
import pytest

from base.forms import wrong_form
from live.commands import BY_OP


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"op": "cart.add", "sku": "a"}, "The field qty is missing. Send it too."),
        (
            {"op": "cart.add", "sku": "a", "qty": 1, "price": 5},
            "There is no field price here. Leave it",
        ),
        ({"op": "cart.add", "sku": "a", "qty": "1"}, "The field qty must be a whole number."),
        ({"op": "cart.add", "sku": "a", "qty": 0}, "The field qty must be 1 or more."),
        ({"op": "cart.add", "sku": "a", "qty": 1000}, "The field qty must be 999 or less."),
        ({"op": "cart.add", "sku": "a b", "qty": 1}, "The field sku must have 1 to 64 letters"),
        (
            {"op": "buy", "sku": "a", "qty": 1, "key": "short"},
            "The field key must have 8 to 64 letters, digits, _ or -.",
        ),
        (
            {
                "op": "checkout.pay",
                "checkout": "c",
                "method": {"type": "card", "token": "t"},
                "ship_to": {"name": "A", "line1": "1", "city": "B", "country": "gb"},
            },
            "The field ship_to.country must have two capital letters, as PT.",
        ),
        ({"op": "chat.send", "text": 5}, "The field text must be text."),
        (
            {"op": "checkout.pay", "checkout": "c", "method": {"type": "card"}},
            "The field method.token is missing.",
        ),
        (
            {"op": "checkout.pay", "checkout": "c", "method": {"type": "cash", "token": "t"}},
            "The field method.type has a value that cannot be used. See /docs",
        ),
        ({"op": "join", "show": "demo", "since": []}, "The field since must be a map."),
    ],
    ids=str,
)
def test_the_field_is_named(command: dict[str, object], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(command, BY_OP[str(command["op"])])

    message = wrong_form(wrong.value).message

    assert message.startswith(words)
    assert not {"`", "$", "^"} & set(message)
