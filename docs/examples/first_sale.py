"""A first sale: python first_sale.py ws://127.0.0.1:8080/live HOST_TOKEN."""

import json
import secrets
import sys
from typing import Any

from websockets.sync.client import connect


def wait(socket: Any, field: str, value: object) -> Any:
    """The next message with this field; the server may send several in an array."""
    while True:
        batch = json.loads(socket.recv(timeout=15))
        for message in batch if isinstance(batch, list) else [batch]:
            if message.get(field) == value:
                return message


def do(socket: Any, op: str, **fields: object) -> Any:
    """Send a command, and wait for the reply to it."""
    ident = secrets.randbits(32) + 1
    socket.send(json.dumps({"id": ident, "op": op, **fields}))
    reply = wait(socket, "re", ident)
    return reply["ok"] if "ok" in reply else sys.exit(reply["error"]["message"])


url, token = sys.argv[1:3] if sys.argv[2:] else sys.exit(__doc__)
with connect(url) as host, connect(url) as viewer:
    bag = do(host, "join", show="demo", token=token)["bag"]
    do(viewer, "join", show="demo")
    do(host, "unpin")
    do(host, "pin", product=bag[0]["product"]["id"])
    seen = wait(viewer, "ev", "pinned")["product"]
    product = next(item["product"] for item in bag if item["product"]["id"] == seen)
    sku, key = product["skus"][0]["id"], secrets.token_hex(8)
    bought = do(viewer, "buy", sku=sku, qty=1, key=key)["checkout"]["id"]
    card = {"type": "card", "token": "tok_ok"}
    home = {"name": "Ada L.", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"}
    paid = do(viewer, "checkout.pay", checkout=bought, method=card, ship_to=home)["checkout"]
    print(product["title"], paid["state"], *paid["orders"])
