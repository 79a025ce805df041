"""A buyer who waits for the payment provider sees their place, and that it gets better."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.stall import Stall

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

BEFORE = 40
"""So many that they do not all have paid before a slow browser shows the place of who comes."""

PAYING = {
    "method": {"type": "card", "token": "tok_ok"},
    "ship_to": {"name": "Walt", "line1": "2 Yellow Lane", "city": "Oslo", "country": "NO"},
}


@dataclass
class Crowd:
    """Others who have held before.

    Attributes:
        held: The token and the checkout of each.

    """

    served: Served
    held: list[tuple[str, str]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def holds(self, sku: str) -> None:
        for number in range(BEFORE):
            token, key = self.served.token(f"walt-{number}"), f"key-walt-{number:04d}"
            body = {"sku": sku, "qty": 1}
            status, made = self.served.http("POST", "/v1/checkouts", body, token=token, key=key)
            assert status == 201, made
            self.held.append((token, made["checkout"]["id"]))

    def pays(self) -> None:
        """Return when all of them are in the queue, or have paid."""
        for token, checkout in self.held:
            paying = (f"/v1/checkouts/{checkout}/pay", PAYING, token)
            self.threads.append(threading.Thread(target=self._post, args=paying))
            self.threads[-1].start()
        deadline = time.monotonic() + 30
        while any(self._state(*each) == "reserved" for each in self.held):
            assert time.monotonic() < deadline, "they do not get into the queue"
            time.sleep(0.3)  # each of them may ask only so often

    def leaves(self) -> None:
        """Cancel all that is not paid."""
        for token, checkout in self.held:
            self._post(f"/v1/checkouts/{checkout}/cancel", {}, token)
        for thread in self.threads:
            thread.join(30)

    def _post(self, path: str, body: Any, token: str) -> None:
        self.served.http("POST", path, body, token=token)

    def _state(self, token: str, checkout: str) -> str:
        found = self.served.http("GET", f"/v1/checkouts/{checkout}", token=token)[1]
        return str(found["checkout"]["state"])


async def test_a_buyer_in_the_queue_sees_their_place_fall(
    serve: Callable[..., Served], open_page: OpenPage
) -> None:
    stall = Stall(serve(payments_per_second="1"))
    shirt = stall.put("Linen shirt", pin=True, left=BEFORE + 5)
    crowd = Crowd(stall.served)
    crowd.holds(f"{shirt}-0")
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()

    try:
        await asyncio.to_thread(crowd.pays)
        await buyer.pays()

        note = buyer.sheet.locator(".foot-note")
        await expect(note).to_have_text(
            re.compile(r"^You are number \d+ in the queue\. Your items are kept\.$"),
            timeout=10_000,
        )
        first = int(re.findall(r"\d+", await note.inner_text())[0])
        assert first > 1
        await expect(note).to_have_text(
            re.compile("You are number (" + "|".join(map(str, range(1, first))) + ") "),
            timeout=10_000,
        )
    finally:
        await asyncio.to_thread(crowd.leaves)
    paid = buyer.sheet.locator(".order-head p")
    await expect(paid).to_have_text("€24.90 paid with Visa 4242.", timeout=40_000)
