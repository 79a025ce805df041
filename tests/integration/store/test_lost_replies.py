"""Every script, executed with its reply lost and called again the same way, acts once."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage
from store.redis.connect import close, connect
from store.redis.scripts import LUA, Scripts
from tests.relay import relaying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.relay import Relay

pytestmark = pytest.mark.redis

Words = tuple[str | int, ...]

PRODUCT = '{"skus":[{"id":"mug-blue"}]}'
CHANGED = '{"skus":[{"id":"mug-blue"}],"title":"Mug"}'
WEEK = 604_800_000
LATER = 1_790_000_420_000
LIVE: Words = ("HSET", "state", "state", "live", "epoch", "e1", "seq", 4, "likes", 0, "skus", 1)
IDLE: Words = (
    "HSET",
    "state",
    "state",
    "scheduled",
    "epoch",
    "e1",
    "seq",
    4,
    "likes",
    0,
    "skus",
    0,
)
PINNED: Words = ("HSET", "state", "pinned", "mug", "pinned_at", 1)
BAG: tuple[Words, ...] = (("RPUSH", "bag", "mug", "tote"), ("HSET", "products", "mug", PRODUCT))
STOCK: tuple[Words, ...] = (
    ("SET", "ready", 1),
    ("HSET", "sku", "total", 10, "avail", 6, "held", 2, "sold", 2, "pv", 1),
)
HELD: tuple[Words, ...] = (
    ("HSET", "hold", "st", "H", "fp", "f", "dl", LATER, "n", 1, "k1", "mug-blue", "q1", 2),
    ("ZADD", "deadlines", LATER, "co_1.ada"),
)
CART: Words = ("HSET", "cart", ":v", 3, ":cur", "USD", "mug-blue", 2)
REBUILT = (
    '{"stock":[["mug-blue","10","2","2","6","1"]],'
    '"holds":[["co_1.ada","f","1790000420000",[["mug-blue","2"]]]],'
    '"gone":0,"applied":[["3","6"]],"undone":0}'
)


@dataclass(frozen=True)
class Case:
    """What there is before a call, and the call."""

    before: tuple[Words, ...]
    keys: tuple[str, ...]
    args: Words = ()


HOLDING = ("ready", "hold", "deadlines", "seq", "out", "sku")

CASES: dict[str, Case] = {
    "bag_add": Case(
        (LIVE,), ("state", "bag", "products", "feed"),
        ("mug", PRODUCT, 1, '{"ev":"bag"}', 100, 100, 500, PRODUCT),
    ),
    "bag_move": Case((LIVE, *BAG), ("state", "bag", "feed"), ("mug", 2, "{}", 100)),
    "bag_remove": Case(
        (LIVE, PINNED, *BAG), ("state", "bag", "products", "feed"), ("mug", "{}", "{}", 100)
    ),
    "cart_bought": Case((CART,), ("cart", "bought"), (WEEK, WEEK, "mug-blue", 1)),
    # A client repeats a change as `set`; `add` adds again, as the contract says.
    "cart_change": Case((CART,), ("cart",), ("set", WEEK, "mug-blue", 5, "USD", 50, 999)),
    "cart_get": Case((CART,), ("cart",)),
    "cart_merge": Case(
        (CART,), ("cart", "merged"), (WEEK, WEEK, "USD", 50, 999, "mug-blue", 2, "tote", 1)
    ),
    "cart_take": Case((CART,), ("cart", "parcel"), ("vera", "parcel-1", "", WEEK)),
    "chat_delete": Case(
        (LIVE, ("ZADD", "chat", 4, "msg"), ("HSET", "bodies", "msg", "{}")),
        ("state", "feed", "chat", "bodies"), ("msg", "{}", 100),
    ),
    "chat_send": Case(
        (LIVE,), ("state", "feed", "chat", "bodies", "muted", "banned", "pace"),
        ("vera", "msg", 1000, "{}", 100, 1000, 1000, 3, 0),
    ),
    "hold": Case(STOCK, HOLDING, ("co_1.ada", "f", LATER, "mug-blue", 2, 1)),
    "hold_extend": Case((*STOCK, *HELD), ("ready", "hold", "deadlines"), ("co_1.ada", LATER + 9)),
    "opening_done": Case((("SET", "opening", "token"),), ("opening",), ("token",)),
    "payment_pace": Case((), ("pace",), (1_000_000, 10)),
    "settle": Case((*STOCK, *HELD), HOLDING, ("co_1.ada", "C", WEEK, "", "mug-blue")),
    "show_create": Case((), ("state", "feed"), ("e1", "id", "demo", "state", "scheduled")),
    "show_end": Case((LIVE, PINNED), ("state", "feed"), (9, "{}", "{}", 100)),
    "show_gauge": Case((LIVE,), ("state", "presence", "banned", "sales"), ("n1", 5, 2, 9, 9)),
    "show_load": Case((LIVE, *BAG), ("state", "bag", "products", "c", "b", "x", "feed"), (30, 9)),
    "show_moderate": Case((LIVE,), ("state", "muted"), ("vera", 99)),
    "show_pin": Case((LIVE, *BAG), ("state", "bag", "feed"), ("mug", 9, "{}", 100)),
    "show_product": Case(
        (LIVE, *BAG), ("state", "products", "feed"), ("mug", CHANGED, 1, "{}", 9, 9)
    ),
    "show_purchase": Case(
        (LIVE,), ("state", "feed", "delivered", "sales", "sold"),
        ("ev-1", 9, 100, 100, "USD", 1, 2, 3998, "mug", 2, "{}"),
    ),
    "show_start": Case((IDLE,), ("state", "feed"), (9, "{}", 100)),
    "show_unpin": Case((LIVE, PINNED), ("state", "feed"), ("{}", 100)),
    "stock_adjust": Case(
        STOCK, ("ready", "sku", "adjusted", "seq", "out"), ("mug-blue", "add", 3, WEEK, 1)
    ),
    "stock_create": Case((), ("sku",), (1,)),
    "stock_read": Case((("SET", "seq", 7), *STOCK), ("seq", "sku")),
    "stock_rebuild": Case(
        (), ("ready", "seq", "out", "deadlines", "sku", "hold", "adjusted"), (REBUILT, WEEK)
    ),
    "stock_restock": Case(
        STOCK, ("ready", "restocked", "seq", "out", "sku"), (WEEK, 1, "mug-blue", 2)
    ),
}  # fmt: skip

AGAIN = {
    "chat_send": "nobody but the sender can know whether they meant to say it twice",
    "payment_pace": "a turn that nobody uses is lost, and the next one is asked for",
    "show_gauge": "likes are a gauge, which may count some of them twice",
}
"""Scripts whose repeat acts again, and why that is right."""

OF_THE_MOMENT = {"stock_rebuild": {"ready", "seq", "out"}}
"""Keys that tell the time of the call."""


@dataclass
class Line:
    """Two ways to one Redis: a good one, and one on which replies are lost."""

    good: Scripts
    bad: Scripts
    relay: Relay

    async def found(self, case: Case, name: str, *, is_lost: bool) -> dict[str, Any]:
        """What there is after the call, which loses its first reply or not."""
        await self.good.command("FLUSHDB")
        for words in case.before:
            await self.good.command(*words)
        if is_lost:
            self.relay.swallow(_sha(name))
            with pytest.raises(Outage):
                await self.bad.call(name, case.keys, case.args)
            assert self.relay.swallowed == 1
        await self.bad.call(name, case.keys, case.args)
        return await self._everything(OF_THE_MOMENT.get(name, set()))

    async def _everything(self, left_out: set[str]) -> dict[str, Any]:
        found = {}
        for key in await self.good.command("KEYS", "*"):
            if key.decode() not in left_out:
                kind = (await self.good.command("TYPE", key)).decode()
                value = await self.good.command(*READ[kind](key))
                is_bag = kind in {"hash", "set"}
                found[key.decode()] = _pairs(value) if is_bag else value
        return found


READ: dict[str, Any] = {
    "hash": lambda key: ("HGETALL", key),
    "list": lambda key: ("LRANGE", key, 0, -1),
    "set": lambda key: ("SMEMBERS", key),
    "stream": lambda key: ("XRANGE", key, "-", "+"),
    "string": lambda key: ("GET", key),
    "zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
}


def _sha(name: str) -> bytes:
    """What Redis calls the script."""
    source = (LUA / f"{name}.lua").read_bytes()
    return hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()


def _pairs(flat: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.fixture
async def line(redis_url: str, scripts: Scripts) -> AsyncIterator[Line]:
    target = Path(redis_url.removeprefix("unix://"))
    with tempfile.TemporaryDirectory(prefix="yc-") as folder:
        async with relaying(target, Path(folder) / "relay.sock") as relay:
            client = connect(f"unix://{relay.place}")
            bad = Scripts(client)
            yield Line(scripts, bad, relay)
            await bad.close()
            await close(client)


def test_every_script_is_looked_at() -> None:
    assert set(CASES) == {path.stem for path in LUA.glob("*.lua")}


@pytest.mark.parametrize("name", sorted(CASES))
async def test_a_script_whose_reply_is_lost_acts_once(line: Line, name: str) -> None:
    case = CASES[name]

    once = await line.found(case, name, is_lost=False)
    repeated = await line.found(case, name, is_lost=True)

    assert (repeated == once) is (name not in AGAIN)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"cart_get", "show_load", "stock_read"}))
async def test_the_call_of_each_case_does_something(line: Line, name: str) -> None:
    """Else its repeat would prove nothing."""
    case = CASES[name]
    nothing = Case(case.before, ("nowhere",))

    acted = await line.found(case, name, is_lost=False)

    assert acted != await line.found(nothing, "cart_get", is_lost=False)
