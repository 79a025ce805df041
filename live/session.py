"""A viewer's session: joins a show, then has its commands done one after the other.

No socket here: bytes of messages come in, replies go out through the :class:`live.peer.Peer`.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from base.errors import (
    Closed,
    Conflict,
    Forbidden,
    Invalid,
    Outage,
    RateLimited,
    Unauthorized,
    YellowcartError,
)
from base.identity import Actor
from base.tasks import run_now
from live import commands
from live.close_codes import CloseCode
from live.commands import Auth, Buy, Command, Join, Like, Ping, op_of, parse
from live.fan_out import FanOut
from live.handlers import Call
from live.peer import Peer
from live.show import ShowState
from live.shows import runs
from live.token_bucket import TokenBucket
from live.wire import BrokenMessage, Format, decode, encode, error_reply

if TYPE_CHECKING:
    from live.hub import Hub

__all__ = ["Session"]

logger = logging.getLogger(__name__)

JOIN_WITHIN_S: Final = 5.0
MOST_WAITING: Final = 64
"""Commands of a connection that wait their turn: one burst of its budget."""

ENDS_SOON_S: Final = 60.0
MOST_DETACHED: Final = 8
MOST_REFUSALS: Final = 1000
"""Commands over budget that are answered before the connection is closed with 4429."""

DETACHED: Final = (commands.CheckoutPay, commands.CheckoutCancel)
"""They wait for a payment provider; what comes after them must not."""


class Session:
    """One connection's place in a show.

    Args:
        hub: The services and the rooms of this node.
        peer: Where replies go.

    """

    def __init__(self, hub: Hub, peer: Peer) -> None:
        self._hub = hub
        self._peer = peer
        self.actor: Actor | None = None
        self.fan_out: FanOut | None = None
        self._waiting: deque[dict[str, object]] = deque()
        self._working = False
        self._detached = 0
        self._refusals = 0
        self._left = False
        settings = hub.settings
        self._budget = TokenBucket(settings.commands_per_second, settings.commands_burst)
        self._likes = TokenBucket(settings.likes_per_second, settings.likes_per_second)

    # What comes in.

    def receive(self, raw: bytes, fmt: Format) -> None:
        """Take a message in; its reply follows in its turn."""
        if self.expire():
            return
        try:
            message = decode(raw, fmt)
        except BrokenMessage as error:
            logger.debug("broken message: %s", error)
            self._peer.close(CloseCode.BAD_FRAME)
            return
        if fmt is not self._peer.fmt:
            self._peer.close(CloseCode.BAD_FRAME)
            return
        wait_ms = self._budget.take(self._hub.clock.monotonic_s())
        if wait_ms == 0 and len(self._waiting) >= MOST_WAITING:
            wait_ms = 1000
        if wait_ms:
            self._refuse(message, RateLimited(wait_ms))
        elif self._working:
            self._waiting.append(message)
        else:
            self._begin(message)

    def expire(self) -> bool:
        """Close when the token has ended; whether it has."""
        ended = self.actor is not None and self.actor.expires_ms <= self._hub.clock.now_ms()
        if ended:
            self._peer.close(CloseCode.TOKEN_EXPIRED)
        return ended

    def due(self, _: float) -> None:
        """Look whether the token has ended: the connection itself looks seldom."""
        self.expire()

    def leave(self) -> None:
        """The connection is gone; once is enough."""
        self._left = True
        self._waiting.clear()
        if self.fan_out is not None:
            self.fan_out.leave(self._peer)
        if self.actor is not None:
            self._hub.private.leave(self.actor.id, self._peer)

    def pass_over(self) -> None:
        """The socket is full."""
        if self.fan_out is not None:
            self.fan_out.pass_over(self._peer)

    def catch_up(self) -> None:
        """The socket has drained."""
        if self.fan_out is not None:
            self.fan_out.catch_up(self._peer)

    @property
    def left_s(self) -> float:
        """Until the token ends."""
        if self.actor is None:
            return math.inf
        return max((self.actor.expires_ms - self._hub.clock.now_ms()) / 1000, 0.0)

    # Commands.

    def _begin(self, message: dict[str, object]) -> None:
        command = self._accept(message)
        if command is None:
            return
        if self._is_quick(command):
            run_now(self._answer(command))
        elif isinstance(command, Buy):
            # Without a task: very many press it in the same moment.
            self._working = True
            self._hub.handlers.begin_buy(self._call(command), partial(self._bought, command))
        else:
            self._working = self._detach(self._work(command), message)

    def _bought(self, command: Buy, outcome: object) -> None:
        self._working = False
        if isinstance(outcome, BaseException):
            self._tell_error(command, outcome)
        else:
            self._reply(command.id, outcome)
            self._hub.meter.command(op_of(command), "ok")
        while self._waiting and not self._working:
            self._begin(self._waiting.popleft())

    async def _work(self, first: Command) -> None:
        """Do a command, and all that come meanwhile."""
        try:
            await self._answer(first)
            while self._waiting:
                command = self._accept(self._waiting.popleft())
                if command is not None:
                    await self._answer(command)
        finally:
            self._working = False

    def _accept(self, message: dict[str, object]) -> Command | None:
        """The command that is to be done in its turn; None: it was refused, or has begun."""
        if self.fan_out is None and message["op"] != "join":
            self._peer.close(CloseCode.BAD_FRAME)
            self._waiting.clear()
            return None
        try:
            command = parse(message)
        except Invalid as error:
            self._refuse(message, error)
            return None
        if not isinstance(command, DETACHED):
            return command
        if self._detached >= MOST_DETACHED:
            self._refuse(message, RateLimited(1000))
        elif self._detach(self._answer_detached(command), message):
            self._detached += 1
        return None

    def _is_quick(self, command: Command) -> bool:
        """Whether a command waits for nothing: a crowd that comes at once needs no tasks."""
        if not isinstance(command, Join):
            return isinstance(command, Ping | Auth | Like)
        if command.token is not UNSET and command.guest_token is not UNSET:
            return False
        fan_out, since = self._hub.rooms.now(command.show), command.since
        return fan_out is not None and (since is UNSET or since.seq <= fan_out.room.seq)

    def _detach(self, work: Coroutine[Any, Any, None], message: dict[str, object]) -> bool:
        """Start work of a message's command; refuse it when too much is under way."""
        try:
            self._hub.tasks.detach(work)
        except Outage as outage:
            self._refuse(message, outage)
            return False
        return True

    async def _answer_detached(self, command: Command) -> None:
        try:
            await self._answer(command)
        finally:
            self._detached -= 1

    async def _answer(self, command: Command) -> None:
        try:
            if isinstance(command, Join):
                await self._join(command)
            else:
                self._reply(command.id, await self._do(command))
            if isinstance(command, Auth) and self.fan_out is not None:
                self.fan_out.catch_up(self._peer)
            self._hub.meter.command(op_of(command), "ok")
        except YellowcartError as error:
            self._tell_error(command, error)
            if isinstance(command, Join) and self.fan_out is None:
                self._end_failed_join(error)
        except Exception as error:  # noqa: BLE001 - it is logged and answered
            self._tell_error(command, error)

    async def _do(self, command: Command) -> object:
        call, fan_out = self._call(command), self.fan_out
        match command:
            case Ping():
                return {"at": self._hub.clock.now_ms()}
            case Auth():
                return self._renew(call.actor, command.token)
            case Like() if fan_out is not None:
                return self._like(fan_out, command.count)
            case _:
                return await self._hub.handlers.run(call)

    def _call(self, command: Command) -> Call:
        actor, fan_out = self.actor, self.fan_out
        if actor is None or fan_out is None:  # pragma: no cover - _accept has seen to it
            raise Invalid("Join a show first.")
        return Call(actor, command, fan_out.room.show.id, fan_out.room.show)

    def _renew(self, actor: Actor, token: str) -> dict[str, object]:
        renewed = self._hub.tokens.verify(token)
        if renewed.id != actor.id:
            raise Unauthorized("This token is somebody else's. Connect anew to change accounts.")
        if renewed.show not in {None, self._peer.show}:
            raise Forbidden("This token is for another show. Get one for this show.")
        fan_out, peer = self.fan_out, self._peer
        if fan_out is not None:
            # Counted anew: another role sees and counts for something else.
            fan_out.leave(peer)
            self._look_as(renewed, fan_out)
            fan_out.enter(peer)
            # A walk under way may have passed the place where it stands now: what it has told
            # follows the answer.
            peer.missed_gauges = True
        self._act_as(renewed)
        return {}

    def _look_as(self, actor: Actor, fan_out: FanOut) -> None:
        """What an actor sees of the show: its host sees sales, and is no viewer."""
        self._peer.hosts = runs(actor, fan_out.room.show)
        self._peer.watches = not self._peer.hosts

    def _act_as(self, actor: Actor) -> None:
        self.actor = actor
        # One that ends later is looked at with the keep-alive.
        if self.left_s < ENDS_SOON_S:
            self._hub.wheel.add(self, self._hub.clock.monotonic_s() + self.left_s)

    def _like(self, fan_out: FanOut, count: int) -> dict[str, object]:
        if fan_out.room.show.state is not ShowState.LIVE:
            raise Closed("The show is not live. Hearts can be sent once it has started.")
        wait_ms = self._likes.take(self._hub.clock.monotonic_s())
        if wait_ms:
            raise RateLimited(wait_ms)
        fan_out.new_likes += count
        return {}

    # Joining.

    async def _join(self, join: Join) -> None:
        if self.fan_out is not None:
            raise Conflict("This connection has joined already. Open another one.")
        actor, guest_token = self._identify(join)
        fan_out = await self._hub.rooms.get(join.show)
        if join.token is not UNSET and join.guest_token is not UNSET:
            await self._merge(join.guest_token, actor)
        if join.since is not UNSET:
            await self._hub.rooms.reach(fan_out, join.since.epoch, join.since.seq)
        if actor.id in fan_out.room.banned:
            raise Forbidden("You were banned from this show. Other shows are open to you.")
        if not self._left:
            self._welcome(join, fan_out, actor, guest_token)

    def _welcome(self, join: Join, fan_out: FanOut, actor: Actor, guest_token: str | None) -> None:
        """Enter and answer, or neither; nothing waits, so no event comes before the answer."""
        since, room, peer = join.since, fan_out.room, self._peer
        recovered = since is not UNSET and room.has(since.epoch, since.seq)
        peer.show, peer.epoch = join.show, room.epoch
        peer.seq = since.seq if recovered and since is not UNSET else room.seq
        self._look_as(actor, fan_out)
        answer: dict[str, object] = {
            "viewer": {"id": actor.id, "name": actor.name, "role": actor.role}
        }
        if guest_token is not None:
            answer["guest_token"] = guest_token
        answer |= fan_out.snapshot(peer.fmt, recovered=recovered, coming=peer.watches)
        # All that can fail comes before anything is said: who is refused is not in the room.
        greeting = encode({"re": join.id, "ok": answer}, peer.fmt)
        sales = fan_out.sales(self._hub.clock.now_ms()) if peer.hosts else []
        sold = [encode(each, peer.fmt) for each in sales]
        self._enter(fan_out, actor)
        self._hub.meter.joined("recovered" if recovered else "ok")
        peer.send(greeting)
        if recovered:
            fan_out.catch_up(peer)
        for each in sold:
            peer.send(each)

    def _identify(self, join: Join) -> tuple[Actor, str | None]:
        tokens = self._hub.tokens
        if join.token is not UNSET:
            actor, fresh = tokens.verify(join.token), None
        elif join.guest_token is not UNSET:
            actor, fresh = tokens.verify(join.guest_token), None
        else:
            actor, fresh = tokens.guest()
        if actor.show is not None and actor.show != join.show:
            raise Forbidden("This token is for another show. Get one for this show.")
        return actor, fresh

    async def _merge(self, guest_token: str, actor: Actor) -> None:
        try:
            guest = self._hub.tokens.verify(guest_token)
        except Unauthorized:
            # An old guest's cart is lost, which must not keep an account out.
            return
        if guest.guest and guest.id != actor.id:
            await self._hub.carts.merge(guest.id, actor.id)

    def _enter(self, fan_out: FanOut, actor: Actor) -> None:
        """Be counted and reachable, or leave no trace."""
        peer, hub = self._peer, self._hub
        try:
            self._act_as(actor)
            fan_out.enter(peer)
            hub.replace_oldest(hub.private.enter(actor.id, peer))
        except BaseException:
            fan_out.leave(peer)
            hub.private.leave(actor.id, peer)
            self.actor = None
            raise
        self.fan_out = fan_out

    def _end_failed_join(self, error: YellowcartError) -> None:
        self._hub.meter.joined(error.code)
        if isinstance(error, Unauthorized):
            self._peer.close(CloseCode.TOKEN_EXPIRED)
        elif isinstance(error, Forbidden):
            self._peer.close(CloseCode.BANNED)

    # Replies.

    def _refuse(self, message: dict[str, object], error: YellowcartError) -> None:
        ident = message["id"]
        self._reply_error(ident if isinstance(ident, int) else 0, error)
        if isinstance(error, RateLimited):
            self._refusals += 1
            if self._refusals > MOST_REFUSALS:
                self._peer.close(CloseCode.TOO_MANY)

    def _reply(self, command: int, ok: object) -> None:
        self._peer.send(encode({"re": command, "ok": ok}, self._peer.fmt))

    def _tell_error(self, command: Command, error: BaseException) -> None:
        if not isinstance(error, YellowcartError):
            logger.error("command %s failed", type(command).__name__, exc_info=error)
            error = Outage()
        self._hub.meter.command(op_of(command), error.code)
        self._reply_error(command.id, error)

    def _reply_error(self, command: int, error: YellowcartError) -> None:
        self._peer.send(encode(error_reply(command, error), self._peer.fmt))
