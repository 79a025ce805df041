"""Tells what happened to everybody in a room: encoded once per format, framed once.

Nobody is waited for: a member whose socket is full is passed over, and catches up from the
room's ring, or by a snapshot, when it drains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from live.encoded import EncodedEvents
from live.events import Event, FeedEvent, Likes, Sales, Stock, Viewers
from live.meter import Meter, Unmetered
from live.room_state import Room
from live.snapshot import Snapshots
from live.wire import MAX_BATCH, Format, encode, frame, joined

__all__ = ["FanOut", "Member"]


class Member(Protocol):
    """A connection, as a room sees it.

    Attributes:
        epoch, seq: The feed up to which it has been told.
        missed_gauges: Whether it was passed over when a gauge was told.
        hosts: Whether it is told what only the host may know.
        watches: Whether it counts as a viewer.

    """

    fmt: Format
    epoch: str
    seq: int
    missed_gauges: bool
    hosts: bool
    watches: bool

    @property
    def is_ready(self) -> bool:
        """Whether its socket takes more without piling up."""
        ...

    def write(self, data: bytes) -> None:
        """Send framed bytes as they are."""
        ...


class FanOut:
    """The members of one room on this node, and what they are told.

    Attributes:
        new_likes: Hearts not yet reported to the show.

    """

    def __init__(self, room: Room, meter: Meter | None = None) -> None:
        self.room = room
        self._meter = meter or Unmetered()
        self.new_likes = 0
        self.watching = 0
        self._members: dict[Format, dict[Member, None]] = {fmt: {} for fmt in Format}
        self._snapshots = Snapshots()
        self._encoded = EncodedEvents()
        self._stock_news: dict[str, None] = {}
        self._told: dict[str, Event] = {}

    # Members.

    def __len__(self) -> int:
        return sum(map(len, self._members.values()))

    @property
    def members(self) -> list[Member]:
        """Everybody here now."""
        return [member for members in self._members.values() for member in members]

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
        self._members[member.fmt][member] = None
        self.watching += member.watches

    def leave(self, member: Member) -> None:
        """Count a member out; once is enough."""
        if self._members[member.fmt].pop(member, self) is None:
            self.watching -= member.watches

    def snapshot(self, fmt: Format, *, recovered: bool) -> dict[str, object]:
        """The fields of a join's answer that do not depend on who asks."""
        return self._snapshots.parts(self.room, fmt) | {
            "epoch": self.room.epoch,
            "seq": self.room.seq,
            "recovered": recovered,
            "viewers": self.viewers,
            "likes": self.likes,
        }

    # Telling.

    def publish(self, events: Sequence[FeedEvent], at: int) -> None:
        """Tell consecutive events of the feed to everybody."""
        first, last = int(events[0].seq or 0), int(events[-1].seq or 0)
        for event in events:
            self._meter.told(_name(event), len(self))
        for fmt, members in self._members.items():
            if not members:
                continue
            room = self.room
            data = self._framed([self._encoded.get(room, event, fmt) for event in events], fmt)
            for member in members:
                if not member.is_ready:
                    continue
                if member.seq == first - 1 and member.epoch == self.room.epoch:
                    member.seq = last
                    member.write(data)
                else:
                    self.catch_up(member, at)

    def catch_up(self, member: Member, at: int) -> None:
        """Bring a member up to date: the events it missed, or the whole show.

        As far as its socket takes it: the rest follows when it drains, so that who is far
        behind costs no memory.
        """
        room = self.room
        if member.is_ready and not room.has(member.epoch, member.seq):
            whole = {"ev": "snapshot", "at": at, **self.snapshot(member.fmt, recovered=False)}
            member.epoch, member.seq = room.epoch, room.seq
            member.write(self._framed([encode(whole, member.fmt)], member.fmt))
        while member.is_ready and member.seq < room.seq:
            member.seq, messages = self._missed(member)
            member.write(self._framed(messages, member.fmt))
        if member.is_ready and member.missed_gauges:
            member.missed_gauges = False
            gauges = self._gauges(at) + (self.sales(at) if member.hosts else [])
            member.write(self._framed([encode(gauge, member.fmt) for gauge in gauges], member.fmt))

    def publish_gauges(self, at: int) -> None:
        """Tell what has changed of stock, viewers, likes and sales since the last time."""
        stock = [Stock(at=at, sku=sku, left=self.room.stock[sku]) for sku in self._stock_news]
        self._stock_news.clear()
        news: list[Event] = [*stock, *self._changed(self._counts(at))]
        private = self._changed(self.sales(at))
        if not (news or private):
            return
        for fmt, members in self._members.items():
            public = self._framed([encode(event, fmt) for event in news], fmt)
            hosts = public + self._framed([encode(event, fmt) for event in private], fmt)
            for member in members:
                data = hosts if member.hosts else public
                if not member.is_ready:
                    member.missed_gauges = True
                elif data:
                    member.write(data)

    def start(self) -> None:
        """What was noted so far stands in every snapshot: it is no news."""
        self._stock_news.clear()

    def note_stock(self, sku: str, left: int) -> None:
        """Note the units left of a SKU, to be told with the next gauges."""
        if self.room.set_stock(sku, left):
            self._stock_news[sku] = None

    def sales(self, at: int) -> list[Event]:
        """What the show has sold, one event a currency."""
        return [
            Sales(at=at, orders=orders, units=units, revenue=revenue, currency=currency)
            for currency, (orders, units, revenue) in sorted(self.room.totals.sales.items())
        ]

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

    def _missed(self, member: Member) -> tuple[int, list[bytes]]:
        """The next events for a member, one batch of them, and up to which they go."""
        seq, size, messages = member.seq, 0, list[bytes]()
        for event in self.room.after(member.seq):
            data = self._encoded.get(self.room, event, member.fmt)
            size += len(data)
            if messages and size > MAX_BATCH:
                break
            messages.append(data)
            seq = int(event.seq or 0)
        return seq, messages

    def _framed(self, messages: list[bytes], fmt: Format) -> bytes:
        return b"".join(frame(message, fmt.opcode) for message in joined(messages, fmt))


def _name(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _without_time(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, name) for name in event.__struct_fields__ if name != "at")
