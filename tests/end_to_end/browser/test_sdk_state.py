"""The SDK's state and events: what it shows is what the server says."""

from __future__ import annotations

import asyncio
import time

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.sdk_page import begin, events, open_sdk, studio, until
from tests.end_to_end.browser.wire import Wire
from tests.served import Served

COUNTED = """() => {
  const timers = new Set(), listeners = new Set(), sockets = [];
  const { setTimeout: set, clearTimeout: clear, WebSocket: Real } = window;
  window.setTimeout = (fn, ms, ...more) => {
    const id = set(() => { timers.delete(id); fn(...more); }, ms);
    timers.add(id);
    return id;
  };
  window.clearTimeout = (id) => { timers.delete(id); clear(id); };
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, fn, ...more) {
    listeners.add(`${type} ${fn}`);
    return add.call(this ?? window, type, fn, ...more);
  };
  EventTarget.prototype.removeEventListener = function (type, fn, ...more) {
    listeners.delete(`${type} ${fn}`);
    return remove.call(this ?? window, type, fn, ...more);
  };
  window.WebSocket = class extends Real {
    constructor(...given) { super(...given); sockets.push(this); }
  };
  window.left = () => {
    const closed = sockets.map((socket) => socket.readyState > 1);
    return { timers: timers.size, listeners: [...listeners], sockets: closed };
  };
}"""
"""Counts what a page leaves behind."""


async def test_the_first_state_is_whole_and_cannot_be_changed(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    pots.as_host("POST", "/pin", {"product": pots.product})
    page = await open_sdk(open_page, shared_server.url)

    await begin(page, pots.show)

    state = await page.evaluate("live.state")
    assert (state["conn"], state["me"]["role"]) == ("online", "viewer")
    assert state["show"]["title"] == "Pots"
    assert [item["product"]["title"] for item in state["bag"]] == ["Mug", "Vase"]
    assert state["stock"] == {pots.mug: 50, pots.vase: 1}
    assert state["pin"]["product"] == state["bag"][0]["product"]
    assert state["bag"][0]["product"]["images"][0].startswith(f"{shared_server.url}/demo/")
    assert "lostAt" not in state
    assert await page.evaluate("live.state.pin.product === live.state.bag[0].product")
    for change in ("conn = 'x'", "bag.push(1)", "stock.mug = 9", "pin.product.title = 'x'"):
        strict = f"'use strict'; try {{ live.state.{change} }} catch {{ return true }}"
        assert await page.evaluate(f"() => {{ {strict} }}"), change
    assert await events(page, "ready") == [{"recovered": False, "first": True}]


async def test_what_the_host_does_arrives_as_state_and_as_an_event(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await begin(page, pots.show, "desk", token=pots.host)
    await page.evaluate(
        "() => { live.seen = []; live.watch((state) => state.pin, (pin) => live.seen.push(pin)) }"
    )

    await page.evaluate("(product) => desk.host.pin(product)", pots.product)
    await until(page, "live.state.pin")
    pots.as_seller("PATCH", f"/v1/products/{pots.product}", {"title": "Better mug"})
    await until(page, "live.state.pin.product.title === 'Better mug'")
    bag = await page.evaluate("(product) => desk.host.move(product, 2)", pots.product)
    await until(page, "live.state.bag[1].product.title === 'Better mug'")
    await page.evaluate("desk.host.unpin()")
    await until(page, "live.state.pin === null")
    await page.evaluate("desk.host.end()")
    await until(page, "live.state.show.state === 'ended'")

    assert [item["position"] for item in bag] == [1, 2]
    assert [pin and pin["product"]["title"] for pin in await events(page, "pin")] == ["Mug", None]
    seen = await page.evaluate("live.seen.map((pin) => pin?.product.title)")
    assert seen[0] == "Mug"
    assert "Better mug" in seen
    assert seen[-1] is None
    assert [product["title"] for product in await events(page, "product")] == ["Better mug"]
    assert len(await events(page, "bag")) == 2, "the first one, and the other order"


async def test_only_the_host_sees_sales_and_everybody_a_purchase(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await begin(page, pots.show, "desk", token=pots.host)

    await page.evaluate(
        """async (sku) => {
          await live.buy(sku, { qty: 2 });
          const shipTo = { name: "Ada", line1: "1 Mill Road", city: "Leeds", country: "GB" };
          await live.checkout.pay({ type: "card", token: "tok_ok" }, { shipTo });
        }""",
        pots.mug,
    )
    await until(page, "desk.state.sales.USD")
    await until(page, "live.told('purchase').length && live.told('order').length")

    assert await page.evaluate("desk.state.sales") == {
        "USD": {"orders": 1, "units": 2, "revenue": 3800, "currency": "USD"}
    }
    assert await page.evaluate("live.state.sales") == {}
    assert (await events(page, "purchase"))[0]["units"] == 2
    (order,) = await events(page, "order")
    assert await page.evaluate("(id) => live.order(id)", order["id"]) == order
    await until(page, f"live.state.stock['{pots.mug}'] === 48")


async def test_chat_comes_in_batches_and_who_listens_late_gets_what_was_said_last(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await begin(page, pots.show, "desk", token=pots.host)

    said = await page.evaluate(
        "Promise.all(['one', 'two\\ud83d', 'three'].map((text) => live.chat.send(text)))"
    )
    await until(page, "live.texts().length === 3")
    refused = await page.evaluate("live.chat.send('four')")
    too_long = await page.evaluate("live.chat.send('x'.repeat(9000)).catch((e) => e.code)")
    await page.evaluate("(id) => desk.host.deleteMessage(id)", said[1]["value"])
    await until(page, "live.told('chatDeleted').length")
    late = await page.evaluate(
        "() => { const got = []; live.on('chat', (batch) => got.push(batch)); return got }"
    )

    batches = await events(page, "chat")
    assert batches[0] == {"messages": [], "reset": True}
    texts = [one["text"] for batch in batches[1:] for one in batch["messages"]]
    assert texts == ["one", "two\N{REPLACEMENT CHARACTER}", "three"], (
        "half an emoji breaks nothing"
    )
    assert (refused["ok"], refused["code"], too_long) == (False, "rate_limited", "too_large")
    assert await events(page, "chatDeleted") == [said[1]["value"]]
    assert [(batch["reset"], [one["text"] for one in batch["messages"]]) for batch in late] == [
        (True, ["one", "three"])
    ]


async def test_likes_are_summed_and_sent_at_most_twice_a_second(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{shared_server.url}/v1/client")
    await begin(page, pots.show)

    started = time.monotonic()
    await page.evaluate("() => { for (let n = 0; n < 70; n++) live.like() }")
    await until(page, "live.state.likes === 70")
    took_s = time.monotonic() - started

    counts = [command["count"] for command in wire.sent("like")]
    assert sum(counts) == 70
    assert len(counts) <= 1 + took_s / 0.5
    assert max(counts) <= 50


async def test_a_handler_that_throws_is_reported_and_stops_nobody(
    open_page: OpenPage, shared_server: Served, complaints: Complaints
) -> None:
    complaints.expect("broken (handler|watcher)")
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await page.evaluate("""() => {
      window.errors = []; window.pins = [];
      addEventListener("error", (event) => errors.push(event.message));
      live.on("pin", () => { throw new Error("broken handler") });
      live.on("pin", (pin) => pins.push(pin));
      live.watch((s) => s.pin, () => { throw new Error("broken watcher") });
      live.watch((s) => s.pin, (pin) => pins.push(pin));
    }""")

    pots.as_host("POST", "/pin", {"product": pots.product})
    await until(page, "pins.length === 2 && errors.length === 2")

    assert await page.evaluate("live.state.conn") == "online"


async def test_now_is_the_server_s_time_however_wrong_the_machine_s_is(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url, clock_off_s=600)
    await begin(page, pots.show)
    await asyncio.sleep(0.3)

    ours_before = time.time() * 1000
    theirs, wrong = await page.evaluate("[live.now(), Date.now()]")
    ours_after = time.time() * 1000

    assert wrong - ours_after > 590_000
    assert ours_before - 250 <= theirs <= ours_after + 250


async def test_unsubscribing_by_function_signal_or_once_works(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await begin(page, pots.show)
    await page.evaluate("""() => {
      window.got = [];
      const quit = new AbortController();
      const off = live.on("pin", () => got.push("function"));
      live.on("pin", () => got.push("signal"), { signal: quit.signal });
      live.on("pin", () => got.push("once"), { once: true });
      live.on("pin", () => got.push("never"), { signal: AbortSignal.abort() });
      live.on("pin", () => got.push("stays"));
      window.stop = () => { off(); quit.abort(); };
    }""")

    pots.as_host("POST", "/pin", {"product": pots.product})
    await until(page, "got.length === 4")
    await page.evaluate("stop()")
    pots.as_host("POST", "/unpin")
    await until(page, "got.length === 5")

    assert await page.evaluate("got") == ["function", "signal", "once", "stays", "stays"]


async def test_closing_leaves_no_timer_no_listener_and_no_socket(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await page.evaluate(COUNTED)
    await begin(page, pots.show, signal=None)
    before = await page.evaluate("left()")

    ended = await page.evaluate(
        """async (sku) => {
          live.like(3);
          live.like(3);
          const slow = live.http("GET", "/v1/products").catch((e) => e.code);
          const asked = [live.cart.add(sku), live.buy(sku), live.chat.send("a"), live.cart.get()];
          live.close();
          live.close();
          const codes = await Promise.all(asked.map((one) => one.then(() => "ok", (e) => e.code)));
          const after = await live.buy(sku).catch((e) => e.code);
          await slow;
          return [...codes, after, live.state.conn];
        }""",
        pots.mug,
    )
    await asyncio.sleep(0.5)
    after = await page.evaluate("left()")

    assert before["timers"] > 0
    assert len(before["listeners"]) == 3
    assert ended == ["ended"] * 5 + ["closed"]
    assert after == {"timers": 0, "listeners": [], "sockets": [True]}


async def test_it_can_be_closed_from_within_what_it_tells(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    await page.evaluate(COUNTED)

    told = await page.evaluate(
        """async (show) => {
          const { connect } = await import("/yellowcart.js");
          const told = [];
          for (const moment of ["conn", "ready", "chat"]) {
            const live = connect({ show });
            live.on(moment, () => live.close());
            if (moment !== "conn") live.on(moment, () => told.push("too late"));
            told.push(await live.ready.then(() => "joined", (error) => error.code));
            told.push(live.state.conn);
          }
          return told;
        }""",
        pots.show,
    )
    await asyncio.sleep(0.5)
    after = await page.evaluate("left()")

    assert told == ["ended", "closed"] * 3
    assert after == {"timers": 0, "listeners": [], "sockets": [True] * 3}


async def test_a_signal_closes_it_too(open_page: OpenPage, shared_server: Served) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)

    said = await page.evaluate(
        """async (show) => {
          const { connect } = await import("/yellowcart.js");
          const quit = new AbortController();
          const live = connect({ show, signal: quit.signal });
          await live.ready;
          quit.abort();
          const late = connect({ show, signal: quit.signal });
          return [live.state.conn, late.state.conn, await late.ready.catch((e) => e.code)];
        }""",
        pots.show,
    )

    assert said == ["closed", "closed", "ended"]


async def test_two_tabs_are_one_guest_with_one_cart(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    first = await open_sdk(open_page, shared_server.url)
    await begin(first, pots.show)
    second = await open_sdk(open_page, shared_server.url, first.context)
    await begin(second, pots.show)

    await first.evaluate("(sku) => live.cart.add(sku)", pots.mug)
    await until(second, "live.state.cart?.count === 1")
    await second.evaluate("(sku) => live.cart.add(sku, 2)", pots.mug)
    await until(first, "live.state.cart?.count === 3")
    await first.reload()
    await begin(first, pots.show)
    await until(first, "live.state.cart?.count === 3")

    guests = [await page.evaluate("live.state.me.id") for page in (first, second)]
    assert guests[0] == guests[1]
