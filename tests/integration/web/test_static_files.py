"""What browsers load: under addresses that they may keep, and whole."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import brotli
import pytest
from aiohttp import ClientSession

from tests.integration.web.conftest import Api
from web.static_files import FOLDER, StaticFiles

ANY_PAGE = {"Origin": "https://shop.example"}


async def root(api: Api) -> str:
    """Where the files are now, as the element's address tells."""
    body = (await api.ask("GET", "/yellow-cart.js")).raw.decode()
    found = re.fullmatch(r'export \* from "(/static/[0-9a-f]+/)yellow-cart.js";\n', body)
    assert found, body
    return found[1]


async def test_a_file_under_its_hash_may_be_kept_for_ever(api: Api) -> None:
    answer = await api.ask("GET", f"{await root(api)}common/money.js")

    assert (answer.status, answer.media) == (200, "text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.raw == (FOLDER / "common" / "money.js").read_bytes()


async def test_a_file_under_an_old_hash_is_todays_and_not_kept(api: Api) -> None:
    answer = await api.ask("GET", "/static/0123456789ab/common/money.js")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_addresses_that_other_pages_name_are_kept_for_minutes(api: Api) -> None:
    sdk = (FOLDER / "yellowcart.js").read_bytes()

    for path in ("/yellowcart.js", "/sdk/v1/yellowcart.js"):
        answer = await api.ask("GET", path)
        assert answer.raw == sdk
        assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert (await api.ask("GET", "/yellow-cart.js")).raw == (
        await api.ask("GET", "/sdk/v1/yellow-cart.js")
    ).raw


@pytest.mark.parametrize("path", ["/yellowcart.js", "/yellow-cart.js", "/static/x/icon.svg"])
async def test_pages_of_any_origin_may_load_them(api: Api, path: str) -> None:
    answer = await api.ask("GET", path, headers=ANY_PAGE)

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Origin" not in answer.headers["Vary"]


async def test_what_a_browser_has_is_not_sent_again(api: Api) -> None:
    first = await api.ask("GET", "/yellowcart.js")

    again = await api.ask(
        "GET", "/yellowcart.js", headers={"If-None-Match": first.headers["Etag"]}
    )
    other = await api.ask("GET", "/yellowcart.js", headers={"If-None-Match": 'W/"other"'})

    assert (again.status, again.raw) == (304, b"")
    assert again.headers["Etag"] == first.headers["Etag"]
    assert other.status == 200


@pytest.mark.parametrize(
    ("offer", "coding", "unpack"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("br;q=0, *", "gzip", gzip.decompress),
        ("x-gzip", "gzip", gzip.decompress),
    ],
)
async def test_texts_are_compressed_as_the_client_takes_it(
    api: Api, offer: str, coding: str, unpack: Callable[[bytes], bytes]
) -> None:
    url = f"http://127.0.0.1:{api.port}/yellowcart.js"

    async with ClientSession(auto_decompress=False) as session:
        async with session.get(url, headers={"Accept-Encoding": offer}) as answer:
            packed, headers = await answer.read(), answer.headers
        async with session.get(url, headers={"Accept-Encoding": "identity"}) as answer:
            plain = await answer.read()

    assert headers["Content-Encoding"] == coding
    assert headers["Vary"] == "Accept-Encoding"
    assert unpack(packed) == plain
    assert len(packed) < len(plain) / 2


async def test_every_import_of_every_module_leads_to_a_file(api: Api) -> None:
    base = await root(api)
    for path in FOLDER.rglob("*.js"):
        name = path.relative_to(FOLDER)
        for found in re.findall(r"""(?:from|import)\s*\(?\s*"(\.[^"]+)\"""", path.read_text()):
            target = (path.parent / found).resolve().relative_to(FOLDER)
            if target.parts[0] != "vendor":
                assert (await api.ask("GET", f"{base}{target}")).status == 200, f"{name}: {found}"


def test_a_modules_static_imports_are_known_and_those_that_wait_are_not() -> None:
    files = StaticFiles(
        {
            "first.js": b'import { a } from "./parts/a.js";\nconst b = () => import("./b.js");\n',
            "parts/a.js": b'import {\n  c,\n} from "../c.js";\nexport * from "./d.js";\n',
            "b.js": b"",
            "c.js": b'import "./parts/a.js";\n// import "./b.js" is not one\n',
            "parts/d.js": b'const text = "import x from ./b.js";\n',
        }
    )

    names = [address.removeprefix(files.root) for address in files.modules("first.js")]

    assert names == ["first.js", "parts/a.js", "c.js", "parts/d.js"]


def test_any_change_of_any_file_changes_every_address() -> None:
    roots = {
        StaticFiles(bodies).root
        for bodies in ({"a.js": b"1"}, {"a.js": b"2"}, {"b.js": b"1"}, {"a.js": b"1", "b.js": b""})
    }

    assert len(roots) == 4
    assert StaticFiles({"a.js": b"1"}).root == StaticFiles({"a.js": b"1"}).root
