"""The SDK's commands: bought exactly once or told, refusals as values, nothing sent too late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.sdk_page import HOME, Losing, begin, events, open_sdk, studio, until
from tests.end_to_end.browser.wire import Wire
from tests.served import Served

NO_LINK = "WebSocket connection|Failed to load resource"
PAY = """([token, shipTo]) => live.checkout.pay({ type: "card", token }, { shipTo })"""
CODE = ".then((found) => found.ok ?? found, (error) => [error.code, error.outcome])"
"""Makes of a promise what came of it."""


def reply_to(op: str) -> Any:
    """The answer of an operation, for ``Losing``."""
    return lambda message, ops: ops.get(message.get("re")) == op


def without_checkouts(lost: list[bool]) -> Any:
    """Loses every checkout, for ``Losing``, until ``lost`` has two entries; one: it has."""

    def change(message: dict[str, Any]) -> list[dict[str, Any]]:
        checkout = message.get("ok", {}).get("checkout") or message.get("checkout")
        if not isinstance(checkout, dict) or len(lost) > 1:
            return [message]
        lost[:] = [True]
        return []

    return change


async def test_expected_refusals_are_values_and_the_rest_are_errors(
    open_page: OpenPage, shared_server: Served, complaints: Complaints
) -> None:
    complaints.expect("404")
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)

    gone = await page.evaluate("(sku) => live.buy(sku, { qty: 2 })", pots.vase)
    empty = await page.evaluate("live.checkout.open()")
    await page.evaluate("(sku) => live.cart.set(sku, 2)", pots.mug)
    dearer = await page.evaluate("live.checkout.open({ expect: 1 })")
    unknown = await page.evaluate(
        "live.buy('nothing').catch((e) => [e.name, e.code, e.retryable, e.outcome, e.key.length])"
    )
    none = await page.evaluate("live.checkout.get()")
    wrong = await page.evaluate(
        "live.order('nothing').catch((e) => [e.code, e instanceof sdk.YellowCartError])"
    )

    assert (gone["ok"], gone["code"], gone["data"]) == (False, "sold_out", {"sku": pots.vase})
    assert (empty["ok"], empty["code"]) == (False, "conflict")
    assert (dearer["ok"], dearer["code"]) == (False, "price_changed")
    assert dearer["data"] == {"total": 3800}
    assert unknown[:4] == ["YellowCartError", "not_found", False, "none"]
    assert 8 <= unknown[4] <= 64
    assert none is None
    assert wrong == ["not_found", True]


async def test_a_declined_card_is_a_value_and_another_one_pays(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)

    bought = await page.evaluate("(sku) => live.buy(sku)", pots.mug)
    declined = await page.evaluate(PAY, ["tok_declined", HOME])
    after = await page.evaluate("live.state.checkout")
    paid = await page.evaluate(PAY, ["tok_ok", None])

    assert (bought["ok"], bought["value"]["state"]) == (True, "reserved")
    assert (declined["ok"], declined["code"]) == (False, "payment_declined")
    assert after["state"] == "reserved"
    assert (paid["ok"], paid["value"]["state"]) == (True, "paid")
    assert await page.evaluate("live.state.checkout.state") == "paid"
    assert len(pots.orders()) == 1


@pytest.mark.parametrize("lost", ["buy", "checkout.open", "checkout.pay"])
async def test_an_answer_lost_in_a_cut_is_asked_for_again_and_it_happens_once(
    open_page: OpenPage, shared_server: Served, lost: str
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    losing = await Losing(page, reply_to(lost)).start()
    await begin(page, pots.show)

    if lost == "checkout.open":
        await page.evaluate("(sku) => live.cart.add(sku)", pots.mug)
        opened = await page.evaluate("live.checkout.open()")
    else:
        opened = await page.evaluate("(sku) => live.buy(sku)", pots.mug)
    paid = await page.evaluate(PAY, ["tok_ok", HOME])

    assert (opened["ok"], paid["ok"], paid["value"]["state"]) == (True, True, "paid")
    assert opened["value"]["id"] == paid["value"]["id"]
    repeated = losing.sent(lost)
    assert len(repeated) == 2
    assert len({command.get("key") for command in repeated}) == 1
    assert [join["recovered"] for join in losing.joins] == [False, True]
    assert len(pots.orders()) == 1


async def test_buying_twice_in_a_breath_is_one_purchase(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)

    twice = await page.evaluate("(sku) => Promise.all([live.buy(sku), live.buy(sku)])", pots.mug)
    later = await page.evaluate("(sku) => live.buy(sku)", pots.mug)

    assert twice[0]["value"]["id"] == twice[1]["value"]["id"]
    assert later["value"]["id"] != twice[0]["value"]["id"]


async def test_after_a_reload_in_mid_buy_the_same_purchase_goes_on(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    lost: list[bool] = []
    losing = await Losing(page, change=without_checkouts(lost)).start()
    await begin(page, pots.show)

    await page.evaluate("(sku) => { live.buy(sku, { qty: 3 }) }", pots.mug)
    while not lost:  # noqa: ASYNC110 - until the server has answered
        await asyncio.sleep(0.005)
    await page.reload()
    lost.append(True)
    await begin(page, pots.show)
    await until(page, "live.state.checkout")
    restored = await page.evaluate("live.state.checkout.id")
    repeated = await page.evaluate("(sku) => live.buy(sku, { qty: 3 })", pots.mug)

    assert repeated["value"]["id"] == restored
    assert len({command["key"] for command in losing.sent("buy")}) == 1


async def test_after_a_reload_while_paying_the_checkout_is_there_even_when_paid(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    lost = [True, True]
    await Losing(page, change=without_checkouts(lost)).start()
    await begin(page, pots.show)
    bought = await page.evaluate("(sku) => live.buy(sku)", pots.mug)

    lost.clear()
    await page.evaluate(PAY.replace("live.", "void live."), ["tok_ok", HOME])
    while not pots.orders():  # noqa: ASYNC110 - until the server has been paid
        await asyncio.sleep(0.05)
    await page.goto("about:blank")
    lost[:] = [True, True]
    await page.goto(f"{shared_server.url}/v1/client")
    await begin(page, pots.show)
    await until(page, "live.state.checkout?.state === 'paid'")

    assert await page.evaluate("live.state.checkout.id") == bought["value"]["id"]
    assert len(pots.orders()) == 1


async def test_what_became_of_a_purchase_can_be_looked_up_by_its_key(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    heard: list[bool] = []
    await Losing(page, change=without_checkouts(heard)).start()
    await begin(page, pots.show)

    lost = await page.evaluate(
        "(sku) => live.buy(sku, { timeoutMs: 800 }).catch((e) => [e.code, e.outcome, e.key])",
        pots.mug,
    )
    heard.append(True)
    found = await page.evaluate("(key) => live.lookup(key)", lost[2])
    unknown = await page.evaluate("live.lookup('some-other-key').catch((e) => e.code)")

    assert lost[:2] == ["timeout", "unknown"]
    assert found["value"]["state"] == "reserved"
    assert unknown == "not_found"


async def test_without_a_link_a_purchase_waits_5_s_and_a_host_s_act_not_at_all(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_page()
    await page.clock.install()
    await page.goto(f"{proxy.url}/v1/client")
    await begin(page, pots.show, token=pots.host)
    proxy.cut()
    await until(page, "live.state.conn === 'reconnecting'")

    pinned = await page.evaluate(f"(product) => live.host.pin(product){CODE}", pots.product)
    await page.evaluate(
        f"""(sku) => {{
          window.answers = {{}};
          live.buy(sku){CODE}.then((answer) => answers.buy = answer);
          live.chat.send("hello"){CODE}.then((answer) => answers.chat = answer);
          live.cart.set(sku, 1){CODE}.then((answer) => answers.cart = answer);
        }}""",
        pots.mug,
    )
    await page.clock.run_for(2_000)
    early = await page.evaluate("answers")
    await page.clock.run_for(3_100)
    in_time = await page.evaluate("answers")
    await page.clock.run_for(25_000)
    in_the_end = await page.evaluate("answers")

    assert pinned == ["offline", "none"]
    assert early == {}
    assert in_time == {"buy": ["offline", "none"], "chat": ["offline", "none"]}
    assert in_the_end["cart"] == ["offline", "none"]
    assert (await page.evaluate("live.state.conn")) == "reconnecting"


@pytest.mark.parametrize(
    ("op", "act"), [("chat.send", "chat.send('once')"), ("unpin", "host.unpin()")]
)
async def test_what_may_have_happened_in_a_cut_is_not_sent_again(
    open_page: OpenPage, shared_server: Served, op: str, act: str
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    losing = await Losing(page, reply_to(op)).start()
    await begin(page, pots.show, token=pots.host)

    told = await page.evaluate(f"live.{act}{CODE}")
    await until(page, "live.told('ready').length === 2")
    await asyncio.sleep(0.3)

    assert told == ["offline", "unknown"]
    assert len(losing.sent(op)) == 1


async def test_changes_of_the_cart_wait_for_the_link_and_merge_to_one_a_sku(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{proxy.url}/v1/client")
    await begin(page, pots.show)
    await page.evaluate("(sku) => live.cart.add(sku)", pots.mug)
    proxy.cut()
    await until(page, "live.state.conn === 'reconnecting'")

    await page.evaluate(
        f"""([mug, vase]) => {{
          const asked = [live.cart.add(mug), live.cart.add(mug, 2), live.cart.set(vase, 9),
            live.cart.set(vase, 1), live.cart.add(mug)];
          window.answers = Promise.all(asked.map((one) => one{CODE}));
        }}""",
        [pots.mug, pots.vase],
    )
    proxy.mend()
    answers = await page.evaluate("answers")

    assert answers == [True] * 5
    assert [(c["sku"], c["qty"]) for c in wire.sent("cart.set")] == [
        (pots.mug, 1),
        (pots.mug, 5),
        (pots.vase, 1),
    ]
    assert wire.sent("cart.add") == []
    cart = await page.evaluate("live.state.cart")
    assert {line["sku"]: line["qty"] for line in cart["lines"]} == {pots.mug: 5, pots.vase: 1}


async def test_taps_faster_than_the_line_all_count_and_clearing_wins_over_what_waits(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)

    added = await page.evaluate(
        "(sku) => Promise.all(Array.from({ length: 7 }, () => live.cart.add(sku)))", pots.mug
    )
    cleared = await page.evaluate(
        """([mug, vase]) => {
          const asked = [live.cart.add(mug), live.cart.set(vase, 1), live.cart.clear()];
          return Promise.all(asked);
        }""",
        [pots.mug, pots.vase],
    )

    assert added[-1]["value"]["count"] == 7
    assert cleared[2]["count"] == 0
    assert await page.evaluate("live.cart.get().then((cart) => cart.count)") == 0


async def test_too_many_commands_at_once_wait_their_turn_within_the_server_s_rate(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)

    done = await page.evaluate(
        f"Promise.all(Array.from({{ length: 90 }}, () => live.cart.get(){CODE}))"
    )
    hurried = f"live.cart.get({{ timeoutMs: 50 }}){CODE}"
    flood = await page.evaluate(f"Promise.all(Array.from({{ length: 300 }}, () => {hurried}))")

    assert all("lines" in cart for cart in done), done
    assert ["rate_limited", "none"] in flood, "what waits is bounded"


async def test_a_command_can_be_given_a_time_out_and_be_called_off(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_sdk(open_page, proxy.url)
    await begin(page, pots.show)
    proxy.freeze()

    told = await page.evaluate(
        f"""(sku) => {{
          const quit = new AbortController();
          const {{ signal }} = quit;
          const asked = [live.buy(sku, {{ timeoutMs: 100 }}), live.cart.get({{ timeoutMs: 100 }}),
            live.buy(sku, {{ signal }}), live.cart.set(sku, 1, {{ signal }}),
            live.cart.set(sku, 1, {{ signal: AbortSignal.abort() }})];
          setTimeout(() => quit.abort(), 50);
          return Promise.all(asked.map((one) => one{CODE}));
        }}""",
        pots.mug,
    )

    assert told == [
        ["timeout", "unknown"],
        ["timeout", "none"],
        ["aborted", "unknown"],
        ["aborted", "unknown"],
        ["aborted", "none"],
    ]


async def test_the_bank_s_page_has_a_whole_address_and_its_answer_arrives(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await page.evaluate("(sku) => live.buy(sku)", pots.mug)

    asked = await page.evaluate(PAY, ["tok_3ds", HOME])
    again = await page.evaluate(PAY, ["tok_ok", None])
    bank = await open_page(asked["value"]["action"]["url"])
    await bank.get_by_role("button").first.click()
    await until(page, "live.state.checkout.state === 'paid'")

    assert asked["value"]["state"] == "pay_pending"
    assert asked["value"]["action"]["url"].startswith(f"{shared_server.url}/sandbox/")
    assert (again["ok"], again["value"]["state"]) == (True, "pay_pending"), "it is being paid"
    states = [checkout["state"] for checkout in await events(page, "checkout")]
    assert states[0] == "reserved"
    assert states[-1] == "paid"
    assert len(pots.orders()) == 1
