"""Every Redis key, its type and its lifetime; nobody else builds one.

Three families share a slot each (a hash tag), so that one script can change what belongs
together, on one Redis and on a Cluster alike:

- ``{show:ID}``  what happens in a show: its state, bag, chat and feed
- ``{s:NN}``     a shop's stock and holds; NN is crc32(shop) mod 64
- ``{u:NN}``     a viewer's cart and turn; NN is crc32(viewer) mod 64

Ids are matched against ``base.ids.ID_PATTERN`` before they come here: a ``}`` inside one
would change the slot.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Final

__all__ = [
    "SHARDS",
    "adjustment",
    "cart",
    "cart_bought",
    "cart_merged",
    "cart_parcel",
    "catalog_channel",
    "chat_bodies",
    "chat_order",
    "chat_pace",
    "hold",
    "hold_deadlines",
    "lease",
    "opening",
    "presence",
    "private_channel",
    "restocked",
    "shard",
    "shard_deadlines",
    "shard_sequence",
    "shard_stream",
    "shop_ready",
    "shop_shows",
    "shop_stream",
    "show_bag",
    "show_banned",
    "show_delivered",
    "show_feed",
    "show_muted",
    "show_products",
    "show_sales",
    "show_sold",
    "show_state",
    "stock",
    "stock_sequence",
]

SHARDS: Final = 64
"""Fixed for good: another number would put every cart and stock on another key."""


_DIGITS: Final = tuple(f"{shard:02d}" for shard in range(SHARDS))


def shard(ident: str) -> str:
    """The two digits that stand for a shop or a viewer in a hash tag.

    Worked out anew each time: a cache would keep the id of every guest who ever came.
    """
    return _DIGITS[zlib.crc32(ident.encode()) % SHARDS]


_of_shop: Final = lru_cache(1024)(shard)
"""The same for shops, which are few."""


# --- a show ---------------------------------------------------------------------------


def show_state(show: str) -> str:
    """HASH: id title state host host_name playback_url starts_at started_at ended_at
    pinned pinned_at epoch seq likes; kept for good.
    """
    return f"{{show:{show}}}:state"


def show_feed(show: str) -> str:
    """STREAM: what happened, entry id ``<seq>-0``, field ``e`` a JSON event; the latest
    ``history`` entries.
    """
    return f"{{show:{show}}}:feed"


def show_bag(show: str) -> str:
    """LIST: the products of the bag in order; kept for good."""
    return f"{{show:{show}}}:bag"


def show_products(show: str) -> str:
    """HASH, product → PRODUCT as JSON, for what is in the bag; kept for good."""
    return f"{{show:{show}}}:products"


def chat_order(show: str) -> str:
    """ZSET, message scored by seq: the latest 1,000 messages that were not deleted."""
    return f"{{show:{show}}}:chat"


def chat_bodies(show: str) -> str:
    """HASH, message → chat event as JSON, for the messages of :func:`chat_order`."""
    return f"{{show:{show}}}:chat-bodies"


def chat_pace(show: str, viewer: str) -> str:
    """STRING: when this viewer's chat budget is whole again, in Unix ms; expires then."""
    return f"{{show:{show}}}:pace:{viewer}"


def show_muted(show: str) -> str:
    """HASH, viewer → until when, in Unix ms; kept for good."""
    return f"{{show:{show}}}:muted"


def show_banned(show: str) -> str:
    """HASH, viewer → reason; kept for good."""
    return f"{{show:{show}}}:banned"


def show_delivered(show: str) -> str:
    """ZSET, id of an event delivered from an outbox, scored by time; the latest 10,000."""
    return f"{{show:{show}}}:delivered"


def show_sales(show: str) -> str:
    """HASH: ``orders units revenue`` each with ``:CUR``; kept for good."""
    return f"{{show:{show}}}:sales"


def show_sold(show: str) -> str:
    """HASH, product → units of it sold in the show; kept for good."""
    return f"{{show:{show}}}:sold"


def presence(show: str) -> str:
    """HASH, node → ``viewers:seen`` (count and Unix ms); a silent node is dropped."""
    return f"{{show:{show}}}:presence"


# --- a shop ---------------------------------------------------------------------------


def stock(shop: str, sku: str) -> str:
    """HASH: total avail held sold pv (price version); avail + held + sold = total;
    kept for good.
    """
    return f"{{s:{_of_shop(shop)}}}:sku:{sku}"


def hold(shop: str, checkout: str) -> str:
    """HASH: st (H held, C sold, R released) fp dl (deadline, Unix ms) n k1.. q1.. (SKUs
    and units); expires a week after it was sold or released.
    """
    return f"{{s:{_of_shop(shop)}}}:hold:{checkout}.{shop}"


def hold_deadlines(shop: str) -> str:
    """ZSET, ``checkout.shop`` scored by deadline in Unix ms, while held."""
    return f"{{s:{_of_shop(shop)}}}:holdx"


def stock_sequence(shop: str) -> str:
    """STRING: counts every change of stock on the shard; kept for good."""
    return f"{{s:{_of_shop(shop)}}}:seq"


def shop_stream(shop: str) -> str:
    """STREAM: entry id ``<sequence>-0``, fields SKU → units left; about the latest 10,000."""
    return f"{{s:{_of_shop(shop)}}}:out"


def shop_shows(product_shop: str, product: str) -> str:
    """SET: shows that may have the product in their bag; kept for good."""
    return f"{{s:{_of_shop(product_shop)}}}:shows:{product}"


def adjustment(shop: str, key: str, at: int) -> str:
    """STRING: ``<delta> <left>`` that the adjustment of that key, begun at that Unix ms,
    made, or ``short`` when it was refused; expires after a week.
    """
    return f"{{s:{_of_shop(shop)}}}:adjusted:{shop}:{key}:{at}"


def restocked(shop: str, cause: str) -> str:
    """STRING: the units of this refund or cancellation are on sale again; expires after a
    week.
    """
    return f"{{s:{_of_shop(shop)}}}:restocked:{shop}:{cause}"


def shard_deadlines(number: int) -> str:
    """The key of :func:`hold_deadlines` for every shop of one shard."""
    return f"{{s:{number:02d}}}:holdx"


def shard_sequence(number: int) -> str:
    """The key of :func:`stock_sequence` for every shop of one shard."""
    return f"{{s:{number:02d}}}:seq"


def shard_stream(number: int) -> str:
    """The key of :func:`shop_stream` for every shop of one shard."""
    return f"{{s:{number:02d}}}:out"


def shop_ready(number: int) -> str:
    """STRING: set once the shard's counters were filled from the book; kept for good.

    Missing: Redis has lost its data, and the shard is rebuilt before it sells.
    """
    return f"{{s:{number:02d}}}:ready"


# --- a viewer -------------------------------------------------------------------------


def cart(viewer: str) -> str:
    """HASH, SKU → units, ``:v`` version, ``:cur`` currency (no id has a colon); expires
    30 days after its last change.
    """
    return f"{{u:{shard(viewer)}}}:cart:{viewer}"


def cart_bought(viewer: str, checkout: str) -> str:
    """STRING: this checkout's lines have left the cart; expires after a week."""
    return f"{{u:{shard(viewer)}}}:bought:{viewer}:{checkout}"


def cart_parcel(guest: str) -> str:
    """HASH as :func:`cart`, ``:to`` viewer, ``:id`` parcel: a guest's lines on their way
    into an account's cart; deleted on arrival, else it expires after 30 days.
    """
    return f"{{u:{shard(guest)}}}:parcel:{guest}"


def cart_merged(viewer: str, parcel: str) -> str:
    """STRING: this parcel's lines are in the cart; expires after 31 days, so that it
    outlives the parcel.
    """
    return f"{{u:{shard(viewer)}}}:merged:{viewer}:{parcel}"


def opening(viewer: str) -> str:
    """STRING: token of the process that opens a checkout for the viewer; deleted when it is
    done, else it expires after 4 s.
    """
    return f"{{u:{shard(viewer)}}}:opening:{viewer}"


def private_channel(viewer: str) -> str:
    """CHANNEL: private events of the viewers of one shard."""
    return f"{{u:{shard(viewer)}}}:private"


# --- the whole installation -----------------------------------------------------------


def catalog_channel() -> str:
    """CHANNEL: ids of products whose text or price changed."""
    return "catalog"


def lease(name: str) -> str:
    """STRING: the node that does this periodic work; expires after some seconds."""
    return f"lease:{name}"


def payment_pace(provider: str) -> str:
    """STRING: when the next payment may go to the provider, in µs of Redis' own clock;
    expires a second after that.
    """
    return f"pace:{provider}"
