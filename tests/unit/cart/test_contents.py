"""What a cart holds becomes lines with prices."""

from __future__ import annotations

from cart.cart import Cart
from cart.contents import Contents
from shop.product import SkuFacts


def facts(sku: str, price: int) -> SkuFacts:
    return SkuFacts(
        sku=sku, product="mug", shop="ada", title="Mug", price=price, currency="USD", pv=1
    )


def test_an_unknown_viewer_has_an_empty_cart() -> None:
    empty = Cart(version=0, currency="", lines=(), total=0, count=0)

    assert Contents.of([]).priced({}) == empty


def test_lines_keep_their_order_and_add_up() -> None:
    contents = Contents.of([b"red", b"2", b":cur", b"USD", b":v", b"7", b"blue", b"3"])

    cart = contents.priced({"blue": facts("blue", 10), "red": facts("red", 100)})

    assert [(line.sku, line.line_total) for line in cart.lines] == [("red", 200), ("blue", 30)]
    assert (cart.version, cart.currency, cart.total, cart.count) == (7, "USD", 230, 5)


def test_a30_the_largest_cart_is_a_safe_integer() -> None:
    lines = {f"sku-{number}": 999 for number in range(50)}
    contents = Contents(version=1, currency="USD", units=lines)

    cart = contents.priced({sku: facts(sku, 100_000_000_000) for sku in lines})

    assert cart.total == 4_995_000_000_000_000 < 2**53


def test_skus_may_be_named_as_no_field_of_ours_is() -> None:
    contents = Contents.of([b"_v", b"1", b"v", b"2", b":cur", b"USD", b":v", b"2"])

    assert contents.units == {"_v": 1, "v": 2}


def test_a_cart_of_vanished_skus_shows_as_empty() -> None:
    contents = Contents.of([b"ghost", b"2", b":cur", b"USD", b":v", b"7"])

    assert contents.priced({}) == Cart(version=7, currency="", lines=(), total=0, count=0)
