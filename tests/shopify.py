"""Files as Shopify exports them: its header, and products in its shapes."""

from __future__ import annotations

import contextlib
import csv
import io
from typing import TYPE_CHECKING, Any, Final

from shop.importing.importer import Sheet
from shop.importing.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE: Final = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
    "Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,"
    "Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,"
    "Variant Tax Code,Status"
)
HEADER: Final = LINE.split(",")

SHORT: Final = {
    "handle": "Handle",
    "title": "Title",
    "body": "Body (HTML)",
    "published": "Published",
    "option1": "Option1 Value",
    "option2": "Option2 Value",
    "sku": "Variant SKU",
    "tracker": "Variant Inventory Tracker",
    "units": "Variant Inventory Qty",
    "policy": "Variant Inventory Policy",
    "price": "Variant Price",
    "before": "Variant Compare At Price",
    "image": "Image Src",
    "position": "Image Position",
    "gift_card": "Gift Card",
    "status": "Status",
}


def first(handle: str, **cells: Any) -> dict[str, Any]:
    """A product's first row: a shirt of one variant, five of it, at 19.99."""
    return {
        "handle": handle,
        "title": handle.replace("-", " ").title(),
        "body": "<p>Soft cotton.</p>",
        "published": "true",
        "option1": "Default Title",
        "tracker": "shopify",
        "units": 5,
        "policy": "deny",
        "price": "19.99",
        "image": f"https://cdn.example/{handle}.jpg",
        "position": 1,
        "gift_card": "false",
        "status": "active",
        **cells,
    }


def more(handle: str, **cells: Any) -> dict[str, Any]:
    """One of its other rows: a variant, unless nothing but a picture is given."""
    if set(cells) <= {"image", "position"}:
        return {"handle": handle, **cells}
    return {
        "handle": handle, "tracker": "shopify", "units": 5, "policy": "deny", "price": "19.99",
        **cells,
    }  # fmt: skip


def text(*rows: dict[str, Any] | str) -> str:
    """The file: each row a map of cells, or a line as it stands."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in rows:
        if isinstance(row, str):
            out.write(row + "\r\n")
        else:
            named = {SHORT[name]: cell for name, cell in row.items()}
            writer.writerow([named.get(name, "") for name in HEADER])
    return out.getvalue()


def written(path: Path, *rows: dict[str, Any] | str) -> Path:
    """A file on disk."""
    path.write_bytes(text(*rows).encode())
    return path


@contextlib.contextmanager
def sheet(path: Path) -> Iterator[Sheet]:
    """A file on disk, opened."""
    with contextlib.closing(Source.opened(path)) as source:
        yield Sheet(source)
