"""One run: everybody comes, the host pins, buyers buy, and then the books are read."""

from __future__ import annotations

import asyncio
import resource
import secrets
import time
from random import Random
from typing import TYPE_CHECKING, Final

from websockets.uri import parse_uri

from bots.books import Books, Unreadable
from bots.buyer import Buyer, plan
from bots.client import Client, Line, Lost, Refused
from bots.connection import HandshakeFailed
from bots.frames import Decoder
from bots.host import Host, products_of
from bots.invariants import Breaches
from bots.options import CannotStart
from bots.pins import Pinboard
from bots.progress import Progress
from bots.reckoning import Reckoning
from bots.till import Till
from bots.tokens import Mint
from bots.viewer import Venue, Viewer, make_noise

if TYPE_CHECKING:
    from bots.frames import Map
    from bots.options import Options
    from bots.report import Findings

__all__ = ["Swarm"]

AT_ONCE: Final = 50
"""Connections being opened at a time."""

JOIN_TRIES: Final = 3

SPARE_FILES: Final = 64
"""File descriptors besides the viewers': the host, HTTP, the interpreter."""

AFTERMATH_S: Final = 60.0
"""How long the last purchase may take before the run gives it up."""


class Swarm:
    """The bots of one run.

    Args:
        options: What was asked for.
        secret: The server's, to sign tokens with.

    """

    def __init__(self, options: Options, secret: str) -> None:
        self._options = options
        self._breaches = Breaches()
        self._mint = Mint(secret, options.seconds)
        line = Line(
            uri=parse_uri(options.url),
            show=options.show,
            decoder=Decoder(),
            breaches=self._breaches,
        )
        self._venue = Venue(
            line=line,
            mint=self._mint,
            pins=Pinboard(),
            till=Till(self._breaches),
            # Not seeded: a second run with the same accounts and keys would get the first's
            # checkouts back.
            run=secrets.token_hex(4),
            seed=options.seed,
        )
        self._books = Books(options.http_url, self._mint.token("bots-admin", "admin"))
        self._viewers: list[Viewer] = []

    async def run(self) -> Findings:
        """Do all of it.

        Raises:
            CannotStart: No server, no such show, nothing in its bag, or another secret.

        """
        _allow_files(self._options.viewers + SPARE_FILES)
        show = await self._look()
        products = products_of(show["bag"])
        host = Host(self._venue, show["show"]["host"]["id"])
        async with Progress(self._describe):
            before = await self._open(host, products)
            begun = time.monotonic()
            await self._ramp()
            ramp_s = time.monotonic() - begun
            try:
                await self._measure(host, [sku for sku, left in before.items() if left > 0])
                reckoning = Reckoning(self._options, self._venue, self._viewers)
                await reckoning.wait_for_stragglers()
                reckoning.count_feeds(ramp_s)
            finally:
                await asyncio.gather(*(v.client.leave() for v in self._viewers))
                await host.client.leave()
            await reckoning.read_books(self._books, products, before)
        return reckoning.finish()

    async def _look(self) -> Map:
        """Join once as a guest, to see the show."""
        options = self._options
        guest = Client(
            self._venue.line, "guest", Random(0), credentials=dict, on_event=lambda _: None
        )
        try:
            snapshot = await guest.enter()
        except (OSError, Lost) as error:
            reason = str(error) or type(error).__name__
            raise CannotStart(
                f"no server at {options.url} ({reason}): start one with make run, or give --url"
            ) from error
        except HandshakeFailed as error:
            raise CannotStart(f"{options.url} is no LIVE of Yellowcart: {error}") from error
        except Refused as error:
            raise CannotStart(f"show {options.show}: {error}; give --show") from error
        await guest.leave()
        if not snapshot["bag"]:
            raise CannotStart(f"show {options.show} has an empty bag: add products to it first")
        return snapshot

    async def _open(self, host: Host, products: list[str]) -> dict[str, int]:
        """Let the host in, and read the stock."""
        try:
            await host.enter()
            await self._books.audit()
            return await self._books.stock(products)
        except (Refused, Unreadable) as error:
            raise CannotStart(
                f"{error}: is it the server's own secret? give --secret or --data-dir"
            ) from error
        except (OSError, HandshakeFailed, Lost) as error:
            raise CannotStart(f"the server went away ({error}): start it again") from error

    async def _ramp(self) -> None:
        """Let all viewers in, some at a time; who does not get in is no viewer."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def admit(viewer: Viewer) -> None:
            async with gate:
                if await self._admit(viewer):
                    self._viewers.append(viewer)

        comers = [Viewer(self._venue, index) for index in range(self._options.viewers)]
        await asyncio.gather(*(admit(viewer) for viewer in comers))
        # The first of all who came buy, whoever was quickest.
        order = {viewer.who: index for index, viewer in enumerate(comers)}
        self._viewers.sort(key=lambda viewer: order[viewer.who])

    async def _admit(self, viewer: Viewer) -> bool:
        reason = ""
        for _ in range(JOIN_TRIES):
            try:
                await viewer.enter()
            except (OSError, HandshakeFailed, Lost, Refused) as error:
                reason = str(error) or type(error).__name__
                await asyncio.sleep(viewer.rng.uniform(0, 1))
            else:
                return True
        self._breaches.add("not let in", f"{viewer.who}: {reason}")
        return False

    async def _measure(self, host: Host, shelf: list[str]) -> None:
        """The window: pins, noise and purchases; then the last purchases alone."""
        seconds, purchases = self._options.seconds, plan(self._options.seconds)
        buyers = [
            Buyer(viewer, self._venue, shelf) for viewer in self._viewers[: self._options.buyers]
        ]
        noise = asyncio.create_task(make_noise(self._viewers, self._venue))
        pinning = asyncio.create_task(host.pin_in_turn())
        shopping = asyncio.gather(*(b.shop(purchases, seconds) for b in buyers if shelf))
        try:
            await asyncio.sleep(seconds)
            await _stop(pinning, noise)
            async with asyncio.timeout(AFTERMATH_S):
                await shopping
        except TimeoutError:
            self._breaches.add("unfinished", f"purchases were open {AFTERMATH_S:.0f} s later")
        finally:
            await _stop(pinning, noise, shopping)

    def _describe(self) -> str:
        pins, till = self._venue.pins, self._venue.till
        joined = sum(viewer.client.is_joined for viewer in self._viewers)
        return (
            f"{joined:,} viewers  {len(pins.acknowledged())} pins  {pins.delivered():,} deliveries"
            f"  {till.clicks:,} clicks  {len(till.paid()):,} paid"
            f"  {sum(self._breaches.counts.values())} broken"
        )


async def _stop(*tasks: asyncio.Future[list[None]] | asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CannotStart(f"{wanted} open files are needed, {hard} allowed: raise ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
