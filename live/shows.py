"""Shows: made once in the book, run in Redis where every change is one script."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from msgspec import UNSET, json
from msgspec.structs import replace

from base.clock import Clock
from base.errors import Closed, Conflict, Forbidden, NotFound, Outage
from base.identity import Actor, Role
from base.ids import new_id
from base.text import one_line
from live.events import Pinned, ShowEnded, ShowStarted, Unpinned
from live.show import Host, NewShow, Show, ShowSales, ShowState, Sold, Takings
from store.redis import keys
from store.sql.book import Book
from store.sql.rows import Connection, insert_or_ignore, select
from store.sql.tables import shows

__all__ = ["Scripts", "Shows", "show_of", "takings", "texts"]

MOST_TITLE: Final = 200
MOST_SOLD: Final = 1000
"""Products in an answer: ten times what a bag holds, for what left it or was never in it."""


class Scripts(Protocol):
    """Redis, as the hub needs it."""

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | bytes] = ()
    ) -> object:
        """Run one of our scripts."""
        ...

    async def call_all(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[str | int | bytes]]]
    ) -> Sequence[object]:
        """Run one of our scripts several times; an Outage where it cannot be."""
        ...

    async def command(self, *parts: str | int | bytes) -> object:
        """Run one plain command."""
        ...


class Shows:
    """Makes shows, starts and ends them, pins and unpins.

    Args:
        history: Feed entries kept for viewers who return.

    """

    def __init__(self, *, scripts: Scripts, book: Book, clock: Clock, history: int) -> None:
        self._scripts = scripts
        self._book = book
        self._clock = clock
        self.history = history

    async def create(self, actor: Actor, new: NewShow) -> Show:
        """Make a show; its host is who asks.

        Raises:
            Forbidden: Neither a host nor an admin.
            Conflict: The id is taken.

        """
        if actor.role not in {Role.HOST, Role.ADMIN}:
            raise Forbidden("Only a host may create a show. Use a host's token.")
        show = Show(
            id=new_id("show") if new.id is UNSET else new.id,
            title=one_line(new.title, most=MOST_TITLE, what="The title"),
            state=ShowState.SCHEDULED,
            host=Host(id=actor.id, name=actor.name),
            playback_url=new.playback_url,
            starts_at=new.starts_at,
        )
        if not await self._book.write(_insert, show, self._clock.now_ms()):
            raise Conflict("There is a show of this id already. Choose another one.")
        await self._make(show)
        return show

    async def get(self, ident: str) -> Show:
        """A show as it stands.

        Raises:
            NotFound: There is none.

        """
        pairs = cast("list[bytes]", await self._scripts.command("HGETALL", keys.show_state(ident)))
        if not pairs:
            await self.ensure(ident)
            return await self._stored(ident)
        return show_of(texts(pairs))

    async def page(self, after: str | None, limit: int) -> tuple[list[Show], str | None]:
        """Shows by id, ``limit`` at a time, and where to go on."""
        idents = await self._book.read(_idents, after or "", limit + 1)
        page = [await self.get(ident) for ident in idents[:limit]]
        return page, idents[limit - 1] if len(idents) > limit else None

    async def newest(self, limit: int) -> list[Show]:
        """The shows that were made last, the newest first."""
        idents = await self._book.read(_newest, limit)
        return list(await asyncio.gather(*map(self.get, idents)))

    async def hosted(self, actor: Actor, ident: str) -> Show:
        """The show, if this actor may run it.

        Raises:
            NotFound: There is none.
            Forbidden: Somebody else's.

        """
        show = await self.get(ident)
        if not runs(actor, show):
            raise Forbidden("Only the show's host may do this. Use its host's token.")
        return show

    async def sales(self, show: str) -> ShowSales:
        """What the show has sold: products by units, the most first, and sums by currency."""
        sold, sums = cast(
            "list[list[bytes]]",
            await asyncio.gather(
                self._scripts.command("HGETALL", keys.show_sold(show)),
                self._scripts.command("HGETALL", keys.show_sales(show)),
            ),
        )
        items = [Sold(product=name, units=int(units)) for name, units in texts(sold).items()]
        items.sort(key=lambda item: (-item.units, item.product))
        sales = [
            Takings(orders=orders, units=units, revenue=revenue, currency=currency)
            for currency, (orders, units, revenue) in sorted(takings(sums).items())
        ]
        return ShowSales(items=tuple(items[:MOST_SOLD]), sales=tuple(sales))

    async def start(self, show: Show) -> Show:
        """Go live; a live show stays as it is."""
        at = self._clock.now_ms()
        live = replace(show, state=ShowState.LIVE, started_at=at, ended_at=UNSET)
        event = json.encode(ShowStarted(at=at, show=live))
        await self.change("show_start", show.id, [], at, event, self.history)
        return live

    async def end(self, show: Show) -> Show:
        """End the show, unpinning first; one not live stays as it is."""
        at = self._clock.now_ms()
        ended = replace(show, state=ShowState.ENDED, ended_at=at)
        events = (json.encode(Unpinned(at=at)), json.encode(ShowEnded(at=at, show=ended)))
        await self.change("show_end", show.id, [], at, *events, self.history)
        return ended

    async def pin(self, show: str, product: str) -> None:
        """Show a product of the bag to everybody; the pinned one again changes nothing.

        Raises:
            Closed: The show is not live.
            NotFound: The product is not in the bag.

        """
        at = self._clock.now_ms()
        event = json.encode(Pinned(at=at, product=product))
        bag = [keys.show_bag(show)]
        await self.change("show_pin", show, bag, product, at, event, self.history)

    async def unpin(self, show: str) -> None:
        """Take the pinned product away.

        Raises:
            Closed: The show is not live.

        """
        event = json.encode(Unpinned(at=self._clock.now_ms()))
        await self.change("show_unpin", show, [], event, self.history)

    async def ensure(self, ident: str) -> None:
        """Give a show of the book its place in Redis again, if it has none.

        Raises:
            NotFound: The book does not know it either.

        """
        await self._make(await self._stored(ident))

    async def run(
        self, script: str, show: str, more: Sequence[str], args: Sequence[str | int | bytes]
    ) -> list[bytes]:
        """Run a script on a show's state, then ``more`` keys; missing shows are made again.

        Returns:
            The script's answer as a list, its verdict first.

        """
        names = [keys.show_state(show), *more]
        for _ in range(2):
            answer = await self._scripts.call(script, names, args)
            verdict = cast("list[bytes]", answer if isinstance(answer, list) else [answer])
            if verdict[0] != b"missing":
                return verdict
            await self.ensure(show)
        raise NotFound(f"There is no show {show}. Check its id.")

    async def run_all(
        self, script: str, calls: Sequence[tuple[str, Sequence[str], Sequence[str | int | bytes]]]
    ) -> list[bool]:
        """Run a script for several shows, each with ``more`` keys and arguments of its own.

        Returns:
            Of each whether it was done; if not, :meth:`run` finds out why.

        """
        answers = await self._scripts.call_all(
            script, [([keys.show_state(show), *more], args) for show, more, args in calls]
        )
        refused = b"missing", [b"missing"]
        return [not isinstance(one, Outage) and one not in refused for one in answers]

    async def change(
        self, script: str, show: str, more: Sequence[str], *args: str | int | bytes
    ) -> list[bytes]:
        """Run a script that appends to the feed, and refuse what it refuses.

        Raises:
            Closed: The show is not live.
            NotFound: The show, or what the script was to find in it, is not there.

        """
        answer = await self.run(script, show, [*more, keys.show_feed(show)], args)
        if answer[0] == b"closed":
            raise Closed("The show is not live. This works once it has started.")
        if answer[0] == b"unknown":
            raise NotFound("This is not in the show's bag. Put it in first.")
        return answer

    async def _stored(self, ident: str) -> Show:
        show = await self._book.read(_select, ident)
        if show is None:
            raise NotFound(f"There is no show {ident}. Check its id.")
        return show

    async def _make(self, show: Show) -> None:
        fields = {
            "id": show.id,
            "title": show.title,
            "state": show.state.value,
            "host": show.host.id,
            "host_name": show.host.name,
            "playback_url": show.playback_url,
            "starts_at": show.starts_at,
        }
        pairs = [
            str(part)
            for name, value in fields.items()
            if value is not UNSET
            for part in (name, value)
        ]
        epoch = secrets.token_hex(8)
        names = [keys.show_state(show.id), keys.show_feed(show.id)]
        await self._scripts.call("show_create", names, [epoch, *pairs])


def runs(actor: Actor, show: Show) -> bool:
    """Whether an actor may run a show: its host, or an admin."""
    return actor.is_admin or (actor.role is Role.HOST and actor.id == show.host.id)


def texts(pairs: Sequence[bytes]) -> dict[str, str]:
    """A hash as Redis returns it, as text."""
    return {
        name.decode(): value.decode() for name, value in zip(pairs[::2], pairs[1::2], strict=True)
    }


def takings(pairs: Sequence[bytes]) -> dict[str, tuple[int, int, int]]:
    """A show's sales as Redis has them: orders, units and revenue by currency."""
    fields = texts(pairs)
    currencies = {name.split(":", 1)[1] for name in fields}
    return {
        currency: (
            int(fields.get(f"orders:{currency}", 0)),
            int(fields.get(f"units:{currency}", 0)),
            int(fields.get(f"revenue:{currency}", 0)),
        )
        for currency in currencies
    }


def show_of(state: Mapping[str, str]) -> Show:
    """The SHOW map of a show's state."""
    return Show(
        id=state["id"],
        title=state["title"],
        state=ShowState(state["state"]),
        host=Host(id=state["host"], name=state["host_name"]),
        playback_url=state.get("playback_url", UNSET),
        starts_at=int(state["starts_at"]) if "starts_at" in state else UNSET,
        started_at=int(state["started_at"]) if "started_at" in state else UNSET,
        ended_at=int(state["ended_at"]) if "ended_at" in state else UNSET,
    )


# Operations of the book.


def _insert(conn: Connection, show: Show, at: int) -> bool:
    return insert_or_ignore(
        conn,
        shows,
        id=show.id,
        title=show.title,
        host_id=show.host.id,
        host_name=show.host.name,
        playback_url=None if show.playback_url is UNSET else show.playback_url,
        starts_at=None if show.starts_at is UNSET else show.starts_at,
        created_at=at,
    )


def _select(conn: Connection, ident: str) -> Show | None:
    row = conn.execute(select(shows).where(shows.c.id == ident)).one_or_none()
    if row is None:
        return None
    return Show(
        id=row.id,
        title=row.title,
        state=ShowState.SCHEDULED,
        host=Host(id=row.host_id, name=row.host_name),
        playback_url=UNSET if row.playback_url is None else row.playback_url,
        starts_at=UNSET if row.starts_at is None else row.starts_at,
    )


def _idents(conn: Connection, after: str, limit: int) -> list[str]:
    query = select(shows.c.id).where(shows.c.id > after).order_by(shows.c.id).limit(limit)
    return list(conn.execute(query).scalars())


def _newest(conn: Connection, limit: int) -> list[str]:
    query = select(shows.c.id).order_by(shows.c.created_at.desc(), shows.c.id).limit(limit)
    return list(conn.execute(query).scalars())
