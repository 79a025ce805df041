"""The confirmation pages of ``tok_3ds``: plain HTML, no script, nothing inline."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from aiohttp import web

from base.money import spoken
from sandbox.api import ATTEMPT
from sandbox.payments import Status
from sandbox.rows import PAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.bank import Bank
    from sandbox.till import Page

__all__ = ["Pages", "problem_page"]

HERE: Final = Path(__file__).parent
PAGE: Final = Template((HERE / "3ds.html").read_text(encoding="utf-8"))
STYLE: Final = (HERE / "3ds.css").read_text(encoding="utf-8")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'self'"
    ),
    # The link is the right to confirm: it must not be kept, or told to the shop behind it.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

TEXTS: Final[Mapping[Status, tuple[str, str, str]]] = {
    Status.REQUIRES_ACTION: ("ask", "Is it you?", "Your bank wants to check that it is you."),
    Status.SUCCEEDED: ("good", "Payment confirmed", "You can go back to the LIVE."),
    Status.REQUIRES_METHOD: (
        "bad",
        "Payment refused",
        "You were not charged. Go back to the LIVE to try again.",
    ),
    Status.PROCESSING: ("ask", "One moment", "The payment is under way."),
    Status.CANCELED: ("bad", "Payment canceled", "You were not charged."),
}
"""What each state shows: the mood, the heading, and what to do."""

BUTTONS: Final = Template("""
      <form method="post" action="$confirm"><button class="yes">Confirm payment</button></form>
      <form method="post" action="$refuse"><button>Refuse</button></form>""")


class Pages:
    """The routes.

    Args:
        bank: Knows the payments and takes the buyer's answer.

    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get("/sandbox/3ds.css", self._style),
            web.get(f"{PAGES}{ATTEMPT}", self._show),
            web.post(f"{PAGES}{ATTEMPT}/{{answer:confirm|refuse}}", self._answer),
        ]

    async def _style(self, _: web.Request) -> web.Response:
        headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=STYLE, content_type="text/css", headers=headers)

    async def _show(self, request: web.Request) -> web.Response:
        token = request.query.get("token", "")
        page = await self._bank.page(request.match_info["attempt"], token)
        return _html(200, _filled(page))

    async def _answer(self, request: web.Request) -> web.Response:
        attempt, answer = request.match_info["attempt"], request.match_info["answer"]
        token = request.query.get("token", "")
        await self._bank.authenticate(attempt, token, confirmed=answer == "confirm")
        location = f"{PAGES}{attempt}?token={quote(token, safe='')}"
        return web.Response(status=303, headers={**HEADERS, "Location": location})


def problem_page(status: int) -> web.Response:
    """A page that says that the link leads nowhere, or that the provider is down."""
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        heading, lead = "This link does not hold", "Go back to the LIVE and pay again from there."
    else:
        heading, lead = "One moment", "The page cannot be shown right now. Try again in a moment."
    return _html(
        status, PAGE.substitute(mood="bad", heading=heading, lead=lead, amount="", actions="")
    )


def _filled(page: Page) -> str:
    payment = page.payment
    mood, heading, lead = TEXTS[payment.status]
    actions = ""
    if payment.status is Status.REQUIRES_ACTION:
        query = f"?token={quote(page.token, safe='')}"
        actions = BUTTONS.substitute(
            confirm=escape(f"{PAGES}{payment.id}/confirm{query}"),
            refuse=escape(f"{PAGES}{payment.id}/refuse{query}"),
        )
    elif page.return_url is not None:
        href = escape(page.return_url)
        actions = f'\n      <a class="back" target="_top" href="{href}">Back to the LIVE</a>'
    amount = escape(spoken(payment.amount, payment.currency))
    return PAGE.substitute(
        mood=mood,
        heading=heading,
        lead=lead,
        amount=f'\n      <p class="amount">{amount}</p>',
        actions=actions,
    )


def _html(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
