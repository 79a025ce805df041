"""Each token of the practice provider ends as the contract says, also unwatched."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.parse
import urllib.request
import uuid
from typing import Any, Final

import pytest

from tests.served import Served
from tests.viewer import ADDRESS, Viewer, card, viewer

pytestmark = pytest.mark.redis

SKU: Final = "mug-sunrise-350ml"

PAID_IN_THE_END: Final = ("tok_ok", "tok_slow", "tok_timeout", "tok_webhook_only")
NOT_PAID: Final = ("tok_declined", "tok_insufficient_funds", "tok_unavailable")


@pytest.fixture
def server(shared_server: Served) -> Served:
    """Everybody here pays as somebody else: one server is enough."""
    return shared_server


@pytest.fixture
def account() -> str:
    return f"buyer-{uuid.uuid4().hex[:8]}"


async def opened(who: Viewer, key: str = "practice-1") -> str:
    ident: str = (await who.do("buy", sku=SKU, qty=1, key=key))["checkout"]["id"]
    return ident


def paying(checkout: str, token: str) -> dict[str, Any]:
    return {"checkout": checkout, "method": card(token), "ship_to": ADDRESS}


async def state_of(server: Served, account: str, checkout: str, wanted: str) -> dict[str, Any]:
    """The checkout once it is in a state, asked for as its buyer."""
    whole: dict[str, Any] = {}
    for _ in range(200):
        token = server.token(account)
        found = await asyncio.to_thread(
            server.http, "GET", f"/v1/checkouts/{checkout}", token=token
        )
        whole = found[1]["checkout"]
        if whole.get("state") == wanted:
            return whole
        await asyncio.sleep(0.1)
    raise AssertionError(f"{checkout} is {whole}, not {wanted}")


def charges(server: Served, checkout: str) -> list[dict[str, Any]]:
    answer = server.http("GET", "/v1/sandbox/charges", token=server.token("root", "admin"))[1]
    return [charge for charge in answer["items"] if charge["checkout"] == checkout]


@pytest.mark.parametrize("token", PAID_IN_THE_END)
async def test_it_is_paid_in_the_end(server: Served, account: str, token: str) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join(token=server.token(account))
        checkout = await opened(ada)
        started = time.monotonic()

        answer = (await ada.do("checkout.pay", **paying(checkout, token)))["checkout"]

        assert time.monotonic() - started < 10.5
        assert answer["state"] in ({"pay_pending", "paid"} if token == "tok_slow" else {"paid"})
        paid = await state_of(server, account, checkout, "paid")
    [charge] = charges(server, checkout)
    assert charge["captured"] == charge["amount"] == paid["total"]
    assert sound(server)


@pytest.mark.parametrize("token", PAID_IN_THE_END)
async def test_it_is_paid_also_when_the_buyer_hangs_up(
    server: Served, account: str, token: str
) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join(token=server.token(account))
        checkout = await opened(ada)
        await ada.send("checkout.pay", **paying(checkout, token))
        await asyncio.sleep(0.05)
        ada.socket.transport.abort()

    paid = await state_of(server, account, checkout, "paid")

    assert len(paid["orders"]) == 1
    assert len(charges(server, checkout)) == 1
    assert sound(server)


@pytest.mark.parametrize("token", NOT_PAID)
async def test_nothing_is_charged_and_another_card_works(
    server: Served, account: str, token: str
) -> None:
    code = "unavailable" if token == "tok_unavailable" else "payment_declined"
    async with viewer(server.ws_url) as ada:
        await ada.join(token=server.token(account))
        checkout = await opened(ada)

        assert await ada.refused("checkout.pay", **paying(checkout, token)) == code
        assert charges(server, checkout) == []
        assert (await ada.do("checkout.get"))["checkout"]["state"] == "reserved"
        again = await ada.do("checkout.pay", checkout=checkout, method=card("tok_ok"))

        assert again["checkout"]["state"] == "paid"
    assert sound(server)


@pytest.mark.parametrize("token", NOT_PAID)
async def test_nothing_is_charged_when_the_buyer_hangs_up(
    server: Served, account: str, token: str
) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join(token=server.token(account))
        checkout = await opened(ada)
        await ada.send("checkout.pay", **paying(checkout, token))
        await asyncio.sleep(0.05)
        ada.socket.transport.abort()

    await state_of(server, account, checkout, "reserved")

    assert charges(server, checkout) == []
    assert sound(server)


@pytest.mark.parametrize("decision", ["confirm", "refuse"])
@pytest.mark.parametrize("watching", [True, False], ids=["watching", "hung-up"])
async def test_the_bank_asks_the_buyer(
    server: Served, account: str, decision: str, *, watching: bool
) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join(token=server.token(account))
        checkout = await opened(ada)
        answer = (await ada.do("checkout.pay", **paying(checkout, "tok_3ds")))["checkout"]
        assert answer["state"] == "pay_pending"
        assert answer["action"]["type"] == "redirect"
        assert await ada.refused("checkout.pay", **paying(checkout, "tok_ok")) == "in_progress"
        if not watching:
            await ada.socket.close()

        await asyncio.to_thread(decide, server, answer["action"]["url"], decision)

        wanted = "paid" if decision == "confirm" else "reserved"
        whole = await state_of(server, account, checkout, wanted)
        if watching:
            told = await ada.event("checkout", checkout=whole)
            assert told["checkout"]["version"] == whole["version"]
    assert len(charges(server, checkout)) == (decision == "confirm")
    if decision == "refuse":
        assert whole["failure"]["code"] == "payment_declined"
    assert "action" not in whole
    assert sound(server)


def sound(server: Served) -> bool:
    """Whether the books are right."""
    return bool(server.http("GET", "/v1/audit", token=server.token("root", "admin"))[1]["ok"])


def decide(server: Served, url: str, decision: str) -> None:
    """Press a button of the bank's page."""
    page_url = urllib.parse.urljoin(server.url, url)
    assert page_url.startswith(f"{server.url}/sandbox/")
    with urllib.request.urlopen(page_url, timeout=10) as answer:  # noqa: S310
        page = answer.read().decode()
    [action] = [a for a in re.findall(r'action="([^"]+)"', page) if decision in a]
    target = urllib.parse.urljoin(page_url, action.replace("&amp;", "&"))
    inputs = re.findall(r'<input[^>]+name="([^"]+)"[^>]+value="([^"]*)"', page)
    request = urllib.request.Request(  # noqa: S310
        target, urllib.parse.urlencode(inputs).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.status == 200


async def test_an_unknown_token_is_refused_and_changes_nothing(server: Served) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join()
        checkout = await opened(ada)
        fields = paying(checkout, "tok_free_money")
        assert await ada.refused("checkout.pay", **fields) == "invalid"
        assert (await ada.do("checkout.get"))["checkout"]["state"] == "reserved"
