"""Pages and files: what people's browsers get."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.integration.web.conftest import Api

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/watch/demo", "/host/demo", "/yellowcart.js"])
async def test_pages_that_come_later_say_what_works_now(api: Api, path: str) -> None:
    page = await api.ask("GET", path, headers=BROWSER)
    machine = await api.ask("GET", path)

    assert (page.status, page.media) == (404, "text/html")
    assert b"make load" in page.raw
    assert b'href="/docs"' in page.raw
    assert (machine.status, machine.code) == (404, "not_found")


@pytest.mark.parametrize("path", ["/docs", "/"])
async def test_html_has_nothing_inline_and_nothing_from_elsewhere(api: Api, path: str) -> None:
    page = await api.ask("GET", path, headers=BROWSER)

    html = page.raw.decode()
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://(?!127)", html)
    for asset in re.findall(r'<link[^>]+href="([^"]+)"', html):
        assert (await api.ask("GET", asset)).media == "text/css"


async def test_every_link_within_the_docs_leads_somewhere(api: Api) -> None:
    html = (await api.ask("GET", "/docs")).raw.decode()

    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors


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
        "/demo/../catalog.json",
        "/demo/%2e%2e/catalog.json",
        "/demo/..%2fcatalog.json",
        "/assets/%2e%2e/app.py",
        "/assets//etc/passwd",
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
