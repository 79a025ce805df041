"""Imports into a real book and gate: new, changed, the same again, and the stock of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shop.importing.draft import Draft, draft_of
from shop.importing.importer import Importer
from shop.importing.intake import Intake, Kind
from shop.importing.names import product_id, sku_id
from shop.importing.progress import Progress
from shop.importing.report import Report
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.migrate import migrate
from store.sql.postgres import PostgresBook
from store.sql.rows import Connection, func, select
from store.sql.tables import outbox, stock_adjustments
from tests.selling import SHOP, Shelves, counters, mug, open_gate, seller
from tests.shopify import first, more, sheet, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


class Pipe:
    """Where nobody watches."""

    def isatty(self) -> bool:
        return False


@dataclass
class Flushed:
    """An outbox that counts how often it was to be emptied."""

    count: int = 0

    async def flush(self, timeout_s: float = 1.0) -> None:
        self.count += 1


@dataclass
class Merchant:
    """Imports files into the shop."""

    shelves: Shelves
    folder: Path

    def __post_init__(self) -> None:
        self.outbox = Flushed()
        self.intake = Intake(
            catalog=self.shelves.catalog,
            stock=self.shelves.stock,
            book=self.shelves.book,
            scripts=self.shelves.scripts,
            clock=self.shelves.clock,
        )

    async def take(
        self,
        *rows: dict[str, Any] | str,
        currency: str = "USD",
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Report:
        self.shelves.clock.advance(1000)
        report = Report()
        with sheet(written(self.folder / "shirts.csv", *rows)) as file:
            importer = Importer(
                shop=SHOP,
                currency=currency,
                intake=self.intake,
                outbox=self.outbox,
                report=report,
                progress=Progress(Pipe(), self.shelves.clock, file.source.size),  # type: ignore[arg-type]
                is_alone=True,
                is_stopped=is_stopped,
            )
            await importer.run(file)
        return report

    async def left(self, handle: str, *options: str) -> int:
        return (await counters(self.shelves.scripts, sku(handle, *options)))["avail"]

    async def sell(self, handle: str, units: int) -> None:
        """Take units away, as a sale does."""
        ident = sku(handle)
        await self.shelves.stock.adjust(seller(), ident, add=-units, set_to=None, key="a-sale")


def sku(handle: str, *options: str) -> str:
    values = (*(options or ("Default Title",)), "", "")[:3]
    return sku_id(SHOP, handle, values)


@pytest.fixture
async def merchant(book: Book, scripts: Scripts, clock: StoppedClock, tmp_path: Path) -> Merchant:
    await open_gate(scripts)
    return Merchant(Shelves(book, scripts, clock), tmp_path)


def counted(report: Report) -> dict[str, int]:
    return {kind.value: count for kind, count in report._count.items()}


def _told(conn: Connection) -> list[str]:
    query = select(outbox.c.payload).where(outbox.c.kind == "product").order_by(outbox.c.id)
    return [payload["product"] for payload in conn.execute(query).scalars()]


def _pending(conn: Connection) -> int:
    table = stock_adjustments
    query = select(func.count()).select_from(table).where(table.c.left.is_(None))
    return int(conn.execute(query).scalar_one())


async def test_new_products_are_listed_with_their_stock(merchant: Merchant) -> None:
    report = await merchant.take(
        first("shirt", option1="Small", units=3, before="25"),
        more("shirt", option1="Large", units=0),
        first("mug", units=12),
    )

    assert counted(report) == {"new": 2}
    assert report.exit_code == 0
    shirt = await merchant.shelves.catalog.get(product_id(SHOP, "shirt"))
    assert (shirt.shop, shirt.title, shirt.description) == (SHOP, "Shirt", "Soft cotton.")
    assert [(one.title, one.price, one.compare_at, one.left) for one in shirt.skus] == [
        ("Small", 1999, 2500, 3), ("Large", 1999, shirt.skus[1].compare_at, 0)
    ]  # fmt: skip
    assert await merchant.left("mug") == 12
    assert await counters(merchant.shelves.scripts, sku("shirt", "Large")) == {
        "total": 0, "avail": 0, "held": 0, "sold": 0, "pv": 1
    }  # fmt: skip
    assert await merchant.shelves.book.read(_pending) == 0
    assert await merchant.shelves.book.read(_told) == []


async def test_the_same_file_again_changes_nothing(merchant: Merchant) -> None:
    rows = [
        first("shirt", option1="Small"),
        more("shirt", option1="Large"),
        first("mug", tracker="", units=0),
    ]
    await merchant.take(*rows)
    await merchant.sell("mug", 9)
    before = await merchant.shelves.catalog.list(None, 10)

    report = await merchant.take(*rows)

    assert counted(report) == {"unchanged": 2}
    assert await merchant.shelves.catalog.list(None, 10) == before
    assert await merchant.left("mug") == 990
    assert await merchant.shelves.book.read(_told) == []
    assert merchant.outbox.count == 0


async def test_what_differs_is_changed_and_told(merchant: Merchant) -> None:
    await merchant.take(first("mug", before="25"), first("tote"))

    report = await merchant.take(first("mug", price="17.5", title="Cup"), first("tote"))

    assert counted(report) == {"changed": 1, "unchanged": 1}
    mug = await merchant.shelves.catalog.get(product_id(SHOP, "mug"))
    assert (mug.title, mug.skus[0].price, mug.skus[0].left) == ("Cup", 1750, 5)
    assert not isinstance(mug.skus[0].compare_at, int)
    assert (await counters(merchant.shelves.scripts, sku("mug")))["pv"] == 2
    assert await merchant.shelves.book.read(_told) == [product_id(SHOP, "mug")]
    assert merchant.outbox.count == 1


async def test_units_that_were_sold_come_back_only_with_another_number(merchant: Merchant) -> None:
    await merchant.take(first("mug", units=10))
    await merchant.sell("mug", 4)

    assert counted(await merchant.take(first("mug", units=10))) == {"unchanged": 1}
    assert await merchant.left("mug") == 6
    assert counted(await merchant.take(first("mug", units=25))) == {"changed": 1}
    assert await merchant.left("mug") == 25
    assert counted(await merchant.take(first("mug", units=10))) == {"changed": 1}
    assert await merchant.left("mug") == 10
    assert await merchant.shelves.book.read(_pending) == 0


async def test_a_file_without_a_number_leaves_the_stock_alone(merchant: Merchant) -> None:
    await merchant.take(first("mug", units=10))

    assert counted(await merchant.take(first("mug", units=""))) == {"unchanged": 1}
    assert await merchant.left("mug") == 10


async def test_a_variant_is_added_with_its_stock_and_none_is_removed(merchant: Merchant) -> None:
    await merchant.take(first("shirt", option1="Small"))

    rows = [first("shirt", option1="Large", units=8)]
    report = await merchant.take(*rows)

    assert counted(report) == {"changed": 1}
    assert any("1 variants are not in the file any more" in line for line in report.lines())
    shirt = await merchant.shelves.catalog.get(product_id(SHOP, "shirt"))
    assert [(one.title, one.left) for one in shirt.skus] == [("Small", 5), ("Large", 8)]
    assert counted(await merchant.take(*rows)) == {"unchanged": 1}
    assert counted(await merchant.take(first("shirt", option1="Large", units=9))) == {"changed": 1}
    assert await merchant.left("shirt", "Large") == 9


async def test_what_is_wrong_is_refused_whole_and_the_rest_taken(merchant: Merchant) -> None:
    report = await merchant.take(
        first("shirt"),
        first("mug", option1="Blue"),
        more("mug", option1="Red", price="-1"),
        first("card", gift_card="true"),
        first("tote"),
    )

    assert counted(report) == {"new": 2, "refused": 1, "skipped": 1}
    assert report.exit_code == 1
    (refused,) = [line for line in report.lines() if line.startswith("  line 4")]
    assert "mug: Variant Price '-1' is below zero" in refused
    products, _ = await merchant.shelves.catalog.list(None, 10)
    assert {product.title for product in products} == {"Shirt", "Tote"}


async def test_a_product_torn_apart_is_refused_and_a_second_one_left_out(
    merchant: Merchant,
) -> None:
    report = await merchant.take(
        first("mug", option1="Blue"),
        first("tote"),
        more("mug", option1="Red"),
        first("tote", title="Another tote"),
    )

    assert counted(report) == {"new": 1, "refused": 3}
    text = "\n".join(report.lines())
    assert "line 2: mug: its rows stand in several places" in text
    assert "line 5: tote: a product with this Handle stood further above" in text
    products, _ = await merchant.shelves.catalog.list(None, 10)
    assert [product.title for product in products] == ["Tote"]


async def test_another_currency_is_refused_for_what_is_there(merchant: Merchant) -> None:
    await merchant.take(first("mug"))

    report = await merchant.take(first("mug"), first("tote"), currency="EUR")

    assert counted(report) == {"refused": 1, "new": 1}
    assert any("The currency of a SKU never changes" in line for line in report.lines())


async def test_a_product_of_another_shop_is_not_touched_whatever_its_id(
    merchant: Merchant,
) -> None:
    taken = mug(product=product_id(SHOP, "mug"))
    before = await merchant.shelves.catalog.create(seller("rival"), taken)

    report = await merchant.take(first("mug"), first("tote"))

    assert counted(report) == {"refused": 1, "new": 1}
    assert any("taken by another product" in line for line in report.lines())
    after = await merchant.shelves.catalog.get(before.id)
    assert (after.shop, after.title, after.skus) == ("rival", "Mug", before.skus)


async def test_more_than_one_batch_is_taken(merchant: Merchant) -> None:
    report = await merchant.take(*(first(f"mug-{number}", body="") for number in range(250)))

    assert counted(report) == {"new": 250}
    assert report.rows == 250
    assert await merchant.left("mug-249") == 5


async def test_products_of_many_variants_are_taken_in_parts_that_fit(merchant: Merchant) -> None:
    rows = [
        row
        for number in range(12)
        for row in (
            first(f"mug-{number}", option1="0"),
            *(more(f"mug-{number}", option1=str(colour)) for colour in range(1, 100)),
        )
    ]

    report = await merchant.take(*rows)

    assert counted(report) == {"new": 12}
    assert await merchant.left("mug-11", "99") == 5


async def test_two_imports_at_once_list_each_product_once(merchant: Merchant) -> None:
    rows = [first(f"mug-{number}", units=7) for number in range(30)]
    with sheet(written(merchant.folder / "a.csv", *rows)) as file:
        found = [draft_of(group, SHOP, "USD") for group in file.products()]
    drafts = [draft for draft in found if isinstance(draft, Draft)]

    outcomes = await asyncio.gather(*(merchant.intake.take(drafts) for _ in range(3)))

    kinds = [outcome.kind for taken in outcomes for outcome in taken]
    assert (kinds.count(Kind.NEW), kinds.count(Kind.UNCHANGED)) == (30, 60)
    assert await merchant.left("mug-0") == 7


async def test_an_outage_that_lasts_ends_the_import_and_the_next_one_goes_on(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The book has the products, and the gate is closed."""
    monkeypatch.setattr("shop.importing.importer.PAUSE_S", 0)
    ready = keys.shop_ready(int(keys.shard(SHOP)))
    await merchant.shelves.scripts.command("DEL", ready)

    report = await merchant.take(first("mug", units=7))

    assert report.exit_code == 2
    assert any("Stopped before line 2" in line for line in report.lines())
    assert await merchant.shelves.book.read(_pending) == 1
    await merchant.shelves.scripts.command("SET", ready, "1")
    await merchant.intake.mend()
    assert counted(await merchant.take(first("mug", units=7))) == {"unchanged": 1}
    assert await merchant.left("mug") == 7


async def test_a_closed_gate_is_waited_for(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = keys.shop_ready(int(keys.shard(SHOP)))
    await merchant.shelves.scripts.command("DEL", ready)
    monkeypatch.setattr("shop.importing.importer.PAUSE_S", 0.2)

    async def open_again() -> None:
        await asyncio.sleep(0.3)
        await merchant.shelves.scripts.command("SET", ready, "1")

    report, _ = await asyncio.gather(merchant.take(first("mug")), open_again())

    assert report.exit_code == 0
    assert await merchant.left("mug") == 5


async def test_it_stops_between_batches_when_asked(merchant: Merchant) -> None:
    asked = iter([False, False, True])
    rows = [first(f"mug-{number}") for number in range(350)]

    report = await merchant.take(*rows, is_stopped=lambda: next(asked, True))

    assert report.exit_code == 130
    assert 0 < counted(report)["new"] < 350
    assert counted(await merchant.take(*rows))["unchanged"] == counted(report)["new"]


@pytest.mark.postgres
async def test_postgresql_takes_them_too(
    postgres_url: str, scripts: Scripts, clock: StoppedClock, tmp_path: Path
) -> None:
    migrate(postgres_url)
    book = PostgresBook(postgres_url)
    await rebuild(book, scripts)
    merchant = Merchant(Shelves(book, scripts, clock), tmp_path)
    rows = [first("mug", units=3), more("mug", option1="Red", units=4), first("tote", units=0)]

    taken = [counted(await merchant.take(*rows)) for _ in range(2)]
    dearer = counted(await merchant.take(first("mug", price="21", units=9)))

    assert taken == [{"new": 2}, {"unchanged": 2}]
    assert dearer == {"changed": 1}
    assert await merchant.left("mug") == 9
    await book.close()
