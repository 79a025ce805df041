"""Endpoints for events: switched off and on, private to their shop, bounded, and restarted."""

from __future__ import annotations

import asyncio

import pytest

from base.errors import Forbidden, Invalid, Limit, NotFound, Outage
from shop.events import KEPT_MS, Events
from shop.webhooks import work
from shop.webhooks.backoff import OFF_MS
from shop.webhooks.endpoint import NewEndpoint
from shop.webhooks.endpoints import MOST_ENDPOINTS, Endpoints
from store.sql.event_tables import webhook_endpoints
from store.sql.rows import Connection, update
from tests.integration.shop.post import LONGEST_WAIT_MS, Post, paid
from tests.receiver import Receiver
from tests.selling import ADMIN, VIEWER, seller
from tests.waiting import until

pytestmark = pytest.mark.redis


# Off, and on again.


async def test_gone_switches_an_endpoint_off_and_a_redelivery_on_again(
    post: Post, shop: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [410]
    await post.happen("or_1", "or_2")

    await post.deliverer.finish()
    await post.pass_time()

    assert shop.ids == paid("or_1")
    assert (await post.state(endpoint)).off_at == post.clock.now_ms() - LONGEST_WAIT_MS
    assert f"endpoint {endpoint.id} is switched off" in caplog.text
    assert endpoint.url not in caplog.text

    await post.endpoints.redeliver(seller(), endpoint.id, paid("or_1")[0])
    await post.deliverer.finish()

    assert shop.ids == paid("or_1", "or_1", "or_2")
    assert not isinstance((await post.state(endpoint)).off_at, int)


async def test_five_days_of_failures_switch_an_endpoint_off(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [500] * 1000
    await post.happen("or_1")
    await post.deliverer.finish()
    began = post.clock.now_ms()
    assert (await post.state(endpoint)).failing_since == began

    await post.happen("or_2")
    await post.pass_time(OFF_MS - 1)
    assert not isinstance((await post.state(endpoint)).off_at, int)
    await post.pass_time()

    assert isinstance((await post.state(endpoint)).off_at, int)
    before = len(shop.got)
    await post.happen("or_3")
    await post.pass_time()
    assert len(shop.got) == before


async def test_one_success_begins_the_five_days_anew(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [500]
    await post.happen("or_1")
    await post.deliverer.finish()
    await post.pass_time(OFF_MS)
    shop.answers = [500]
    await post.happen("or_2")

    await post.deliverer.finish()

    state = await post.state(endpoint)
    assert state.failing_since == post.clock.now_ms()
    assert not isinstance(state.off_at, int)


async def test_any_event_can_be_sent_again(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    await post.happen("or_1", "or_2")
    await post.deliverer.finish()

    await post.endpoints.redeliver(seller(), endpoint.id, paid("or_1")[0])
    await post.deliverer.finish()

    assert shop.ids == paid("or_1", "or_2", "or_1")
    with pytest.raises(NotFound):
        await post.endpoints.redeliver(seller(), endpoint.id, "evt_unknown")


# Several processes, and deaths.


async def test_a_restart_in_the_middle_loses_nothing(post: Post, shop: Receiver) -> None:
    shop.always = shop.hang
    await post.listen(shop)
    orders = [f"or_{number}" for number in range(5)]
    await post.happen(*orders)
    dying = asyncio.create_task(post.deliverer.finish())
    await until(lambda: len(shop.got) == 1)
    dying.cancel()
    await post.deliverer.close()

    shop.always = None
    await post.another("node-2").finish()

    assert shop.ids == paid("or_0", *orders)


async def test_of_two_processes_one_delivers(post: Post, shop: Receiver) -> None:
    await post.listen(shop)
    runs = [asyncio.create_task(post.another(f"node-{n}").run()) for n in range(2)]
    orders = [f"or_{number}" for number in range(30)]
    await post.happen(*orders)

    await until(lambda: len(shop.got) >= 30)
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)

    assert shop.ids == paid(*orders)


async def test_two_that_deliver_at_once_lose_nothing(post: Post, shop: Receiver) -> None:
    """As while a lease changes hands."""
    await post.listen(shop)
    await post.happen(*[f"or_{number}" for number in range(30)])

    await asyncio.gather(post.deliverer.finish(), post.another("node-2").finish())

    assert set(shop.ids) == set(paid(*[f"or_{number}" for number in range(30)]))
    assert await post.book.read(work.due, post.clock.now_ms(), 10) == []


async def test_what_cannot_be_noted_is_not_sent_again_and_again(
    post: Post, shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.listen(shop)
    await post.happen("or_1")
    await Events(post.book, post.clock).settle()
    write = post.book.write

    async def fail(*_: object) -> None:
        raise Outage

    monkeypatch.setattr(post.book, "write", fail)
    for _ in range(3):
        async with asyncio.timeout(10):
            await post.deliverer.finish()
    assert len(shop.got) == 1
    monkeypatch.setattr(post.book, "write", write)
    await post.pass_time(10_000)

    assert shop.ids == paid("or_1", "or_1")


# Inside and outside.


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "[::]"]
)
async def test_nothing_is_sent_to_this_machine_unless_it_may(
    post: Post, shop: Receiver, host: str
) -> None:
    """The address may have become private since it was given: it is judged when connecting."""
    endpoint = await post.listen(f"https://{host}:{shop.port}/hook")
    await post.book.write(_make_plain, endpoint.id, f"http://{host}:{shop.port}/hook")
    await post.happen("or_1")

    await post.another(private=False).finish()

    (tried,) = await post.log(endpoint)
    assert (tried.outcome, shop.got) == ("failed", [])
    if host != "127.1":  # the client itself refuses to take that for an address
        assert tried.error == "the address is not public"


async def test_addresses_are_https_unless_they_are_this_machine_s(post: Post) -> None:
    public = Endpoints(post.book, post.clock, private=False)
    bad = [
        "http://shop.example/hook",
        "ftp://shop.example/",
        "https://",
        "https://ada:secret@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:99999/",
        "https://shop.example/a b",
        "https://shop.example/\r\nX: y",
        "//shop.example/",
        "shop.example",
    ]
    for url in bad:
        with pytest.raises(Invalid, match="url"):
            await post.listen(url)
    with pytest.raises(Invalid, match="https"):
        await public.create(seller(), NewEndpoint(url="http://127.0.0.1/hook"))
    for host in ("localhost", "10.0.0.7", "[::1]:8443", "127.1", "2130706433", "0x7f.1:8443"):
        inside = f"https://{host}/"
        with pytest.raises(Invalid, match="public"):
            await public.create(seller(), NewEndpoint(url=inside))
    assert (await post.listen("http://localhost:3000/hook")).url == "http://localhost:3000/hook"
    assert (await post.listen("https://shop.example/hook")).url == "https://shop.example/hook"


# Whose they are.


async def test_endpoints_are_their_shop_s_own(post: Post, shop: Receiver) -> None:
    ada = await post.listen(shop)
    bob = await post.listen(shop, by=seller("bob"))
    root = await post.listen(shop, by=ADMIN)
    await post.happen("or_1")
    await post.deliverer.finish()

    found, _ = await post.endpoints.list(seller(), None, 10)
    assert [one.id for one in found] == [ada.id]
    assert not isinstance(found[0].secret, str)
    every, _ = await post.endpoints.list(ADMIN, None, 10)
    assert {one.id for one in every} == {ada.id, bob.id, root.id}
    with pytest.raises(Forbidden):
        await post.listen(shop, by=VIEWER)
    for other in (bob, root):
        with pytest.raises(NotFound):
            await post.endpoints.deliveries(seller(), other.id, None, 10)
        with pytest.raises(NotFound):
            await post.endpoints.redeliver(seller(), other.id, paid("or_1")[0])
        with pytest.raises(NotFound):
            await post.endpoints.delete(seller(), other.id)
    with pytest.raises(NotFound):
        # Another shop's event is not there, even by an endpoint of one's own.
        await post.endpoints.redeliver(seller("bob"), bob.id, paid("or_1")[0])


async def test_a_shop_has_ten_endpoints_at_most(post: Post, shop: Receiver) -> None:
    made = [await post.listen(shop) for _ in range(MOST_ENDPOINTS)]
    with pytest.raises(Limit):
        await post.listen(shop)
    await post.listen(shop, by=seller("bob"))

    await post.endpoints.delete(seller(), made[0].id)

    await post.listen(shop)


async def test_a_deleted_endpoint_is_sent_nothing_any_more(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    shop.answers = [500]
    await post.happen("or_1", "or_2")
    await post.deliverer.finish()

    await post.endpoints.delete(seller(), endpoint.id)
    await post.pass_time()

    assert shop.ids == paid("or_1")
    assert await post.endpoints.list(ADMIN, None, 10) == ([], None)


async def test_the_log_comes_in_pages_the_latest_first(post: Post, shop: Receiver) -> None:
    endpoint = await post.listen(shop)
    await post.happen("or_1", "or_2", "or_3")
    await post.deliverer.finish()

    page, more = await post.endpoints.deliveries(seller(), endpoint.id, None, 2)
    assert more is not None
    rest, end = await post.endpoints.deliveries(seller(), endpoint.id, more, 2)

    assert [one.event for one in [*page, *rest]] == paid("or_3", "or_2", "or_1")
    assert end is None
    with pytest.raises(Invalid):
        await post.endpoints.deliveries(seller(), endpoint.id, "evt_1", 2)


async def test_the_oldest_that_waits_is_measured_and_old_ones_are_dropped(
    post: Post, shop: Receiver
) -> None:
    endpoint = await post.listen(shop)
    await post.listen(shop, by=ADMIN)
    assert await post.book.read(work.oldest_waiting) is None
    began = post.clock.now_ms()
    await post.happen("or_1")
    await Events(post.book, post.clock).settle()
    assert await post.book.read(work.oldest_waiting) == began
    shop.answers = [500, 500]
    await post.deliverer.finish()
    assert await post.book.read(work.oldest_waiting) == began

    post.clock.advance(KEPT_MS + 1)
    await post.deliverer.prune()

    assert await post.log(endpoint) == []
    assert await post.book.read(work.oldest_waiting) is None
    await post.deliverer.finish()
    assert len(shop.got) == 2


def _make_plain(conn: Connection, endpoint: str, url: str) -> None:
    conn.execute(
        update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint).values(url=url)
    )
