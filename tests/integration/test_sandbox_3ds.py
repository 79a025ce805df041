"""The practice provider's confirmation page, as a browser uses it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession

from tests.integration.test_sandbox import Desk, practice

if TYPE_CHECKING:
    from pathlib import Path


async def challenged(desk: Desk, payment: str = "pay_mug", **other: Any) -> str:
    await desk.create(payment, **other)
    status, body = await desk.confirm("tok_3ds", payment=payment)
    assert (status, body["status"]) == (200, "requires_action")
    assert body["action"]["type"] == "redirect"
    return str(body["action"]["url"])


def browser(desk: Desk) -> ClientSession:
    """Somebody without the API key."""
    return ClientSession(f"http://127.0.0.1:{desk.sandbox.port}")


async def read(person: ClientSession, url: str) -> str:
    async with person.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


def buttons(page: str) -> list[str]:
    return [unescape(action) for action in re.findall(r'action="([^"]+)"', page)]


async def test_a_confirmed_payment_succeeds(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        link = await challenged(desk, return_url="/watch/demo?a=1&b=2")
        page = await read(person, link)
        confirm, _ = buttons(page)

        async with person.post(confirm, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, link)

        assert "19.99 USD" in page
        assert (await desk.find())["captured"] == 1999
        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.succeeded"]
        result = await read(person, link)
        assert "Payment confirmed" in result
        assert buttons(result) == []
        assert 'href="/watch/demo?a=1&amp;b=2"' in result
        assert (await desk.confirm("tok_3ds"))[1]["status"] == "succeeded"


async def test_a_refused_payment_is_declined_and_another_card_may_be_tried(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        link = await challenged(desk)
        confirm, refuse = buttons(await read(person, link))

        async with person.post(refuse) as answer:
            assert answer.status == 200
            assert "Payment refused" in await answer.text()
        async with person.post(confirm):
            pass  # Too late: the answer has been given.

        payment = await desk.find()
        assert (payment["status"], payment["captured"]) == ("requires_method", 0)
        assert payment["last_error"]["code"] == "card_declined"
        assert "action" not in payment
        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.failed"]
        replay = await desk.confirm("tok_3ds")
        assert (replay[0], replay[1]["error"]) == (402, payment["last_error"])
        assert (await desk.confirm("tok_ok", key="try-2"))[1]["status"] == "succeeded"


async def test_nobody_answers_for_another_payment(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        own, other = await challenged(desk, "pay_own"), await challenged(desk, "pay_other")
        token = own.partition("?token=")[2]
        assert len(token) >= 32
        assert token not in other

        for query in ("", "?token=", f"?token={token}", "?token=%FF", "?token=\u00fc"):
            async with person.get(f"/sandbox/3ds/pay_other{query}") as answer:
                assert answer.status == 404
                assert "19.99" not in await answer.text()
            async with person.post(f"/sandbox/3ds/pay_other/confirm{query}") as answer:
                assert answer.status == 404

        assert (await desk.find("pay_other"))["status"] == "requires_action"


async def test_a_payment_without_a_challenge_has_no_page(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        await desk.create()

        for path in ("/sandbox/3ds/pay_mug?token=", "/sandbox/3ds/pay_x?token=", "/sandbox/else"):
            async with person.get(path) as answer:
                assert (answer.status, answer.content_type) == (404, "text/html")


async def test_a_new_challenge_has_a_new_link_and_the_old_one_is_dead(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        old = await challenged(desk)
        _, body = await desk.confirm("tok_3ds", key="try-2")

        async with person.get(old) as answer:
            assert answer.status == 404
        assert body["action"]["url"] != old
        assert len(buttons(await read(person, body["action"]["url"]))) == 2


async def test_a_challenge_that_was_canceled_cannot_be_confirmed(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        link = await challenged(desk)
        confirm, _ = buttons(await read(person, link))
        await desk.cancel()

        async with person.post(confirm) as answer:
            assert "Payment canceled" in await answer.text()

        assert await desk.charges() == []
        status, body = await desk.confirm("tok_3ds")
        assert (status, body["error"]["code"]) == (409, "payment_canceled")


async def test_the_page_is_safe_to_open_and_runs_nothing(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk, browser(desk) as person:
        link = await challenged(desk, return_url='https://shop.example/"><script>x</script>')

        async with person.get(link) as answer:
            page, headers = await answer.text(), answer.headers
        async with person.get("/sandbox/3ds.css") as style:
            assert (style.status, style.content_type) == (200, "text/css")

        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; style-src 'self'"
        )
        assert not re.search(r"<script|<style|style=| on\w+=", page)
        async with person.post(buttons(page)[0]) as answer:
            assert "<script" not in await answer.text()
