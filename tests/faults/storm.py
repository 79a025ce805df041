"""Kill after kill on one data folder, while people buy; after each, the books must be right."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from store.redis import keys
from tests.faults.books import Books, units_at_gate
from tests.faults.shopper import Unanswered, open_session
from tests.faults.street import PRICE, SHOP, Street
from tests.served import command_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.served import Served

__all__ = ["Storm", "Victim", "Wrong"]

BUYERS: Final = 24
SCARCE: Final = 30
PLENTY: Final = 1_000_000
HEAL_S: Final = 60.0
"""On a machine that is busy with other things; seconds are usual."""

AGAIN_S: Final = 0.05
TRIES: Final = 200
"""Of one visit that is not answered, each after :data:`AGAIN_S`."""


class Victim(StrEnum):
    """What is killed. The server's own practice provider dies with it, at once."""

    SERVER = "server"
    REDIS = "redis"
    BOTH = "both"
    PROVIDER = "provider"
    WRITER = "writer"
    READER = "reader"


_WORDS: Final = {
    Victim.REDIS: ("redis-server", "valkey-server"),
    Victim.PROVIDER: ("-m sandbox",),
    Victim.WRITER: ("writer.sock",),
    Victim.READER: ("reader.sock",),
}
"""What is in the command line of a victim that the server starts anew by itself."""


class Wrong(Exception):
    """Something was lost or doubled; the message says what."""


@dataclass
class Storm:
    """Kills a server as often as it is told, each time at a moment of its own.

    Args:
        server: Not started yet.
        seed: Decides who buys what, who is killed, and when.
        say: Told a line for each kill.

    Attributes:
        kills: How often each victim was killed.
        started: Processes that the server had when it was killed.
        is_open: Cleared while the books are looked at: nobody begins a visit.
        inside: Visits under way.

    """

    server: Served
    seed: int
    say: Callable[[str], None]
    kills: dict[Victim, int] = field(default_factory=lambda: dict.fromkeys(Victim, 0))
    started: set[int] = field(default_factory=set)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0

    async def blow(self, runs: int, ends_at: float) -> Street:
        """Kill ``runs`` times, or fewer when the monotonic clock reaches ``ends_at``.

        Raises:
            Wrong: What must be true after a kill is not.

        """
        chance = Random(self.seed)
        async with AsyncExitStack() as stack:
            stack.callback(self._clean)
            await asyncio.to_thread(self.server.start)
            session = await stack.enter_async_context(open_session())
            street = Street(self.server, session)
            await street.put("plenty", PLENTY)
            await street.put("scarce", SCARCE)
            self.is_open.set()
            buyers = [asyncio.create_task(self._keep_buying(street, n)) for n in range(BUYERS)]
            stack.push_async_callback(_end, buyers)
            for number in range(1, runs + 1):
                if time.monotonic() >= ends_at:
                    self.say(f"time is up after {number - 1} kills")
                    break
                await self._strike(number, street, chance)
                for buyer in buyers:
                    if buyer.done():
                        buyer.result()
            await _end(buyers)
            await self._agrees(street, is_settled=True)
            await asyncio.to_thread(self.server.stop)
        return street

    async def _strike(self, number: int, street: Street, chance: Random) -> None:
        await asyncio.sleep(chance.uniform(0.1, 1.2))
        victim = chance.choice(list(Victim))
        began = time.monotonic()
        self.kills[victim] += await self._kill(victim)
        await self._agrees(street)
        took = time.monotonic() - began
        self.say(f"{number:4} {victim:8} right again after {took:4.1f} s: {_sold(street)}")

    async def _kill(self, victim: Victim) -> bool:
        """Whether there was somebody to be killed."""
        process = self.server.process
        assert process is not None
        children = self.server.children()
        self.started |= {process.pid, *children}
        if victim in _WORDS:
            found = [pid for pid in children if any(w in command_of(pid) for w in _WORDS[victim])]
            killed = [pid for pid in found if _is_killed(pid)]
            if not killed:
                # It is being started again since the last time.
                self.say(f"no {victim} was running")
            return bool(killed)
        was_running = process.poll() is None
        if victim is Victim.BOTH:
            await asyncio.to_thread(self.server.kill)
        else:
            process.kill()
            await asyncio.to_thread(process.wait, 10)
            if process.stdout is not None:
                process.stdout.close()
        await asyncio.to_thread(self.server.start)
        return was_running

    async def _agrees(self, street: Street, *, is_settled: bool = False) -> None:
        """Wait until all is as it was told; what was told and is lost does not come back."""
        deadline = time.monotonic() + HEAL_S
        # Whoever is inside gets their answer first, by the same key: then nothing moves.
        self.is_open.clear()
        with suppress(TimeoutError):
            await until(lambda: not self.inside, HEAL_S)
        while found := await self._wrong(street, is_settled=is_settled):
            if time.monotonic() > deadline:
                raise Wrong("\n".join(found[:20]))
            await asyncio.sleep(0.2)
        self.is_open.set()

    async def _wrong(self, street: Street, *, is_settled: bool) -> list[str]:
        told = street.told.copy()
        try:
            ready, parts = await street.root.ask("GET", "/readyz")
            status, audit = await street.root.ask("GET", "/v1/audit")
        except Unanswered:
            return ["the server does not answer"]
        if (ready, status) != (200, 200):
            return [f"the server is not ready: {parts} {audit}"]
        books = await asyncio.to_thread(Books.read, self.server.data_dir)
        found = [f"audit: {check}" for check in audit["checks"] if not check["ok"]]
        found += books.wrong(told)
        found += self._wrong_units(street)
        return [*found, *books.unsettled()] if is_settled else found

    def _wrong_units(self, street: Street) -> list[str]:
        found = []
        for sku, stocked in street.stocked.items():
            units = units_at_gate(self.server.data_dir, keys.shard(SHOP), sku)
            parts = [units.get(name, -1) for name in ("avail", "held", "sold")]
            if units.get("total") != stocked or sum(parts) != stocked or min(parts) < 0:
                found.append(f"of {stocked} {sku} the gate has {units}")
        return found

    async def _keep_buying(self, street: Street, number: int) -> None:
        visit = 0
        while True:
            visit += 1
            await self.is_open.wait()
            self.inside += 1
            try:
                await self._insist(street, f"buyer-{number}", f"visit-{number:03}-{visit:06}")
            finally:
                self.inside -= 1

    async def _insist(self, street: Street, name: str, key: str) -> None:
        """One visit, again with the same requests until all of it was answered."""
        for _ in range(TRIES):
            with suppress(Unanswered):
                await _visit(street, name, key, Random(f"{self.seed}-{key}"))
                return
            await asyncio.sleep(AGAIN_S)
        raise Wrong(f"{key} was never answered")

    def _clean(self) -> None:
        """Leave nothing behind that we have started; a folder's own processes only."""
        if self.server.process is not None and self.server.process.poll() is None:
            self.server.kill()
        for pid in self.started:
            if _works_in(pid, self.server.data_dir):
                _is_killed(pid)


async def _visit(street: Street, name: str, key: str, chance: Random) -> None:
    """Buy; then pay, cancel, or walk away. A paid order may be cancelled or refunded."""
    buyer = street.known(name)
    sku = chance.choice(["plenty", "scarce"])
    bought = await buyer.buy(sku, chance.randint(1, 2), key)
    does = chance.random()
    if bought is None or does < 0.1:
        return
    if does < 0.2:
        await buyer.cancel(bought["id"])
        return
    token = chance.choices(["tok_ok", "tok_declined", "tok_webhook_only"], [10, 1, 1])[0]
    paid = await buyer.pay(bought["id"], token)
    if paid is None or not paid["orders"]:
        return
    [order] = paid["orders"]
    # Few units: nearly all come back, so that there is always somebody who is too late.
    if does < 0.35 or (sku == "scarce" and does < 0.95):
        await buyer.cancel_order(order)
    elif does < 0.5:
        await street.seller.refund(order, chance.randint(1, PRICE), f"{key}-back")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _sold(street: Street) -> str:
    told = street.told
    return f"{len(told.paid)} paid, {len(told.returned) + len(told.refunds)} refunded"


def _is_killed(pid: int) -> bool:
    """Kill a process; whether it was still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve().is_relative_to(folder.resolve())
    except OSError:
        return False
