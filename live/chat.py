"""Chat: what people say in a live show, and what the host takes back.

A viewer may write three messages in a row and then one every two seconds (the settings
``chat_burst`` and ``chat_every_ms``); who runs the show may always. ``chat_send.lua`` counts, so
that it holds over all nodes.
"""

from __future__ import annotations

from typing import Final

from msgspec import json

from base.clock import Clock
from base.errors import Closed, Forbidden, NotFound, RateLimited
from base.identity import Actor
from base.ids import new_id
from base.settings import Settings
from base.text import one_line, plain
from live.events import Chat, ChatDeleted, Sender
from live.private import Private
from live.show import Show
from live.shows import Shows, runs
from store.redis import keys

__all__ = ["Chats"]

MOST_TEXT: Final = 500
MOST_REASON: Final = 200
MESSAGES_KEPT: Final = 1000
"""As many as the feed's history: what can be seen can be deleted."""


class Chats:
    """Sends and deletes messages, mutes and bans viewers."""

    def __init__(
        self, *, shows: Shows, private: Private, clock: Clock, settings: Settings
    ) -> None:
        self._shows = shows
        self._private = private
        self._clock = clock
        self._settings = settings

    async def send(self, actor: Actor, show: Show, text: str) -> str:
        """Say something to everybody; returns the message's id.

        Raises:
            Closed: The show is not live.
            Forbidden: Muted or banned.
            RateLimited: Over the viewer's budget.

        """
        event = Chat(
            at=self._clock.now_ms(),
            message=new_id("msg"),
            sender=Sender(id=actor.id, name=actor.name, role=actor.role),
            text=plain(text, most=MOST_TEXT, what="The message"),
        )
        ident = show.id
        answer = await self._shows.run(
            "chat_send",
            ident,
            [
                keys.show_feed(ident),
                keys.chat_order(ident),
                keys.chat_bodies(ident),
                keys.show_muted(ident),
                keys.show_banned(ident),
                keys.chat_pace(ident, actor.id),
            ],
            [
                actor.id,
                event.message,
                event.at,
                json.encode(event),
                self._shows.history,
                MESSAGES_KEPT,
                self._settings.chat_every_ms,
                self._settings.chat_burst,
                # The host talks to a thousand people at once: no slow mode there.
                int(runs(actor, show)),
            ],
        )
        _refuse(answer)
        return event.message

    async def delete(self, show: str, message: str) -> None:
        """Delete a message for everybody.

        Raises:
            NotFound: There is no such message, or it is deleted already.

        """
        event = ChatDeleted(at=self._clock.now_ms(), message=message)
        feed, order, bodies = (keys.show_feed(show), keys.chat_order(show), keys.chat_bodies(show))
        answer = await self._shows.run(
            "chat_delete",
            show,
            [feed, order, bodies],
            [message, json.encode(event), self._shows.history],
        )
        _refuse(answer)

    async def mute(self, show: str, viewer: str, seconds: int) -> None:
        """Keep a viewer from chatting for so many seconds; 0 lifts it."""
        until = self._clock.now_ms() + seconds * 1000
        await self._shows.run("show_moderate", show, [keys.show_muted(show)], [viewer, until])

    async def ban(self, show: Show, viewer: str, reason: str) -> None:
        """Close a viewer's sockets in the show, and refuse them from now on.

        Raises:
            Forbidden: The host would ban themselves.

        """
        if viewer == show.host.id:
            raise Forbidden("The host cannot be banned from the own show. Name another viewer.")
        why = one_line(reason, most=MOST_REASON, what="The reason")
        await self._shows.run("show_moderate", show.id, [keys.show_banned(show.id)], [viewer, why])
        self._private.tell_ban(viewer, show.id)


def _refuse(answer: list[bytes]) -> None:
    match answer[0]:
        case b"closed":
            raise Closed("The show is not live. Chat opens when it starts.")
        case b"unknown":
            raise NotFound("There is no such message. It may be deleted already.")
        case b"banned":
            raise Forbidden("You were banned from this show. Other shows are open to you.")
        case b"muted":
            raise Forbidden(
                "The host has muted you for a while. Write again when it is over.",
                until=int(answer[1]),
            )
        case b"paced":
            raise RateLimited(int(answer[1]))
        case _:
            return
