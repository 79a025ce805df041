"""The gate against a model: whatever happens in whatever order, every unit is somewhere.

I1: avail + held + sold = total, none below zero. I2: held is the sum of the holds that are
held. Real Redis, real SQLite; Hypothesis chooses what happens, and prints it on failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from base.errors import Conflict, KeyReused, SoldOut
from cart.holds import Holds, HoldState, StalePrice, Target, Wanted
from shop.adjustment import Wish, begin_adjustment
from shop.product import NewSku, PatchProduct
from shop.rebuild import rebuild
from store.redis import keys
from store.redis.connect import connect
from store.redis.scripts import Scripts
from store.sql.rows import Connection, delete, insert, insert_or_ignore, select, update
from store.sql.tables import checkouts, claims
from store.sql.tables import stock as stock_table
from store.sql.writer import SqliteBook
from tests.clock import StoppedClock
from tests.selling import Shelves, counters, seller, stream

if TYPE_CHECKING:
    from collections.abc import Coroutine

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(420)]
# A failure is made small before it is shown, which takes minutes.

T = TypeVar("T")

SHOPS = {"ada": ("mug", "tote", "lamp"), "bob": ("pins",)}
SHOP_OF = {sku: shop for shop, skus in SHOPS.items() for sku in skus}
FIRST = 6
DEADLINE = 1_790_000_000_500
ONE_OF = st.sampled_from

lines = st.dictionaries(ONE_OF(SHOPS["ada"]), st.integers(1, 3), min_size=1) | st.dictionaries(
    ONE_OF(SHOPS["bob"]), st.integers(1, 3), min_size=1
)
buyers = ONE_OF([f"co_{number}" for number in range(5)])


@dataclass
class Units:
    """What the model knows of a SKU."""

    total: int = 0
    held: int = 0
    sold: int = 0
    pv: int = 1

    @property
    def avail(self) -> int:
        return self.total - self.held - self.sold


@dataclass
class Kept:
    """What the model knows of a hold; ``claimed`` says whether the book knows it too."""

    state: str
    fingerprint: str
    lines: dict[str, int]
    claimed: bool = False


class Gate(RuleBasedStateMachine):
    redis_url = ""
    migrated = Path()

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.mkdtemp(prefix="yc-gate-")
        self.skus = {sku: Units(total=FIRST) for sku in SHOP_OF}
        self.holds: dict[tuple[str, str], Kept] = {}
        self.pending: dict[str, tuple[str, int]] = {}
        self.paid: set[tuple[str, str]] = set()
        self.keys = 0
        self.run(self.open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> None:
        shutil.copy(self.migrated, f"{self.folder}/book.db")
        self.book = SqliteBook(Path(self.folder, "book.db"))
        self.client = connect(self.redis_url)
        self.scripts = Scripts(self.client)
        await self.scripts.command("FLUSHALL")
        clock = StoppedClock()
        self.shelves = Shelves(self.book, self.scripts, clock)
        self.gate = Holds(self.scripts, clock)
        await rebuild(self.book, self.scripts, calm_s=0)
        for sku, shop in SHOP_OF.items():
            await self.shelves.put(sku, FIRST, shop=shop)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    async def close(self) -> None:
        await self.scripts.close()
        await self.client.aclose()
        await self.book.close()

    # --- buyers -----------------------------------------------------------------------

    @rule(buyer=buyers, wanted=lines, odd=ONE_OF(["", "", "", "fp", "pv"]), claims=st.booleans())
    def hold(self, buyer: str, wanted: dict[str, int], odd: str, claims: bool) -> None:
        """Now and then for another request, or at an old price."""
        shop = SHOP_OF[next(iter(wanted))]
        if (buyer, shop) in self.paid and (buyer, shop) not in self.holds:
            return  # a checkout that the book knows as paid never asks again
        want = [
            Wanted(sku=sku, qty=qty, pv=max(1, self.skus[sku].pv - (odd == "pv")))
            for sku, qty in wanted.items()
        ]
        fp = "g" if odd == "fp" else "f"
        work = self.gate.hold(buyer, shop, want, fingerprint=fp, deadline_ms=DEADLINE)
        expected = self.expected(buyer, shop, want, fp)
        if isinstance(expected, HoldState):
            assert self.run(work) is expected
            if claims and (buyer, shop) in self.held(claimed=False):
                self.claim_it(buyer, shop)
            return
        with pytest.raises(expected):
            self.run(work)

    def expected(
        self, buyer: str, shop: str, want: list[Wanted], fp: str
    ) -> HoldState | type[Exception]:
        known = self.holds.get((buyer, shop))
        if known is not None:
            return HoldState(known.state) if known.fingerprint == fp else KeyReused
        for line in want:
            if line.pv < self.skus[line.sku].pv:
                return StalePrice
            if line.qty > self.skus[line.sku].avail:
                return SoldOut
        for line in want:
            self.skus[line.sku].held += line.qty
        self.holds[buyer, shop] = Kept("H", fp, {line.sku: line.qty for line in want})
        return HoldState.NEW

    @precondition(lambda self: self.held(claimed=False))
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        self.claim_it(*data.draw(ONE_OF(self.held(claimed=False))))

    def claim_it(self, buyer: str, shop: str) -> None:
        kept = self.holds[buyer, shop]
        kept.claimed = True
        self.run(self.book.write(_claim, buyer, shop, kept.fingerprint, kept.lines))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def sell(self, data: st.DataObject) -> None:
        self.settle(data, "sold")

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), ending=ONE_OF(["released", "released", "forgotten"]))
    def release(self, data: st.DataObject, ending: Target) -> None:
        self.settle(data, ending)

    def settle(self, data: st.DataObject, ending: Target) -> None:
        buyer, shop = data.draw(ONE_OF(sorted(self.holds)))
        kept = self.holds[buyer, shop]
        if ending == "sold" and kept.state == "H" and not kept.claimed:
            return  # nobody pays before the book has claimed
        if kept.state == "H":
            if kept.claimed:
                state = "sold" if ending == "sold" else "released"
                self.run(self.book.write(_end, buyer, list(kept.lines), state))
            if ending == "sold":
                self.paid.add((buyer, shop))
            for sku, qty in kept.lines.items():
                self.skus[sku].held -= qty
                self.skus[sku].sold += qty if ending == "sold" else 0
            kept.state = "C" if ending == "sold" else "R"
        reached = (kept.state == "C") == (ending == "sold")
        if ending == "forgotten" and reached:
            del self.holds[buyer, shop]
        assert self.run(self.gate.settle(buyer, shop, ending)) is reached

    # --- sellers ----------------------------------------------------------------------

    @rule(sku=ONE_OF(sorted(SHOP_OF)), add=st.integers(-4, 4))
    def add(self, sku: str, add: int) -> None:
        self.adjust(sku, add=add)

    @rule(sku=ONE_OF(sorted(SHOP_OF)), left=st.integers(0, 8))
    def set_to(self, sku: str, left: int) -> None:
        self.adjust(sku, set_to=left)

    def adjust(self, sku: str, add: int | None = None, set_to: int | None = None) -> None:
        self.keys += 1
        units, claimed = self.skus[sku], self.claimed(sku)
        in_book = units.total - claimed  # fewer are at the gate while holds are unclaimed
        delta = add if add is not None else (set_to or 0) - in_book
        if set_to is not None and delta < 0:
            delta = min(0, set_to - units.avail)
        work = self.shelves.stock.adjust(
            seller(SHOP_OF[sku]), sku, add=add, set_to=set_to, key=f"key-{self.keys:04}"
        )
        if any(of == sku for of, _ in self.pending.values()):
            # What a crash left half done may or may not let it through: the sums count.
            with contextlib.suppress(Conflict):
                self.run(work)
            units.total = self.run(counters(self.scripts, sku, SHOP_OF[sku]))["total"]
        elif units.avail + delta < 0:
            with pytest.raises(Conflict):
                self.run(work)
        else:
            units.total += delta
            assert self.run(work).left == units.avail

    @rule(sku=ONE_OF(sorted(SHOP_OF)), add=st.integers(-4, 4).filter(bool))
    def adjust_and_crash(self, sku: str, add: int) -> None:
        self.keys += 1
        key, shop = f"key-{self.keys:04}", SHOP_OF[sku]
        wish = Wish(shop=shop, key=key, sku=sku, kind="add", units=add)
        try:
            self.run(self.book.write(begin_adjustment, wish, self.keys))
        except Conflict:
            return
        self.pending[key] = (sku, add)

    @precondition(lambda self: self.pending)
    @rule()
    def finish(self) -> None:
        self.run(self.shelves.stock.finish_pending())
        for sku, add in self.pending.values():
            if self.skus[sku].avail + add >= 0:
                self.skus[sku].total += add
        self.pending.clear()

    @rule(sku=ONE_OF(sorted(SHOP_OF)))
    def reprice(self, sku: str) -> None:
        self.skus[sku].pv += 1
        new = NewSku(id=sku, title="One", price=1999 + self.skus[sku].pv, currency="USD")
        patch = PatchProduct(skus=[new])
        self.run(self.shelves.catalog.patch(seller(SHOP_OF[sku]), sku, patch))

    # --- faults -----------------------------------------------------------------------

    @precondition(lambda self: self.holds)
    @rule(everything=st.booleans())
    def lose(self, everything: bool) -> None:
        """Redis loses all, or so much that it is not to be trusted; then a rebuild."""
        if everything:
            self.run(self.scripts.command("FLUSHALL"))
        else:
            for shop in SHOPS:
                ready = keys.shop_ready(int(keys.shard(shop)))
                self.run(self.scripts.command("DEL", ready))
        for place in self.held(claimed=False):
            for sku, qty in self.holds.pop(place).lines.items():
                self.skus[sku].held -= qty
        if everything:
            open_now = self.held()
            self.holds = {place: self.holds[place] for place in open_now}
        for sku, add in self.pending.values():
            if add > 0:
                self.skus[sku].total += add  # the book had it already
        self.pending = {key: (sku, min(0, add)) for key, (sku, add) in self.pending.items()}
        self.run(rebuild(self.book, self.scripts, calm_s=0))

    # --- what always holds ------------------------------------------------------------

    @invariant()
    def every_unit_is_somewhere(self) -> None:
        looks = [counters(self.scripts, sku, shop) for sku, shop in SHOP_OF.items()]
        all_found = self.run(_together(looks))
        for found, units in zip(all_found, self.skus.values(), strict=True):
            expected = {"total": units.total, "avail": units.avail, "held": units.held}
            assert found == expected | {"sold": units.sold, "pv": units.pv}
            assert min(found.values()) >= 0

    @invariant()
    def what_is_held_is_the_sum_of_the_holds(self) -> None:
        looks = [
            self.scripts.command("ZRANGE", keys.hold_deadlines(shop), 0, -1) for shop in SHOPS
        ]
        due = [member.decode() for members in self.run(_together(looks)) for member in members]
        assert sorted(due) == sorted(f"{buyer}.{shop}" for buyer, shop in self.held())
        sums: Counter[str] = Counter()
        for place in self.held():
            sums.update(self.holds[place].lines)
        assert {sku: units.held for sku, units in self.skus.items() if units.held} == dict(sums)

    @invariant()
    def the_stream_ends_with_what_is_left(self) -> None:
        for shop, skus in SHOPS.items():
            told = dict(
                entry
                for _, lefts in self.run(stream(self.scripts, shop))
                for entry in lefts.items()
            )
            for sku in skus:
                assert int(told.get(sku, 0)) == self.skus[sku].avail

    @invariant()
    def the_book_never_promises_more_than_the_gate(self) -> None:
        for sku, total, claimed in self.run(self.book.read(_stocks)):
            pending = sum(add for of, add in self.pending.values() if of == sku and add > 0)
            assert total == self.skus[sku].total + pending
            assert claimed == self.claimed(sku)

    def held(self, claimed: bool | None = None) -> list[tuple[str, str]]:
        return sorted(
            place
            for place, kept in self.holds.items()
            if kept.state == "H" and claimed in {None, kept.claimed}
        )

    def claimed(self, sku: str) -> int:
        held = (self.holds[place].lines.get(sku, 0) for place in self.held(claimed=True))
        return sum(held) + self.skus[sku].sold


async def _together(looks: list[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*looks)


def _claim(
    conn: Connection, checkout: str, shop: str, fingerprint: str, lines: dict[str, int]
) -> None:
    sums = dict.fromkeys(("subtotal", "shipping", "discount", "tax", "total"), 0)
    row = {
        "id": checkout, "version": 1, "viewer": checkout, "viewer_name": "Vera",
        "fingerprint": fingerprint, "whole_cart": False, "state": "reserved", "currency": "USD",
        "open": True, "lines": [], "pay_by": DEADLINE, "hold_until": DEADLINE, "created_at": 1,
    }  # fmt: skip
    insert_or_ignore(conn, checkouts, **row, **sums)
    raised = update(checkouts).where(checkouts.c.id == checkout)
    conn.execute(raised.values(fingerprint=fingerprint))
    for sku, qty in lines.items():
        conn.execute(delete(claims).where(claims.c.checkout == checkout, claims.c.sku == sku))
        claim = {"checkout": checkout, "sku": sku, "shop": shop, "qty": qty, "state": "open"}
        conn.execute(insert(claims).values(**claim))
        more = update(stock_table).where(stock_table.c.sku == sku)
        conn.execute(more.values(claimed=stock_table.c.claimed + qty))


def _end(conn: Connection, checkout: str, skus: list[str], state: str) -> None:
    for sku in skus:
        mine = (claims.c.checkout == checkout) & (claims.c.sku == sku)
        qty = conn.execute(select(claims.c.qty).where(mine)).scalar_one()
        conn.execute(update(claims).where(mine).values(state=state))
        if state == "released":
            less = update(stock_table).where(stock_table.c.sku == sku)
            conn.execute(less.values(claimed=stock_table.c.claimed - qty))


def _stocks(conn: Connection) -> list[tuple[str, int, int]]:
    return [(row.sku, row.total, row.claimed) for row in conn.execute(select(stock_table))]


def test_every_unit_is_somewhere_whatever_happens(redis_url: str, migrated_sqlite: Path) -> None:
    Gate.redis_url, Gate.migrated = redis_url, migrated_sqlite

    run_state_machine_as_test(
        Gate,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
