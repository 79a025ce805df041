"""Take webhooks in: SECRET=whsec_… PORT=3000 python receive_webhook.py."""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("SECRET") or sys.exit(__doc__)
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
seen: set[str] = set()  # keep these ids in your database, for as long as your orders


def is_genuine(headers: Message, body: bytes) -> bool:
    at = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id')}.{at}.".encode() + body
    right = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split(" ")
    is_fresh = at.isdigit() and abs(time.time() - int(at)) < 300
    return is_fresh and any(hmac.compare_digest(right.encode(), one.encode()) for one in given)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_genuine(self.headers, body):
            return self.answer(401)
        event = json.loads(body)
        if event["id"] not in seen:
            seen.add(event["id"])
            print(event["kind"], event["data"], flush=True)
        return self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Hook).serve_forever()
