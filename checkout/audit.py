"""The audit: gate, book and provider say the same, checked now.

Six checks, each about another pair of books, so that one break trips one check:

- ``stock``     units at the gate add up to its total, which is the book's; what is held or
  sold there is claimed here
- ``holds``     the holds in force are those of the open checkouts, and add up to the counters
- ``claims``    claims add up to what each SKU has claimed, and belong to open or paid checkouts
- ``orders``    a paid checkout has one order a shop, of the right sum; there are no others
- ``payments``  what the provider captured is what was paid, one to one
- ``ledger``    every transaction sums to zero, every capture is posted once, and the clearing
  account holds what was paid
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from checkout import tally
from checkout.state import OPEN, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkout.payments.provider import Charge, Provider
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Audit", "Check"]

PASSES: Final = 3
PAUSE_S: Final = 0.2
"""Between passes: what is off because a purchase is under way is right by then."""

NAMED: Final = 5
"""Differences that a check names."""

PAGE: Final = 100

Facts = dict[str, str]


class Check(Struct, frozen=True, kw_only=True):
    """An invariant, as it stands; the first differences are named when it is broken."""

    name: str
    ok: bool
    expected: str
    actual: str


class Audit:
    """Compares the books."""

    def __init__(self, book: Book, scripts: Scripts, provider: Provider) -> None:
        self._book = book
        self._scripts = scripts
        self._provider = provider

    async def run(self) -> list[Check]:
        """All checks; a difference counts when it is there in every pass.

        Raises:
            Outage: Book, gate or provider cannot be asked.

        """
        off: dict[str, set[str]] = {}
        pairs: dict[str, tuple[Facts, Facts]] = {}
        for number in range(PASSES):
            if number:
                await asyncio.sleep(PAUSE_S)
            pairs = await self._compare()
            for name, (wanted, found) in pairs.items():
                differing = {
                    key
                    for key in wanted.keys() | found.keys()
                    if wanted.get(key) != found.get(key)
                }
                off[name] = off[name] & differing if number else differing
            if not any(off.values()):
                break
        return [_check(name, pairs[name], off[name]) for name in pairs]

    async def _compare(self) -> dict[str, tuple[Facts, Facts]]:
        stocked = await self._book.read(tally.count_stock)
        units = await tally.read_units(self._scripts, stocked)
        open_holds = await self._book.read(tally.count_open)
        holds = await tally.read_holds(self._scripts, open_holds)
        claims = await self._book.read(tally.count_claims)
        # The provider first: what it captures in between is paid only afterwards.
        charges = await self._charges()
        payments = await self._book.read(tally.count_payments)
        orders = await self._book.read(tally.count_orders)
        ledger = await self._book.read(tally.count_ledger)
        return {
            "stock": _stock(stocked, units),
            "holds": _holds(open_holds, holds, units),
            "claims": _claims(stocked, claims),
            "orders": (_spoken(orders[0]), _spoken(orders[1])),
            "payments": _payments(payments, charges),
            "ledger": (_spoken(ledger[0]), _spoken(ledger[1])),
        }

    async def _charges(self) -> list[Charge]:
        found: list[Charge] = []
        after: str | None = None
        while True:
            page, after = await self._provider.charges(after, PAGE)
            found += page
            if after is None:
                return found


def _check(name: str, pair: tuple[Facts, Facts], off: set[str]) -> Check:
    wanted, found = pair
    if not off:
        agreed = f"{len(wanted)} agree"
        return Check(name=name, ok=True, expected=agreed, actual=agreed)
    named = sorted(off)[:NAMED]
    more = f"; {len(off) - NAMED} more" if len(off) > NAMED else ""
    expected = "; ".join(f"{key}: {wanted.get(key, 'nothing')}" for key in named)
    actual = "; ".join(f"{key}: {found.get(key, 'nothing')}" for key in named)
    return Check(name=name, ok=False, expected=expected + more, actual=actual + more)


def _stock(stocked: list[tally.Stocked], units: Mapping[str, tally.Units]) -> tuple[Facts, Facts]:
    wanted = {sku.sku: f"{sku.total} units, {sku.claimed} taken" for sku in stocked}
    found = {}
    for sku in stocked:
        gate = units[sku.sku]
        counters = (gate.avail, gate.held, gate.sold)
        known = [count for count in counters if count is not None]
        if len(known) < len(counters):
            # A SKU without stock has no counters before its first adjustment.
            blank = gate.total is None and not known and sku.total == 0
            found[sku.sku] = wanted[sku.sku] if blank else "a counter is missing"
        elif sum(known) != gate.total or min(known) < 0:
            found[sku.sku] = f"{known[0]} left + {known[1]} held + {known[2]} sold of {gate.total}"
        else:
            found[sku.sku] = f"{gate.total} units, {known[1] + known[2]} taken"
    return wanted, found


def _holds(
    wanted: list[tally.Hold], found: list[tally.Hold], units: Mapping[str, tally.Units]
) -> tuple[Facts, Facts]:
    sums: dict[str, int] = defaultdict(int)
    for hold in found:
        for sku, qty in hold.units.items():
            sums[sku] += qty
    held = {sku: gate.held or 0 for sku, gate in units.items()}
    in_force = {hold.name: _listed(hold.units) for hold in found}
    return (
        {hold.name: _listed(hold.units) for hold in wanted}
        | {f"held of {sku}": str(sums.get(sku, 0)) for sku in held},
        in_force | {f"held of {sku}": str(count) for sku, count in held.items()},
    )


def _claims(stocked: list[tally.Stocked], claims: list[tally.Claim]) -> tuple[Facts, Facts]:
    sums: dict[str, int] = defaultdict(int)
    wanted: Facts = {}
    found: Facts = {}
    for claim in claims:
        sums[claim.sku] += claim.qty
        name = f"{claim.checkout}/{claim.sku}"
        wanted[name] = "open" if claim.of in OPEN else "sold" if claim.of is State.PAID else "none"
        found[name] = claim.state
    wanted |= {sku.sku: str(sums.get(sku.sku, 0)) for sku in stocked}
    found |= {sku.sku: str(sku.claimed) for sku in stocked}
    return wanted, found


def _payments(payments: list[tally.Paying], charges: list[Charge]) -> tuple[Facts, Facts]:
    pending = {payment.attempt for payment in payments if payment.is_pending}
    wanted = {
        payment.attempt: f"{payment.total} for {payment.checkout}"
        for payment in payments
        if payment.of is State.PAID and payment.total
    }
    found = {
        charge.id: f"{charge.captured - charge.refunded} for {charge.checkout}"
        for charge in charges
        if charge.captured != charge.refunded and charge.id not in pending
    }
    return wanted, found


def _listed(units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {sku}" for sku, count in sorted(units.items()))


def _spoken(facts: Mapping[str, int]) -> Facts:
    return {key: str(amount) for key, amount in facts.items()}
