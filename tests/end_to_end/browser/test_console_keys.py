"""Keys of the console: each does one thing, none acts while somebody types."""

from __future__ import annotations

from playwright.async_api import expect

from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served
from tests.viewer import viewer


def filled(served: Served) -> Stall:
    stall = Stall(served)
    for title in ("Apple", "Banana", "Cherry"):
        stall.put(title)
    return stall


async def test_arrows_and_digits_select_and_only_enter_pins(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    press = console.page.keyboard.press

    await press("2")
    await expect(console.row("Banana")).to_be_focused()
    assert console.wire.sent("pin") == []
    await press("ArrowDown")
    await expect(console.row("Cherry")).to_be_focused()
    await press("ArrowUp")
    await press("ArrowUp")
    await expect(console.row("Apple")).to_be_focused()
    assert console.wire.sent("pin") == []

    await press("Enter")
    await expect(console.on_air).to_have_text("Apple")
    await press("3")
    await press("Enter")
    await expect(console.on_air).to_have_text("Cherry")
    await press("Shift+U")
    await expect(console.on_air).to_have_count(0)
    await press("ControlOrMeta+z")
    await expect(console.on_air).to_have_text("Cherry")


async def test_keys_of_the_chat_act_on_the_selected_message(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = filled(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        await mia.do("chat.send", text="first")
        last = await mia.do("chat.send", text="second")
        await expect(console.messages).to_have_count(2)

        await console.page.keyboard.press("h")
        await console.page.keyboard.press("c")
        await expect(console.messages.nth(1)).to_be_focused()
        await console.page.keyboard.press("h")
        deleted = await mia.event("chat.deleted")
        assert deleted["message"] == last["message"]

        await console.page.keyboard.press("ArrowUp")
        await expect(console.messages.nth(0)).to_be_focused()
        await console.page.keyboard.press("m")
        await expect(console.done("Muted Guest")).to_be_visible()
        assert await mia.refused("chat.send", text="third") == "forbidden"
    assert len(console.wire.sent("chat.delete")) == 1


async def test_no_key_acts_while_somebody_types_or_a_dialog_is_open(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    await console.puts_on_air("Apple")
    field = console.page.get_by_label("Write as host…")

    await field.click()
    await console.page.keyboard.type("12 U? cmh/")
    await expect(field).to_have_value("12 U? cmh/")
    await expect(console.dialog).to_have_count(0)
    await console.page.keyboard.press("Escape")
    await expect(field).not_to_be_focused()

    await console.page.keyboard.press("?")
    await expect(console.dialog).to_contain_text("They never act while you type.")
    for key in ("Shift+U", "2", "ControlOrMeta+z"):
        await console.page.keyboard.press(key)
    await expect(console.dialog).to_be_visible()
    await expect(console.on_air).to_have_text("Apple")
    assert console.wire.sent("unpin") == []


async def test_all_keys_can_be_switched_off_for_good(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    await console.puts_on_air("Apple")
    await console.page.keyboard.press("?")
    await console.page.get_by_label("Keys are on").uncheck()
    await console.page.keyboard.press("Escape")

    async def try_keys() -> None:
        for key in ("Shift+U", "?", "ControlOrMeta+z", "/"):
            await console.page.keyboard.press(key)
        await expect(console.dialog).to_have_count(0)
        await expect(console.page.get_by_label("Search the bag")).not_to_be_focused()

    await try_keys()
    await console.page.reload()
    await expect(console.on_air).to_have_text("Apple")
    await try_keys()
    assert console.wire.sent("unpin") == []

    await console.button("Keys").click()
    await console.page.get_by_label("Keys are on").check()
    await console.page.keyboard.press("Escape")
    await console.page.keyboard.press("Shift+U")
    await expect(console.on_air).to_have_count(0)
