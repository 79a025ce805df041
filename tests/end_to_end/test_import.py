"""``import-products``: a merchant's file becomes products that are shown, bought and counted."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.served import ROOT, Served
from tests.shopify import first, more, text, written
from tests.viewer import ADDRESS, card, viewer

pytestmark = pytest.mark.redis

# What takes products has a server of its own: their pictures, which are nowhere, would be listed
# in the pages of all who share one.

SHIRTS = (
    first("ocean-shirt", option1="Small", units=8, before="25.00"),
    more("ocean-shirt", option1="Large", units=2),
    more("ocean-shirt", image="https://cdn.example/back.jpg", position=2),
    first("straw-hat", tracker="", units=0, body="<p>Light &amp; airy<script>x()</script></p>"),
)


def words(file: Path, *options: str, shop: str = "clay") -> tuple[str, ...]:
    return ("import-products", str(file), "--shop", shop, "--currency", "USD", *options)


def products(server: Served, shop: str = "clay") -> dict[str, dict[str, Any]]:
    """The shop's products by title."""
    found: dict[str, dict[str, Any]] = {}
    path = "/v1/products?limit=100"
    _, page = server.http("GET", path)
    while page["items"]:
        found |= {item["title"]: item for item in page["items"] if item["shop"] == shop}
        _, page = server.http("GET", f"{path}&after={page['items'][-1]['id']}")
    return found


async def do(server: Served, *options: str) -> subprocess.CompletedProcess[str]:
    """A command beside the running loop."""
    return await asyncio.to_thread(server.verb, *options)


@pytest.mark.timeout(180)
async def test_a_file_is_taken_beside_a_running_server_and_its_products_are_sold(
    server: Served, tmp_path: Path
) -> None:
    file = written(tmp_path / "shirts.csv", *SHIRTS)
    taken = await do(server, *words(file))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert "4 rows, 2 products: 2 new" in taken.stdout
    shirt = products(server)["Ocean Shirt"]
    assert [(sku["title"], sku["price"], sku["left"]) for sku in shirt["skus"]] == [
        ("Small", 1999, 8), ("Large", 1999, 2)
    ]  # fmt: skip
    assert len(shirt["images"]) == 2
    hat = products(server)["Straw Hat"]
    assert (hat["description"], hat["skus"][0]["left"]) == ("Light & airy", 999)

    async with viewer(server.ws_url) as host, viewer(server.ws_url) as ada:
        await host.join(token=server.token("demo-host", "host"))
        await ada.join()
        await host.do("bag.add", product=shirt["id"])
        small = shirt["skus"][0]["id"]
        opened = (await ada.do("buy", sku=small, qty=3, key="a-shirt-please"))["checkout"]
        paid = await ada.do(
            "checkout.pay", checkout=opened["id"], method=card("tok_ok"), ship_to=ADDRESS
        )
        assert paid["checkout"]["state"] == "paid"

        again = await do(server, *words(file))
        assert "0 new, 0 changed, 2 unchanged" in again.stdout
        assert products(server)["Ocean Shirt"]["skus"][0]["left"] == 5

        cheaper = tuple({**row, "price": "9.99"} if "price" in row else row for row in SHIRTS)
        changed = await do(server, *words(written(file, *cheaper)))
        assert "0 new, 2 changed, 0 unchanged" in changed.stdout
        told = await ada.event("product.changed")
        assert {sku["price"] for sku in told["product"]["skus"]} == {999}
    checked = await do(server, "audit")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.timeout(180)
def test_a_file_is_taken_without_a_server_and_sold_by_the_next_one(tmp_path: Path) -> None:
    shop = Served(tmp_path / "data", ())
    file = written(tmp_path / "shirts.csv", *SHIRTS)

    taken = shop.verb(*words(file))
    again = shop.verb(*words(file))
    audit = shop.verb("audit")

    assert (taken.returncode, again.returncode) == (0, 0), taken.stderr + again.stderr
    assert "2 unchanged" in again.stdout
    assert audit.returncode == 0, audit.stdout
    shop.start()
    try:
        assert set(products(shop)) == {"Ocean Shirt", "Straw Hat"}
    finally:
        shop.stop()


def test_what_is_refused_is_told_with_its_line_and_the_rest_taken(
    server: Served, tmp_path: Path
) -> None:
    rows = (
        first("mug"),
        'tote,"Tote" bag,',
        first("cap", price="=1+1"),
        first("bowl", title="=cmd|'/C calc'!A0"),
        first("card", gift_card="true"),
    )
    file, report = written(tmp_path / "mixed.csv", *rows), tmp_path / "report.txt"

    taken = server.verb(*words(file, "--report", str(report), shop="mixed"))

    assert taken.returncode == 1, taken.stderr
    assert taken.stdout.splitlines() == [
        "5 rows, 5 products: 2 new, 0 changed, 0 unchanged, 1 skipped, 2 refused",
        "Refused, nothing of these was taken:",
        "  line 3: tote: a quote is closed in the middle of a cell, or opened and never closed",
        "  line 4: cap: Variant Price '=1+1' is a formula, which is not computed here. "
        "Write the price itself, as 19.99.",
        "Skipped, not for sale in Shopify:",
        "  line 6: card: it is a gift card, and those cannot be sold here",
    ]
    assert set(products(server, "mixed")) == {"Mug", "=cmd|'/C calc'!A0"}
    lines = report.read_text().splitlines()
    assert [line.split(": ")[:3] for line in lines] == [
        ["line 2", "new", "mug"],
        ["line 3", "refused", "tote"],
        ["line 4", "refused", "cap"],
        ["line 5", "new", "bowl"],
        ["line 6", "skipped", "card"],
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (text(first("mug", title="Café")).encode("latin-1"), "Save it as UTF-8"),
        (text(first("mug")).encode("utf-16"), "Save it as UTF-8"),
        (b"Handle,Title\nmug,Mug\n", "the column Variant Price"),
        (b"", "is empty"),
        (None, "no such file"),
    ],
    ids=["latin-1", "utf-16", "header", "empty", "missing"],
)
def test_a_file_that_cannot_be_read_ends_in_one_line_and_takes_nothing(
    shared_server: Served, tmp_path: Path, data: bytes | None, told: str
) -> None:
    file = tmp_path / "shirts.csv"
    if data is not None:
        file.write_bytes(data)

    done = shared_server.verb(*words(file, shop="nobody"))

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stdout == ""
    assert products(shared_server, "nobody") == {}


@pytest.mark.parametrize(
    ("option", "value"), [("--shop", "my shop"), ("--currency", "DOLLAR")], ids=str
)
def test_a_shop_or_currency_that_cannot_be_ends_in_one_line(
    shared_server: Served, tmp_path: Path, option: str, value: str
) -> None:
    file = written(tmp_path / "shirts.csv", *SHIRTS)

    done = shared_server.verb(*words(file), option, value)

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.timeout(180)
def test_a_terminal_gets_a_bar_and_a_pipe_none(server: Served, tmp_path: Path) -> None:
    file = written(tmp_path / "many.csv", *(first(f"mug-{n}") for n in range(300)))
    command = [sys.executable, "server.py", *words(file, shop="bars")]
    command += ["--data-dir", str(server.data_dir)]
    ours, theirs = pty.openpty()

    with subprocess.Popen(
        command, cwd=ROOT, env=server.variables, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        while piece := _read(ours):
            seen += piece
        printed = process.communicate(timeout=60)[0].decode()
    os.close(ours)

    assert process.returncode == 0, printed
    assert "taking" in seen.decode()
    assert "█" in seen.decode()
    assert "\r" not in printed
    assert "\r" not in server.verb(*words(file, shop="bars")).stderr


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""


@pytest.mark.timeout(180)
def test_a_file_of_many_megabytes_takes_no_more_memory_than_a_small_one(
    server: Served, tmp_path: Path
) -> None:
    def peak(name: str, rows: int, size: int) -> int:
        """The most memory in KiB of an import of so many products with so long texts."""
        file = tmp_path / name
        with file.open("w", encoding="utf-8") as out:
            out.write("Handle,Title,Vendor,Variant Price\n")
            out.writelines(f"{name}-{n},Mug {n},{'x' * size},5\n" for n in range(rows))
        command = [sys.executable, "server.py", *words(file, shop="large")]
        command += ["--data-dir", str(server.data_dir)]
        with subprocess.Popen(
            command, cwd=ROOT, env=server.variables, stdout=subprocess.DEVNULL
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss // (1 if sys.platform == "linux" else 1024)

    assert peak("large", 120, 900_000) < peak("small", 20, 1000) + 20_000
