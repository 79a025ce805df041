"""A process full of buyers, told by lines of JSON what to do: ``python -m bench.checkout.swarm``.

A line names a plan (:class:`Plan`); the answer is one line with what came of it
(:class:`Outcome`). Every buyer has an account and a socket of their own.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec
import uvloop

from bench.checkout.connection import Reply, Socket, framed

__all__ = ["Outcome", "Plan"]

JOINING: Final = 64
"""Sockets that shake hands side by side."""

SLOT_S: Final = 0.001
"""Clicks are sent as many as are due, not oftener than this; each counts from when it was due."""

JOIN, BUY, PAY = 1, 2, 3
ADDRESS: Final = {"name": "Ada", "line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}


class Plan(msgspec.Struct, kw_only=True):
    """Who buys when.

    Attributes:
        sku: What everybody buys one of.
        first, count: Which of the process's buyers.
        again: How many purchases each makes, the next one when one has ended.
        key: Tells this plan's keys apart from other plans'.
        in_flight: Purchases side by side, each next one begins when one is answered; 0: by time.
        seconds: Over how long the clicks are spread.
        evenly: At even distances; else each at random.
        clicks: How often each sends the same ``buy``.
        hang_up: The share of buyers who hang up before the answer.
        pays: Whether what is reserved is paid, and with which token.
        begin_at: Unix seconds at which it begins, so that several processes begin together.
        patience_s: After that an answer counts as missing.

    """

    sku: str
    first: int
    count: int
    key: str
    again: int = 1
    in_flight: int = 0
    seconds: float = 0
    evenly: bool = True
    clicks: int = 1
    hang_up: float = 0
    pays: str = ""
    begin_at: float = 0
    patience_s: float = 30


class Outcome(msgspec.Struct, kw_only=True):
    """What came of a plan.

    Attributes:
        answers: How many ended how: ``reserved``, ``paid``, ``sold_out``, other codes,
            ``hung_up``, ``missing`` (some click was not answered), ``differing`` (two answers to
            one key do not say the same).
        latencies: Of each answer to a buyer's first click, in ms, sorted.
        began, last_click, ended: In Unix seconds; ``ended`` is the last answer.

    """

    answers: dict[str, int]
    latencies: list[float]
    began: float
    last_click: float
    ended: float


class Buyer:
    """One account; what it does next follows from the last answer."""

    socket: Socket

    def __init__(self, name: str) -> None:
        self.name = name
        self.begin(0, "", lambda _buyer, _now: None, lambda: None)

    def begin(
        self,
        clicks: int,
        pays: str,
        on_end: Callable[[Buyer, float], None],
        on_again: Callable[[], None],
    ) -> None:
        """Forget the last purchase; ``on_again`` hears of each answer after the first."""
        self.pays, self.on_end, self.on_again = pays, on_end, on_again
        self.state = self.said = ""
        self.clicked = self.heard_at = 0.0
        self.owed = clicks
        self.differs = False

    async def join(self, port: int, show: str, token: str) -> None:
        """Connect and watch a show."""
        loop = asyncio.get_running_loop()
        joined: asyncio.Future[None] = loop.create_future()

        def heard(reply: Reply, _: float) -> None:
            if not bytes(reply.ok):
                joined.set_exception(ConnectionError(code_of(reply)))
            else:
                joined.set_result(None)

        _, self.socket = await loop.create_connection(
            lambda: Socket(port, heard), "127.0.0.1", port
        )
        await self.socket.opened
        self.socket.send(framed({"id": JOIN, "op": "join", "show": show, "token": token}))
        await joined
        self.socket.on_reply = self.heard

    def click(self, sku: str, key: str) -> None:
        """Press Buy."""
        frame = {"id": BUY, "op": "buy", "sku": sku, "qty": 1, "key": f"{key}-{self.name}"}
        self.socket.send(framed(frame))

    def hang_up(self) -> None:
        """Be gone, and hear nothing more."""
        self.state, self.owed = "hung_up", 0
        self.socket.hang_up()

    def heard(self, reply: Reply, now: float) -> None:
        """Take an answer; a second one to the same key must say the same."""
        self.heard_at = now
        is_ok = bool(bytes(reply.ok))
        if reply.re == PAY:
            self._end(state_of(reply) if is_ok else code_of(reply), now)
            return
        self.owed -= 1
        said = checkout_of(reply) if is_ok else code_of(reply)
        if self.said:
            self.differs |= said != self.said
            self.on_again()
            return
        self.said = said
        if is_ok and self.pays:
            self._pay(said)
        else:
            self._end("reserved" if is_ok else said, now)

    @property
    def ended(self) -> str:
        """How it ended for this buyer, as :class:`Outcome` says."""
        if self.differs:
            return "differing"
        return "missing" if self.owed or self.state in {"", "clicked", "paying"} else self.state

    def _pay(self, checkout: str) -> None:
        self.state = "paying"
        pay = {"checkout": checkout, "method": {"type": "card", "token": self.pays}}
        self.socket.send(framed({"id": PAY, "op": "checkout.pay", **pay, "ship_to": ADDRESS}))

    def _end(self, state: str, now: float) -> None:
        self.state = state
        self.on_end(self, now)


class Swarm:
    """The process's buyers."""

    def __init__(self, port: int, show: str, names: list[str], tokens: list[str]) -> None:
        self._port = port
        self._show = show
        self._tokens = tokens
        self.buyers = [Buyer(name) for name in names]

    async def join(self) -> None:
        """Let everybody join."""
        turns = asyncio.Semaphore(JOINING)

        async def one(buyer: Buyer, token: str) -> None:
            async with turns:
                await buyer.join(self._port, self._show, token)

        await asyncio.gather(*map(one, self.buyers, self._tokens))

    async def follow(self, plan: Plan) -> Outcome:
        """Carry a plan out."""
        run = Run(plan, self.buyers[plan.first : plan.first + plan.count])
        return await run.whole()


class Run:
    """One plan under way."""

    def __init__(self, plan: Plan, buyers: list[Buyer]) -> None:
        self._plan = plan
        self._buyers = buyers
        self._waiting = iter(buyers)
        self._chance = random.Random(plan.key)
        self._latencies: list[float] = []
        self._earlier: Counter[str] = Counter()
        self._bought: Counter[Buyer] = Counter()
        self._left = len(buyers) * plan.clicks * plan.again
        self._done = asyncio.Event()

    async def whole(self) -> Outcome:
        """Begin at the time that was told, and wait for everybody's answer."""
        plan = self._plan
        await asyncio.sleep(max(0.0, plan.begin_at - time.time()))
        zero = time.perf_counter()
        began = time.time()
        for buyer in self._buyers:
            self._begin(buyer)
        last_click = zero
        if plan.in_flight:
            for _ in range(min(plan.in_flight, len(self._buyers))):
                self._next(time.perf_counter())
        else:
            last_click = await self._by_time(zero)
        try:
            async with asyncio.timeout(plan.patience_s):
                await self._done.wait()
        except TimeoutError:
            pass
        return self._outcome(began, zero, last_click)

    def _begin(self, buyer: Buyer) -> None:
        buyer.begin(self._plan.clicks, self._plan.pays, self._ended, self._count_down)

    async def _by_time(self, zero: float) -> float:
        plan = self._plan
        step = plan.seconds / len(self._buyers)
        times = (
            [step * number for number in range(len(self._buyers))]
            if plan.evenly
            else sorted(self._chance.uniform(0, plan.seconds) for _ in self._buyers)
        )
        clicks = list(zip(times, self._buyers, strict=True))
        for number in range(1, plan.clicks):
            clicks += [
                (at + number * self._chance.uniform(0.02, 0.2), buyer)
                for at, buyer in zip(times, self._buyers, strict=True)
            ]
        clicks.sort(key=lambda click: click[0])
        for at, buyer in clicks:
            wait = zero + at - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(max(wait, SLOT_S))
            self._click(buyer, zero + at)
        return zero + clicks[-1][0]

    def _click(self, buyer: Buyer, due: float) -> None:
        if buyer.state == "hung_up" or buyer.socket.is_lost:
            return
        if not buyer.state:
            buyer.state, buyer.clicked = "clicked", due
        buyer.click(self._plan.sku, f"{self._plan.key}-{self._bought[buyer]}")
        if self._chance.random() < self._plan.hang_up / self._plan.clicks:
            asyncio.get_running_loop().call_later(0.002, self._leave, buyer)

    def _leave(self, buyer: Buyer) -> None:
        if buyer.state == "clicked":
            self._count_down(buyer.owed)
            buyer.hang_up()

    def _next(self, now: float) -> None:
        buyer = next(self._waiting, None)
        if buyer is not None:
            self._click(buyer, now)

    def _ended(self, buyer: Buyer, now: float) -> None:
        self._latencies.append((now - buyer.clicked) * 1000)
        if self._bought[buyer] + 1 < self._plan.again:
            self._bought[buyer] += 1
            self._earlier[buyer.ended] += 1
            self._begin(buyer)
            self._click(buyer, now)
        elif self._plan.in_flight:
            self._next(now)
        self._count_down()

    def _count_down(self, answers: int = 1) -> None:
        self._left -= answers
        if not self._left:
            self._done.set()

    def _outcome(self, began: float, zero: float, last_click: float) -> Outcome:
        last = max(buyer.heard_at for buyer in self._buyers)
        return Outcome(
            answers=dict(self._earlier + Counter(buyer.ended for buyer in self._buyers)),
            latencies=sorted(round(ms, 2) for ms in self._latencies),
            began=began,
            last_click=began + last_click - zero,
            ended=began + last - zero,
        )


def code_of(reply: Reply) -> str:
    """The code of a refusal."""
    found: dict[str, Any] = msgspec.msgpack.decode(reply.error or b"\x80")
    return str(found["code"])


def checkout_of(reply: Reply) -> str:
    """The id of the checkout that a reply tells of."""
    return str(_ok(reply)["id"])


def state_of(reply: Reply) -> str:
    """Its state."""
    return str(_ok(reply)["state"])


def _ok(reply: Reply) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = msgspec.msgpack.decode(reply.ok or b"\x80")
    return found["checkout"]


async def main(port: int, show: str) -> None:
    """Read names and tokens, join, then follow plans until the input ends."""
    lines = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    known = msgspec.json.decode(await lines.readline(), type=dict[str, str])
    swarm = Swarm(port, show, list(known), list(known.values()))
    await swarm.join()
    # A pause of ours would count as the server's.
    gc.collect()
    gc.disable()
    print("joined", flush=True)
    while line := await lines.readline():
        outcome = await swarm.follow(msgspec.json.decode(line, type=Plan))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
