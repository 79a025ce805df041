"""What a show has sold: units by product and sums by currency, for its host alone."""

from __future__ import annotations

from typing import Any

from tests.integration.web.conftest import Api


async def sales(api: Api, show: str = "friday") -> dict[str, Any]:
    answer = await api.ask("GET", f"/v1/shows/{show}/sales", as_=api.host)
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def buy(api: Api, sku: str, qty: int, key: str, card: str = "tok_ok", **where: str) -> None:
    opened = await api.opened(sku, key, qty=qty, **where)
    await api.pay(opened.body["checkout"]["id"], card)


async def settled(api: Api) -> None:
    """Until the outbox has told every show what was sold in it."""
    await api.node.outbox.flush(5)


async def test_units_are_counted_by_product_where_they_were_sold(api: Api) -> None:
    mug, tote = await api.stocked(units=9), await api.stocked("tote", units=9)
    await api.live_show()
    await api.live_show("sunday")
    assert await sales(api) == {"items": [], "sales": []}

    await buy(api, mug, 1, "first-key", show="friday")
    await buy(api, tote, 3, "second-key", show="friday")
    await buy(api, mug, 1, "third-key", show="friday")
    await buy(api, mug, 4, "fourth-key", show="sunday")
    await buy(api, mug, 1, "fifth-key")
    await settled(api)

    assert await sales(api) == {
        "items": [{"product": "tote", "units": 3}, {"product": "mug", "units": 2}],
        "sales": [{"orders": 3, "units": 5, "revenue": 9995, "currency": "USD"}],
    }
    assert (await sales(api, "sunday"))["items"] == [{"product": "mug", "units": 4}]


async def test_what_was_not_paid_is_not_counted(api: Api) -> None:
    mug = await api.stocked()
    await api.live_show()

    await buy(api, mug, 2, "first-key", card="tok_declined", show="friday")
    await settled(api)

    assert await sales(api) == {"items": [], "sales": []}


async def test_only_the_shows_host_and_an_admin_read_them(api: Api) -> None:
    await api.stocked()
    await api.live_show()
    path = "/v1/shows/friday/sales"

    assert (await api.ask("GET", path)).code == "unauthorized"
    elsewhere = api.token("hanna", "host", show="sunday")
    for who in (api.buyer, api.seller, api.token("hugo", "host"), elsewhere):
        assert (await api.ask("GET", path, as_=who)).code == "forbidden"
    assert (await api.ask("GET", path, as_=api.admin)).status == 200
    assert (await api.ask("GET", "/v1/shows/nowhere/sales", as_=api.host)).code == "not_found"
