"""The scripts of a show, called one by one on a real Redis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.redis import keys

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

SHOW = "demo"
KEPT = 1000
STATE = keys.show_state(SHOW)
FEED = keys.show_feed(SHOW)
BAG = keys.show_bag(SHOW)
PRODUCTS = keys.show_products(SHOW)
CHAT = (keys.chat_order(SHOW), keys.chat_bodies(SHOW))
BANNED = keys.show_banned(SHOW)
MUTED = keys.show_muted(SHOW)
NOW = 1_790_000_000_000


def product(ident: str, skus: int = 1, left: int = 0, title: str = "Mug") -> str:
    body = [{"id": f"{ident}-{number}", "left": left} for number in range(skus)]
    return json.dumps({"id": ident, "title": title, "skus": body})


@dataclass
class Stage:
    """A show in Redis, changed by its scripts alone."""

    scripts: Scripts

    async def create(self, epoch: str = "e1", state: str = "live") -> Any:
        pairs: list[str | int] = [
            "id",
            SHOW,
            "title",
            "Demo",
            "state",
            state,
            "host",
            "mara",
            "host_name",
            "Mara",
        ]
        return await self.scripts.call("show_create", [STATE, FEED], [epoch, *pairs])

    async def start(self) -> Any:
        return await self.scripts.call("show_start", [STATE, FEED], [NOW, "started", KEPT])

    async def end(self) -> Any:
        return await self.scripts.call("show_end", [STATE, FEED], [NOW, "unpinned", "ended", KEPT])

    async def pin(self, ident: str) -> Any:
        return await self.scripts.call(
            "show_pin", [STATE, BAG, FEED], [ident, NOW, f"pinned {ident}", KEPT]
        )

    async def unpin(self) -> Any:
        return await self.scripts.call("show_unpin", [STATE, FEED], ["unpinned", KEPT])

    async def add(
        self, ident: str, skus: int = 1, most_products: int = 100, most_skus: int = 500
    ) -> Any:
        args: list[str | int] = [
            ident,
            product(ident, skus),
            skus,
            "bag",
            KEPT,
            most_products,
            most_skus,
        ]
        told = product(ident, skus, left=7)
        return await self.scripts.call("bag_add", [STATE, BAG, PRODUCTS, FEED], [*args, told])

    async def remove(self, ident: str) -> Any:
        args: list[str | int] = [ident, "unpinned", "bag", KEPT]
        return await self.scripts.call("bag_remove", [STATE, BAG, PRODUCTS, FEED], args)

    async def move(self, ident: str, position: int) -> Any:
        return await self.scripts.call(
            "bag_move", [STATE, BAG, FEED], [ident, position, "bag", KEPT]
        )

    async def say(
        self,
        message: str,
        *,
        who: str = "vera",
        at: int = NOW,
        kept: int = 1000,
        every: int = 2000,
        burst: int = 3,
        unpaced: int = 0,
    ) -> Any:
        names = [STATE, FEED, *CHAT, MUTED, BANNED, keys.chat_pace(SHOW, who)]
        args: list[str | int] = [
            who,
            message,
            at,
            f"chat {message}",
            KEPT,
            kept,
            every,
            burst,
            unpaced,
        ]
        return await self.scripts.call("chat_send", names, args)

    async def unsay(self, message: str) -> Any:
        return await self.scripts.call(
            "chat_delete", [STATE, FEED, *CHAT], [message, f"deleted {message}", KEPT]
        )

    async def moderate(self, key: str, viewer: str, value: str | int) -> Any:
        return await self.scripts.call("show_moderate", [STATE, key], [viewer, value])

    async def load(self, chat: int = 200, entries: int = 1000) -> Any:
        names = [STATE, BAG, PRODUCTS, *CHAT, BANNED, FEED]
        return await self.scripts.call("show_load", names, [chat, entries])

    async def state(self) -> dict[str, str]:
        return await self.table(STATE)

    async def table(self, key: str) -> dict[str, str]:
        flat = await self.scripts.command("HGETALL", key)
        return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2], strict=True)}

    async def feed(self) -> list[tuple[str, dict[str, str]]]:
        """What was told: entry id and fields."""
        entries = await self.scripts.command("XRANGE", FEED, "-", "+")
        return [
            (
                ident.decode(),
                {k.decode(): v.decode() for k, v in zip(f[::2], f[1::2], strict=True)},
            )
            for ident, f in entries
        ]

    async def told(self) -> list[str]:
        """The events of the feed, whose ids must be consecutive from 1."""
        feed = await self.feed()
        assert [ident for ident, _ in feed] == [f"{n}-0" for n in range(1, len(feed) + 1)]
        assert (await self.state())["seq"] == str(len(feed))
        return [fields["e"] for _, fields in feed]
