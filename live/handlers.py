"""The handler table: every command that a service carries out.

Sockets and HTTP routes alike come through here; a handler checks who asks, then calls one
service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from msgspec import UnsetType

from base.errors import Forbidden, Invalid
from base.identity import Actor
from cart.cart import Cart
from checkout.checkout import Address, Checkout, Method
from live import commands
from live.bag import Bags
from live.chat import Chats
from live.commands import Command
from live.show import Show
from live.shows import Shows, runs

__all__ = ["Call", "Handlers"]


@dataclass(frozen=True, slots=True)
class Call:
    """A command with who asks and where.

    Attributes:
        show_id: The show it is about; None for a command that needs none.
        show: The show as this node knows it, when it is open here.

    """

    actor: Actor
    command: Command
    show_id: str | None = None
    show: Show | None = None


class Carts(Protocol):
    """The carts, as the table needs them."""

    async def get(self, viewer: str) -> Cart: ...
    async def clear(self, viewer: str) -> Cart: ...
    async def add(self, viewer: str, sku: str, qty: int) -> Cart: ...
    async def set(self, viewer: str, sku: str, qty: int) -> Cart: ...


class Purchases(Protocol):
    """The checkout, as the table needs it."""

    async def buy(
        self, actor: Actor, sku: str, qty: int, key: str, show: str | None
    ) -> Checkout: ...
    def begin_buy(
        self,
        actor: Actor,
        sku: str,
        qty: int,
        key: str,
        show: str | None,
        told: Callable[[Checkout | BaseException], None],
    ) -> None: ...
    async def open(
        self, actor: Actor, key: str, expected_total: int | None, show: str | None
    ) -> Checkout: ...
    async def pay(
        self, actor: Actor, checkout: str, method: Method, ship_to: Address | None
    ) -> Checkout: ...
    async def get(self, actor: Actor, checkout: str | None) -> Checkout: ...
    async def cancel(self, actor: Actor, checkout: str) -> Checkout: ...


T = TypeVar("T")
Handler = Callable[[Call], Awaitable[object]]


class Handlers:
    """Carries out commands; one method each, found by the command's type."""

    def __init__(
        self, *, shows: Shows, bags: Bags, chats: Chats, carts: Carts, purchases: Purchases
    ) -> None:
        self._shows = shows
        self._bags = bags
        self._chats = chats
        self._carts = carts
        self._purchases = purchases
        self._table: dict[type[Command], Handler] = {
            commands.ChatSend: self._chat_send,
            commands.CartGet: self._cart_get,
            commands.CartClear: self._cart_clear,
            commands.CartAdd: self._cart_add,
            commands.CartSet: self._cart_set,
            commands.Buy: self._buy,
            commands.CheckoutOpen: self._checkout_open,
            commands.CheckoutPay: self._checkout_pay,
            commands.CheckoutGet: self._checkout_get,
            commands.CheckoutCancel: self._checkout_cancel,
            commands.ShowStart: self._show_start,
            commands.ShowEnd: self._show_end,
            commands.BagAdd: self._bag_add,
            commands.BagRemove: self._bag_remove,
            commands.BagMove: self._bag_move,
            commands.Pin: self._pin,
            commands.Unpin: self._unpin,
            commands.ChatDelete: self._chat_delete,
            commands.ViewerMute: self._viewer_mute,
            commands.ViewerBan: self._viewer_ban,
        }

    async def run(self, call: Call) -> object:
        """Carry a command out; returns the ``ok`` map of its reply.

        Raises:
            YellowcartError: With the code that the reply carries.

        """
        handler = self._table.get(type(call.command))
        if handler is None:
            raise Invalid("This command works on a socket only. Connect to /live for it.")
        return await handler(call)

    def begin_buy(self, call: Call, told: Callable[[object], None]) -> None:
        """Carry a ``buy`` out without waiting for it: a crowd presses it in the same moment.

        ``told`` is called once with what :meth:`run` returns or raises.
        """
        command = cast("commands.Buy", call.command)

        def shown(bought: Checkout | BaseException) -> None:
            told(bought if isinstance(bought, BaseException) else {"checkout": bought})

        self._purchases.begin_buy(
            call.actor, command.sku, command.qty, command.key, call.show_id, shown
        )

    # Carts and checkout.

    async def _cart_get(self, call: Call) -> object:
        return {"cart": await self._carts.get(call.actor.id)}

    async def _cart_clear(self, call: Call) -> object:
        return {"cart": await self._carts.clear(call.actor.id)}

    async def _cart_add(self, call: Call) -> object:
        command = cast("commands.CartAdd", call.command)
        return {"cart": await self._carts.add(call.actor.id, command.sku, command.qty)}

    async def _cart_set(self, call: Call) -> object:
        command = cast("commands.CartSet", call.command)
        return {"cart": await self._carts.set(call.actor.id, command.sku, command.qty)}

    async def _buy(self, call: Call) -> object:
        command = cast("commands.Buy", call.command)
        bought = await self._purchases.buy(
            call.actor, command.sku, command.qty, command.key, call.show_id
        )
        return {"checkout": bought}

    async def _checkout_open(self, call: Call) -> object:
        command = cast("commands.CheckoutOpen", call.command)
        expected = _or_none(command.expected_total)
        opened = await self._purchases.open(call.actor, command.key, expected, call.show_id)
        return {"checkout": opened}

    async def _checkout_pay(self, call: Call) -> object:
        command = cast("commands.CheckoutPay", call.command)
        paid = await self._purchases.pay(
            call.actor, command.checkout, command.method, _or_none(command.ship_to)
        )
        return {"checkout": paid}

    async def _checkout_get(self, call: Call) -> object:
        command = cast("commands.CheckoutGet", call.command)
        return {"checkout": await self._purchases.get(call.actor, _or_none(command.checkout))}

    async def _checkout_cancel(self, call: Call) -> object:
        command = cast("commands.CheckoutCancel", call.command)
        return {"checkout": await self._purchases.cancel(call.actor, command.checkout)}

    # The show and its bag.

    async def _show_start(self, call: Call) -> object:
        await self._shows.start(await self._hosted(call, fresh=True))
        return {}

    async def _show_end(self, call: Call) -> object:
        await self._shows.end(await self._hosted(call, fresh=True))
        return {}

    async def _bag_add(self, call: Call) -> object:
        command = cast("commands.BagAdd", call.command)
        show = await self._hosted(call)
        return {"bag": await self._bags.add(show.id, command.product)}

    async def _bag_remove(self, call: Call) -> object:
        command = cast("commands.BagRemove", call.command)
        show = await self._hosted(call)
        return {"bag": await self._bags.remove(show.id, command.product)}

    async def _bag_move(self, call: Call) -> object:
        command = cast("commands.BagMove", call.command)
        show = await self._hosted(call)
        return {"bag": await self._bags.move(show.id, command.product, command.position)}

    async def _pin(self, call: Call) -> object:
        command = cast("commands.Pin", call.command)
        await self._shows.pin((await self._hosted(call)).id, command.product)
        return {}

    async def _unpin(self, call: Call) -> object:
        await self._shows.unpin((await self._hosted(call)).id)
        return {}

    # Chat.

    async def _chat_send(self, call: Call) -> object:
        command = cast("commands.ChatSend", call.command)
        show = call.show or await self._shows.get(call.show_id or "")
        return {"message": await self._chats.send(call.actor, show, command.text)}

    async def _chat_delete(self, call: Call) -> object:
        command = cast("commands.ChatDelete", call.command)
        await self._chats.delete((await self._hosted(call)).id, command.message)
        return {}

    async def _viewer_mute(self, call: Call) -> object:
        command = cast("commands.ViewerMute", call.command)
        await self._chats.mute((await self._hosted(call)).id, command.viewer, command.seconds)
        return {}

    async def _viewer_ban(self, call: Call) -> object:
        command = cast("commands.ViewerBan", call.command)
        await self._chats.ban(await self._hosted(call), command.viewer, command.reason)
        return {}

    async def _hosted(self, call: Call, *, fresh: bool = False) -> Show:
        """The show, if who asks may run it; ``fresh`` reads its state from Redis."""
        if call.show is None or fresh:
            return await self._shows.hosted(call.actor, call.show_id or "")
        if not runs(call.actor, call.show):
            raise Forbidden("Only the show's host may do this. Use its host's token.")
        return call.show


def _or_none(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value
