"""Holding stock at the gate, then claiming it in the book: all shops or none.

Shops are taken in sorted order. A crash in between leaves a hold without a checkout, which
the sweeper gives back at its deadline.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from base.errors import KeyReused, Outage, Refused, SoldOut
from base.gathering import Gathering
from cart.holds import HoldState, HoldWish, StalePrice, Wanted
from checkout import rows
from checkout.opened import Opened, enter, enter_all
from checkout.pricing import by_shop
from checkout.race import Crowded, Raced
from checkout.wish import gate_fingerprint
from shop.rebuild import CALM_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cart.cart import Line
    from checkout.parts import Parts
    from checkout.record import Record

__all__ = ["HoldLost", "Reservation"]

logger = logging.getLogger(__name__)

FIRST_S: Final = 1.0
"""How long another process may take that seems to be opening the same checkout."""

LOOK_S: Final = 0.1

LATER_S: Final = 1.0
LATER_LOOKS: Final = 60
"""Looks for a hold that the gate did not confirm, until the gate answers."""

SURE_S: Final = CALM_S / 2
"""Who has claimed within this need not look at the hold again where one process serves alone:
a gate that is filled from the book waits longer for late claims.
"""

AT_ONCE: Final = 50
"""Checkouts that enter the book in one operation, all lines of all within its bounds."""


class HoldLost(Exception):
    """The book has the claim, but the gate no longer holds: the checkout must end."""


class Reservation:
    """Takes a checkout's stock."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._entering = Gathering(self._enter, parts.tasks, AT_ONCE)

    async def take_all(
        self, drafts: Sequence[Record], pvs: Sequence[Mapping[str, int]]
    ) -> list[Opened | BaseException]:
        """Take what several checkouts want, each by itself and of one shop alone.

        The book was not asked before, so what the gate knows of them is left alone.

        Returns:
            Of each what :meth:`take` would return or raise.

        """
        began_s = asyncio.get_running_loop().time()
        wishes = [_wish(draft, draft.lines, pv) for draft, pv in zip(drafts, pvs, strict=True)]
        held = await self._parts.holds.hold_all(wishes)
        entered = iter(
            await self._entered_all(
                [draft for draft, state in zip(drafts, held, strict=True) if _is_made(state)]
            )
        )
        outcomes = [next(entered) if _is_made(state) else _refusal(state) for state in held]
        new = [at for at, outcome in enumerate(outcomes) if _is_new(outcome)]
        kept = set(new) if self._is_sure(began_s) else await self._kept(drafts, new)
        unfinished = {
            at: self._conclude(
                drafts[at],
                pvs[at],
                drafts[at].shops,
                outcome,
                is_sure=False,
            )
            for at, outcome in enumerate(outcomes)
            if _is_made(held[at]) and at not in kept
        }
        if unfinished:
            concluded = await asyncio.gather(*unfinished.values(), return_exceptions=True)
            for at, outcome in zip(unfinished, concluded, strict=True):
                outcomes[at] = outcome
        return outcomes

    async def _kept(self, drafts: Sequence[Record], new: Sequence[int]) -> set[int]:
        """Which of the new ones, by their place, are still held for sure."""
        places = [(drafts[at].id, drafts[at].lines[0].shop) for at in new]
        held = await self._parts.holds.are_held(places)
        return {at for at, is_held in zip(new, held, strict=True) if is_held}

    async def take(self, draft: Record, pvs: Mapping[str, int], *, looked: bool) -> Opened:
        """Hold, claim, and look whether the hold is still there.

        Args:
            draft: What the checkout will be.
            pvs: The price version of each SKU.
            looked: Whether the book was asked before; if not, what the gate knows of this
                checkout is left alone.

        Raises:
            SoldOut, InProgress, KeyReused: Nothing is held.
            StalePrice, Raced: Nothing is held; look again.
            HoldLost: The checkout was opened, yet somebody else ended its hold.
            Outage: What was held is given back by the sweeper, unless a repeat needs it.

        """
        made: list[str] = []
        began_s = asyncio.get_running_loop().time()
        entered: Opened | BaseException
        try:
            for shop, lines in by_shop(draft.lines).items():
                held = await self._hold(draft, shop, lines, pvs, looked=looked)
                if held is HoldState.NEW:
                    made.append(shop)
            entered = await self._entered(draft)
        except (Refused, StalePrice, Raced) as refusal:
            entered = refusal
        try:
            return await self._conclude(draft, pvs, made, entered, is_sure=self._is_sure(began_s))
        finally:
            # It may hold this frame.
            del entered

    def _is_sure(self, began_s: float) -> bool:
        """Whether what was held since then still is, without a look: nearly always."""
        took_s = asyncio.get_running_loop().time() - began_s
        return self._parts.scripts is None and took_s <= SURE_S

    async def _conclude(
        self,
        draft: Record,
        pvs: Mapping[str, int],
        made: Sequence[str],
        outcome: Opened | BaseException,
        *,
        is_sure: bool,
    ) -> Opened:
        """Let go of what is not needed, or see that it is still held."""
        if isinstance(outcome, BaseException):
            try:
                await self._undo(draft, made, outcome)
                raise outcome
            finally:
                # It holds this frame.
                del outcome
        if outcome.is_new:
            if not is_sure:
                await self._look_again(draft, pvs)
        else:
            # Another process was first: it holds what it has opened, maybe of other shops.
            kept = outcome.record.shops if outcome.record.is_open else ()
            await self._let_go(draft, [shop for shop in made if shop not in kept])
        return outcome

    async def _undo(self, draft: Record, made: Sequence[str], error: BaseException) -> None:
        """Let go of what was held for nothing; after an outage nobody knows whether it was."""
        if not isinstance(error, Refused | StalePrice | Raced):
            return
        is_claimed = isinstance(error, SoldOut) and len(made) == len(draft.shops)
        is_drift = is_claimed and await self._holds_all(draft)
        await self._let_go(draft, made)
        if is_drift:
            await self._mend(draft, error)

    async def _entered_all(self, drafts: Sequence[Record]) -> Sequence[Opened | BaseException]:
        if not drafts:
            return []
        if not self._parts.book.shares_commits:
            entering = map(self._enter_alone, drafts)
            return await asyncio.gather(*entering, return_exceptions=True)
        try:
            return await self._enter(drafts)
        except Exception as error:  # noqa: BLE001 - it is told to each
            # Theirs alone: others were refused by the gate and need no book.
            return [error] * len(drafts)

    async def _entered(self, draft: Record) -> Opened:
        if self._parts.book.shares_commits:
            return await self._entering.ask(draft)
        return await self._enter_alone(draft)

    async def _enter_alone(self, draft: Record) -> Opened:
        return await self._parts.book.write(enter, draft, self._parts.clock.now_ms())

    async def _enter(self, drafts: Sequence[Record]) -> Sequence[Opened | BaseException]:
        entered: Sequence[bool] = [False] * len(drafts)
        if len(drafts) > 1:
            with suppress(Crowded):
                entered = await self._parts.book.write(enter_all, drafts)
        left = [draft for draft, is_new in zip(drafts, entered, strict=True) if not is_new]
        alone = iter(await asyncio.gather(*map(self._enter_alone, left), return_exceptions=True))
        return [
            Opened(draft, is_new=True) if is_new else next(alone)
            for draft, is_new in zip(drafts, entered, strict=True)
        ]

    async def _hold(
        self,
        draft: Record,
        shop: str,
        lines: Sequence[Line],
        pvs: Mapping[str, int],
        *,
        looked: bool,
    ) -> HoldState:
        try:
            state = await self._ask(draft, shop, lines, pvs)
        except KeyReused:
            if not looked:
                raise
            # The same key with another cart, or another body: who was first?
            await self._await_other(draft)
        else:
            if state in {HoldState.NEW, HoldState.HELD}:
                return state
            if not looked:
                raise Raced
        # Left by a try that never reached the book.
        if not await self._parts.holds.settle(draft.id, shop, "forgotten"):
            logger.error("drift: %s is sold at the gate, the book does not know it", draft.id)
            raise Outage
        return await self._ask(draft, shop, lines, pvs)

    async def _ask(
        self, draft: Record, shop: str, lines: Sequence[Line], pvs: Mapping[str, int]
    ) -> HoldState:
        wish = _wish(draft, lines, pvs)
        return await self._parts.holds.hold(
            wish.checkout,
            wish.shop,
            wish.lines,
            fingerprint=wish.fingerprint,
            deadline_ms=wish.deadline_ms,
        )

    async def _await_other(self, draft: Record) -> None:
        """Give another process the time to finish; if it does, start over and find it."""
        for _ in range(round(FIRST_S / LOOK_S)):
            if await self._parts.book.read(rows.by_id, draft.id) is not None:
                raise Raced
            await asyncio.sleep(LOOK_S)

    async def _look_again(self, draft: Record, pvs: Mapping[str, int]) -> None:
        """Another process with the same key may have undone our hold before it saw us."""
        try:
            for shop, lines in by_shop(draft.lines).items():
                if await self._parts.holds.is_held(draft.id, shop):
                    continue
                state = await self._ask(draft, shop, lines, pvs)
                if state not in {HoldState.NEW, HoldState.HELD}:
                    raise HoldLost
        except (Refused, StalePrice) as refusal:
            raise HoldLost from refusal
        except Outage:
            # The claim stands; a gate that lost its memory is rebuilt from it. One that did not
            # may have ended the hold as an orphan's.
            logger.warning("the gate did not confirm the hold of %s", draft.id)
            with suppress(Outage):
                self._parts.tasks.detach(self._look_later(draft))

    async def _look_later(self, draft: Record) -> None:
        """When the gate answers again: what is claimed and not held it would sell once more."""
        for _ in range(LATER_LOOKS):
            await asyncio.sleep(LATER_S)
            with suppress(Outage):
                record = await self._parts.book.read(rows.by_id, draft.id)
                if record is None or not record.is_open:
                    return
                for shop in record.shops:
                    if not await self._parts.holds.is_held(draft.id, shop):
                        logger.warning("%s holds nothing of %s any more", draft.id, shop)
                        await self._parts.holds.close(shop)
                return

    async def _holds_all(self, draft: Record) -> bool:
        """Whether what was held still is: a late claim may find it ended as an orphan's."""
        try:
            return all([await self._parts.holds.is_held(draft.id, shop) for shop in draft.shops])
        except Outage:
            return False

    async def _mend(self, draft: Record, refusal: BaseException) -> None:
        """The gate granted what the book refuses: have it filled from the book anew."""
        logger.error("drift: the gate granted what the book refuses: %s", refusal)
        for line in draft.lines:
            if isinstance(refusal, SoldOut) and line.sku == refusal.data.get("sku"):
                with suppress(Outage):
                    await self._parts.holds.close(line.shop)

    async def _let_go(self, draft: Record, shops: Sequence[str]) -> None:
        for shop in shops:
            with suppress(Outage):
                await self._parts.holds.settle(draft.id, shop, "forgotten")


def _is_new(outcome: Opened | BaseException) -> bool:
    return isinstance(outcome, Opened) and outcome.is_new


def _is_made(state: HoldState | Exception) -> bool:
    return state is HoldState.NEW


def _refusal(state: HoldState | Exception) -> Exception:
    """Why nothing new is held: what was there is of a repeat, or of a try that came to nothing."""
    return Raced() if isinstance(state, HoldState) else state


def _wish(draft: Record, lines: Sequence[Line], pvs: Mapping[str, int]) -> HoldWish:
    return HoldWish(
        checkout=draft.id,
        shop=lines[0].shop,
        lines=tuple([Wanted(sku=line.sku, qty=line.qty, pv=pvs[line.sku]) for line in lines]),
        fingerprint=gate_fingerprint(draft.fingerprint, lines),
        deadline_ms=draft.hold_until,
    )
