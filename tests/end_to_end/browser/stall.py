"""A LIVE of a test's own on a server that others use too: its show, its shop, its shelves."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.served import Served

__all__ = ["Stall"]

PICTURE = "/demo/mug-sunrise.svg"


@dataclass
class Stall:
    """Opened with its show live and its bag empty; ``put`` fills it.

    Attributes:
        name: Of the show, of the shop, and before every id in it.
        is_live: Whether the show has begun.

    """

    served: Served
    name: str = field(default_factory=lambda: f"s{uuid.uuid4().hex[:8]}")
    is_live: bool = True

    def __post_init__(self) -> None:
        self._host = self.served.token(f"{self.name}-host", "host", name="Ana Linen")
        self._seller = self.served.token(f"{self.name}-seller", "seller", shop=self.name)
        self._ask("POST", "/v1/shows", {"id": self.name, "title": "Spring linen"})
        if self.is_live:
            self._ask("POST", f"/v1/shows/{self.name}/start", {})

    @property
    def url(self) -> str:
        return f"{self.served.url}/watch/{self.name}"

    def put(
        self,
        title: str,
        price: int = 2490,
        left: int = 20,
        *,
        pin: bool = False,
        kinds: tuple[str, ...] = ("One size",),
        images: tuple[str, ...] = (PICTURE,),
    ) -> str:
        """List a product and put it into the bag: its id; its SKUs are ``{id}-0`` and so on."""
        word = title.split(maxsplit=1)[0].lower().encode("ascii", "ignore").decode()
        product = f"{self.name}-{word[:30]}"
        each = {"price": price, "currency": "EUR", "left": left}
        skus = [{"id": f"{product}-{n}", "title": kind, **each} for n, kind in enumerate(kinds)]
        about = {"id": product, "title": title, "description": f"{title}, made in Porto."}
        body = {**about, "images": [*images], "skus": skus}
        self._ask("POST", "/v1/products", body, self._seller)
        self._ask("POST", f"/v1/shows/{self.name}/bag", {"product": product})
        if pin:
            self.pin(product)
        return product

    def pin(self, product: str) -> None:
        self._ask("POST", f"/v1/shows/{self.name}/pin", {"product": product})

    def price(self, product: str, price: int) -> None:
        """Change what the first SKU costs."""
        body = {"skus": [{"id": f"{product}-0", "price": price}]}
        self._ask("PATCH", f"/v1/products/{product}", body, self._seller)

    def stock(self, product: str, left: int) -> None:
        """Set how many of the first SKU are left to sell."""
        body = {"set": left, "key": uuid.uuid4().hex}
        self._ask("POST", f"/v1/skus/{product}-0/stock", body, self._seller)

    def left(self, product: str) -> int:
        """How many of the first SKU can be held now."""
        left: int = self._ask("GET", f"/v1/products/{product}")["skus"][0]["left"]
        return left

    def orders(self) -> list[dict[str, Any]]:
        """What was sold."""
        items: list[dict[str, Any]] = self._ask("GET", "/v1/orders", None, self._seller)["items"]
        return items

    def _ask(self, method: str, path: str, body: object = None, token: str = "") -> Any:
        status, said = self.served.http(method, path, body, token=token or self._host)
        assert status < 300, (method, path, status, said)
        return said
