"""A key stands for a body: the same body is the same wish, another one is not."""

from __future__ import annotations

import itertools

from cart.cart import Line
from checkout.wish import Wish, gate_fingerprint


def line(sku: str, qty: int) -> Line:
    return Line(sku=sku, product=sku, shop="ada", title=sku, unit_price=1, qty=qty, line_total=qty)


def test_other_bodies_have_other_fingerprints() -> None:
    wishes = [
        Wish(),
        Wish(expected_total=0),
        Wish(expected_total=1),
        Wish(sku="mug-blue", qty=1),
        Wish(sku="mug-blue", qty=2),
        Wish(sku="mug-red", qty=1),
    ]

    assert all(
        one.fingerprint != other.fingerprint for one, other in itertools.combinations(wishes, 2)
    )


def test_the_same_body_has_the_same_fingerprint() -> None:
    assert Wish(sku="mug-blue", qty=1).fingerprint == Wish(sku="mug-blue", qty=1).fingerprint


def test_a_hold_is_told_apart_by_its_units_but_not_by_their_order() -> None:
    mugs, pots = line("mug-blue", 1), line("pot", 2)

    assert gate_fingerprint("f", [mugs, pots]) == gate_fingerprint("f", [pots, mugs])
    assert gate_fingerprint("f", [mugs]) != gate_fingerprint("f", [line("mug-blue", 2)])
