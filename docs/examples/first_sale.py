"""A first sale: python first_sale.py ws://127.0.0.1:8080/live HOST_TOKEN."""

import json
import sys
import uuid
from typing import Any

from websockets.sync.client import connect


def do(socket: Any, op: str, **fields: object) -> Any:
    socket.send(json.dumps({"id": 1, "op": op, **fields}))
    while "re" not in (reply := json.loads(socket.recv(timeout=15))):
        print(reply)  # an event, or several
    return reply["ok"] if "ok" in reply else sys.exit(reply["error"]["message"])


url, token = sys.argv[1:3] if sys.argv[2:] else sys.exit(__doc__)
with connect(url) as host, connect(url) as viewer:
    product = do(host, "join", show="demo", token=token)["bag"][0]["product"]
    do(viewer, "join", show="demo")
    do(host, "unpin")
    do(host, "pin", product=product["id"])
    order = {"sku": product["skus"][0]["id"], "qty": 1, "key": uuid.uuid4().hex}
    checkout = do(viewer, "buy", **order)["checkout"]["id"]
    card = {"type": "card", "token": "tok_ok"}
    home = {"name": "Ada L.", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"}
    paid = do(viewer, "checkout.pay", checkout=checkout, method=card, ship_to=home)["checkout"]
    print(product["title"], paid["state"], *paid["orders"])
