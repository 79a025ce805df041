"""Commands: what a client may ask, one struct each, told apart by ``op``.

HTTP routes build the same structs. An unknown field is refused; a field marked optional is
``UNSET`` when absent, never null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from base.errors import Invalid
from base.forms import wrong_form
from base.ids import Id, Key
from base.money import SAFE_INTEGER
from cart.cart import Qty, QtyOrNone
from checkout.checkout import Address, Method

__all__ = ["BY_OP", "Command", "CommandId", "Join", "Since", "op_of", "parse"]

CommandId = Annotated[int, Meta(ge=1, le=SAFE_INTEGER)]
Text = Annotated[str, Meta(max_length=8192)]
"""Any text; the budget of 16 KiB a message bounds it, services clean it."""

MOST_MUTE_SECONDS: Final = 365 * 24 * 3600
Total = Annotated[int, Meta(ge=0, le=SAFE_INTEGER)]


class Command(
    Struct, frozen=True, kw_only=True, tag_field="op", forbid_unknown_fields=True, gc=False
):
    """What every command carries: the client's own number for it."""

    id: CommandId = 1


class Since(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a returning viewer left off."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=SAFE_INTEGER)]


class Join(Command, frozen=True, kw_only=True, tag="join"):
    """Enter a show; the first command of a connection."""

    show: Id
    token: Text | UnsetType = UNSET
    guest_token: Text | UnsetType = UNSET
    since: Since | UnsetType = UNSET


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    """Ask for the server's time."""


class Auth(Command, frozen=True, kw_only=True, tag="auth"):
    """Renew the token while connected."""

    token: Text


class ChatSend(Command, frozen=True, kw_only=True, tag="chat.send"):
    """Say something to everybody."""

    text: Text


class Like(Command, frozen=True, kw_only=True, tag="like"):
    """Send hearts."""

    count: Annotated[int, Meta(ge=1, le=50)]


class CartGet(Command, frozen=True, kw_only=True, tag="cart.get"):
    """Read the cart."""


class CartClear(Command, frozen=True, kw_only=True, tag="cart.clear"):
    """Empty the cart."""


class CartAdd(Command, frozen=True, kw_only=True, tag="cart.add"):
    """Add units of a SKU."""

    sku: Id
    qty: Qty


class CartSet(Command, frozen=True, kw_only=True, tag="cart.set"):
    """Set the units of a SKU; none removes it."""

    sku: Id
    qty: QtyOrNone


class Buy(Command, frozen=True, kw_only=True, tag="buy"):
    """Check out one product at once, past the cart."""

    sku: Id
    qty: Qty
    key: Key


class CheckoutOpen(Command, frozen=True, kw_only=True, tag="checkout.open"):
    """Check out the whole cart."""

    key: Key
    expected_total: Total | UnsetType = UNSET


class CheckoutPay(Command, frozen=True, kw_only=True, tag="checkout.pay"):
    """Pay what was opened."""

    checkout: Id
    method: Method
    ship_to: Address | UnsetType = UNSET


class CheckoutGet(Command, frozen=True, kw_only=True, tag="checkout.get"):
    """Read a checkout, or the viewer's open one."""

    checkout: Id | UnsetType = UNSET


class CheckoutCancel(Command, frozen=True, kw_only=True, tag="checkout.cancel"):
    """Give a checkout up."""

    checkout: Id


class ShowStart(Command, frozen=True, kw_only=True, tag="show.start"):
    """Go live."""


class ShowEnd(Command, frozen=True, kw_only=True, tag="show.end"):
    """End the show."""


class BagAdd(Command, frozen=True, kw_only=True, tag="bag.add"):
    """Put a product at the end of the bag."""

    product: Id


class BagRemove(Command, frozen=True, kw_only=True, tag="bag.remove"):
    """Take a product out of the bag."""

    product: Id


class BagMove(Command, frozen=True, kw_only=True, tag="bag.move"):
    """Move a product of the bag to a position."""

    product: Id
    position: Annotated[int, Meta(ge=1, le=100)]


class Pin(Command, frozen=True, kw_only=True, tag="pin"):
    """Show a product of the bag to everybody."""

    product: Id


class Unpin(Command, frozen=True, kw_only=True, tag="unpin"):
    """Take the pinned product away."""


class ChatDelete(Command, frozen=True, kw_only=True, tag="chat.delete"):
    """Delete a message for everybody."""

    message: Id


class ViewerMute(Command, frozen=True, kw_only=True, tag="viewer.mute"):
    """Keep a viewer from chatting for a while; none lifts it."""

    viewer: Id
    seconds: Annotated[int, Meta(ge=0, le=MOST_MUTE_SECONDS)]


class ViewerBan(Command, frozen=True, kw_only=True, tag="viewer.ban"):
    """Send a viewer away for good."""

    viewer: Id
    reason: Text


AnyCommand = (
    Join
    | Ping
    | Auth
    | ChatSend
    | Like
    | CartGet
    | CartClear
    | CartAdd
    | CartSet
    | Buy
    | CheckoutOpen
    | CheckoutPay
    | CheckoutGet
    | CheckoutCancel
    | ShowStart
    | ShowEnd
    | BagAdd
    | BagRemove
    | BagMove
    | Pin
    | Unpin
    | ChatDelete
    | ViewerMute
    | ViewerBan
)

BY_OP: Final[dict[str, type[Command]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyCommand)
}
"""Every command by its ``op``."""


def parse(message: Mapping[str, object]) -> Command:
    """A message as the command that it is.

    Raises:
        Invalid: There is no such command, or it is not of its form.

    """
    kind = BY_OP.get(str(message["op"]))
    if kind is None:
        raise Invalid("There is no such command. See the protocol for those there are.")
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:
        raise wrong_form(error) from error


def op_of(command: Command) -> str:
    """The name of a command's kind."""
    return str(command.__struct_config__.tag)
