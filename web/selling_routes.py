"""Routes for those who sell: shows and their bags, products and their stock."""

from __future__ import annotations

from typing import Final

from live.show import NewShow, Show, ShowSales
from shop.product import NewProduct, PatchProduct, Product, Sku
from web import products, shows
from web.answers import BagAnswer, Done, ProductPage, ShowPage
from web.bodies import NoFields, OneProduct, StockChange
from web.route import Route, Who

__all__ = ["PRODUCTS", "SHOWS"]

MUG: Final = {
    "id": "mug",
    "title": "Sunrise mug",
    "description": "Stoneware, 350 ml.",
    "images": ["/demo/mug-sunrise.svg"],
    "skus": [{"id": "mug-blue", "title": "Blue", "price": 1999, "currency": "USD", "left": 20}],
}

SHOWS: Final = (
    Route(
        method="GET",
        path="/v1/shows",
        does="List shows by id.",
        handle=shows.list_all,
        answer=ShowPage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/shows/{show}",
        does="Read a show.",
        handle=shows.get,
        answer=Show,
    ),
    Route(
        method="GET",
        path="/v1/shows/{show}/sales",
        does="Read what a show has sold: units by product, and sums by currency.",
        handle=shows.sales,
        who=Who.HOST,
        answer=ShowSales,
    ),
    Route(
        method="POST",
        path="/v1/shows",
        does="Make a show; who makes it is its host.",
        handle=shows.create,
        who=Who.HOST,
        body=NewShow,
        answer=Show,
        made=True,
        errors=("conflict",),
        example={"id": "friday", "title": "Friday night mugs"},
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/start",
        does="Go live; a live show stays as it is.",
        handle=shows.start,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/end",
        does="End the show, unpinning first.",
        handle=shows.end,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/pin",
        does="Show a product of the bag to everybody.",
        handle=shows.pin,
        who=Who.HOST,
        body=OneProduct,
        answer=Done,
        errors=("closed",),
        example={"product": "mug"},
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/unpin",
        does="Take the pinned product away.",
        handle=shows.unpin,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
        errors=("closed",),
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/bag",
        does="Put a product at the end of the bag.",
        handle=shows.add_product,
        who=Who.HOST,
        body=OneProduct,
        answer=BagAnswer,
        errors=("limit",),
        example={"product": "mug"},
    ),
    Route(
        method="DELETE",
        path="/v1/shows/{show}/bag/{product}",
        does="Take a product out of the bag, unpinning it first.",
        handle=shows.remove_product,
        who=Who.HOST,
        body=NoFields,
        answer=BagAnswer,
    ),
)

PRODUCTS: Final = (
    Route(
        method="GET",
        path="/v1/products",
        does="List products by id.",
        handle=products.list_all,
        answer=ProductPage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/products/{product}",
        does="Read a product in full.",
        handle=products.get,
        answer=Product,
    ),
    Route(
        method="POST",
        path="/v1/products",
        does="List a product with its first stock; a seller may leave its shop out.",
        handle=products.create,
        who=Who.SELLER,
        body=NewProduct,
        answer=Product,
        made=True,
        errors=("conflict",),
        example=MUG,
    ),
    Route(
        method="PATCH",
        path="/v1/products/{product}",
        does="Change what the body names; SKUs are changed and added, never removed.",
        handle=products.patch,
        who=Who.SELLER,
        body=PatchProduct,
        answer=Product,
        errors=("conflict", "limit"),
        example={"title": "Sunset mug", "skus": [{"id": "mug-blue", "compare_at": 2499}]},
    ),
    Route(
        method="POST",
        path="/v1/skus/{sku}/stock",
        does="Add units, or set how many are left to sell; once per key.",
        handle=products.change_stock,
        who=Who.SELLER,
        body=StockChange,
        answer=Sku,
        errors=("conflict", "key_reused", "limit"),
        example={"add": 20, "key": "delivery-0815"},
    ),
)
