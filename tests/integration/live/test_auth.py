"""A token that is renewed while its viewer watches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.viewer import Viewer

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis


async def test_auth_renews_while_connected(house: House) -> None:
    vera = await house.visit(token=house.token("vera", ttl_s=60))

    assert await vera.do("auth", token=house.token("vera", ttl_s=7200)) == {}
    house.clock.advance(40_000)
    await asyncio.sleep(0.6)
    house.clock.advance(40_000)
    await asyncio.sleep(0.6)

    assert "at" in await vera.do("ping")


async def test_auth_brings_the_gauges_that_a_walk_under_way_may_have_passed_by(
    house: House,
) -> None:
    vera = await house.visit("vera")
    await vera.quiet()
    vera.events.clear()

    await vera.do("auth", token=house.token("vera"))

    assert {event["ev"] for event in await vera.quiet()} >= {"stock", "viewers", "likes"}


async def test_auth_is_answered_before_the_gauges_follow(house: House) -> None:
    heard: list[str] = []

    class Listener(Viewer):
        def take(self, part: dict[str, object]) -> None:
            heard.append(str(part.get("ev", "reply")))
            super().take(part)

    vera = Listener((await house.visit("vera")).socket)
    await vera.quiet()
    heard.clear()

    await vera.raw({"id": 100, "op": "auth", "token": house.token("vera")})
    assert await vera.reply(100) == {"re": 100, "ok": {}}
    await vera.event("likes")

    assert heard[0] == "reply"
    assert {"stock", "viewers", "likes"} <= set(heard[1:])


async def test_auth_with_a_token_that_ends_sooner_counts(house: House) -> None:
    vera = await house.visit(token=house.token("vera", ttl_s=3600))

    await vera.do("auth", token=house.token("vera", ttl_s=1))

    async with asyncio.timeout(4):  # long before its next keep-alive
        assert await vera.closed() == 4401


async def test_auth_as_somebody_else_is_unauthorized(house: House) -> None:
    vera = await house.visit("vera")

    assert await vera.refused("auth", token=house.token("otto")) == "unauthorized"
    assert await vera.refused("auth", token="hello") == "unauthorized"
    assert await vera.refused("auth", token=house.token("vera", ttl_s=-1)) == "unauthorized"
    assert await vera.refused("auth", token=house.token("vera", show="other")) == "forbidden"
    assert "at" in await vera.do("ping")
