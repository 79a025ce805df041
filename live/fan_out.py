"""Tells what happened to everybody in a room: encoded once per format, framed once.

Two lanes. What is urgent (pins, the show's state, the bag, a SKU sold out) goes at once and
takes along what waits; the rest (chat, purchases, stock, counts) is merged into one frame a
tick. A write of 8 KB costs the kernel what one of 200 bytes does, so a tick as long as the
crowd needs keeps telling within its share of the loop, however much is said. While nobody
speaks the tick is longer in a large crowd, and its walk takes breaks: numbers that run must not
take the time of those who buy.

Nobody is waited for: a member whose socket is full is passed over, and catches up from the
room's ring, or by a snapshot, when it drains.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable, Sequence
from typing import Final

from base.clock import Clock
from live.crowd import Crowd, Member
from live.encoded import EncodedEvents
from live.events import Chat, ChatDeleted, Event, FeedEvent, Likes, Purchase, Sales, Stock, Viewers
from live.meter import Lane, Meter, Unmetered
from live.room_state import Room
from live.snapshot import Snapshots
from live.walk import FAR_BEHIND, Walk
from live.wire import Format, encode, framed

__all__ = ["FanOut"]

logger = logging.getLogger(__name__)

SAID: Final = (Chat, ChatDeleted)
"""Events that people answer."""

CAN_WAIT: Final = (*SAID, Purchase)
"""Events of the tick; every other one is urgent."""

SHORTEST_TICK_S: Final = 0.1
LONGEST_TICK_S: Final = 0.5
SHARE: Final = 0.45
"""Of the loop's time that telling one room may take: the tick grows until it does."""

LONGEST_CALM_S: Final = 1.0
CALM_SHARE: Final = 0.1
"""The same while nobody speaks: purchases and numbers are as good half a second later."""

BREAK: Final = 3.0
"""After a chunk of a walk that only tells such, times what the chunk took and what the loop was
late for it: what is asked in a crowd of 10,000 does not wait for all of them to be told."""

LONGEST_BREAK_S: Final = 0.05
"""Even so a walk ends: 100 chunks, which are 10,000 members, within 5 s."""

CALM_MOST: Final = FAR_BEHIND // 2
"""Purchases that wait so long; with more, cohorts could be too far behind to share a frame."""


class FanOut:
    """The members of one room on this node, and what they are told.

    Attributes:
        new_likes: Hearts not yet reported to the show.
        tick_s: How long what can wait is collected, at most.
        calm_s: The same for what nobody has said.

    """

    def __init__(self, room: Room, clock: Clock, meter: Meter | None = None) -> None:
        self.room = room
        self._clock = clock
        self._meter = meter or Unmetered()
        self.new_likes = 0
        self.watching = 0
        self._crowd = Crowd()
        self._snapshots = Snapshots()
        self._encoded = EncodedEvents()
        self._told: dict[str, Event] = {}
        # What the next walk tells besides the feed.
        self._stock_news: dict[str, None] = {}
        self._counts_news: list[Event] = []
        self._host_news: list[Event] = []
        # The two lanes.
        self._told_seq = room.seq
        self._is_urgent = self._is_said = False
        self._lane: Lane = "tick"
        self._walk: Walk | None = None
        self._has_time = False
        self._step_due_s = 0.0
        self._next: asyncio.Handle | None = None
        self._due_s = math.inf
        self._walked_at_s = clock.monotonic_s() - LONGEST_TICK_S
        self._cost_s = 0.0
        self.tick_s = self.calm_s = SHORTEST_TICK_S

    # Members.

    def __len__(self) -> int:
        """How many are here on this node."""
        return len(self._crowd)

    @property
    def viewers(self) -> int:
        """How many watch the show on all nodes, as far as is known."""
        return self.room.totals.others + self.watching

    @property
    def likes(self) -> int:
        """Hearts so far, with those not yet reported."""
        return self.room.totals.likes + self.new_likes

    def enter(self, member: Member) -> None:
        """Count a member in; what it has been told must be set already."""
        self._crowd.enter(member)
        self.watching += member.watches

    def leave(self, member: Member) -> None:
        """Count a member out; once is enough."""
        if self._crowd.leave(member):
            self.watching -= member.watches

    def pass_over(self, member: Member) -> None:
        """A member's socket is full: tell it nothing until it is caught up."""
        if self._walk is not None:
            # The walk may have gauges for it.
            member.missed_gauges = True
        self._crowd.set_aside(member)

    def snapshot(self, fmt: Format, *, recovered: bool, coming: bool = False) -> dict[str, object]:
        """The fields of a join's answer that do not depend on who asks.

        Args:
            fmt: In which the heavy ones are encoded already.
            recovered: Whether the events missed follow.
            coming: Whether one more is counted, who is about to enter.

        """
        return self._snapshots.parts(self.room, fmt) | {
            "epoch": self.room.epoch,
            "seq": self.room.seq,
            "recovered": recovered,
            "viewers": self.viewers + coming,
            "likes": self.likes,
        }

    # Telling.

    def publish(self, events: Sequence[FeedEvent]) -> None:
        """Tell consecutive events of the feed, which the room has applied, to everybody."""
        for event in events:
            self._meter.told(_name(event), len(self))
            self._is_urgent |= not isinstance(event, CAN_WAIT)
            self._is_said |= isinstance(event, SAID)
        if events:
            self._meter.late(max(self._clock.now_ms() - events[-1].at, 0) / 1000)
        self._wake()

    def note_stock(self, sku: str, left: int) -> None:
        """Note the units left of a SKU; that it has sold out cannot wait."""
        if self.room.set_stock(sku, left):
            self._stock_news[sku] = None
            self._is_urgent |= left == 0
            self._wake()

    def count(self) -> None:
        """Look at viewers, hearts and sales: what has changed goes with the next tick."""
        at = self._clock.now_ms()
        self._counts_news += self._changed(self._counts(at))
        self._host_news += self._changed(self.sales(at))
        self._wake()

    def start(self) -> None:
        """What was noted so far stands in every snapshot: it is no news."""
        self.stop()
        self._stock_news.clear()
        self._is_urgent = self._is_said = False

    def move_to(self, room: Room) -> None:
        """Go on with the room as it was loaded anew."""
        self.stop()
        self.room = room
        self._told_seq = room.seq

    def catch_up_all(self) -> None:
        """Bring everybody up to date, gauges too."""
        for member in self._crowd:
            member.missed_gauges = True
            self.catch_up(member)

    def stop(self) -> None:
        """Tell nothing more of what waits."""
        self._walk = None
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._due_s = math.inf

    def catch_up(self, member: Member) -> None:
        """Bring a member up to date: the events it missed, or the whole show.

        As far as its socket takes it: the rest follows when it drains, so that who is far
        behind costs no memory.
        """
        if not self._crowd.lift(member):
            return
        try:
            self._tell_alone(member)
        except Exception:
            # One of a crowd must not keep the others from being told.
            logger.exception("a member could not be caught up")
            member.drop()
        self._crowd.place(member)

    def _tell_alone(self, member: Member) -> None:
        room, at = self.room, self._clock.now_ms()
        if member.is_ready and not room.has(member.epoch, member.seq):
            whole = {"ev": "snapshot", "at": at, **self.snapshot(member.fmt, recovered=False)}
            member.epoch, member.seq = room.epoch, room.seq
            member.write(framed([encode(whole, member.fmt)], member.fmt))
        while member.is_ready and member.seq < room.seq:
            member.seq, data = self._encoded.missed(room, member.seq, member.fmt)
            self._meter.sent("missed", len(data))
            member.write(data)
        if member.is_ready and member.missed_gauges:
            member.missed_gauges = False
            gauges = self._gauges(at) + (self.sales(at) if member.hosts else [])
            member.write(framed([encode(gauge, member.fmt) for gauge in gauges], member.fmt))

    def sales(self, at: int) -> list[Event]:
        """What the show has sold, one event a currency."""
        return [
            Sales(at=at, orders=orders, units=units, revenue=revenue, currency=currency)
            for currency, (orders, units, revenue) in sorted(self.room.totals.sales.items())
        ]

    # The lanes.

    def _wake(self) -> None:
        """Tell now, or with the next tick; a walk under way looks again when it ends."""
        if self._walk is not None:
            self._hurry()
            return
        if not self._has_news:
            return
        if self._is_urgent:
            self._start_walk()
            return
        due_s = self._walked_at_s + (self.calm_s if self._is_calm else self.tick_s)
        if due_s < self._due_s:
            self.stop()
            self._due_s = due_s
            wait_s = max(due_s - self._clock.monotonic_s(), 0.0)
            self._next = asyncio.get_running_loop().call_later(wait_s, self._start_walk)

    def _hurry(self) -> None:
        """The walk under way takes no more breaks if what has happened cannot wait for them."""
        if self._has_time and not self._is_calm and self._next is not None:
            self._has_time = False
            self._next.cancel()
            self._next = asyncio.get_running_loop().call_soon(self._step)

    @property
    def _is_calm(self) -> bool:
        is_loud = self._is_urgent or self._is_said
        return not is_loud and self.room.seq - self._told_seq < CALM_MOST

    @property
    def _has_news(self) -> bool:
        besides = self._stock_news or self._counts_news or self._host_news
        return self.room.seq > self._told_seq or bool(besides)

    def _start_walk(self) -> None:
        self.stop()
        self._crowd.merge()
        at = self._clock.now_ms()
        stock = [Stock(at=at, sku=sku, left=self.room.stock[sku]) for sku in self._stock_news]
        self._walk = Walk(
            self.room,
            self._crowd,
            ([*stock, *self._counts_news], self._host_news),
            self._encoded,
            self.catch_up,
        )
        self._stock_news, self._counts_news, self._host_news = {}, [], []
        self._lane = "now" if self._is_urgent else "tick"
        self._has_time = self._is_calm
        self._is_urgent = self._is_said = False
        self._told_seq = self.room.seq
        self._walked_at_s = self._clock.monotonic_s()
        self._cost_s = 0.0
        self._step_due_s = self._walked_at_s
        self._step()

    def _step(self) -> None:
        """Tell one chunk now, and the next when the loop has looked around."""
        walk, started_s = self._walk, self._clock.monotonic_s()
        if walk is None:
            return
        try:
            has_more = walk.step()
        except BaseException:
            # A room whose walk never ends would be silent for good.
            self._walk = self._next = None
            raise
        now_s = self._clock.monotonic_s()
        self._cost_s += now_s - started_s
        if has_more:
            break_s = 0.0
            if self._has_time:
                break_s = min((now_s - self._step_due_s) * BREAK, LONGEST_BREAK_S)
            self._step_due_s = now_s + break_s
            self._next = asyncio.get_running_loop().call_later(break_s, self._step)
            return
        self._walk = self._next = None
        self._meter.broadcast(self._lane, self._cost_s)
        self._meter.sent(self._lane, walk.sent)
        self.tick_s = min(max(self._cost_s / SHARE, SHORTEST_TICK_S), LONGEST_TICK_S)
        self.calm_s = min(max(self._cost_s / CALM_SHARE, SHORTEST_TICK_S), LONGEST_CALM_S)
        self._wake()

    def _counts(self, at: int) -> list[Event]:
        return [Viewers(at=at, n=self.viewers), Likes(at=at, n=self.likes)]

    def _gauges(self, at: int) -> list[Event]:
        stock = [Stock(at=at, sku=sku, left=left) for sku, left in self.room.left.items()]
        return [*stock, *self._counts(at)]

    def _changed(self, gauges: Iterable[Event]) -> list[Event]:
        news = []
        for gauge in gauges:
            name = f"{type(gauge).__name__}:{getattr(gauge, 'currency', '')}"
            told = self._told.get(name)
            if told is None or _without_time(told) != _without_time(gauge):
                self._told[name] = gauge
                news.append(gauge)
        return news


def _name(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _without_time(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, name) for name in event.__struct_fields__ if name != "at")
