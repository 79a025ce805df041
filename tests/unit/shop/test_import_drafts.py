"""Rows become products: whole, or with the first thing that is wrong and its line."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from base.ids import is_id
from shop.importing.draft import UNCOUNTED, Draft, Skipped, draft_of
from shop.importing.groups import MOST_ROWS, Fault
from shop.importing.handles import Handles, Place
from shop.importing.names import product_id, sku_id
from tests.shopify import first, more, sheet, written


def read(path: Path, *rows: dict[str, Any] | str) -> list[Draft | Skipped | Fault]:
    with sheet(written(path / "shirts.csv", *rows)) as file:
        return [draft_of(group, "clay", "USD") for group in file.products()]


def one(path: Path, *rows: dict[str, Any] | str) -> Draft:
    (draft,) = read(path, *rows)
    assert isinstance(draft, Draft), draft
    return draft


def fault(path: Path, *rows: dict[str, Any] | str) -> Fault:
    (wrong,) = read(path, *rows)
    assert isinstance(wrong, Fault), wrong
    return wrong


def test_a_product_of_one_variant(tmp_path: Path) -> None:
    draft = one(tmp_path, first("blue-shirt", before="25.00"))

    listing = draft.listing
    assert (draft.line, draft.handle, listing.shop) == (2, "blue-shirt", "clay")
    assert (listing.title, listing.description) == ("Blue Shirt", "Soft cotton.")
    assert listing.images == ("https://cdn.example/blue-shirt.jpg",)
    (sku,) = listing.skus
    assert (sku.title, sku.price, sku.compare_at, sku.currency, sku.first) == (
        "Standard", 1999, 2500, "USD", 5
    )  # fmt: skip
    assert draft.units == {sku.id: 5}


def test_rows_of_one_handle_are_one_product(tmp_path: Path) -> None:
    shirt, mug = read(
        tmp_path,
        first("shirt", option1="Small", option2="Blue"),
        more("shirt", option1="Large", option2="Blue", price="21.50", units=0),
        more("shirt", image="https://cdn.example/back.jpg", position=2),
        first("mug"),
    )

    assert isinstance(shirt, Draft)
    assert isinstance(mug, Draft)
    assert [(sku.title, sku.price, sku.first) for sku in shirt.listing.skus] == [
        ("Small / Blue", 1999, 5), ("Large / Blue", 2150, 0)
    ]  # fmt: skip
    assert len(shirt.listing.images) == 2
    assert mug.line == 5


def test_pictures_come_by_position_each_once_and_as_many_as_are_kept(tmp_path: Path) -> None:
    rows = [
        more("mug", image=f"https://cdn.example/{n}.jpg", position=n) for n in range(30, 1, -1)
    ]
    same = more("mug", image="https://cdn.example/mug.jpg", position=5)

    images = one(tmp_path, first("mug"), *rows, same).listing.images

    assert images[:3] == (
        "https://cdn.example/mug.jpg", "https://cdn.example/2.jpg", "https://cdn.example/3.jpg"
    )  # fmt: skip
    assert len(images) == 20


def test_ids_are_the_same_at_every_import_and_other_ones_in_every_shop() -> None:
    assert product_id("clay", "mug") == product_id("clay", "mug")
    assert product_id("clay", "mug").startswith("mug-")
    shops = {product_id("a", "b-c"), product_id("a-b", "c"), product_id("a", "b_c")}
    assert len(shops) == 3
    assert sku_id("a", "b", ("c", "", "")) != sku_id("a", "b", ("", "c", ""))


@pytest.mark.parametrize(
    "handle",
    ["mug", "x" * 300, "tasse-für-zwei", "マグカップ", "=cmd|' /C calc'!A0", "a b}c", "-"],
)
def test_any_handle_makes_an_id(handle: str) -> None:
    assert is_id(product_id("s" * 64, handle))
    assert is_id(sku_id("s" * 64, handle, ("größe", "x" * 300, "")))


def test_a_formula_in_a_text_stays_text(tmp_path: Path) -> None:
    draft = one(tmp_path, first("mug", title="=cmd|'/C calc'!A0", body="@SUM(A1)", option1="+1"))

    assert draft.listing.title == "=cmd|'/C calc'!A0"
    assert draft.listing.description == "@SUM(A1)"
    assert draft.listing.skus[0].title == "+1"


def test_a_long_description_is_cut(tmp_path: Path) -> None:
    draft = one(tmp_path, first("mug", body=f"<p>{'word ' * 5000}</p>"))

    assert len(draft.listing.description) <= 5000
    assert draft.listing.description.endswith("…")


def test_a_former_price_that_is_not_higher_is_none(tmp_path: Path) -> None:
    for before in ("19.99", "0", "", "5"):
        assert one(tmp_path, first("mug", before=before)).listing.skus[0].compare_at is None


@pytest.mark.parametrize(
    ("cells", "units", "uncounted"),
    [
        ({"units": 7}, 7, 0),
        ({"units": -2}, 0, 0),
        ({"units": ""}, None, 0),
        ({"units": 7, "tracker": ""}, 7, 1),
        ({"units": 0, "tracker": ""}, UNCOUNTED, 1),
        ({"units": "", "tracker": ""}, UNCOUNTED, 1),
        ({"units": -2, "policy": "continue"}, UNCOUNTED, 1),
        ({"units": 3, "policy": "continue"}, 3, 1),
    ],
    ids=str,
)
def test_the_units_of_the_file_count_and_what_is_not_counted_there_is_enough(
    tmp_path: Path, cells: dict[str, Any], units: int | None, uncounted: int
) -> None:
    draft = one(tmp_path, first("mug", **cells))

    (sku,) = draft.listing.skus
    assert (draft.units.get(sku.id), draft.uncounted) == (units, uncounted)
    assert sku.first == (units or 0)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"published": "FALSE"}, "not published"),
        ({"status": "draft"}, "Status is 'draft'"),
        ({"status": "Archived"}, "Status is 'archived'"),
        ({"gift_card": "true"}, "gift card"),
    ],
    ids=str,
)
def test_what_is_not_for_sale_is_skipped_whatever_else_is_wrong(
    tmp_path: Path, cells: dict[str, Any], words: str
) -> None:
    (skipped,) = read(tmp_path, first("mug", price="?", **cells), more("mug", option1="Red"))

    assert isinstance(skipped, Skipped)
    assert words in skipped.reason


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ([first("")], 2, "no Handle"),
        ([first("mug", title="")], 2, "no Title"),
        ([first("mug", price="")], 2, "no Variant Price"),
        (
            [first("mug"), more("mug", option1="Red", price="x")],
            3,
            "Variant Price 'x' is no price",
        ),
        ([first("mug", before="-5")], 2, "Variant Compare At Price '-5' is below zero"),
        ([first("mug", units="many")], 2, "Variant Inventory Qty 'many' is no whole number"),
        ([first("mug", price="=1+1")], 2, "is a formula"),
        ([first("mug"), more("mug", option1="Default Title")], 3, "the same variant as on line 2"),
        ([first("mug"), more("mug", title="Cup", option1="Red")], 3, "another Title"),
        ([first("mug", title="x" * 201)], 2, "The title must have 1 to 200 characters"),
        ([first("mug", option1="x" * 101)], 2, "A SKU's title must have 1 to 100 characters"),
        ([first("mug", image="javascript:alert(1)")], 2, "Image Src 'javascript:alert(1)'"),
        ([first("mug", image="data:image/png;base64,AA")], 2, "begins with https://"),
        ([first("mug", image="http://cdn.example/a.jpg")], 2, "begins with https://"),
        ([first("mug", image="https://cdn.example/a b.jpg")], 2, "no blanks"),
        ([first("mug", image="https://x/" + "y" * 2048)], 2, "at most 2,048 characters"),
        (
            [first("mug"), *(more("mug", option1=f"{n}") for n in range(100))],
            2,
            "it has 101 variants",
        ),
        ([first("mug"), "mug,Mug"], 3, "the row has 2 cells"),
        ([first("mug"), 'mug,"Mug" x,'], 3, "a quote is closed"),
        ([first("mug"), *([more("mug", image="https://x/y")] * MOST_ROWS)], 2502, "2,500 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_wrong_row_refuses_the_whole_product(
    tmp_path: Path, rows: list[dict[str, Any] | str], line: int, words: str
) -> None:
    wrong = fault(tmp_path, *rows)

    assert words in wrong.reason
    assert wrong.line == line


def test_a_hundred_variants_are_taken(tmp_path: Path) -> None:
    rows = [more("mug", option1=f"{n}") for n in range(99)]

    assert len(one(tmp_path, first("mug"), *rows).listing.skus) == 100


def test_the_products_around_a_wrong_one_are_taken(tmp_path: Path) -> None:
    found = read(tmp_path, first("a"), 'b,"B" x', more("b", option1="Red"), first("c"))

    assert [type(result) for result in found] == [Draft, Fault, Draft]


def test_a_broken_line_of_another_handle_is_no_fault_of_the_product_above(tmp_path: Path) -> None:
    above, broken, below = read(tmp_path, first("a"), 'b,"B" x', first("c"))

    assert isinstance(above, Draft)
    assert broken == Fault(
        3, "a quote is closed in the middle of a cell, or opened and never closed"
    )
    assert isinstance(below, Draft)


def test_equal_skus_of_the_merchant_do_not_matter(tmp_path: Path) -> None:
    draft = one(tmp_path, first("mug", sku="M-1"), more("mug", sku="M-1", option1="Red"))

    assert len({sku.id for sku in draft.listing.skus}) == 2


# Handles.


def places(path: Path, *rows: dict[str, Any] | str) -> list[Place]:
    with (
        sheet(written(path / "shirts.csv", *rows)) as file,
        contextlib.closing(Handles()) as handles,
    ):
        handles.note(file.rows(), file.columns)
        return [handles.place(group.handle) for group in file.products()]


def test_a_product_whose_rows_stand_in_two_places_is_apart_in_both(tmp_path: Path) -> None:
    assert places(
        tmp_path, first("a"), first("b"), more("a", option1="Red"), first("c"), first("b")
    ) == [Place.APART, Place.TOGETHER, Place.APART, Place.TOGETHER, Place.AGAIN]


def test_a_broken_row_further_below_sets_a_product_apart(tmp_path: Path) -> None:
    found = places(tmp_path, first("a"), first("b"), 'a,"x" y')

    assert found == [Place.APART, Place.TOGETHER, Place.APART]


# Memory.


def test_reading_takes_the_same_memory_however_long_the_file(tmp_path: Path) -> None:
    def peak(products: int) -> int:
        path = tmp_path / "many.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("Handle,Title,Vendor,Variant Price\n")
            file.writelines(f"mug-{n},Mug {n},{'x' * 1500},5\n" for n in range(products))
        tracemalloc.start()
        with sheet(path) as read, contextlib.closing(Handles()) as handles:
            handles.note(read.rows(), read.columns)
            drafts = (draft_of(group, "clay", "USD") for group in read.products())
            count = sum(isinstance(draft, Draft) for draft in drafts)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == products
        return most

    assert peak(3000) < peak(1000) + 200_000


def test_a_row_of_many_megabytes_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"Handle,Title,Variant Price\na,A,5\nmug,")
        for _ in range(40):
            file.write(b"x" * 1_000_000)
        file.write(b"\nb,B,5\n")
    tracemalloc.start()

    with sheet(path) as read:
        found = [draft_of(group, "clay", "USD") for group in read.products()]

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(result) for result in found] == [Draft, Fault, Draft]
    assert most < 15_000_000


@pytest.mark.parametrize(
    ("columns", "cells", "units"),
    [
        ("Variant Inventory Qty", "0", 0),
        ("Variant Inventory Qty", "4", 4),
        ("Variant Inventory Tracker", "shopify", None),
        ("Variant Inventory Tracker", "", None),
        ("Vendor", "Clay", None),
    ],
)
def test_a_column_that_is_not_there_is_not_an_empty_cell(
    tmp_path: Path, columns: str, cells: str, units: int | None
) -> None:
    path = tmp_path / "short.csv"
    path.write_text(f"Handle,Title,Variant Price,{columns}\nmug,Mug,19.99,{cells}\n")

    with sheet(path) as file:
        [draft] = [draft_of(group, "clay", "USD") for group in file.products()]

    assert isinstance(draft, Draft), draft
    (sku,) = draft.listing.skus
    assert draft.units.get(sku.id) == units
