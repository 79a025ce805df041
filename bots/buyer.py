"""People who buy: click, sometimes twice, and pay until it is decided."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from bots.client import Lost, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.frames import Map
    from bots.invariants import Breaches
    from bots.till import Receipt
    from bots.viewer import Venue, Viewer

__all__ = ["Buyer", "plan"]

PURCHASES_PER_20_S: Final = 3
MOST_PURCHASES: Final = 12
"""Of one buyer in one run, so that the demo's stock lasts."""

DOUBLE_CLICKS: Final = 0.25
CARTS: Final = 0.2
PAIRS: Final = 0.2
"""How often a purchase is of two units instead of one."""
DECLINES: Final = 0.1

APPROVED: Final = "tok_ok"
DECLINED: Final = "tok_declined"

DECIDE_S: Final = 25.0
"""From the first pay to a definite end; a sandbox that works needs a fraction of a second."""

TRIES: Final = 8
PASSING: Final = frozenset({"rate_limited", "unavailable"})

ADDRESS: Final[Map] = {
    "name": "Bot Buyer",
    "line1": "1 Test Street",
    "city": "Lisbon",
    "postal_code": "1000-001",
    "country": "PT",
}


def plan(seconds: float) -> int:
    """How many purchases one buyer makes in a run of that length."""
    return min(MOST_PURCHASES, max(1, round(PURCHASES_PER_20_S * seconds / 20)))


class Buyer:
    """One of the viewers, with a purse.

    Args:
        viewer: Whose connection it uses.
        venue: What all bots share.
        shelf: The SKUs to choose from.

    """

    def __init__(self, viewer: Viewer, venue: Venue, shelf: Sequence[str]) -> None:
        self.viewer = viewer
        viewer.on_checkout = self._note
        self._call = viewer.client.call
        self._rng = viewer.new_rng()
        self._till = venue.till
        self._breaches: Breaches = venue.line.breaches
        self._run = venue.run
        self._shelf = shelf
        self._keys = 0
        self._clicked_ns = 0
        self._changed = asyncio.Event()

    async def shop(self, purchases: int, seconds: float) -> None:
        """Make purchases, spread over the time; the last one may end a little later."""
        begun = asyncio.get_running_loop().time()
        moments = sorted(self._rng.uniform(0, seconds) for _ in range(purchases))
        for moment in moments:
            await asyncio.sleep(max(0.0, begun + moment - asyncio.get_running_loop().time()))
            try:
                await self._purchase()
            except Refused as error:
                self._refused(error)
            except Lost:
                self._till.refusals["connection lost"] += 1
            except (KeyError, TypeError) as error:
                # An answer that is not of its documented form is a finding, not our crash.
                detail = f"{self.viewer.who}: {type(error).__name__} {error}"
                self._breaches.add("malformed answer", detail)

    async def _purchase(self) -> None:
        self._keys += 1
        key = f"{self.viewer.who}-{self._keys}"
        sku = self._rng.choice(self._shelf)
        qty = 2 if self._rng.random() < PAIRS else 1
        self._till.clicks += 1
        if self._rng.random() < CARTS:
            checkout = await self._open_cart(key, sku, qty)
        elif self._rng.random() < DOUBLE_CLICKS:
            checkout = await self._buy_twice(key, sku, qty)
        else:
            self._clicked_ns = time.monotonic_ns()
            checkout = await self._ask("buy", sku=sku, qty=qty, key=key)
        receipt = self._note(checkout["checkout"])
        if +receipt.units != {sku: qty}:
            detail = f"{self.viewer.who} asked for {qty} {sku}, got {dict(receipt.units)}"
            self._breaches.add("another thing sold", detail)
        try:
            await self._pay(receipt)
        finally:
            await self._settle(receipt)

    async def _open_cart(self, key: str, sku: str, qty: int) -> Map:
        # What an earlier purchase left behind must not be bought again.
        await self._ask("cart.clear")
        try:
            await self._call("cart.add", sku=sku, qty=qty)
        except Lost:
            # cart.add is not repeatable; cart.set is.
            await self._ask("cart.set", sku=sku, qty=qty)
        self._clicked_ns = time.monotonic_ns()
        return await self._ask("checkout.open", key=key)

    async def _buy_twice(self, key: str, sku: str, qty: int) -> Map:
        self._till.double_clicks += 1
        self._clicked_ns = time.monotonic_ns()
        first, second = await asyncio.gather(
            self._ask("buy", sku=sku, qty=qty, key=key),
            self._ask("buy", sku=sku, qty=qty, key=key),
            return_exceptions=True,
        )
        self._compare(first, second, key)
        answer = first if isinstance(first, dict) else second
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _compare(self, first: Map | BaseException, second: Map | BaseException, key: str) -> None:
        if isinstance(first, dict) and isinstance(second, dict):
            ids = {first["checkout"]["id"], second["checkout"]["id"]}
            if len(ids) > 1:
                self._breaches.add("one key, two checkouts", f"{key}: {sorted(ids)}")
        elif isinstance(first, dict) and isinstance(second, Refused):
            # An error never uses a key up, so only the first click may fail alone.
            self._breaches.add("one key, two answers", f"{key}: ok, then {second}")

    async def _pay(self, receipt: Receipt) -> None:
        token = DECLINED if self._rng.random() < DECLINES else APPROVED
        deadline = time.monotonic() + DECIDE_S
        while not receipt.is_over:
            if time.monotonic() > deadline:
                detail = f"{receipt.checkout} is {receipt.state} after {DECIDE_S:.0f} s"
                self._breaches.add("undecided", detail)
                return
            if receipt.state != "reserved":
                await self._watch(receipt)
                continue
            try:
                await self._pay_once(receipt, token)
            except Refused as error:
                if error.code == "payment_declined":
                    self._till.declined += 1
                    token = APPROVED
                elif error.code == "in_progress":
                    await self._watch(receipt)
                else:
                    raise

    async def _pay_once(self, receipt: Receipt, token: str) -> None:
        method = {"type": "card", "token": token}
        fields = {"checkout": receipt.checkout, "method": method, "ship_to": ADDRESS}
        answer = await self._ask("checkout.pay", **fields)
        self._note(answer["checkout"])

    async def _watch(self, receipt: Receipt) -> None:
        """Wait for a ``checkout`` event, and after a second ask."""
        self._changed.clear()
        try:
            async with asyncio.timeout(1.0):
                await self._changed.wait()
        except TimeoutError:
            answer = await self._ask("checkout.get", checkout=receipt.checkout)
            self._note(answer["checkout"])

    async def _settle(self, receipt: Receipt) -> None:
        if not receipt.is_over:
            answer = await self._ask("checkout.cancel", checkout=receipt.checkout)
            self._note(answer["checkout"])

    async def _ask(self, op: str, **fields: object) -> Map:
        """Send a command that may be repeated, until the answer is definite."""
        for _ in range(TRIES):
            try:
                return await self._call(op, **fields)
            except Refused as error:
                if error.code not in PASSING:
                    raise
                self._till.refusals[error.code] += 1
                await asyncio.sleep(error.retry_after_s * self._rng.uniform(1.0, 1.5))
            except Lost:
                self._till.refusals["connection lost"] += 1
        raise Lost(f"{self.viewer.who} gave {op} up")

    def _note(self, checkout: Map) -> Receipt:
        now_ns = time.monotonic_ns()
        self._changed.set()
        return self._till.note(
            self.viewer.who, checkout, now_ns=now_ns, clicked_ns=self._clicked_ns
        )

    def _refused(self, error: Refused) -> None:
        if error.code == "sold_out":
            self._till.sold_out += 1
        else:
            self._till.refusals[error.code] += 1
