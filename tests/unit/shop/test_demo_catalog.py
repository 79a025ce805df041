"""The demo shop: what it sells is valid, and its pictures are small, whole and harmless."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

DEMO: Final = Path(__file__).resolve().parents[3] / "shop" / "demo"
PICTURES: Final = DEMO / "pictures"
CATALOG: Final[dict[str, Any]] = json.loads((DEMO / "catalog.json").read_text(encoding="utf-8"))
PRODUCTS: Final[list[dict[str, Any]]] = CATALOG["products"]
SKUS: Final[list[dict[str, Any]]] = [sku for product in PRODUCTS for sku in product["skus"]]
FILES: Final = sorted(path.name for path in PICTURES.iterdir())

ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
ACTIVE: Final = {"script", "style", "foreignObject", "image", "a", "animate", "set", "iframe"}
LARGEST_PICTURE: Final = 8 * 1024


def elements(name: str) -> list[ElementTree.Element]:
    """Every element of a picture, the root first."""
    # Our own files; that they declare no entity is a test below.
    return list(ElementTree.parse(PICTURES / name).getroot().iter())  # noqa: S314


def local(name: str) -> str:
    """A tag or attribute without its namespace."""
    return name.rpartition("}")[2]


def attributes(name: str) -> list[tuple[str, str]]:
    return [(local(key), value) for node in elements(name) for key, value in node.items()]


def references(name: str) -> list[str]:
    """All that a picture refers to, by ``href`` and by ``url()``."""
    found = [value for key, value in attributes(name) if key in {"href", "src"}]
    for _, value in attributes(name):
        found += re.findall(r"url\(([^)]*)\)", value)
    return found


def test_the_catalog_has_exactly_the_agreed_fields() -> None:
    assert set(CATALOG) == {"shop", "show", "products"}
    assert set(CATALOG["shop"]) == {"id", "name"}
    assert set(CATALOG["show"]) == {"id", "title", "host", "pinned"}
    assert set(CATALOG["show"]["host"]) == {"id", "name"}
    for product in PRODUCTS:
        assert set(product) == {"id", "title", "description", "images", "skus"}
    for sku in SKUS:
        assert set(sku) - {"compare_at"} == {"id", "title", "price", "currency", "stock"}


def test_the_demo_is_show_demo_of_shop_demo_shop_with_its_host() -> None:
    assert CATALOG["shop"]["id"] == "demo-shop"
    assert CATALOG["show"]["id"] == "demo"
    assert CATALOG["show"]["host"]["id"] == "demo-host"
    assert CATALOG["shop"]["name"]
    assert CATALOG["show"]["host"]["name"]
    assert 1 <= len(CATALOG["show"]["title"]) <= 200


def test_what_is_pinned_first_is_bought_without_a_choice() -> None:
    [pinned] = [product for product in PRODUCTS if product["id"] == CATALOG["show"]["pinned"]]

    assert len(pinned["skus"]) == 1
    assert pinned is not PRODUCTS[0]


def test_the_demo_sells_fourteen_products_of_one_to_four_skus() -> None:
    assert len(PRODUCTS) == 14
    for product in PRODUCTS:
        assert 1 <= len(product["skus"]) <= 4, product["id"]


def test_every_id_is_valid_and_used_once() -> None:
    ids = [product["id"] for product in PRODUCTS] + [sku["id"] for sku in SKUS]

    assert [one for one in ids if not ID.fullmatch(one)] == []
    assert [one for one, times in Counter(ids).items() if times > 1] == []


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product["id"])
def test_a_sku_carries_the_id_of_its_product_in_front(product: dict[str, Any]) -> None:
    for sku in product["skus"]:
        assert sku["id"].startswith(product["id"] + "-")


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product["id"])
def test_texts_are_plain_and_within_their_limits(product: dict[str, Any]) -> None:
    titles = [sku["title"] for sku in product["skus"]]
    texts = [product["title"], product["description"], *titles]

    assert len(product["title"]) <= 200
    assert len(product["description"]) <= 500
    assert 1 <= len(re.findall(r"\.(?= |$)", product["description"])) <= 3
    assert all(len(title) <= 100 for title in titles)
    assert len(set(titles)) == len(titles)
    for text in texts:
        assert text == text.strip() != ""
        assert text.isprintable()
        assert not set("<>&") & set(text)


@pytest.mark.parametrize("sku", SKUS, ids=lambda sku: sku["id"])
def test_a_price_is_whole_cents_of_the_one_currency_and_below_what_it_compares_to(
    sku: dict[str, Any],
) -> None:
    assert type(sku["price"]) is int
    assert sku["price"] > 0
    assert sku["currency"] == "USD"
    if "compare_at" in sku:
        assert type(sku["compare_at"]) is int
        assert sku["compare_at"] > sku["price"]


def test_some_skus_are_reduced_and_some_are_not() -> None:
    reduced = sum("compare_at" in sku for sku in SKUS)

    assert 0 < reduced < len(SKUS)


def test_exactly_one_sku_has_five_left_and_every_other_thousands() -> None:
    scarce = [sku["stock"] for sku in SKUS if not 2_000 <= sku["stock"] <= 5_000]

    assert scarce == [5]
    assert all(type(sku["stock"]) is int for sku in SKUS)


def test_every_product_has_a_picture_and_every_picture_a_product() -> None:
    named = [image for product in PRODUCTS for image in product["images"]]

    assert all(product["images"] for product in PRODUCTS)
    assert sorted(named) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_picture_is_a_square_svg_with_a_title_of_at_most_8_kb(name: str) -> None:
    root, *rest = elements(name)

    assert re.fullmatch(r"[a-z0-9-]+\.svg", name)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 800 800"
    assert [bool(node.text) for node in rest if local(node.tag) == "title"] == [True]
    assert (PICTURES / name).stat().st_size < LARGEST_PICTURE


@pytest.mark.parametrize("name", FILES)
def test_a_picture_runs_nothing(name: str) -> None:
    source = (PICTURES / name).read_text(encoding="utf-8")

    assert {local(node.tag) for node in elements(name)} & ACTIVE == set()
    assert [key for key, _ in attributes(name) if key.startswith("on") or key == "style"] == []
    assert "<!" not in source
    assert "<?" not in source
    assert "javascript:" not in source.lower()


@pytest.mark.parametrize("name", FILES)
def test_a_picture_refers_only_to_its_own_parts(name: str) -> None:
    ids = [value for key, value in attributes(name) if key == "id"]
    wanted = set(references(name))

    assert wanted
    assert len(set(ids)) == len(ids)
    assert wanted == {f"#{one}" for one in ids}
