"""The viewers whom one process holds: they come, stay, and tell what they have seen."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Final, Protocol

from bots.client import Line, Lost, Refused
from bots.connection import HandshakeFailed
from bots.frames import Decoder
from bots.heard import Latency
from bots.invariants import Breaches
from bots.noise import NOISE_PER_S, NOISE_PER_VIEWER_S, murmur, storm
from bots.options import CannotStart
from bots.pins import Pinboard
from bots.tally import Tally
from bots.till import Till
from bots.tokens import Mint
from bots.unruly import habits, misbehave
from bots.viewer import Venue, Viewer
from bots.wire import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.options import Options

__all__ = ["Company", "Crowd", "allow_files", "venue_of"]

AT_ONCE: Final = 50
"""Connections being opened at a time."""

JOIN_TRIES: Final = 3

GRACE_S: Final = 8.0
"""For events under way when the window closes, and for viewers who are coming back."""

POLL_S: Final = 0.1


class Crowd(Protocol):
    """Some of the viewers, here or in another process."""

    async def come(self) -> None:
        """Let all viewers in, spread over the ramp; who does not get in is no viewer."""

    async def stay(self) -> None:
        """Chat, and misbehave where that was asked for, for the time of the run."""

    async def latest(self) -> dict[str, int]:
        """The last event that any of them has seen, by epoch."""
        ...

    async def said(self) -> int:
        """Wait a few seconds until every post is answered; chats of a storm that were let in."""
        ...

    async def settle(self, latest: dict[str, int], said: int) -> Tally:
        """Wait a few seconds until all have seen so much, and so many chats; what they saw."""
        ...

    async def leave(self) -> None:
        """Close all connections."""

    @property
    def status(self) -> Counter[str]:
        """How many are ``joined`` now, ``sights`` of pins, and what is ``broken``."""
        ...


class Company:
    """The viewers of this process.

    Args:
        options: What was asked for.
        venue: What they share.
        mine: Which of all the viewers.

    Attributes:
        viewers: Those who were let in, in their order.

    """

    def __init__(self, options: Options, venue: Venue, mine: range) -> None:
        self._options = options
        self._venue = venue
        self._mine = mine
        self._habits = habits(options)
        self.viewers: list[Viewer] = []
        self._chatter: Counter[str] = Counter()
        self._chats: Counter[str] = Counter()
        self._unruly: Counter[str] = Counter()

    async def come(self) -> None:
        """See :class:`Crowd`."""
        comers = iter([Viewer(self._venue, at, self._habits.get(at)) for at in self._mine])
        loop = asyncio.get_running_loop()
        begun, step = loop.time(), self._options.ramp / max(len(self._mine), 1)

        async def admit_some() -> None:
            for viewer in comers:
                due = begun + (viewer.index - self._mine.start) * step
                await asyncio.sleep(max(0.0, due - loop.time()))
                if await self._admit(viewer):
                    self.viewers.append(viewer)

        await asyncio.gather(*(admit_some() for _ in range(AT_ONCE)))
        # The first of all who came buy, whoever was quickest.
        self.viewers.sort(key=lambda viewer: viewer.index)

    async def stay(self) -> None:
        """See :class:`Crowd`."""
        options, seconds = self._options, self._options.seconds
        steady = [viewer for viewer in self.viewers if viewer.habit is None]
        # Of those who speak: buyers, who all are in one process, never misbehave.
        share = len(steady) / max(options.viewers - len(self._habits), 1)
        rng = Random(f"{options.seed}/noise/{self._mine.start}")
        if options.chat_per_second:
            rate = options.chat_per_second * share
            saying = storm(steady, rng, rate, self._venue.run, self._chats)
        else:
            rate = min(NOISE_PER_S, NOISE_PER_VIEWER_S * options.viewers) * share
            saying = murmur(steady, rng, rate, self._chatter)
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(saying)
                group.create_task(misbehave(self.viewers, seconds, self._unruly))
                # The others may have nothing to do.
                group.create_task(asyncio.sleep(seconds + 1))
        except TimeoutError:
            return

    async def latest(self) -> dict[str, int]:
        """See :class:`Crowd`."""
        found: dict[str, int] = {}
        for viewer in self.viewers:
            feed = viewer.client.feed
            found[feed.epoch] = max(feed.seq, found.get(feed.epoch, 0))
        return found

    async def said(self) -> int:
        """See :class:`Crowd`."""
        await _in_time(lambda: not any(viewer.client.unanswered for viewer in self.viewers))
        return self._chats["ok"]

    async def settle(self, latest: dict[str, int], said: int) -> Tally:
        """See :class:`Crowd`."""
        await _in_time(
            lambda: (
                all(self._is_there(viewer, latest) for viewer in self.viewers)
                and self._have_heard(said)
            )
        )
        return self._tally(latest)

    async def leave(self) -> None:
        """See :class:`Crowd`."""
        await asyncio.gather(*(viewer.client.leave() for viewer in self.viewers))

    @property
    def status(self) -> Counter[str]:
        """See :class:`Crowd`."""
        sightings = self._venue.pins.sightings.by_event.values()
        return Counter(
            joined=sum(viewer.client.is_joined for viewer in self.viewers),
            sights=sum(sighting.moments.total() for sighting in sightings),
            broken=self._venue.line.breaches.counts.total(),
        )

    @staticmethod
    def _is_there(viewer: Viewer, latest: dict[str, int]) -> bool:
        feed = viewer.client.feed
        return viewer.client.is_joined and feed.seq >= latest.get(feed.epoch, 0)

    def _have_heard(self, said: int) -> bool:
        decoder = self._venue.line.decoder
        decoder.forget()
        steady = sum(viewer.habit is None for viewer in self.viewers)
        return len(decoder.latency.chat) >= said * steady

    def _tally(self, latest: dict[str, int]) -> Tally:
        breaches, decoder = self._venue.line.breaches, self._venue.line.decoder
        decoder.forget()
        counts = Counter(joined=len(self.viewers))
        for viewer in self.viewers:
            client, feed = viewer.client, viewer.client.feed
            feed.finish(latest.get(feed.epoch, 0))
            breaches.blame(client.who, feed.lost, feed.doubled, feed.turned_back)
            if not client.is_joined:
                breaches.add("not back", f"{client.who} is gone at the end")
            if unanswered := client.unanswered:
                detail = f"{client.who}: {len(unanswered)} at the end"
                breaches.add("unanswered", detail, len(unanswered))
            for outcomes in unanswered:
                outcomes["unanswered"] += 1
            counts["steady"] += viewer.habit is None
            counts["reconnects"] += client.reconnects
            counts["snapshots"] += client.snapshots
            counts["received"] += feed.received
            counts["lost"] += feed.lost
            counts["doubled"] += feed.doubled
        habits_here = Counter(str(v.habit) for v in self.viewers if v.habit is not None)
        refusals = {code: times for code, times in self._chatter.items() if code != "ok"}
        return Tally(
            counts=counts,
            chats=self._chats,
            unruly=self._unruly + habits_here,
            refusals=Counter(refusals),
            events=decoder.latency.events,
            chat=decoder.latency.chat,
            sightings=self._venue.pins.sightings,
            broken=breaches.items(),
        )

    async def _admit(self, viewer: Viewer) -> bool:
        reason = ""
        for _ in range(JOIN_TRIES):
            try:
                await viewer.enter()
            except (OSError, HandshakeFailed, Lost, Refused) as error:
                reason = str(error) or type(error).__name__
                await asyncio.sleep(self._venue.line.rng.uniform(0, 1))
            else:
                return True
        self._venue.line.breaches.add("not let in", f"{viewer.who}: {reason}")
        return False


async def _in_time(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, but only as long as anything may take."""
    for _ in range(int(GRACE_S / POLL_S)):
        if is_so():
            break
        await asyncio.sleep(POLL_S)


def venue_of(options: Options, secret: str, run: str, process: int) -> Venue:
    """What the bots of a process share.

    Args:
        options: What was asked for.
        secret: The server's.
        run: Drawn anew for each run.
        process: Counted from 0.

    """
    breaches = Breaches()
    line = Line(
        target=Target.of(options.url),
        show=options.show,
        decoder=Decoder(Latency(run)),
        breaches=breaches,
        rng=Random(f"{options.seed}/line/{process}"),
        address=options.address_of(process),
    )
    return Venue(
        line=line,
        mint=Mint(secret, options.ramp + options.seconds),
        pins=Pinboard(),
        till=Till(breaches),
        run=run,
        seed=options.seed,
    )


def allow_files(wanted: int) -> None:
    """Raise this process's limit of open files.

    Raises:
        CannotStart: The system does not allow so many.

    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CannotStart(
            f"{wanted} open files are needed in a process, {hard} allowed: "
            "give more --processes, or raise ulimit -n"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
