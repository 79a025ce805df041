"""The quick handshake says yes only where websockets' own does, and the same."""

from __future__ import annotations

import random

import pytest
from websockets.http11 import Request
from websockets.server import ServerProtocol

from live.handshake import accepted, read

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
USUAL = {
    "Host": "shop.example:8080",
    "Connection": "keep-alive, Upgrade",
    "Pragma": "no-cache",
    "User-Agent": "Mozilla/5.0 (Linux; Android 14)",
    "Upgrade": "websocket",
    "Origin": "https://shop.example",
    "Sec-WebSocket-Version": "13",
    "Accept-Encoding": "gzip, deflate, br",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Protocol": "yellowcart.v1.msgpack, yellowcart.v1.json",
}


def head(line: str = "GET /live HTTP/1.1", **changes: str | None) -> bytes:
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {**USUAL, **changed}
    rows = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([line, *rows, "", ""]).encode()


def library(request: bytes) -> bytes | None:
    """The answer of websockets' parser, if it opens the socket."""
    protocol = ServerProtocol(
        select_subprotocol=lambda _, offered: offered[0] if offered else None
    )
    protocol.receive_data(request)
    found = next((e for e in protocol.events_received() if isinstance(e, Request)), None)
    if found is None:
        return None
    response = protocol.accept(found)
    return response.serialize() if response.status_code == 101 else None


def test_a_browsers_request_is_read() -> None:
    found = read(head(X_Forwarded_For="10.0.0.1, 10.0.0.2"))

    assert found is not None
    assert found.key == KEY.encode()
    assert found.host == "shop.example:8080"
    assert found.origins == ("https://shop.example",)
    assert found.forwarded == "10.0.0.1, 10.0.0.2"
    assert found.protocols == ("yellowcart.v1.msgpack", "yellowcart.v1.json")


def test_what_may_come_twice_counts_twice() -> None:
    more = b"Origin: https://evil.example\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"
    found = read(head(X_Forwarded_For="10.0.0.1")[:-2] + more)

    assert found is not None
    assert found.origins == ("https://shop.example", "https://evil.example")
    assert found.forwarded == "10.0.0.1,1.2.3.4"


def test_the_answer_is_that_of_the_rfc() -> None:
    said = accepted(KEY.encode(), "yellowcart.v1.json")

    assert said.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in said
    assert b"\r\nSec-WebSocket-Protocol: yellowcart.v1.json\r\n" in said
    assert said.endswith(b"\r\n\r\n")
    assert b"Protocol:" not in accepted(KEY.encode(), None)


@pytest.mark.parametrize(
    "unusual",
    [
        head("POST /live HTTP/1.1"),
        head("GET /live HTTP/1.0"),
        head("GET  /live HTTP/1.1"),
        head(Upgrade="h2c"),
        head(Upgrade=None),
        head(Connection="keep-alive"),
        head(Sec_WebSocket_Version="8"),
        head(Sec_WebSocket_Version=None),
        head(Sec_WebSocket_Key="short"),
        head(Sec_WebSocket_Key="not base64 at all, 24 by"),
        head(Sec_WebSocket_Key=None),
        head(Content_Length="3"),
        head(Transfer_Encoding="chunked"),
        head(User_Agent="folded\r\n line"),
        head(User_Agent="nul\x00"),
        head(Origin="https://ümläut.example"),
        head()[:-2] + b"Host: other.example\r\n\r\n",
        head()[:-2] + b"No colon\r\n\r\n",
        head()[:-2] + b"Space : before\r\n\r\n",
        head().replace(b"\r\n", b"\n"),
    ],
)
def test_what_is_unusual_is_left_to_the_library(unusual: bytes) -> None:
    assert read(unusual) is None


def test_what_is_taken_the_library_takes_too_and_answers_the_same() -> None:
    chance = random.Random(7)
    signs = [bytes([n]) for n in (*range(256), *b"\r\n\r\n: ,\t=")]
    taken = 0
    for _ in range(4000):
        request = bytearray(head())
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(request))
            request[at : at + chance.choice((0, 1))] = chance.choice(signs)
        whole = bytes(request)
        found = read(whole[: whole.find(b"\r\n\r\n") + 4])
        if found is None:
            continue
        taken += 1
        theirs = library(whole[: whole.find(b"\r\n\r\n") + 4])
        assert theirs is not None, whole
        proof = accepted(found.key, None).split(b"Accept: ")[1].split(b"\r\n")[0]
        assert b"Sec-WebSocket-Accept: " + proof in theirs, whole

    assert taken > 500, "else this test has looked at nothing"
