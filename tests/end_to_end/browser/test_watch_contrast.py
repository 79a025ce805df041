"""Words over the film can be read, whatever the film shows (WCAG 1.4.3)."""

from __future__ import annotations

import base64

import pytest
from playwright.async_api import Page, expect

from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.watching import crowd, furnished, watch
from tests.served import Served

OVER_THE_FILM = (".host", ".title", ".viewers", ".live-time", ".chat-name", ".chat-words")
LEAST = 4.5

BARE = """(color) => {
  const root = document.querySelector("yellow-cart").shadowRoot;
  const films = root.querySelectorAll(".film, .poster, .backdrop");
  for (const film of films) film.style.display = "none";
  root.querySelector(".stage").style.background = color;
  const inks = {};
  for (const name of NAMES) {
    const words = root.querySelector(name);
    inks[name] = getComputedStyle(words).color;
    for (const node of [words, ...words.querySelectorAll("*")]) {
      node.style.color = "transparent";
      node.style.textShadow = "none";
    }
  }
  return inks;
}"""
"""One colour instead of the film, and no ink on what is looked at: the inks that they had."""

WORST = """async ([picture, ink]) => {
  const bytes = Uint8Array.from(atob(picture), (sign) => sign.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.width, image.height);
  const linear = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const own = light(ink.match(/[\\d.]+/g).map(Number));
  let worst = 21;
  for (let at = 0; at < data.length; at += 4) {
    const ground = light(data.subarray(at, at + 3));
    worst = Math.min(worst, (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05));
  }
  return worst;
}"""
"""The smallest contrast of an ink against any pixel of a picture."""


@pytest.mark.parametrize("film", ["white", "black"])
async def test_words_are_read_over_any_film(
    open_page: OpenPage, shared_server: Served, film: str
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    await crowd(shared_server, room.show, [f"Message {n}, a long one" for n in range(9)])
    page = await watch(open_page, shared_server.url, room.show)
    await expect(page.locator(".chat-row")).to_have_count(9)
    eye = await open_page("about:blank")

    inks = await page.evaluate(BARE.replace("NAMES", repr(list(OVER_THE_FILM))), film)

    found = {name: await _contrast(page, eye, name, ink) for name, ink in inks.items()}
    assert min(found.values()) >= LEAST, found


async def _contrast(page: Page, eye: Page, name: str, ink: str) -> float:
    picture = await page.locator(name).first.screenshot(animations="disabled")
    worst: float = await eye.evaluate(WORST, [base64.b64encode(picture).decode(), ink])
    return worst
