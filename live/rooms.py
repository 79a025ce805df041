"""The rooms open on this node: loaded once, then kept current by the feed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol, cast

from msgspec import json

from base.clock import Clock
from base.errors import NotFound, Outage
from live.events import BagChanged, Chat, ProductChanged
from live.fan_out import FanOut
from live.meter import Meter
from live.room_state import CHAT_KEPT, FeedEntry, Gap, Room
from live.show import PinnedProduct
from live.shows import Scripts, Shows, show_of, texts
from live.stock_board import StockBoard
from shop.product import Product
from store.redis import keys

__all__ = ["Feed", "Rooms"]

logger = logging.getLogger(__name__)

IDLE_S: Final = 60.0
"""An empty room is kept so long: viewers who reload come back to it."""

CATCH_UP_S: Final = 3.0
CATCH_UP_STEP_S: Final = 0.05

_chats: Final = json.Decoder(Chat)
_products: Final = json.Decoder(Product)

OnEntries = Callable[[list[tuple[str, dict[bytes, bytes]]]], None]


class Feed(Protocol):
    """The reader of streams, as the hub needs it."""

    def follow(self, key: str, after: str, on_entries: OnEntries) -> None:
        """Call back with the entries of a stream after an id, in order."""
        ...

    def leave(self, key: str) -> None:
        """Stop following."""
        ...

    def alive_s(self) -> float:
        """Seconds since Redis was last heard."""
        ...


class Rooms:
    """Opens rooms, feeds them, heals them, and closes those that stay empty."""

    def __init__(
        self,
        *,
        shows: Shows,
        scripts: Scripts,
        feed: Feed,
        board: StockBoard,
        clock: Clock,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter
        self._shows = shows
        self._scripts = scripts
        self._feed = feed
        self._board = board
        self._clock = clock
        self._open: dict[str, FanOut] = {}
        self._opening: dict[str, asyncio.Task[FanOut]] = {}
        self._healing: dict[str, asyncio.Task[None]] = {}
        self._empty_since: dict[str, float] = {}

    @property
    def open(self) -> Iterable[tuple[str, FanOut]]:
        """Every room of this node."""
        return list(self._open.items())

    def now(self, show: str) -> FanOut | None:
        """The room of a show if it is open: then ``get`` does not wait."""
        return self._open.get(show)

    async def get(self, show: str) -> FanOut:
        """The room of a show, opened if need be; many who ask at once share one load.

        Raises:
            NotFound: There is no such show.
            Outage: Redis cannot be reached.

        """
        fan_out = self._open.get(show)
        if fan_out is not None:
            # Who asks is about to enter: an empty room must not close under them.
            self._empty_since.pop(show, None)
            return fan_out
        task = self._opening.get(show)
        if task is None:
            task = asyncio.create_task(self._load_first(show), name=f"open {show}")
            self._opening[show] = task
            task.add_done_callback(lambda _: self._opening.pop(show, None))
        return await asyncio.shield(task)

    async def reach(self, fan_out: FanOut, epoch: str, seq: int) -> None:
        """Wait until the room has what another node has told already, for a moment.

        A viewer may come back ahead of this node. One that claims more than the feed holds
        is not waited for.
        """
        room = fan_out.room
        if epoch != room.epoch or seq <= room.seq:
            return
        told = await self._scripts.command("HGET", keys.show_state(room.show.id), "seq")
        if told is None or seq > int(cast("bytes", told)):
            return
        # A viewer ahead of its node is rare, and the wait short: no event is kept for it.
        for _ in range(int(CATCH_UP_S / CATCH_UP_STEP_S)):
            if fan_out.room.seq >= seq:
                return
            await asyncio.sleep(CATCH_UP_STEP_S)

    def ban(self, viewer: str, show: str) -> None:
        """Note that a viewer may not enter a show any more."""
        fan_out = self._open.get(show)
        if fan_out is not None:
            fan_out.room.banned.add(viewer)

    def heal(self, show: str) -> None:
        """Load a room anew, and bring everybody in it up to date."""
        if show in self._open and show not in self._healing:
            task = asyncio.create_task(self._reload(show), name=f"heal {show}")
            self._healing[show] = task
            task.add_done_callback(lambda _: self._healing.pop(show, None))

    def sweep(self) -> None:
        """Close the rooms that have been empty for :data:`IDLE_S`."""
        now = self._clock.monotonic_s()
        for show, fan_out in self.open:
            if len(fan_out) or fan_out.new_likes:
                self._empty_since.pop(show, None)
            elif now - self._empty_since.setdefault(show, now) > IDLE_S:
                self._close(show)

    async def close(self) -> None:
        """Close every room."""
        tasks = [*self._opening.values(), *self._healing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for show, _ in self.open:
            self._close(show)

    def _close(self, show: str) -> None:
        fan_out = self._open.pop(show)
        self._empty_since.pop(show, None)
        fan_out.stop()
        self._feed.leave(keys.show_feed(show))
        self._board.forget(fan_out)

    async def _load_first(self, show: str) -> FanOut:
        fan_out = FanOut(await self._load(show), self._clock, self._meter)
        try:
            await self._board.watch(fan_out)
        except BaseException:
            self._board.forget(fan_out)
            raise
        fan_out.start()
        self._open[show] = fan_out
        self._follow(show, fan_out.room.seq)
        return fan_out

    async def _reload(self, show: str) -> None:
        fan_out = self._open[show]
        asked_at = fan_out.room.seq
        try:
            room = await self._load(show)
        except (Outage, NotFound) as error:
            # The gauges look again in a second, and call for healing again.
            logger.warning("room %s cannot be loaded: %s", show, error)
            return
        old = fan_out.room
        if self._open.get(show) is not fan_out:
            return
        if room.epoch == old.epoch and asked_at <= room.seq <= old.seq:
            return  # The feed has gone on by itself meanwhile.
        logger.warning("room %s healed from seq %d to %d", show, old.seq, room.seq)
        room.totals, room.stock = old.totals, old.stock
        fan_out.move_to(room)
        self._feed.leave(keys.show_feed(show))
        self._follow(show, room.seq)
        try:
            await self._board.watch(fan_out, anew=True)
        except Outage:
            self._board.look(fan_out)
        if self._open.get(show) is not fan_out:
            # Closed meanwhile, for nobody was in it.
            self._board.forget(fan_out)
            return
        fan_out.catch_up_all()

    async def _load(self, show: str) -> Room:
        names = [
            keys.show_state(show),
            keys.show_bag(show),
            keys.show_products(show),
            keys.chat_order(show),
            keys.chat_bodies(show),
            keys.show_banned(show),
            keys.show_feed(show),
        ]
        answer = await self._scripts.call("show_load", names, [CHAT_KEPT, self._shows.history])
        if not answer:
            await self._shows.ensure(show)
            answer = await self._scripts.call("show_load", names, [CHAT_KEPT, self._shows.history])
        return self._built(cast("list[list[bytes]]", answer))

    def _built(self, answer: list[list[bytes]]) -> Room:
        pairs, bag, bodies, chat, banned, entries = answer
        state = texts(pairs)
        room = Room(
            show_of(state),
            epoch=state["epoch"],
            seq=int(state["seq"]),
            history=self._shows.history,
        )
        if "pinned" in state:
            room.pinned = PinnedProduct(product=state["pinned"], at=int(state["pinned_at"]))
        room.totals.likes = int(state["likes"])
        room.banned = {viewer.decode() for viewer in banned}
        ring = [_entry(entry) for entry in reversed(entries)]
        # What has left the bag since is still told of to those who come back.
        past = {entry.product.id: entry.product for entry in ring if entry.product is not None}
        room.fill(
            bag=[product.decode() for product in bag],
            products=past | {whole.id: whole for whole in map(_products.decode, bodies[1::2])},
            chat=list(map(_chat, chat[::2], chat[1::2])),
            ring=ring,
        )
        return room

    def _follow(self, show: str, seq: int) -> None:
        def arrive(entries: list[tuple[str, dict[bytes, bytes]]]) -> None:
            self._arrive(show, entries)

        self._feed.follow(keys.show_feed(show), f"{seq}-0", arrive)

    def _arrive(self, show: str, entries: list[tuple[str, dict[bytes, bytes]]]) -> None:
        fan_out = self._open.get(show)
        if fan_out is None:
            return
        events = []
        skus_changed = False
        try:
            for ident, fields in entries:
                entry = FeedEntry.parse(ident, fields)
                if entry.product is not None:
                    self._board.expect(fan_out, entry.product)
                event = fan_out.room.apply(entry)
                if event is not None:
                    events.append(event)
                    skus_changed |= isinstance(event, BagChanged | ProductChanged)
        except Gap as gap:
            logger.warning("feed of %s has a hole: %s", show, gap)
            self.heal(show)
        if events:
            fan_out.publish(events)
        if skus_changed:
            self._board.look(fan_out)


def _chat(seq: bytes, body: bytes) -> Chat:
    said = _chats.decode(body)
    said.seq = int(seq)
    return said


def _entry(raw: object) -> FeedEntry:
    ident, fields = cast("tuple[bytes, list[bytes]]", raw)
    pairs = dict(zip(fields[::2], fields[1::2], strict=True))
    return FeedEntry.parse(ident.decode(), pairs)
