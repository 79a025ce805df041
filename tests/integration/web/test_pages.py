"""Pages and files: what people's browsers get."""

from __future__ import annotations

import asyncio
import gzip
import re
from html import unescape

import pytest
from aiohttp import ClientSession

from tests.integration.web.conftest import Answer, Api, MakeApi
from tests.waiting import until_told

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "</title><script>alert(1)</script>\"'>"


async def page(api: Api, path: str, **headers: str) -> Answer:
    return await api.ask("GET", path, headers={**BROWSER, **headers})


async def on_air(api: Api, *, title: str = "Sunrise mug", pinned: bool = True) -> None:
    """A live show ``friday`` of Hanna's that sells a mug, reduced, in two sizes."""
    small = {"id": "mug-s", "title": "S", "price": 2490, "compare_at": 3200, "currency": "EUR"}
    large = {"id": "mug-l", "title": "L", "price": 3990, "currency": "EUR"}
    skus = [{**small, "left": 8}, {**large, "left": 1}]
    body = {"id": "mug", "title": title, "images": ["/demo/mug-sunrise.svg"], "skus": skus}
    made = await api.ask("POST", "/v1/products", body, as_=api.seller)
    assert made.status == 201, made.body
    await api.live_show()
    if pinned:
        pin = {"product": "mug"}
        assert (await api.ask("POST", "/v1/shows/friday/pin", pin, as_=api.host)).status == 200


async def shows(api: Api, words: str) -> bool:
    """Whether the viewer's page has these words in it now."""
    return words in (await page(api, "/watch/friday")).raw.decode()


def text_of(answer: Answer) -> str:
    """What a person reads, without the markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.raw.decode())))


async def test_a_viewers_page_shows_the_pinned_card_without_any_script(api: Api) -> None:
    await on_air(api)

    watch = await page(api, "/watch/friday")

    html, text = watch.raw.decode(), text_of(watch)
    card = html[html.index('<section class="card"') : html.index("</section>")]
    assert (watch.status, watch.media) == (200, "text/html")
    assert '<template shadowrootmode="open">' in html
    for part in ('<data value="2490">€24.90</data>', "€32.00", "-22%", "9 left", "Sunrise mug"):
        assert part in card
    assert 'part="buy button primary" href="#buy">Buy</a>' in card
    assert "Hanna" in text
    assert re.search(r"LIVE \d+:\d\d Friday", text)
    assert watch.headers["Cache-Control"] == "no-store"


async def test_a_page_shows_what_is_pinned_now_and_not_a_moment_ago(api: Api) -> None:
    await on_air(api, pinned=False)

    before = await page(api, "/watch/friday")
    await api.ask("POST", "/v1/shows/friday/pin", {"product": "mug"}, as_=api.host)
    await until_told(lambda: shows(api, "Now showing"))
    await api.ask("POST", "/v1/shows/friday/end", as_=api.host)
    await until_told(lambda: shows(api, "This LIVE has ended."))

    assert "Now showing" not in before.raw.decode()
    assert not await shows(api, "Now showing")


async def test_a_card_that_is_sold_out_says_so_and_stays(api: Api) -> None:
    await on_air(api)
    for sku in ("mug-s", "mug-l"):
        none = {"set": 0, "key": f"none-of-{sku}"}
        await api.ask("POST", f"/v1/skus/{sku}/stock", none, as_=api.seller)

    await until_told(lambda: shows(api, 'aria-disabled="true">Sold out</a>'))

    assert await shows(api, "€24.90")


async def test_a_scheduled_show_says_when_it_starts(api: Api) -> None:
    for ident, starts_at in (("june", 1_780_599_600_000), ("far", 2**53 - 1), ("open", None)):
        body = {"id": ident, "title": "Spring linen"}
        await api.ask(
            "POST",
            "/v1/shows",
            body | ({"starts_at": starts_at} if starts_at else {}),
            as_=api.host,
        )

    june = await page(api, "/watch/june")

    assert "Starts Thu 4 June, 19:00 UTC" in text_of(june)
    assert 'datetime="2026-06-04T19:00:00+00:00"' in june.raw.decode()
    for ident in ("far", "open"):
        assert "Starting soon" in text_of(await page(api, f"/watch/{ident}"))


async def test_without_script_the_whole_bag_is_a_list(api: Api) -> None:
    await on_air(api, pinned=False)

    html = (await page(api, "/watch/friday")).raw.decode()

    bag = html[html.rindex("<noscript>") : html.rindex("</noscript>")]
    assert '<section class="bag-list" id="buy"' in bag, "where the card's Buy leads to"
    assert "Bag · 1 item<" in bag
    assert "Sunrise mug" in bag
    assert "€24.90" in bag


async def test_a29_whatever_people_typed_is_shown_as_text(api: Api) -> None:
    await on_air(api, title=HOSTILE)
    body = {"id": "evil", "title": HOSTILE}
    hostile = api.token("eve", "host", name=HOSTILE)
    await api.ask("POST", "/v1/shows", body, as_=hostile)
    await api.ask("POST", "/v1/shows/evil/bag", {"product": "mug"}, as_=hostile)

    for path in ("/", "/watch/friday", "/watch/evil", "/embed/evil", "/host/evil"):
        answer = await page(api, path)
        html = answer.raw.decode()
        assert answer.status == 200
        assert "<script>" not in html
        assert "&lt;script&gt;alert(1)" in html, path
        for attribute in re.findall(r'="([^"]*)"', html):
            assert "<" not in attribute


@pytest.mark.parametrize("path", ["/docs", "/", "/watch/friday", "/embed/friday", "/host/friday"])
async def test_a29_html_has_nothing_inline_and_nothing_from_elsewhere(api: Api, path: str) -> None:
    await on_air(api)

    answer = await page(api, path)

    html = answer.raw.decode()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", html)
    for address in re.findall(r'(?:src|href)="([^"#]+)"', html):
        assert address.startswith(("/", f"http://127.0.0.1:{api.port}/")), address
    for sheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', html):
        assert (await api.ask("GET", sheet)).media == "text/css", sheet
    for script in re.findall(r'<(?:script|link rel="modulepreload")[^>]+"(/[^"]+)"', html):
        assert (await api.ask("GET", script)).media == "text/javascript", script


async def test_pages_load_from_us_alone_and_are_framed_by_nobody(api: Api) -> None:
    await on_air(api)

    for path in ("/", "/watch/friday", "/host/friday"):
        policy = (await page(api, path)).headers["Content-Security-Policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert rules["base-uri"] == rules["object-src"] == rules["frame-ancestors"] == "'none'"
        assert rules["require-trusted-types-for"] == "'script'"
        assert (
            rules["connect-src"] == f"'self' ws://127.0.0.1:{api.port} wss://127.0.0.1:{api.port}"
        )


@pytest.mark.parametrize(("film", "others"), [("a.mp4", ""), ("a.m3u8", " https:")])
async def test_a_film_comes_from_its_own_place_and_a_playlist_s_parts_from_any(
    api: Api, film: str, others: str
) -> None:
    url = f"https://video.example:8443/live/{film}"
    body = {"id": "far", "title": "From afar", "playback_url": url}
    await api.ask("POST", "/v1/shows", body, as_=api.host)

    policy = (await page(api, "/watch/far")).headers["Content-Security-Policy"]

    assert f"media-src 'self' blob: https://video.example:8443{others};" in policy
    assert re.search(rf"connect-src [^;]* https://video.example:8443{others};", policy)
    assert policy.count("video.example") == 2


async def test_a_host_that_somebody_made_up_gets_into_no_policy(api: Api) -> None:
    await on_air(api)

    answer = await page(api, "/watch/friday", Host="x; script-src *")

    assert "script-src *" not in answer.headers["Content-Security-Policy"]


async def test_a_shared_link_has_a_title_a_picture_and_its_address(make_api: MakeApi) -> None:
    async with make_api(trusted_proxies="127.0.0.1") as api:
        await on_air(api, pinned=False)
        picture = {"images": ["/mug.svg", "https://shop.example/mug.jpg"]}
        await api.ask("PATCH", "/v1/products/mug", picture, as_=api.seller)
        proxied = {"Host": "live.example", "X-Forwarded-Proto": "https"}
        await until_told(lambda: shows(api, "https://shop.example/mug.jpg"))
        html = (await page(api, "/watch/friday", **proxied)).raw.decode()

    assert "<title>Friday · Hanna</title>" in html
    assert '<meta property="og:title" content="Friday · Hanna">' in html
    assert '<meta property="og:url" content="https://live.example/watch/friday">' in html
    assert '<meta property="og:image" content="https://shop.example/mug.jpg">' in html


async def test_the_front_page_has_every_show_those_on_air_first(api: Api) -> None:
    await on_air(api)
    for ident in ("over", "soon"):
        await api.ask("POST", "/v1/shows", {"id": ident, "title": ident}, as_=api.host)
    for act in ("start", "end"):
        await api.ask("POST", f"/v1/shows/over/{act}", as_=api.host)

    answer = await page(api, "/")

    html, text = answer.raw.decode(), text_of(answer)
    found = list(dict.fromkeys(re.findall(r'href="/watch/(\w+)"', html)))
    assert found == ["friday", "soon", "over"]
    assert "Now showing Sunrise mug €24.90" in text
    assert text.index("Coming up") < text.index("Ended")


async def test_an_empty_front_page_says_how_to_make_a_show(api: Api) -> None:
    answer = await page(api, "/")

    assert answer.status == 200
    assert "There is no LIVE yet." in text_of(answer)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/watch/nobody", "This LIVE is not available."),
        ("/watch/nobody", "There is none with the id nobody: it was taken away, or never was."),
        ("/watch/not%20an%20id", "It was taken away, or never was."),
        ("/embed/nobody", "This LIVE is not available."),
        ("/host/nobody", "This LIVE is not available."),
        ("/watch/not%20an%20id", "This LIVE is not available."),
        ("/nowhere", "There is nothing here."),
    ],
)
async def test_what_is_not_there_is_a_page_for_people_and_a_code_for_programs(
    api: Api, path: str, words: str
) -> None:
    person = await page(api, path)
    program = await api.ask("GET", path)

    assert (person.status, person.media) == (404, "text/html")
    assert words in text_of(person)
    assert 'href="/"' in person.raw.decode()
    assert (program.status, program.code) == (404, "not_found")


async def test_a_show_that_nobody_knows_is_named_to_programs(api: Api) -> None:
    answer = await api.ask("GET", "/v1/shows/nobody")

    assert answer.body["detail"] == "There is no show nobody. Check its id."


async def test_a_page_that_cannot_be_made_says_so_to_people_too(api: Api) -> None:
    await api.node.stores.book.close()
    await api.node.stores.scripts.close()

    person = await page(api, "/watch/friday")

    assert (person.status, person.media) == (503, "text/html")
    assert person.headers["Retry-After"] == "1"
    assert "Reload in a moment." in text_of(person)


async def test_a_page_is_gzipped_for_those_who_take_it_and_small(api: Api) -> None:
    await on_air(api)
    for number in range(40):
        ident = f"thing-{number}"
        await api.stocked(ident)
        await api.ask("POST", "/v1/shows/friday/bag", {"product": ident}, as_=api.host)
    url = f"http://127.0.0.1:{api.port}/watch/friday"

    async with ClientSession(auto_decompress=False) as session:
        async with session.get(url, headers={"Accept-Encoding": "gzip"}) as packed:
            body = await packed.read()
        async with session.get(url, headers={"Accept-Encoding": "gzip;q=0"}) as plain:
            whole = await plain.read()

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(body).startswith(b"<!doctype html>")
    assert whole.startswith(b"<!doctype html>")
    assert len(body) <= 14 * 1024


async def test_every_link_within_the_docs_leads_somewhere(api: Api) -> None:
    html = (await api.ask("GET", "/docs")).raw.decode()

    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors


async def test_a_film_is_served_piece_by_piece(api: Api) -> None:
    whole = await api.ask("GET", "/demo/clip.webm")
    piece = await api.ask("GET", "/demo/clip.webm", headers={"Range": "bytes=10-19"})
    beyond = await api.ask("GET", "/demo/clip.webm", headers={"Range": "bytes=99999999-"})

    assert (whole.status, whole.media) == (200, "video/webm")
    assert len(whole.raw) <= 1_000_000
    assert (piece.status, piece.raw) == (206, whole.raw[10:20])
    assert piece.headers["Content-Range"] == f"bytes 10-19/{len(whole.raw)}"
    assert beyond.status == 416


async def test_demo_pictures_are_served_as_pictures(api: Api) -> None:
    picture = await api.ask("GET", "/demo/mug-sunrise.svg")
    again = await api.ask(
        "GET", "/demo/mug-sunrise.svg", headers={"If-None-Match": picture.headers["Etag"]}
    )

    assert (picture.status, picture.media) == (200, "image/svg+xml")
    assert "max-age" in picture.headers["Cache-Control"]
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/demo/",
        "/demo/nothing.svg",
        "/demo/catalog.json",
        "/demo/../catalog.json",
        "/demo/%2e%2e/catalog.json",
        "/demo/..%2fcatalog.json",
        "/assets/%2e%2e/app.py",
        "/assets//etc/passwd",
        "/static/x/../../app.py",
        "/static/x/%2e%2e/app.py",
        "/static/x//etc/passwd",
        "/static/",
    ],
)
async def test_nothing_but_the_files_is_served(api: Api, path: str) -> None:
    # A raw socket: clients tidy such paths up before they send them.
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in answer


async def test_head_answers_as_get_without_a_body(api: Api) -> None:
    for path in ("/healthz", "/v1/shows", "/docs"):
        answer = await api.ask("HEAD", path)
        assert (answer.status, answer.raw) == (200, b"")
