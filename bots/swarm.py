"""One run: everybody comes, the host pins, buyers buy, and then the books are read."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from bots.books import Books, Unreadable
from bots.buyer import Buyer, plan
from bots.client import Client, Lost, Refused
from bots.company import Company, Crowd, allow_files, venue_of
from bots.connection import HandshakeFailed
from bots.host import Host, products_of
from bots.options import SPARE_FILES, CannotStart
from bots.progress import Progress
from bots.reckoning import Reckoning
from bots.remote import Remote
from bots.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from bots.frames import Map
    from bots.options import Options
    from bots.report import Findings

__all__ = ["Swarm"]

T = TypeVar("T")

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
        self._secret = secret
        # Not seeded: a second run with the same accounts and keys would get the first's
        # checkouts back.
        self._run = secrets.token_hex(4)
        self._venue = venue_of(options, secret, self._run, 0)
        self._books = Books(options.http_url, self._venue.mint.token("bots-admin", "admin"))
        here, *elsewhere = options.slices()
        self._company = Company(options, self._venue, here)
        self._remotes = [Remote(options, there) for there in elsewhere]

    async def run(self) -> Findings:
        """Do all of it.

        Raises:
            CannotStart: No server, no such show, nothing in its bag, another secret, or too
                few open files.

        """
        allow_files(len(self._options.slices()[0]) + SPARE_FILES)
        show = await self._look()
        products = products_of(show["bag"])
        host = Host(self._venue, show["show"]["host"]["id"])
        async with Progress(self._describe):
            before = await self._open(host, products)
            try:
                for number, remote in enumerate(self._remotes, 1):
                    await remote.start(self._secret, self._run, number)
                begun = time.monotonic()
                await _all(crowd.come() for crowd in self._crowds)
                ramp_s = time.monotonic() - begun
                await self._measure(host, [sku for sku, left in before.items() if left > 0])
                tally = await self._settle()
            finally:
                await asyncio.gather(*(crowd.leave() for crowd in self._crowds))
                await host.client.leave()
            reckoning = Reckoning(self._options, self._venue, self._company.viewers)
            reckoning.count_feeds(tally, ramp_s)
            await reckoning.read_books(self._books, products, before)
        return reckoning.finish()

    @property
    def _crowds(self) -> list[Crowd]:
        return [self._company, *self._remotes]

    async def _look(self) -> Map:
        """Join once as a guest, to see the show."""
        options = self._options
        guest = Client(self._venue.line, "guest", credentials=dict, on_event=lambda _: None)
        try:
            snapshot = await guest.enter()
        except (OSError, Lost) as error:
            reason = str(error) or type(error).__name__
            raise CannotStart(
                f"no server at {options.url} ({reason}): start one with make run, or give "
                "--url (with make load: URL=ws://127.0.0.1:9000/live)"
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

    async def _measure(self, host: Host, shelf: list[str]) -> None:
        """The window: pins, chat and purchases; then the last purchases alone."""
        seconds, purchases = self._options.seconds, plan(self._options.seconds)
        buyers = [
            Buyer(viewer, self._venue, shelf)
            for viewer in self._company.viewers[: self._options.buyers]
        ]
        pinning = asyncio.create_task(host.pin_in_turn())
        shopping = asyncio.gather(*(b.shop(purchases, seconds) for b in buyers if shelf))
        try:
            await _all(crowd.stay() for crowd in self._crowds)
            await _stop(pinning)
            async with asyncio.timeout(AFTERMATH_S):
                await shopping
        except TimeoutError:
            detail = f"purchases were open {AFTERMATH_S:.0f} s later"
            self._venue.line.breaches.add("unfinished", detail)
        finally:
            await _stop(pinning, shopping)

    async def _settle(self) -> Tally:
        """Wait until everybody has seen what anybody has, and add up what they saw."""
        said = sum(await _all(crowd.said() for crowd in self._crowds))
        latest: dict[str, int] = {}
        for crowd in self._crowds:
            for epoch, seq in (await crowd.latest()).items():
                latest[epoch] = max(seq, latest.get(epoch, 0))
        here, *elsewhere = await _all(crowd.settle(latest, said) for crowd in self._crowds)
        whole = Tally()
        whole.add(here)
        for tally in elsewhere:
            whole.add(tally)
            self._venue.pins.sightings.add_all(tally.sightings)
            self._venue.line.breaches.add_all(tally.broken)
        return whole

    def _describe(self) -> str:
        pins, till = self._venue.pins, self._venue.till
        status = sum((crowd.status for crowd in self._crowds), Counter[str]())
        return (
            f"{status['joined']:,} viewers  {len(pins.acknowledged())} pins"
            f"  {status['sights']:,} deliveries"
            f"  {till.clicks:,} clicks  {len(till.paid()):,} paid  {status['broken']} broken"
        )


async def _all(works: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all; when one fails, the others are not left behind."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stop(*tasks: asyncio.Future[list[None]] | asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
