"""What a seller may list, and how a patch changes it."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from base.errors import Conflict, Invalid, Limit
from shop.listed_sku import ListedSku
from shop.listing import Listing
from shop.product import NewProduct, NewSku, PatchProduct, PatchSku, Product


def sku(ident: str = "mug-blue", price: int = 1999, **fields: Any) -> NewSku:
    known: dict[str, Any] = {"id": ident, "title": "Blue", "price": price, "currency": "USD"}
    return NewSku(**known | fields)


def new(**fields: Any) -> NewProduct:
    known: dict[str, Any] = {"id": "mug", "title": "Mug", "skus": [sku()]}
    return NewProduct(**known | fields)


def listed(**fields: Any) -> Listing:
    return Listing.of(new(**fields), "ada")


def test_a28_texts_are_made_fit_to_show() -> None:
    listing = listed(
        title="  Mug\n\u202eblue\u0000 ",
        description="First.\nSecond.\u0007 ",
        skus=[sku(title="Dark\tblue")],
    )

    assert listing.title == "Mug blue"
    assert listing.description == "First.\nSecond."
    assert listing.skus[0].title == "Dark blue"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"description": "x" * 5001},
        {"title": "\ud800"},
        {"skus": [sku(title="")]},
        {"skus": [sku(title="x" * 101)]},
    ],
)
def test_texts_beyond_their_bounds_are_invalid(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        listed(**fields)


@pytest.mark.parametrize(
    "url",
    ["https://ada.shop/mug.png?w=9", "http://ada.shop/a", "HTTPS://ada.shop/ü.png", "/demo/a.svg"],
)
def test_an_image_is_a_web_address_or_a_path(url: str) -> None:
    assert listed(images=[url]).images == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//evil.shop/a.png",
        "mug.png",
        "/",
        "https://",
        "https:///ada.shop/a.png",
        "https://?a.png",
        "https:\\\\evil.shop/a.png",
        "https://\\evil.shop/a.png",
        "https://\x01ada.shop/a.png",
        "https://ada.shop/\x85a.png",
        "https://ada.shop/\ud800.png",
        "/\\evil.shop/a.png",
        "/\t/evil.shop/a.png",
        "/\n/evil.shop/a.png",
        "https://ada.shop/a b",
        'https://ada.shop/"onerror=',
        "/a\n",
        "/a\\b",
        " /a",
    ],
)
def test_anything_else_is_no_image(url: str) -> None:
    with pytest.raises(Invalid):
        listed(images=[url])


def test_two_skus_of_one_id_or_two_currencies_are_invalid() -> None:
    with pytest.raises(Invalid):
        listed(skus=[sku(), sku()])
    with pytest.raises(Invalid):
        listed(skus=[sku(), sku("mug-red", currency="EUR")])


@pytest.mark.parametrize("currency", ["XYZ", "AAA", "XXX", "UYI"])
def test_a_currency_that_does_not_exist_is_invalid(currency: str) -> None:
    with pytest.raises(Invalid, match=currency):
        listed(skus=[sku(currency=currency)])


def test_a_compared_price_of_none_is_none() -> None:
    assert listed(skus=[sku(compare_at=0)]).skus[0].compare_at is None


def sent_back(product: Product) -> PatchProduct:
    """The body of a PATCH that is the answer of a GET."""
    return msgspec.json.decode(msgspec.json.encode(product), type=PatchProduct)


def test_a_product_sent_back_as_it_was_read_is_the_same() -> None:
    # Cleaned a second time this title would change: what stood between the blanks is gone.
    before = listed(
        title="a \u0007 b", images=["/a.svg"], skus=[sku(compare_at=2500), sku("mug-red")]
    )
    left = {"mug-blue": 7}

    assert before.patched(sent_back(before.shown(left)), left) == before


@pytest.mark.parametrize("field", ["id", "shop"])
def test_neither_the_id_nor_the_shop_changes(field: str) -> None:
    patch = msgspec.convert({field: "other"}, PatchProduct)
    with pytest.raises(Conflict):
        listed().patched(patch)


@pytest.mark.parametrize("named", [0, 6, 8])
def test_units_other_than_are_left_are_changed_elsewhere(named: int) -> None:
    patch = PatchProduct(skus=[PatchSku(id="mug-blue", left=named)])

    with pytest.raises(Invalid, match=r"7 left of mug-blue.*POST /v1/skus/mug-blue/stock"):
        listed().patched(patch, {"mug-blue": 7})


@pytest.mark.parametrize("missing", ["title", "price", "currency"])
@pytest.mark.parametrize("ident", [UNSET, "mug-red"])
def test_a_new_sku_in_a_patch_is_described_in_full(missing: str, ident: Any) -> None:
    described: dict[str, Any] = {"title": "Red", "price": 1999, "currency": "USD"}
    del described[missing]

    with pytest.raises(Invalid, match="title, a price and a currency"):
        listed().patched(PatchProduct(skus=[PatchSku(id=ident, **described)]))


def test_a_sku_keeps_every_field_that_a_patch_does_not_name() -> None:
    before = listed(skus=[sku(compare_at=2500)])
    blue = before.skus[0]

    def patched(**fields: Any) -> ListedSku:
        return before.patched(PatchProduct(skus=[PatchSku(id="mug-blue", **fields)])).skus[0]

    assert patched() == blue
    assert patched(price=2100) == dataclasses.replace(blue, price=2100, pv=2)
    assert patched(title="Navy") == dataclasses.replace(blue, title="Navy")
    assert patched(compare_at=0) == dataclasses.replace(blue, compare_at=None)
    assert patched(currency="USD") == blue


def test_what_a_patch_does_not_name_stays() -> None:
    before = listed(description="Blue.", images=["/a.svg"])

    assert before.patched(PatchProduct()) == before
    assert before.patched(PatchProduct(title="Cup")).description == "Blue."
    assert before.patched(PatchProduct(description="", images=[])).images == ()


def test_only_a_new_price_has_a_new_version() -> None:
    before = listed(skus=[sku(compare_at=2500)])

    same = before.patched(PatchProduct(skus=[sku(title="Navy")])).skus[0]
    dearer = before.patched(PatchProduct(skus=[sku(price=2100)])).skus[0]

    assert (same.title, same.compare_at, same.pv) == ("Navy", 2500, 1)
    assert (dearer.price, dearer.pv) == (2100, 2)


def test_a_patch_adds_skus_at_the_end_and_removes_none() -> None:
    after = listed().patched(PatchProduct(skus=[sku("mug-red"), sku("mug-blue")]))

    assert [variant.id for variant in after.skus] == ["mug-blue", "mug-red"]


@pytest.mark.parametrize("ident", ["mug-blue", "mug-red"])
def test_a_currency_neither_changes_nor_differs(ident: str) -> None:
    with pytest.raises(Conflict):
        listed().patched(PatchProduct(skus=[sku(ident, currency="EUR")]))


def test_a_product_has_at_most_a_hundred_skus() -> None:
    hundred = listed(skus=[sku(f"mug-{number}") for number in range(100)])

    with pytest.raises(Limit):
        hundred.patched(PatchProduct(skus=[sku("mug-red")]))


def test_a_product_shows_what_is_left_and_none_of_the_unknown() -> None:
    listing = listed(skus=[sku(compare_at=2500), sku("mug-red")])

    shown = listing.shown({"mug-blue": 7})

    assert [(variant.id, variant.left) for variant in shown.skus] == [
        ("mug-blue", 7),
        ("mug-red", 0),
    ]
    assert (shown.skus[0].compare_at, shown.skus[1].compare_at) == (2500, UNSET)
    assert b"compare_at" not in msgspec.json.encode(shown.skus[1])
