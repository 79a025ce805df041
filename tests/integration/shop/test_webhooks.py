"""Events reach a shop's own server: signed, in order, at least once, whatever it does."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import web

from shop.events import Events
from shop.happened import Kind
from shop.webhooks import work
from shop.webhooks.backoff import OFF_MS, RETRIES_S
from shop.webhooks.deliverer import AT_ONCE
from store.sql.event_tables import webhook_endpoints
from store.sql.rows import Connection, update
from tests.integration.shop.post import Post, paid
from tests.receiver import Got, Receiver, verified
from tests.selling import ADMIN, seller
from tests.waiting import until

pytestmark = pytest.mark.redis


# As it should be.


async def test_an_event_comes_signed_and_as_it_stands_in_the_feed(
    post: Post, shop: Receiver
) -> None:
    endpoint = await post.listen(shop)
    await post.happen("or_1")

    await post.deliverer.finish()

    (got,) = shop.got
    feed, _ = await Events(post.book, post.clock).list(seller(), None, 10)
    assert got.event == {
        "id": got.id,
        "kind": "order.paid",
        "shop": "ada",
        "at": post.clock.now_ms(),
        "data": {"order": {"id": "or_1"}},
    }
    assert got.id == feed[0].id
    assert got.headers["webhook-timestamp"] == str(post.clock.now_ms() // 1000)
    assert got.headers["Content-Type"] == "application/json"
    assert isinstance(endpoint.secret, str)
    assert verified(endpoint.secret, got.headers, got.body)
    assert not verified(endpoint.secret, got.headers, got.body + b" ")
    (tried,) = await post.log(endpoint)
    assert (tried.event, tried.attempt, tried.outcome, tried.status) == (
        got.id,
        1,
        "delivered",
        200,
    )
    assert post.counts.outcomes == ["delivered"]


async def test_events_come_in_their_order_each_once(post: Post, shop: Receiver) -> None:
    await post.listen(shop)
    orders = [f"or_{number}" for number in range(25)]
    await post.happen(*orders)

    await post.deliverer.finish()
    await post.deliverer.finish()

    assert shop.ids == paid(*orders)


async def test_an_endpoint_hears_of_what_happens_after_it_was_made(
    post: Post, shop: Receiver
) -> None:
    await post.happen("or_before")
    await Events(post.book, post.clock).settle()
    await post.listen(shop)
    await post.happen("or_after")

    await post.deliverer.finish()

    assert shop.ids == paid("or_after")


async def test_an_endpoint_gets_the_kinds_it_named_and_its_shop_s_only(
    post: Post, shop: Receiver
) -> None:
    everything = await post.receiver()
    await post.listen(shop, Kind.ORDER_REFUNDED)
    await post.listen(everything, by=ADMIN)
    await post.happen("or_1")
    await post.happen("or_2", kind=Kind.ORDER_REFUNDED)
    await post.happen("or_3", shop="bob", kind=Kind.ORDER_REFUNDED)

    await post.deliverer.finish()

    assert [got.event["data"]["order"]["id"] for got in shop.got] == ["or_2"]
    assert [got.event["data"]["order"]["id"] for got in everything.got] == [
        "or_1",
        "or_2",
        "or_3",
    ]
    assert await post.book.read(work.due, post.clock.now_ms(), 10) == []


# As it may be.


@pytest.mark.parametrize("status", [500, 404, 429, 302, 307, 304])
async def test_whatever_is_not_2xx_is_tried_again_and_redirects_are_not_followed(
    post: Post, shop: Receiver, status: int
) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [status]
    await post.happen("or_1")

    await post.deliverer.finish()
    assert len(shop.got) == 1
    await post.pass_time(3_999)
    assert len(shop.got) == 1
    await post.pass_time(2_001)

    assert shop.ids == paid("or_1", "or_1")
    first, second = await post.log(endpoint)
    assert (first.outcome, first.status, first.attempt) == ("failed", status, 1)
    assert (second.outcome, second.status, second.attempt) == ("delivered", 200, 2)
    assert isinstance(first.next_at, int)
    assert 4_000 <= first.next_at - first.at <= 6_000


async def test_an_event_is_tried_eight_times_over_a_day_and_then_given_up(
    post: Post, shop: Receiver
) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [500] * 8
    await post.happen("or_1")

    await post.deliverer.finish()
    while isinstance(next_at := (await post.log(endpoint))[-1].next_at, int):
        await post.pass_time(next_at - post.clock.now_ms() + 2_000)
    await post.pass_time(OFF_MS)

    tried = await post.log(endpoint)
    waits = [one.next_at - one.at for one in tried if isinstance(one.next_at, int)]
    assert [one.outcome for one in tried] == ["failed"] * 7 + ["given_up"]
    assert [one.attempt for one in tried] == list(range(1, 9))
    for wait, seconds in zip(waits, RETRIES_S, strict=True):
        assert seconds * 800 <= wait <= seconds * 1200
    assert len(shop.got) == 8
    assert post.counts.outcomes[-1] == "given_up"


async def test_an_event_that_is_never_taken_lets_the_others_pass(
    post: Post, shop: Receiver
) -> None:
    poison = paid("or_poison")[0]

    async def choosy(_: web.Request, got: Got) -> web.Response:
        return web.Response(status=500 if got.id == poison else 200)

    shop.always = choosy
    await post.listen(shop)
    await post.happen("or_poison", "or_1", "or_2")

    await post.deliverer.finish()
    for _ in range(3):
        await post.pass_time(20_000)

    taken = [ident for ident in shop.ids if ident != poison]
    assert taken == paid("or_1", "or_2")
    assert shop.ids.count(poison) >= 2


async def test_a_server_that_comes_back_gets_what_waited_in_order(
    post: Post, shop: Receiver
) -> None:
    endpoint = await post.listen(shop)
    orders = [f"or_{number}" for number in range(12)]
    shop.answers = [503] * 9
    await post.happen(*orders)
    await post.deliverer.finish()
    while shop.answers:
        await post.pass_time()
    await post.pass_time()

    # One that happened to be due found it answering; all others follow it in order.
    taken = [one.event for one in await post.log(endpoint) if one.outcome == "delivered"]
    assert taken[1:] == [ident for ident in paid(*orders) if ident != taken[0]]
    assert not isinstance((await post.state(endpoint)).failing_since, int)


async def test_a_server_that_is_not_there_is_left_alone_longer_each_time(post: Post) -> None:
    endpoint = await post.listen("http://127.0.0.1:9/hook")
    await post.happen(*[f"or_{number}" for number in range(50)])

    for _ in range(60):
        await post.pass_time(10_000)

    tried = await post.log(endpoint)
    assert {one.error for one in tried} == {"it could not be reached"}
    assert len(tried) <= 9  # in ten minutes: after 5, 10, 20, 40, 80, 160, 300 s
    pauses = [b.at - a.at for a, b in itertools.pairwise(tried)]
    assert pauses == sorted(pauses)


async def test_one_that_hangs_holds_up_nobody_else(post: Post, shop: Receiver) -> None:
    hanging = await post.receiver()
    hanging.always = hanging.hang
    for number in range(AT_ONCE):
        await post.listen(hanging, by=seller(f"shop-{number}"))
        await post.happen(f"or_{number}", shop=f"shop-{number}", kind=Kind.ORDER_SHIPPED)
    await post.book.write(_all_failed)
    await post.deliverer.start_due()
    await until(lambda: len(hanging.got) == AT_ONCE // 2)
    await post.listen(shop)
    await post.happen("or_1", "or_2")

    running = asyncio.create_task(post.deliverer.finish())
    await until(lambda: len(shop.got) == 2, within_s=10.0)  # less than a request may take

    assert shop.ids == paid("or_1", "or_2")
    assert not running.done()
    hanging.let_go.set()
    await running


async def test_no_answer_in_time_is_a_failure(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    shop.always = shop.hang
    await post.happen("or_1")

    await post.another(timeout_s=0.2).finish()

    (tried,) = await post.log(endpoint)
    assert (tried.outcome, tried.error) == ("failed", "it did not answer in time")
    assert not isinstance(tried.status, int)


async def test_an_endless_answer_is_not_read(post: Post, shop: Receiver) -> None:
    written = 0

    async def endless(request: web.Request, _: Got) -> web.StreamResponse:
        nonlocal written
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 65536)
                written += 65536
                await asyncio.sleep(0)
        except ConnectionError:
            shop.let_go.set()
            raise

    shop.always = endless
    endpoint = await post.listen(shop)
    await post.happen("or_1")

    await post.deliverer.finish()

    (tried,) = await post.log(endpoint)
    assert (tried.outcome, tried.status) == ("delivered", 200)
    async with asyncio.timeout(10):
        await shop.let_go.wait()


async def test_an_answer_that_drips_is_over_with_its_head(post: Post, shop: Receiver) -> None:
    async def dripping(request: web.Request, _: Got) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100000"})
        await answer.prepare(request)
        await answer.write(b"x")
        await shop.let_go.wait()
        return answer

    shop.always = dripping
    await post.listen(shop)
    await post.happen("or_1", "or_2")

    await post.deliverer.finish()

    assert shop.ids == paid("or_1", "or_2")


async def test_what_is_not_http_is_a_failure(post: Post) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH\r\n" + b"x" * 100_000)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        endpoint = await post.listen(f"http://127.0.0.1:{port}/")
        await post.happen("or_1")
        await post.deliverer.finish()

    (tried,) = await post.log(endpoint)
    assert tried.outcome == "failed"
    assert tried.error == "it broke off, or its answer is not HTTP"


def _all_failed(conn: Connection) -> None:
    conn.execute(update(webhook_endpoints).values(failures=1))
