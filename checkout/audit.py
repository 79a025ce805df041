"""The audit: gate, book and provider say the same, checked now.

Six checks, each about another pair of books, so that one break trips one check:

- ``stock``     units at the gate add up to its total, which is the book's; what is held or
  sold there is claimed here
- ``holds``     the holds in force are those of the open checkouts, and add up to the counters
- ``claims``    claims add up to what each SKU has claimed, and belong to open or paid checkouts;
  what was paid is sold;
  units that are on sale again are claimed no more
- ``orders``    a paid checkout has one order a shop, of the right sum; there are no others; what
  they say was refunded is the sum of their refunds, and of a cancelled one that is all
- ``payments``  what the provider captured and has not given back is what was paid less what was
  refunded, one to one; a refund under way is not looked at
- ``ledger``    every transaction and all of them together sum to zero, every capture and refund
  is posted once, each account of an order has what its refunds leave, and the clearing account
  holds what was paid and not refunded
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from checkout import tally
from checkout.excerpt import read_excerpt
from checkout.state import OPEN, State
from checkout.trial_balance import count_ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checkout.excerpt import Excerpt
    from checkout.payments.provider import Charge, Provider
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Audit", "Check", "Difference"]

PASSES: Final = 3
PAUSE_S: Final = 0.2
"""Between passes: what is off because a purchase is under way is right by then, or is off by
something else."""

EXCERPT: Final = 50
"""Checkouts that are read and compared in one go: some milliseconds, which others wait."""

CHECKS: Final = ("stock", "holds", "claims", "orders", "payments", "ledger")

NAMED: Final = 5
"""Differences that a check names."""

PAGE: Final = 100

NOTHING: Final = "nothing"

Facts = dict[str, str]


class Difference(NamedTuple):
    """What is not as it should be, under one key of a check."""

    key: str
    expected: str
    actual: str


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
        """All checks; a difference counts when it stands still in every pass.

        While many buy the same SKU its books differ at any moment, each time by other units.

        Raises:
            Outage: Book, gate or provider cannot be asked.

        """
        agreed, off = await self._passes()
        return [_check(name, agreed[name], off[name]) for name in off]

    async def differences(self) -> dict[str, set[Difference]]:
        """All that differs, by check; counted as :meth:`run` does.

        Raises:
            Outage: Book, gate or provider cannot be asked.

        """
        return (await self._passes())[1]

    async def _passes(self) -> tuple[Mapping[str, int], dict[str, set[Difference]]]:
        comparison = await self._compare()
        off = comparison.off
        for _ in range(PASSES - 1):
            if not any(off.values()):
                break
            await asyncio.sleep(PAUSE_S)
            comparison = await self._compare()
            off = {name: off[name] & comparison.off[name] for name in off}
        return comparison.agreed, off

    async def _compare(self) -> _Comparison:
        comparison = _Comparison()
        stocked = await self._book.read(tally.count_stock)
        units = await tally.read_units(self._scripts, stocked)
        comparison.add("stock", *_stock(stocked, units))
        open_holds = await self._book.read(tally.count_open)
        holds = await tally.read_holds(self._scripts, open_holds)
        comparison.add("holds", *_holds(open_holds, holds, units))
        # The provider first: what it captures in between is paid only afterwards.
        comparison.charges = {charge.id: charge for charge in await self._charges()}
        after: str | None = ""
        while after is not None:
            excerpt = await self._book.read(read_excerpt, after, EXCERPT)
            comparison.add_excerpt(excerpt)
            after = excerpt.last
        comparison.add_sums(stocked)
        return comparison

    async def _charges(self) -> list[Charge]:
        found: list[Charge] = []
        after: str | None = None
        while True:
            page, after = await self._provider.charges(after, PAGE)
            found += page
            if after is None:
                return found


class _Comparison:
    """What agrees and what is off so far, and the sums that only the whole book gives.

    Attributes:
        agreed: How many facts were compared, by check.
        off: Those that differ.
        charges: Of the provider, less those whose payments were compared.

    """

    def __init__(self) -> None:
        self.agreed: Counter[str] = Counter()
        self.off: dict[str, set[Difference]] = {name: set() for name in CHECKS}
        self.charges: dict[str, Charge] = {}
        self._claimed: Counter[str] = Counter()
        self._wanted: Counter[str] = Counter()
        self._said: Counter[str] = Counter()

    def add(self, name: str, wanted: Facts, found: Facts) -> None:
        """Compare facts of a check."""
        self.agreed[name] += len(wanted)
        self.off[name] |= _differing(wanted, found)

    def add_excerpt(self, excerpt: Excerpt) -> None:
        """Compare what belongs to some checkouts."""
        claims, trial = tally.count_claims(excerpt), count_ledger(excerpt)
        self.add("claims", *_claims(excerpt, claims))
        self.add("orders", *map(_spoken, tally.count_orders(excerpt)))
        self.add("payments", *_payments(excerpt, self.charges))
        self.add("ledger", _spoken(trial.wanted), _spoken(trial.said))
        for claim in claims:
            self._claimed[claim.sku] += claim.qty
        self._wanted.update(trial.wanted_sums)
        self._said.update(trial.said_sums)

    def add_sums(self, stocked: Sequence[tally.Stocked]) -> None:
        """Compare what all excerpts add up to; charges that are left are of nobody."""
        claimed = {sku.sku: str(self._claimed[sku.sku]) for sku in stocked}
        self.add("claims", claimed, {sku.sku: str(sku.claimed) for sku in stocked})
        self.add("payments", {}, _charged(self.charges.values()))
        names = self._wanted.keys() | self._said.keys()
        self.add(
            "ledger",
            {name: str(self._wanted[name]) for name in names},
            {name: str(self._said[name]) for name in names},
        )


def _differing(wanted: Facts, found: Facts) -> set[Difference]:
    return {
        Difference(key, wanted.get(key, NOTHING), found.get(key, NOTHING))
        for key in wanted.keys() | found.keys()
        if wanted.get(key) != found.get(key)
    }


def _check(name: str, count: int, off: set[Difference]) -> Check:
    if not off:
        agreed = f"{count} agree"
        return Check(name=name, ok=True, expected=agreed, actual=agreed)
    named = sorted(off)[:NAMED]
    more = f"; {len(off) - NAMED} more" if len(off) > NAMED else ""
    expected = "; ".join(f"{each.key}: {each.expected}" for each in named)
    actual = "; ".join(f"{each.key}: {each.actual}" for each in named)
    return Check(name=name, ok=False, expected=expected + more, actual=actual + more)


def _stock(
    stocked: Sequence[tally.Stocked], units: Mapping[str, tally.Units]
) -> tuple[Facts, Facts]:
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


def _claims(excerpt: Excerpt, claims: Sequence[tally.Claim]) -> tuple[Facts, Facts]:
    wanted: Facts = {}
    found: Facts = {}
    for claim in claims:
        name = f"{claim.checkout}/{claim.sku}"
        wanted[name] = "open" if claim.of in OPEN else "sold" if claim.of is State.PAID else "none"
        found[name] = claim.state
    for name, state in tally.count_sold(excerpt).items():
        wanted[name], found[name] = "sold", state
    restocked = tally.count_restocked(excerpt)
    return wanted | _spoken(restocked[0]), found | _spoken(restocked[1])


def _payments(excerpt: Excerpt, charges: dict[str, Charge]) -> tuple[Facts, Facts]:
    """Payments, each beside its charge, which is taken away."""
    wanted: Facts = {}
    found: Facts = {}
    for payment in tally.count_payments(excerpt):
        charge = charges.pop(payment.attempt, None)
        if payment.is_pending:
            continue
        if payment.of is State.PAID and payment.total != payment.refunded:
            net = payment.total - payment.refunded
            wanted[payment.attempt] = f"{net} for {payment.checkout}"
        if charge is not None:
            found |= _charged([charge])
    return wanted, found


def _charged(charges: Iterable[Charge]) -> Facts:
    """What the provider has not given back."""
    return {
        charge.id: f"{charge.captured - charge.refunded} for {charge.checkout}"
        for charge in charges
        if charge.captured != charge.refunded
    }


def _listed(units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {sku}" for sku, count in sorted(units.items()))


def _spoken(facts: Mapping[str, int]) -> Facts:
    return {key: str(amount) for key, amount in facts.items()}
