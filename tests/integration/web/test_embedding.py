"""Frames: pages of the allow-list may hold the LIVE, others are told what to set."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.integration.web.conftest import Answer, Api, MakeApi
from tests.integration.web.test_bank import pending
from web.embedding import refusal

ALLOWED = "https://shop.example,https://Other.example:8443/"
WORDS = (
    "https://evil.example may not show this LIVE. Its owner can allow it:"
    " add https://evil.example to YELLOWCART_ALLOWED_ORIGINS and restart the server."
)


async def framed(api: Api, referer: str | None, **headers: str) -> Answer:
    more = {} if referer is None else {"Referer": referer}
    return await api.ask(
        "GET", "/embed/friday", headers={"Accept": "text/html", **more, **headers}
    )


def policy_of(answer: Answer) -> str:
    return answer.headers["Content-Security-Policy"]


async def test_a_page_of_the_list_and_our_own_may_frame_the_live(make_api: MakeApi) -> None:
    async with make_api(allowed_origins=ALLOWED) as api:
        await api.stocked()
        await api.live_show()
        referers = ("https://shop.example/x?y", f"http://127.0.0.1:{api.port}/", None, "nonsense")
        answers = [await framed(api, referer) for referer in referers]

    for answer in answers:
        assert answer.status == 200
        assert '<yellow-cart show="friday"' in answer.raw.decode()
        assert policy_of(answer).endswith(
            "frame-ancestors 'self' https://other.example:8443 https://shop.example"
        )


async def test_a_page_that_is_not_on_the_list_is_told_what_to_set(api: Api) -> None:
    await api.stocked()
    await api.live_show()

    answer = await framed(api, "https://evil.example/shop", **{"Sec-Fetch-Dest": "iframe"})

    html = unescape(answer.raw.decode())
    assert (answer.status, answer.media) == (403, "text/html")
    assert WORDS in html
    # Framable, or nobody would read it; so there must be nothing on it to click.
    assert "frame-ancestors" not in policy_of(answer)
    assert not re.search(r"<(a|button|form|input|script|yellow-cart)\b", html)


async def test_who_follows_a_link_to_the_frames_page_sees_it(api: Api) -> None:
    await api.stocked()
    await api.live_show()

    answer = await framed(api, "https://search.example/", **{"Sec-Fetch-Dest": "document"})

    assert answer.status == 200
    assert policy_of(answer).endswith("frame-ancestors 'self'")


async def test_where_browsers_do_not_say_what_they_ask_for_a_link_is_a_visit(api: Api) -> None:
    answer = await framed(api, "http://wiki.lan/")

    assert answer.status == 404  # there is no such show, and nothing is refused
    assert "frame-ancestors" in policy_of(answer)


async def test_programs_get_the_refusal_as_a_code(api: Api) -> None:
    headers = {"Referer": "https://evil.example/", "Sec-Fetch-Dest": "iframe"}
    answer = await api.ask("GET", "/embed/friday", headers=headers)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.body["detail"] == WORDS


async def test_the_banks_page_may_stand_within_the_same_pages(make_api: MakeApi) -> None:
    async with make_api(allowed_origins=ALLOWED) as api:
        _, url = await pending(api)
        bank = await api.ask("GET", url[url.index("/sandbox/") :])

    assert policy_of(bank).endswith(
        "frame-ancestors 'self' https://other.example:8443 https://shop.example"
    )


@pytest.mark.parametrize("origin", ["null", "", "x y", "https://a.example/<b>", "javascript:1"])
def test_an_origin_that_is_none_is_not_told_back(origin: str) -> None:
    words = refusal(origin)

    assert words.startswith("This page's origin may not show this LIVE.")
    assert origin == "" or origin not in words
