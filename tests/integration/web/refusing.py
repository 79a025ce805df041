"""Requests that a route refuses, one for each code that only some routes can give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.integration.web.conftest import Answer, Api

Case = Callable[[Api], Awaitable[Answer]]


async def reserved(api: Api, **body: Any) -> str:
    opened = await api.opened(await api.stocked(), **body)
    assert opened.status == 201, opened.body
    return str(opened.body["checkout"]["id"])


async def many_skus(api: Api, product: str, count: int) -> list[str]:
    skus = [
        {"id": f"{product}-{n}", "title": f"No. {n}", "price": 100, "currency": "USD"}
        for n in range(count)
    ]
    made = await api.ask(
        "POST", "/v1/products", {"id": product, "title": product, "skus": skus}, as_=api.seller
    )
    assert made.status == 201, made.body
    return [str(sku["id"]) for sku in skus]


async def euro_mug(api: Api) -> None:
    skus = [{"id": "tasse", "title": "Tasse", "price": 1800, "currency": "EUR"}]
    body = {"id": "euro-mug", "title": "Tasse", "skus": skus}
    await api.ask("POST", "/v1/products", body, as_=api.seller)


async def same_show_again(api: Api) -> Answer:
    await api.stocked()
    await api.live_show()
    return await api.ask("POST", "/v1/shows", {"id": "friday", "title": "x"}, as_=api.host)


async def pin_before_start(api: Api) -> Answer:
    await api.stocked()
    await api.live_show()
    await api.ask("POST", "/v1/shows/friday/end", as_=api.host)
    return await api.ask("POST", "/v1/shows/friday/pin", {"product": "mug"}, as_=api.host)


async def unpin_after_end(api: Api) -> Answer:
    await pin_before_start(api)
    return await api.ask("POST", "/v1/shows/friday/unpin", as_=api.host)


async def bag_too_full(api: Api) -> Answer:
    await api.ask("POST", "/v1/shows", {"id": "friday", "title": "x"}, as_=api.host)
    answers = []
    for n in range(6):
        await many_skus(api, f"wall{n}", 100)
        body = {"product": f"wall{n}"}
        answers.append(await api.ask("POST", "/v1/shows/friday/bag", body, as_=api.host))
    assert [answer.status for answer in answers[:-1]] == [200] * 5
    return answers[-1]


async def same_product_again(api: Api) -> Answer:
    await api.stocked()
    skus = [{"title": "Red", "price": 1, "currency": "USD"}]
    body = {"id": "mug", "title": "Mug", "skus": skus}
    return await api.ask("POST", "/v1/products", body, as_=api.seller)


async def patch_currency(api: Api) -> Answer:
    await api.stocked()
    skus = [{"id": "mug-blue", "title": "Blue", "price": 1, "currency": "EUR"}]
    return await api.ask("PATCH", "/v1/products/mug", {"skus": skus}, as_=api.seller)


async def patch_too_many_skus(api: Api) -> Answer:
    await many_skus(api, "wall", 100)
    skus = [{"id": "wall-new", "title": "New", "price": 1, "currency": "USD"}]
    return await api.ask("PATCH", "/v1/products/wall", {"skus": skus}, as_=api.seller)


async def change_stock(api: Api, **body: object) -> Answer:
    body = {"key": "second-delivery", **body}
    return await api.ask("POST", "/v1/skus/mug-blue/stock", body, as_=api.seller)


async def take_too_many(api: Api) -> Answer:
    await api.stocked(units=5)
    return await change_stock(api, add=-6)


async def other_delivery_same_key(api: Api) -> Answer:
    await api.stocked()
    await change_stock(api, add=1)
    return await change_stock(api, add=2)


async def too_large_delivery(api: Api) -> Answer:
    await api.stocked()
    return await change_stock(api, add=1_000_000_001)


async def add_line(api: Api, sku: str, qty: int = 1) -> Answer:
    return await api.ask("POST", "/v1/cart/lines", {"sku": sku, "qty": qty}, as_=api.buyer)


async def add_other_currency(api: Api) -> Answer:
    await add_line(api, await api.stocked())
    await euro_mug(api)
    return await add_line(api, "tasse")


async def set_other_currency(api: Api) -> Answer:
    await add_other_currency(api)
    return await api.ask("PUT", "/v1/cart/lines/tasse", {"qty": 1}, as_=api.buyer)


async def add_too_many_units(api: Api) -> Answer:
    sku = await api.stocked()
    await add_line(api, sku, 999)
    return await add_line(api, sku)


async def set_too_many_lines(api: Api) -> Answer:
    *first, last = await many_skus(api, "wall", 51)
    await asyncio.gather(*(add_line(api, sku) for sku in first))
    return await api.ask("PUT", f"/v1/cart/lines/{last}", {"qty": 1}, as_=api.buyer)


async def check_out(api: Api, key: str = "whole-cart", **body: object) -> Answer:
    headers = {"Idempotency-Key": key}
    return await api.ask("POST", "/v1/checkouts", body, as_=api.buyer, headers=headers)


async def open_while_paying(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.pay(checkout, "tok_3ds")
    answer = await api.opened("mug-blue", key="another-key")
    assert answer.body["data"] == {"checkout": checkout}
    return answer


async def other_body_same_key(api: Api) -> Answer:
    await reserved(api)
    return await api.opened("mug-blue", qty=2)


async def open_with_old_total(api: Api) -> Answer:
    await add_line(api, await api.stocked())
    answer = await check_out(api, expected_total=1)
    assert answer.body["data"] == {"total": 1999}
    return answer


async def buy_too_many(api: Api) -> Answer:
    answer = await api.opened(await api.stocked(units=5), qty=6)
    assert answer.body["data"] == {"sku": "mug-blue"}
    return answer


async def pay_what_was_cancelled(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.ask("POST", f"/v1/checkouts/{checkout}/cancel", as_=api.buyer)
    return await api.pay(checkout)


async def pay_too_late(api: Api) -> Answer:
    checkout = await reserved(api)
    for _ in range(100):
        found = await api.ask("GET", f"/v1/checkouts/{checkout}", as_=api.buyer)
        if found.body["checkout"]["state"] == "expired":
            break
        await asyncio.sleep(0.1)
    return await api.pay(checkout)


async def pay_twice_at_once(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.pay(checkout, "tok_3ds")
    return await api.pay(checkout)


async def pay_with_a_bad_card(api: Api) -> Answer:
    return await api.pay(await reserved(api), "tok_declined")


async def too_many_endpoints(api: Api) -> Answer:
    body = {"url": "https://shop.example/hook"}
    made = [await api.ask("POST", "/v1/webhooks", body, as_=api.seller) for _ in range(11)]
    assert [answer.status for answer in made[:-1]] == [201] * 10
    return made[-1]


async def ordered(api: Api) -> str:
    """A paid order of Bea's: one blue mug."""
    paid = await api.pay(await reserved(api))
    assert paid.status == 200, paid.body
    return str(paid.body["checkout"]["orders"][0])


async def refund(api: Api, order: str, key: str = "refund-1", **body: object) -> Answer:
    headers = {"Idempotency-Key": key}
    path = f"/v1/orders/{order}/refunds"
    return await api.ask("POST", path, body, as_=api.seller, headers=headers)


async def refund_too_much(api: Api) -> Answer:
    return await refund(api, await ordered(api), amount=2000)


async def other_refund_same_key(api: Api) -> Answer:
    order = await ordered(api)
    assert (await refund(api, order, amount=1)).status == 201
    return await refund(api, order, amount=2)


async def ship(api: Api, order: str, **body: object) -> Answer:
    return await api.ask("POST", f"/v1/orders/{order}/shipment", body, as_=api.seller)


async def ship_what_was_cancelled(api: Api) -> Answer:
    order = await ordered(api)
    await api.ask("POST", f"/v1/orders/{order}/cancel", as_=api.buyer)
    return await ship(api, order)


async def cancel_what_was_sent(api: Api) -> Answer:
    order = await ordered(api)
    await ship(api, order)
    return await api.ask("POST", f"/v1/orders/{order}/cancel", as_=api.buyer)


CASES: Final[dict[tuple[str, str, str], Case]] = {
    ("POST", "/v1/shows", "conflict"): same_show_again,
    ("POST", "/v1/shows/{show}/pin", "closed"): pin_before_start,
    ("POST", "/v1/shows/{show}/unpin", "closed"): unpin_after_end,
    ("POST", "/v1/shows/{show}/bag", "limit"): bag_too_full,
    ("POST", "/v1/products", "conflict"): same_product_again,
    ("PATCH", "/v1/products/{product}", "conflict"): patch_currency,
    ("PATCH", "/v1/products/{product}", "limit"): patch_too_many_skus,
    ("POST", "/v1/skus/{sku}/stock", "conflict"): take_too_many,
    ("POST", "/v1/skus/{sku}/stock", "key_reused"): other_delivery_same_key,
    ("POST", "/v1/skus/{sku}/stock", "limit"): too_large_delivery,
    ("POST", "/v1/webhooks", "limit"): too_many_endpoints,
    ("POST", "/v1/cart/lines", "conflict"): add_other_currency,
    ("POST", "/v1/cart/lines", "limit"): add_too_many_units,
    ("PUT", "/v1/cart/lines/{sku}", "conflict"): set_other_currency,
    ("PUT", "/v1/cart/lines/{sku}", "limit"): set_too_many_lines,
    ("POST", "/v1/checkouts", "conflict"): check_out,
    ("POST", "/v1/checkouts", "in_progress"): open_while_paying,
    ("POST", "/v1/checkouts", "key_reused"): other_body_same_key,
    ("POST", "/v1/checkouts", "price_changed"): open_with_old_total,
    ("POST", "/v1/checkouts", "sold_out"): buy_too_many,
    ("POST", "/v1/checkouts/{checkout}/pay", "conflict"): pay_what_was_cancelled,
    ("POST", "/v1/checkouts/{checkout}/pay", "expired"): pay_too_late,
    ("POST", "/v1/checkouts/{checkout}/pay", "in_progress"): pay_twice_at_once,
    ("POST", "/v1/checkouts/{checkout}/pay", "payment_declined"): pay_with_a_bad_card,
    ("POST", "/v1/orders/{order}/cancel", "conflict"): cancel_what_was_sent,
    ("POST", "/v1/orders/{order}/refunds", "conflict"): refund_too_much,
    ("POST", "/v1/orders/{order}/refunds", "key_reused"): other_refund_same_key,
    ("POST", "/v1/orders/{order}/shipment", "conflict"): ship_what_was_cancelled,
}
"""What each route refuses on grounds of its own."""

PAY_SECONDS: Final = {"expired": 1}
