"""The practice provider through our port: its pages, and its webhooks."""

from __future__ import annotations

import asyncio

import msgspec

from tests.integration.web.conftest import Api
from tests.integration.web.test_codes import WEBHOOK


async def pending(api: Api) -> tuple[str, str]:
    """A checkout that waits for the buyer's confirmation, and the page to confirm on."""
    opened = await api.opened(await api.stocked())
    paying = await api.pay(opened.body["checkout"]["id"], "tok_3ds")
    checkout = paying.body["checkout"]
    assert (checkout["state"], checkout["action"]["type"]) == ("pay_pending", "redirect")
    return checkout["id"], checkout["action"]["url"]


async def state_of(api: Api, checkout: str, wanted: str) -> str:
    state = ""
    for _ in range(200):
        found = await api.ask("GET", f"/v1/checkouts/{checkout}", as_=api.buyer)
        state = found.body["checkout"]["state"]
        if state == wanted:
            break
        await asyncio.sleep(0.05)
    return state


async def answer_on(api: Api, url: str, answer: str) -> None:
    path = url[url.index("/sandbox/") :]
    page = await api.ask("GET", path)
    assert (page.status, page.media) == (200, "text/html")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    action, query = path.split("?")
    # A page that hides its address sends "null" as its origin.
    done = await api.ask("POST", f"{action}/{answer}?{query}", headers={"Origin": "null"})
    assert done.status == 303
    assert done.headers["Location"].startswith("/sandbox/")


async def test_a_confirmed_payment_is_paid(api: Api) -> None:
    checkout, url = await pending(api)

    await answer_on(api, url, "confirm")

    assert await state_of(api, checkout, "paid") == "paid"


async def test_a_refused_payment_gives_the_checkout_back(api: Api) -> None:
    checkout, url = await pending(api)

    await answer_on(api, url, "refuse")

    assert await state_of(api, checkout, "reserved") == "reserved"


async def test_a_payment_that_only_the_webhook_tells_of_is_paid(api: Api) -> None:
    opened = await api.opened(await api.stocked())
    checkout = opened.body["checkout"]["id"]

    await api.pay(checkout, "tok_webhook_only")

    assert await state_of(api, checkout, "paid") == "paid"


async def test_a_signed_webhook_is_taken_in_however_often_it_comes(api: Api) -> None:
    for _ in range(2):
        taken = await api.ask(
            "POST",
            "/v1/payments/sandbox/webhook",
            data=WEBHOOK,
            headers=api.signed(WEBHOOK),
        )
        assert (taken.status, taken.body) == (200, {})


async def test_a_webhook_changed_on_its_way_is_refused(api: Api) -> None:
    changed = WEBHOOK.replace(b"1999", b"1")

    taken = await api.ask(
        "POST", "/v1/payments/sandbox/webhook", data=changed, headers=api.signed(WEBHOOK)
    )

    assert (taken.status, taken.code) == (400, "invalid")
    assert msgspec.json.decode(changed) != msgspec.json.decode(WEBHOOK)


async def test_other_providers_have_no_webhook_here(api: Api) -> None:
    taken = await api.ask(
        "POST", "/v1/payments/stripe/webhook", data=WEBHOOK, headers=api.signed(WEBHOOK)
    )

    assert taken.code == "not_found"
