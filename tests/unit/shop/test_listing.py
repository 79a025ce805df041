"""What a seller may list, and how a patch changes it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from base.errors import Conflict, Invalid, Limit
from shop.listing import Listing
from shop.product import NewProduct, NewSku, PatchProduct


def sku(ident: str = "mug-blue", price: int = 1999, **fields: Any) -> NewSku:
    known: dict[str, Any] = {"id": ident, "title": "Blue", "price": price, "currency": "USD"}
    return NewSku(**known | fields)


def new(**fields: Any) -> NewProduct:
    known: dict[str, Any] = {"id": "mug", "title": "Mug", "skus": [sku()]}
    return NewProduct(**known | fields)


def listed(**fields: Any) -> Listing:
    return Listing.of(new(**fields), "ada")


def test_texts_are_made_fit_to_show() -> None:
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
    "url", ["https://ada.shop/mug.png?w=9", "http://ada.shop/a", "/demo/a.svg"]
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
        "https://",
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


def test_what_a_patch_does_not_name_stays() -> None:
    before = listed(description="Blue.", images=["/a.svg"])

    assert before.patched(PatchProduct()) == before
    assert before.patched(PatchProduct(title="Cup")).description == "Blue."
    assert before.patched(PatchProduct(description="", images=[])).images == ()


def test_only_a_new_price_has_a_new_version() -> None:
    before = listed(skus=[sku(compare_at=2500)])

    same = before.patched(PatchProduct(skus=[sku(title="Navy")])).skus[0]
    dearer = before.patched(PatchProduct(skus=[sku(price=2100)])).skus[0]

    assert (same.title, same.compare_at, same.pv) == ("Navy", None, 1)
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
