"""The viewer's page looks right: everything has its seat, whatever happens on air."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.chromium import DESKTOP, LAPTOP, PHONE, SMALL_PHONE, TABLET
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.watching import (
    SEATS,
    box,
    boxes,
    crowd,
    furnished,
    overlap,
    settled,
    watch,
)
from tests.served import Served

PHONES = pytest.mark.parametrize("size", [PHONE, SMALL_PHONE], ids=["390x844", "320x568"])
LEAST = 44
"""CSS pixels that a thumb needs."""
ZOOMED: ViewportSize = {"width": 320, "height": 256}
"""1280 x 1024 at 400 %."""

SEEN_AT = """([x, y]) => {
  const found = document.querySelector("yellow-cart").shadowRoot.elementFromPoint(x, y);
  return found.className;
}"""
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      const name = ({ node }) => node?.className || node?.nodeName;
      if (!hadRecentInput) window.shifts.push([value, sources.map(name)]);
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""
MOVING = """() => document.querySelector("yellow-cart").shadowRoot.getAnimations()
  .flatMap((one) => one.effect.getKeyframes())
  .filter((frame) => ["transform", "translate", "scale", "rotate"].some((name) =>
    name in frame && frame[name] !== "none"))"""
LARGE_TEXT = {"standard": 32, "fixed": 26}
"""What the visitor has chosen in the browser, in CSS pixels: twice the usual."""
CONTRAST = """(selector) => {
  const root = document.querySelector("yellow-cart").shadowRoot;
  const style = getComputedStyle(root.querySelector(selector));
  return [style.color, style.backgroundColor];
}"""


@PHONES
async def test_a_phone_shows_the_card_and_the_bar_whole_and_apart(
    open_page: OpenPage, shared_server: Served, size: ViewportSize
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, size=size)

    found = await boxes(page, *SEATS)

    for name, seat in found.items():
        assert seat["x"] >= 0, name
        assert seat["y"] >= 0, name
        assert seat["x"] + seat["width"] <= size["width"], name
        assert seat["y"] + seat["height"] <= size["height"], name
        assert seat["height"] >= LEAST - 1, name
        assert seat["width"] >= LEAST, name
    names = [name for name in SEATS if name != ".card .buy"]
    for one in names:
        for other in names[names.index(one) + 1 :]:
            assert not overlap(found[one], found[other]), (one, other)
    assert await page.locator(".button.primary:visible").count() == 1
    await take_picture(page, f"watch-{size['width']}")


async def test_nothing_stands_before_the_host_s_face(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    await crowd(
        shared_server, room.show, [f"Message {n}, and it is a long one" for n in range(12)]
    )

    page = await watch(open_page, shared_server.url, room.show)
    await expect(page.locator(".chat-row")).to_have_count(12)

    points = [(x, y) for x in (5, 100, 195, 290, 385) for y in (100, 180, 260, 340, 418)]
    seen = {point: await page.evaluate(SEEN_AT, list(point)) for point in points}
    assert set(seen.values()) <= {"film", "poster", "stage", "backdrop"}, seen


@PHONES
async def test_the_card_keeps_its_seat_over_a_flood_a_price_and_another_pin(
    open_page: OpenPage, shared_server: Served, size: ViewportSize
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, size=size)
    before = await boxes(page, ".card", ".card .buy", ".chat-box")

    await crowd(shared_server, room.show, [f"Flood {n} " * 6 for n in range(60)])
    await expect(page.locator(".chat-row").last).to_contain_text("Flood")
    assert await boxes(page, ".card", ".card .buy", ".chat-box") == before

    sku = {"id": room.mug, "title": "One", "price": 990, "currency": "USD"}
    body = {"skus": [sku]}
    room.as_seller("PATCH", f"/v1/products/{room.product}", body)
    await expect(page.locator(".card data")).to_have_text("$9.90")
    assert await page.locator(".card[data-price=fell]").count() == 1
    assert (await box(page, ".card"), await box(page, ".card .buy")) == (
        before[".card"],
        before[".card .buy"],
    )

    vase = room.vase.removesuffix("-tall")
    room.as_host("POST", "/pin", {"product": vase})
    await expect(page.locator(".card .card-title")).to_have_text("Vase")
    await settled(page)
    await expect(page.locator(".card .card-stock")).to_have_text("1 left")
    assert (await box(page, ".card"), await box(page, ".card .buy")) == (
        before[".card"],
        before[".card .buy"],
    )


async def test_without_a_pin_the_chat_keeps_its_height(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    before = await box(page, ".chat-box")
    await expect(page.locator(".card")).to_be_hidden()

    room.as_host("POST", "/pin", {"product": room.product})
    await expect(page.locator(".card")).to_be_visible()
    assert await box(page, ".chat-box") == before
    room.as_host("POST", "/unpin")
    await expect(page.locator(".card")).to_be_hidden()

    assert await box(page, ".chat-box") == before


async def test_nothing_shifts_when_the_script_takes_over_and_the_show_goes_on(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await open_page()
    await page.add_init_script(f"({SHIFTS})()")
    await page.goto(f"{shared_server.url}/watch/{room.show}")
    await expect(page.get_by_role("log")).to_be_attached()

    await crowd(shared_server, room.show, [f"Message {n}" for n in range(12)])
    await expect(page.locator(".chat-row")).to_have_count(12)
    room.as_host("POST", "/pin", {"product": room.vase.removesuffix("-tall")})
    await expect(page.locator(".card .card-title")).to_have_text("Vase")
    await page.get_by_role("button", name="Cart").click()
    await expect(page.locator("dialog.sheet h2")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.sheet")).to_have_count(0)

    shifts = await page.evaluate("shifts")
    assert sum(value for value, _ in shifts) <= 0.02, shifts


async def test_a_card_without_javascript_is_where_it_is_with_it(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    url = f"{shared_server.url}/watch/{room.show}"
    plain = await open_page(url, java_script_enabled=False)
    full = await watch(open_page, shared_server.url, room.show)

    for selector in (".card", ".card .buy", ".card-image", ".card-title", ".card-price"):
        drawn = await plain.locator(f"yellow-cart {selector}").first.bounding_box()
        built = await full.locator(f"yellow-cart {selector}").first.bounding_box()
        assert drawn == built, selector
    for selector in (".cart-button", ".share", ".heart", ".avatar", ".host", ".title", ".viewers"):
        drawn = await plain.locator(f"yellow-cart {selector}").first.bounding_box()
        built = await full.locator(f"yellow-cart {selector}").first.bounding_box()
        assert drawn is not None, selector
        assert built is not None, selector
        assert (drawn["x"], drawn["y"]) == (built["x"], built["y"]), selector


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "ar-EG"])
async def test_long_words_and_prices_never_run_into_each_other(
    open_page: OpenPage, shared_server: Served, locale: str
) -> None:
    room = await furnished(shared_server)
    title = "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 4
    sku = {"id": room.mug, "title": "One", "price": 123456789, "compare_at": 223456789}
    body = {"title": title.strip(), "skus": [{**sku, "currency": "USD"}]}
    room.as_seller("PATCH", f"/v1/products/{room.product}", body)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, size=SMALL_PHONE, locale=locale)
    if locale.startswith("ar"):
        await page.evaluate("() => { document.documentElement.dir = 'rtl' }")

    found = await boxes(page, ".card", ".card .buy", ".card-image", ".card data", ".card-title")

    for name in (".card .buy", ".card-image"):
        assert not overlap(found[".card data"], found[name]), name
        assert not overlap(found[".card-title"], found[name]), name
    for name in found:
        assert found[name]["x"] >= found[".card"]["x"], name
        right = found[".card"]["x"] + found[".card"]["width"]
        assert found[name]["x"] + found[name]["width"] <= right + 0.5, name
    is_mirrored = found[".card .buy"]["x"] < found[".card-image"]["x"]
    assert is_mirrored == locale.startswith("ar")
    label = await page.locator(".card-open").get_attribute("aria-label")
    assert label is not None
    assert title.strip() in label


@pytest.mark.parametrize(
    ("size", "layout", "columns"),
    [(DESKTOP, "three", 3), (LAPTOP, "two", 2), (TABLET, "two", 2)],
    ids=["1440", "1024", "768"],
)
async def test_a_large_window_has_columns_without_gaps(
    open_page: OpenPage, shared_server: Served, size: ViewportSize, layout: str, columns: int
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, size=size)

    await expect(page.locator(f".yc[data-room={layout}]")).to_be_attached()
    names = [".bag-column", ".stage", ".chat"][3 - columns :]
    if columns == 3:
        await expect(page.locator(".bag-column h2")).to_contain_text("2 items")
    found = await boxes(page, *names)
    edge = 0.0
    for name in names:
        assert found[name]["x"] == pytest.approx(edge, abs=1), name
        assert found[name]["y"] == pytest.approx(56, abs=1), name
        assert found[name]["y"] + found[name]["height"] == pytest.approx(size["height"], abs=1)
        edge += found[name]["width"]
    assert edge == pytest.approx(size["width"], abs=1)
    card = await box(page, ".card")
    assert found[".stage"]["x"] <= card["x"]
    assert card["x"] + card["width"] <= found[".stage"]["x"] + found[".stage"]["width"]


async def test_at_400_percent_the_page_is_one_column_that_scrolls(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, size=ZOOMED)

    await expect(page.locator(".yc[data-room=column]")).to_be_attached()
    names = (".topbar", ".stage", ".card", ".cart-button", ".chat-box", ".chat-field")
    found = await boxes(page, *names)
    below = 0.0
    for name in names:
        assert found[name]["y"] >= below - 0.5, name
        assert found[name]["x"] >= 0, name
        assert found[name]["x"] + found[name]["width"] <= ZOOMED["width"], name
        below = found[name]["y"] + found[name]["height"]
    await page.locator(".chat-input").focus()
    field = await box(page, ".chat-field")
    assert field["y"] + field["height"] <= ZOOMED["height"]


async def test_large_text_gets_the_room_it_needs(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await open_page()
    session = await page.context.new_cdp_session(page)
    await session.send("Page.setFontSizes", {"fontSizes": LARGE_TEXT})
    await page.goto(f"{shared_server.url}/watch/{room.show}")

    await expect(page.locator(".yc[data-room=column]")).to_be_attached()
    price = await page.locator(".card data").evaluate("(node) => getComputedStyle(node).fontSize")
    assert price == "40px"
    found = await boxes(page, ".card", ".card .buy", ".card data")
    assert found[".card data"]["x"] + found[".card data"]["width"] <= PHONE["width"]
    assert not overlap(found[".card data"], found[".card .buy"])


async def test_who_wants_no_motion_gets_none(open_page: OpenPage, shared_server: Served) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show, reduced_motion="reduce")

    moved = []
    await page.get_by_role("button", name="Send a heart").click()
    moved += await page.evaluate(MOVING)
    room.as_host("POST", "/pin", {"product": room.vase.removesuffix("-tall")})
    await expect(page.locator(".card .card-title")).to_have_text("Vase")
    moved += await page.evaluate(MOVING)
    await page.get_by_role("button", name="Cart").click()
    await expect(page.locator("dialog.sheet h2")).to_be_visible()
    moved += await page.evaluate(MOVING)

    assert moved == []
    assert await page.locator(".rising").count() == 0
    await expect(page.locator(".heart-count")).to_have_text("1")


async def test_the_theme_is_the_visitor_s_and_the_film_s_words_stay_on_dark(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    light = await watch(open_page, shared_server.url, room.show)
    dark = await watch(open_page, shared_server.url, room.show, dark=True)

    assert await light.evaluate(CONTRAST, ".card") == ["rgb(22, 22, 26)", "rgb(255, 255, 255)"]
    assert await dark.evaluate(CONTRAST, ".card") == ["rgb(244, 244, 246)", "rgb(38, 38, 46)"]
    for page in (light, dark):
        assert (await page.evaluate(CONTRAST, ".chat-field"))[0] == "rgb(255, 255, 255)"


async def test_hearts_rise_from_a_double_tap_and_never_more_than_twelve(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)

    await page.locator(".stage").dblclick(position={"x": 200, "y": 200})
    await expect(page.locator(".rising")).to_have_count(1)
    for _ in range(20):
        await page.locator(".heart").click(delay=0)
    assert await page.locator(".rising").count() <= 12
    await page.wait_for_function(
        "() => document.querySelector('yellow-cart').live.state.likes >= 20"
    )
    await expect(page.locator(".rising")).to_have_count(0)
