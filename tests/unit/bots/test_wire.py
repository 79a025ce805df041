"""Frames and the upgrade, byte by byte."""

from __future__ import annotations

import pytest

from bots.wire import (
    BINARY,
    HandshakeFailed,
    ProtocolError,
    Target,
    check_upgrade,
    framed,
    parse,
)

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455's own example."""

HEAD = (
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "sec-websocket-protocol:  x.v1"
)


def from_server(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes((size,))
    elif size < 2**16:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    return bytes((opcode | 0x80 * fin,)) + length + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_found_when_all_of_it_is_there(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    data = b"before" + from_server(BINARY, payload[:size])

    found = parse(data + b"after", 6)

    assert found is not None
    assert (found.opcode, found.is_last) == (BINARY, True)
    assert data[found.start : found.end] == payload[:size]
    assert found.end == len(data)
    assert all(parse(data[:end], 6) is None for end in (6, 7, 8, len(data) - 1) if end < len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x81",  # masked
        b"\xc2\x01",  # compressed, though nobody agreed on it
        b"\x83\x01",  # no known kind
        b"\x09\x00",  # a ping in pieces
        b"\x89\x7e",  # a long ping
        b"\x82\x7f" + (2**20 + 1).to_bytes(8, "big"),  # too large
    ],
)
def test_what_no_server_may_send_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(data, 0)


@pytest.mark.parametrize("size", [0, 3, 125, 126, 65_535, 65_536])
def test_what_we_send_is_masked_with_another_key_each_time(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    head = {3: 2, 0: 2, 125: 2, 126: 4, 65_535: 4, 65_536: 10}[size]

    frame = framed(BINARY, payload)

    assert frame[0] == 0x82
    assert frame[1] & 0x80
    mask, masked = frame[head : head + 4], frame[head + 4 :]
    assert bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)) == payload
    assert len({framed(BINARY, payload)[head : head + 4] for _ in range(20)}) > 1


def test_the_upgrade_is_taken_when_the_server_proves_that_it_read_it() -> None:
    check_upgrade(HEAD.encode(), KEY, "x.v1")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("101", "200"),
        ("HTTP/1.1 101 Switching Protocols", ""),
        ("s3pPLM", "s3pPLm"),
        ("Sec-WebSocket-Accept", "X-Accept"),
        ("x.v1", "x.v2"),
    ],
)
def test_any_other_answer_is_no_websocket_of_ours(was: str, becomes: str) -> None:
    with pytest.raises(HandshakeFailed):
        check_upgrade(HEAD.replace(was, becomes).encode(), KEY, "x.v1")


def test_an_address_is_read_from_its_url() -> None:
    plain, secure = Target.of("ws://127.0.0.1:8080/live"), Target.of("wss://shop.test/live?a=1")

    assert (plain.host, plain.port, plain.path, plain.is_secure) == (
        "127.0.0.1", 8080, "/live", False,
    )  # fmt: skip
    assert (secure.host, secure.port, secure.path, secure.is_secure) == (
        "shop.test", 443, "/live?a=1", True,
    )  # fmt: skip
    assert b"Host: 127.0.0.1:8080\r\n" in plain.upgrade(KEY, "x.v1")
