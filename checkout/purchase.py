"""What a buyer can do: buy, open a checkout, pay it, look at it, cancel it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import NotFound
from checkout import rows
from checkout.aftercare import Aftercare
from checkout.ending import Ending
from checkout.late import LateMoney
from checkout.opening import Opening
from checkout.paying import Paying
from checkout.queue import PaymentQueue
from checkout.reconcile import Reconciler
from checkout.record import Record
from checkout.state import State
from checkout.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from base.identity import Actor
    from checkout.checkout import Address, Checkout, Method
    from checkout.flights import Outcome
    from checkout.parts import Parts

__all__ = ["Purchases"]


class Purchases:
    """The purchase from the first click to the paid order.

    Attributes:
        reconciler: Takes over what the provider says; webhook and sweeper call it too.
        ending: Ends checkouts; the sweeper calls it too.
        aftercare: Refunds, cancels and sends what was paid; the sweeper calls it too.
        queue: Where payments wait for the provider.

    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.late = LateMoney(parts)
        self.reconciler = Reconciler(parts, self.late)
        self.queue = PaymentQueue(parts)
        self.ending = Ending(parts, self.reconciler, self.queue)
        self.aftercare = Aftercare(parts)
        self._opening = Opening(parts, self.reconciler, self.ending)
        self._paying = Paying(parts, self.reconciler, self.ending, self.queue)

    async def buy(
        self, actor: Actor, sku: str, qty: int, key: str, show: str | None = None
    ) -> Checkout:
        """Reserve units of one SKU.

        The same key and body give the same checkout, however often; ``show`` is where it was
        bought and not part of the body.

        Raises:
            SoldOut, NotFound, KeyReused, InProgress, Invalid, Outage: As the contract says.

        """
        wish = Wish(sku=sku, qty=qty)
        return self._shown(await self._opening.open(actor, key, wish, show))

    def begin_buy(
        self,
        actor: Actor,
        sku: str,
        qty: int,
        key: str,
        show: str | None,
        told: Callable[[Checkout | BaseException], None],
    ) -> None:
        """Reserve; ``told`` is called once with what :meth:`buy` returns or raises.

        For a crowd: it needs no task for each.
        """

        def shown(outcome: Outcome) -> None:
            told(self._shown(outcome) if isinstance(outcome, Record) else outcome)

        self._opening.begin(actor, key, Wish(sku=sku, qty=qty), show, shown)

    async def open(
        self, actor: Actor, key: str, expected_total: int | None = None, show: str | None = None
    ) -> Checkout:
        """Reserve the whole cart, all shops or none.

        ``expected_total`` is what the buyer saw, in minor units; for the rest see :meth:`buy`.

        Raises:
            PriceChanged: The total is another.
            Conflict: The cart is empty.
            SoldOut, NotFound, KeyReused, InProgress, Outage: As the contract says.

        """
        wish = Wish(expected_total=expected_total)
        return self._shown(await self._opening.open(actor, key, wish, show))

    async def pay(
        self, actor: Actor, checkout: str, method: Method, ship_to: Address | None = None
    ) -> Checkout:
        """Pay; see :meth:`checkout.paying.Paying.pay`."""
        return self._shown(await self._paying.pay(actor, checkout, method, ship_to))

    async def get(self, actor: Actor, checkout: str | None = None) -> Checkout:
        """A checkout of the actor's, or their open one.

        Raises:
            NotFound: There is none, or it is somebody else's.

        """
        return self._shown(await self._find(actor, checkout))

    async def cancel(self, actor: Actor, checkout: str) -> Checkout:
        """Cancel; what is paid or has ended stays as it is.

        While it is being paid the provider is asked, and the answer is what became of it.

        Raises:
            NotFound: There is none, or it is somebody else's.

        """
        record = await self._find(actor, checkout)
        if record.state is State.CANCELING:
            # Asked before: ask again, the provider may answer by now.
            record = await self.ending.cancel_payment(record)
        elif record.is_open:
            record = await self.ending.end(record.id)
        return self._shown(record)

    def _shown(self, record: Record) -> Checkout:
        return self.queue.shown(record)

    async def _find(self, actor: Actor, checkout: str | None) -> Record:
        book = self._parts.book
        if checkout is None:
            record = await book.read(rows.open_of, actor.id)
        else:
            viewer = None if actor.is_admin else actor.id
            record = await book.read(rows.owned, checkout, viewer)
        if record is None:
            raise NotFound("There is no such checkout. Start a new one.")
        return record
