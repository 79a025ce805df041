"""Who the SDK is: guests, accounts, and what becomes of them when a token ends."""

from __future__ import annotations

import pytest

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.sdk_page import Losing, begin, open_sdk, studio, until
from tests.end_to_end.browser.wire import Wire
from tests.served import Served


async def test_when_a_token_expires_another_is_asked_for_and_the_account_stays(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{shared_server.url}/v1/client")
    await page.evaluate("async () => { window.sdk = await import('/yellowcart.js') }")
    short, long = (shared_server.token("vera", ttl_s=ttl_s, name="Vera") for ttl_s in (6, 60))

    await page.evaluate(
        """async ([show, short, long]) => {
          window.asked = [];
          const getToken = async (why) => {
            asked.push(why);
            return why === "start" ? short : long;
          };
          window.live = sdk.connect({ show, getToken });
          await live.ready;
        }""",
        [pots.show, short, long],
    )
    await until(page, "asked.length === 2 && live.state.conn === 'online'", 20_000)

    assert await page.evaluate("asked") == ["start", "expired"]
    assert await page.evaluate("live.state.me.name") == "Vera"
    assert [join["recovered"] for join in wire.joins] == [False, True]


@pytest.mark.parametrize("gives", ["null", "fails"])
async def test_who_gets_no_other_token_goes_on_as_a_guest_but_not_when_asking_failed(
    open_page: OpenPage, shared_server: Served, complaints: Complaints, gives: str
) -> None:
    complaints.expect("no token today")
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)

    await page.evaluate(
        """async ([show, gives]) => {
          const sdk = await import("/yellowcart.js");
          window.asked = 0;
          const getToken = async () => {
            asked++;
            if (gives === "fails" && asked === 1) throw new Error("no token today");
            return null;
          };
          window.live = sdk.connect({ show, getToken });
          await live.ready;
        }""",
        [pots.show, gives],
    )

    assert await page.evaluate("asked") == (1 if gives == "null" else 2)
    assert (await page.evaluate("live.state.me.id")).startswith("guest_")


async def test_without_another_token_it_closes_and_signing_in_goes_on(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    losing = Losing(page, lambda message, _: message.get("ev") == "pinned", code=4401)
    await losing.start()
    await begin(page, pots.show, token=shared_server.token("vera"))

    pots.as_host("POST", "/pin", {"product": pots.product})
    await until(page, "live.state.conn === 'closed'")
    refused = await page.evaluate("live.cart.get().catch((e) => [e.code, e.message])")
    (error,) = await page.evaluate("live.told('error').map((error) => error.code)")
    state = await page.evaluate("(token) => live.signIn(token)", shared_server.token("vera"))

    assert refused[0] == "ended"
    assert error == "unauthorized"
    assert (state["conn"], state["me"]["id"]) == ("online", "vera")


async def test_signing_in_takes_the_guest_s_cart_along_and_a_host_s_token_does_not(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await page.evaluate("(sku) => live.cart.add(sku, 2)", pots.mug)

    await begin(page, pots.show, "desk", token=pots.host)
    assert await page.evaluate("desk.cart.get().then((cart) => cart.count)") == 0
    state = await page.evaluate(
        "(token) => live.signIn(token)", shared_server.token(f"vera-{pots.show}")
    )
    await until(page, "live.state.cart?.count === 2")

    assert state["me"]["id"] == f"vera-{pots.show}"
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_a_guest_whose_token_no_longer_holds_becomes_another_guest(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await page.evaluate("localStorage.setItem(`yc.guest@${location.origin}`, '\"forged\"')")

    await begin(page, pots.show)

    assert (await page.evaluate("live.state.me.id")).startswith("guest_")


async def test_where_storage_is_denied_or_unwanted_it_works_without(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await page.evaluate("""() => {
      const denied = { get() { throw new DOMException("denied", "SecurityError") } };
      Object.defineProperty(window, "localStorage", denied);
      Object.defineProperty(window, "sessionStorage", denied);
    }""")

    await begin(page, pots.show)
    bought = await page.evaluate("(sku) => live.buy(sku)", pots.mug)
    await begin(page, pots.show, "other", storage=None)

    assert bought["ok"]
    ids = await page.evaluate("[live.state.me.id, other.state.me.id]")
    assert ids[0] != ids[1]
