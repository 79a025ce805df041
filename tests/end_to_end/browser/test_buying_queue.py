"""A buyer who waits for the payment provider sees their place, and that it gets better."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.stall import Stall

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

BEFORE = 12
ADDRESS = {"name": "Walt", "line1": "2 Yellow Lane", "city": "Oslo", "country": "NO"}


def crowd(stall: Stall, sku: str) -> Callable[[], list[threading.Thread]]:
    """Others who have held before; what it returns lets all of them pay."""
    ask, paying = stall.served.http, {"method": {"type": "card", "token": "tok_ok"}}
    held = []
    for number in range(BEFORE):
        token = stall.served.token(f"walt-{number}")
        key = f"key-walt-{number:04d}"
        status, made = ask("POST", "/v1/checkouts", {"sku": sku, "qty": 1}, token=token, key=key)
        assert status == 201, made
        held.append((token, made["checkout"]["id"]))

    def pay() -> list[threading.Thread]:
        threads = [
            threading.Thread(
                target=ask,
                args=("POST", f"/v1/checkouts/{checkout}/pay", paying | {"ship_to": ADDRESS}),
                kwargs={"token": token},
            )
            for token, checkout in held
        ]
        for thread in threads:
            thread.start()
        return threads

    return pay


async def test_a_buyer_in_the_queue_sees_their_place_fall(
    serve: Callable[..., Served], open_page: OpenPage
) -> None:
    stall = Stall(serve(payments_per_second="1"))
    shirt = stall.put("Linen shirt", pin=True, left=BEFORE + 5)
    everybody_pays = crowd(stall, f"{shirt}-0")
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()

    threads = everybody_pays()
    await buyer.pays()

    note = buyer.sheet.locator(".foot-note")
    await expect(note).to_have_text(
        re.compile(r"^You are number \d+ in the queue\. Your items are kept\.$"), timeout=10_000
    )
    first = int(re.findall(r"\d+", await note.inner_text())[0])
    await expect(note).to_have_text(
        re.compile("You are number (" + "|".join(map(str, range(1, first))) + ") "),
        timeout=10_000,
    )
    paid = buyer.sheet.locator(".order-head p")
    await expect(paid).to_have_text("€24.90 paid with Visa 4242.", timeout=40_000)
    for thread in threads:
        thread.join(30)
