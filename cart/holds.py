"""Holds: units that are kept for a checkout until it is paid or gives them back."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from base.errors import Invalid, KeyReused, NotFound, Outage, SoldOut
from cart.cart import MOST_LINES
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from store.redis.scripts import Reply, Scripts

__all__ = ["HoldEnd", "HoldState", "HoldWish", "Holds", "StalePrice", "Target", "Wanted"]

RECORD_MS: Final = 7 * 24 * 3600 * 1000
"""How long an ended hold answers repeats."""

LONGEST_MS: Final = 24 * 3600 * 1000
"""Nobody keeps units from others for longer than a day."""

Target = Literal["sold", "released", "forgotten"]

_TARGETS: Final[dict[Target, str]] = {"sold": "C", "released": "R", "forgotten": "F"}
_LINES: Final = tuple(f"k{number}" for number in range(1, MOST_LINES + 1))
_REACHED: Final = frozenset({b"settled", b"same"})


class HoldState(StrEnum):
    """What a hold is, as the gate writes it."""

    NEW = "held"
    HELD = "H"
    SOLD = "C"
    RELEASED = "R"


class StalePrice(Exception):
    """A SKU has a newer price than the one it was wanted for: look again, then repeat."""

    def __init__(self, sku: str) -> None:
        super().__init__(sku)
        self.sku = sku


class Wanted(Struct, frozen=True, kw_only=True, gc=False):
    """Units of a SKU at the price version ``pv`` that the buyer saw."""

    sku: str
    qty: int
    pv: int


class HoldWish(Struct, frozen=True, kw_only=True, gc=False):
    """What a checkout is to hold of a shop; see :meth:`Holds.hold`."""

    checkout: str
    shop: str
    lines: tuple[Wanted, ...]
    fingerprint: str
    deadline_ms: int


class HoldEnd(Struct, frozen=True, kw_only=True, gc=False):
    """How a hold ends; see :meth:`Holds.settle`."""

    checkout: str
    shop: str
    target: Target
    skus: tuple[str, ...]


class Holds:
    """Holds on the stock of shops, each known by its checkout and shop.

    Args:
        scripts: The gate.
        clock: Says which deadlines can be meant.

    """

    def __init__(self, scripts: Scripts, clock: Clock) -> None:
        self._scripts = scripts
        self._clock = clock

    async def hold(
        self,
        checkout: str,
        shop: str,
        lines: Sequence[Wanted],
        *,
        fingerprint: str,
        deadline_ms: int,
    ) -> HoldState:
        """Hold all lines or none; a repeat changes nothing but the deadline.

        Args:
            checkout: Who holds.
            shop: Whose stock.
            lines: 1..50 lines, each SKU once.
            fingerprint: Stands for the buyer's request; another one is refused.
            deadline_ms: From when on :meth:`due` names the hold; at most a day away.

        Returns:
            ``NEW``, or the state of the hold that was there.

        Raises:
            SoldOut: Fewer units are left than are wanted of a SKU.
            StalePrice: A SKU has a newer price.
            NotFound: The gate does not know a SKU.
            Invalid: A quantity beyond 1..999, or a SKU named twice.
            KeyReused: The checkout holds for another request.
            Outage: The gate is closed or cannot be reached.

        """
        wish = HoldWish(
            checkout=checkout,
            shop=shop,
            lines=tuple(lines),
            fingerprint=fingerprint,
            deadline_ms=deadline_ms,
        )
        (outcome,) = await self.hold_all([wish])
        try:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        finally:
            # An error holds this frame.
            del outcome

    async def hold_all(self, wishes: Sequence[HoldWish]) -> list[HoldState | Exception]:
        """Hold for several at once, each as by :meth:`hold`.

        Returns:
            Of each what :meth:`hold` returns, or what it would raise.

        """
        latest = self._clock.now_ms() + LONGEST_MS
        calls = []
        for wish in wishes:
            if wish.deadline_ms > latest:
                raise ValueError(f"a hold until {wish.deadline_ms} is longer than a day")
            args: list[str | int] = [
                f"{wish.checkout}.{wish.shop}", wish.fingerprint, wish.deadline_ms
            ]  # fmt: skip
            for line in wish.lines:
                args += (line.sku, line.qty, line.pv)
            stock = [keys.stock(wish.shop, line.sku) for line in wish.lines]
            calls.append(([*_shared(wish.checkout, wish.shop), *stock], args))
        replies = await self._scripts.call_all("hold", calls)
        return [_outcome(reply, wish) for reply, wish in zip(replies, wishes, strict=True)]

    async def is_held(self, checkout: str, shop: str) -> bool:
        """Whether that checkout still holds something of the shop.

        Raises:
            Outage: The gate cannot be reached.

        """
        state = await self._scripts.command("HGET", keys.hold(shop, checkout), "st")
        return bool(state == HoldState.HELD.value.encode())

    async def are_held(self, places: Sequence[tuple[str, str]]) -> list[bool]:
        """Of each checkout and shop whether it surely holds; false also where nobody knows."""
        states = await self._scripts.command_all(
            [("HGET", keys.hold(shop, checkout), "st") for checkout, shop in places]
        )
        return [state == HoldState.HELD.value.encode() for state in states]

    async def taken(self, shop: str, skus: Sequence[str]) -> dict[str, int]:
        """Units held and sold of each SKU; one that the gate does not know is absent.

        Raises:
            Outage: The gate cannot be reached.

        """
        found = await asyncio.gather(
            *(
                self._scripts.command("HMGET", keys.stock(shop, sku), "held", "sold")
                for sku in skus
            )
        )
        counts = zip(skus, found, strict=True)
        return {sku: int(held) + int(sold) for sku, (held, sold) in counts if held and sold}

    async def deadline(self, checkout: str, shop: str) -> int | None:
        """Until when that checkout holds something of the shop; None: there is no such hold.

        Raises:
            Outage: The gate cannot be reached.

        """
        until = await self._scripts.command("HGET", keys.hold(shop, checkout), "dl")
        return None if until is None else int(until)

    async def settle(
        self,
        checkout: str,
        shop: str,
        target: Target,
        skus: Sequence[str] | None = None,
        *,
        deadline_ms: int | None = None,
    ) -> bool:
        """End a hold; a repeat changes nothing.

        Args:
            checkout: Who holds.
            shop: Whose stock.
            target: ``sold``; ``released``: back on sale; ``forgotten``: back on sale and
                the record deleted, so that the same checkout may hold again.
            skus: Of its lines in their order, where they are known; else the gate is asked.
            deadline_ms: Which it must still have: with another one it is left as it is.

        Returns:
            Whether that is how it ended: false when it had ended the other way, and for
            ``sold`` when there is no hold at all.

        Raises:
            Outage: The gate is closed, cannot be reached, or its counters do not fit.

        """
        outcome = b"lines"
        if skus is not None:
            outcome = await self._end(checkout, shop, target, skus, deadline_ms)
        if outcome == b"lines":
            # A hold never changes its lines: what was read is what the script finds.
            skus = await self._lines(checkout, shop)
            outcome = await self._end(checkout, shop, target, skus, deadline_ms)
        if outcome == b"none":
            return target != "sold"
        if outcome in _REACHED:
            return True
        if outcome in {b"other", b"kept"}:
            return False
        raise Outage(f"The stock of a shop does not add up ({outcome.decode()}).")

    async def settle_all(self, ends: Sequence[HoldEnd]) -> list[bool]:
        """End holds whose SKUs are known, each as by :meth:`settle`.

        Returns:
            Of each whether it has ended so; if not, :meth:`settle` finds out why.

        """
        calls = [_end_call(end.checkout, end.shop, end.target, end.skus, None) for end in ends]
        replies = await self._scripts.call_all("settle", calls)
        return [not isinstance(reply, Outage) and reply in _REACHED for reply in replies]

    async def _lines(self, checkout: str, shop: str) -> list[str]:
        names = await self._scripts.command("HMGET", keys.hold(shop, checkout), *_LINES)
        return [name.decode() for name in names if name is not None]

    async def _end(
        self, checkout: str, shop: str, target: Target, skus: Sequence[str], deadline: int | None
    ) -> bytes:
        call = _end_call(checkout, shop, target, skus, deadline)
        return bytes(await self._scripts.call("settle", *call))

    async def extend(self, checkout: str, shop: str, deadline_ms: int) -> bool:
        """Hold for longer; a deadline that is as late already stays.

        Args:
            checkout: Who holds.
            shop: Whose stock.
            deadline_ms: As for :meth:`hold`; what is later than a day from now is cut.

        Returns:
            Whether it holds until then at least; false when it does not hold any more.

        Raises:
            Outage: The gate is closed or cannot be reached.

        """
        latest = self._clock.now_ms() + LONGEST_MS
        until: list[str | int] = [f"{checkout}.{shop}", min(deadline_ms, latest)]
        outcome = await self._scripts.call("hold_extend", _shared(checkout, shop)[:3], until)
        if outcome in {b"closed", b"bad"}:
            raise Outage
        return bool(outcome != b"none")

    async def close(self, shop: str) -> None:
        """Take no holds of a shop's shard until it was filled from the book.

        Raises:
            Outage: The gate cannot be reached.

        """
        await self._scripts.command("DEL", keys.shop_ready(int(keys.shard(shop))))

    async def due(self, now_ms: int, limit: int) -> list[tuple[str, str]]:
        """Holds past their deadline, as (shop, checkout), oldest first in each shard.

        Args:
            now_ms: What counts as past, in Unix ms.
            limit: Most holds to name.

        Raises:
            Outage: The gate cannot be reached.

        """
        limits = ("LIMIT", 0, limit)
        found = await asyncio.gather(
            *(
                self._scripts.command(
                    "ZRANGEBYSCORE", keys.shard_deadlines(number), "-inf", now_ms, *limits
                )
                for number in range(keys.SHARDS)
            )
        )
        members = [member.decode().partition(".") for shard in found for member in shard]
        return [(shop, checkout) for checkout, _, shop in members[:limit]]


def _end_call(
    checkout: str, shop: str, target: Target, skus: Sequence[str], deadline: int | None
) -> tuple[list[str], list[str | int]]:
    until = "" if deadline is None else deadline
    words: list[str | int] = [f"{checkout}.{shop}", _TARGETS[target], RECORD_MS, until, *skus]
    return [*_shared(checkout, shop), *[keys.stock(shop, sku) for sku in skus]], words


def _shared(checkout: str, shop: str) -> list[str]:
    ready, *rest = _places(shop)
    return [ready, keys.hold(shop, checkout), *rest]


@lru_cache(1024)
def _places(shop: str) -> tuple[str, ...]:
    """Of the keys of every script on holds those that name no checkout: shops are few."""
    return (
        keys.shop_ready(int(keys.shard(shop))),
        keys.hold_deadlines(shop),
        keys.stock_sequence(shop),
        keys.shop_stream(shop),
    )


def _outcome(reply: Reply | Outage, wish: HoldWish) -> HoldState | Exception:
    if isinstance(reply, Outage):
        return reply
    outcome, *details = reply
    if outcome == b"held":
        return HoldState.NEW
    if outcome == b"repeat":
        return HoldState(details[0].decode())
    return _refusal(outcome, wish.lines[details[0] - 1] if details and details[0] else None)


def _refusal(reason: bytes, line: Wanted | None) -> Exception:
    if reason == b"closed":
        return Outage()
    if reason == b"reused":
        return KeyReused()
    if line is None or reason == b"bad":
        return Invalid("Ask for 1 to 999 units of 1 to 50 SKUs, each named once.")
    if reason == b"stale":
        return StalePrice(line.sku)
    if reason == b"missing":
        return NotFound("There is no such SKU. Check its id.")
    return SoldOut(line.sku)
