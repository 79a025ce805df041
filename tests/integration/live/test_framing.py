"""What is no message closes with 4400; what is a wrong message is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from tests.integration.live.raw import BINARY, CLOSE, PING, PONG, TEXT, framed, handshake

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis

BROKEN = [
    "",
    "hello",
    "{",
    "[]",
    '[{"id": 1, "op": "ping"}]',
    "7",
    "null",
    '{"op": "ping"}',
    '{"id": 0, "op": "ping"}',
    '{"id": 1.5, "op": "ping"}',
    '{"id": "1", "op": "ping"}',
    '{"id": true, "op": "ping"}',
    '{"id": 9007199254740992, "op": "ping"}',
    '{"id": 1}',
    '{"id": 1, "op": 7}',
    '{"id": 1, "op": null}',
    '{"id": 1, "op": "ping", "op": "ping"}',
    '{"id": 1, "op": "ping"}}',
    '{"id": 1, "op": "ping"}{"id": 2, "op": "ping"}',
    '{"id": 1, "op": "chat.send", "text": "\\ud83d"}',
    '{"id": 1, "op": "like", "count": NaN}',
    "[" * 8000,
]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("no.such.op", {}),
    ("", {}),
    ("PING", {}),
    ("ping", {"x": 1}),
    ("ping", {"re": 1}),
    ("chat.send", {}),
    ("chat.send", {"text": None}),
    ("chat.send", {"text": 5}),
    ("chat.send", {"text": ["hello"]}),
    ("like", {"count": 0}),
    ("like", {"count": 51}),
    ("like", {"count": "1"}),
    ("like", {"count": 1.5}),
    ("like", {"count": True}),
    ("like", {"count": 2**60}),
    ("cart.add", {"sku": "mug-blue"}),
    ("cart.add", {"sku": "mug-blue", "qty": 0}),
    ("cart.add", {"sku": "mug-blue", "qty": 1000}),
    ("cart.add", {"sku": "mug blue", "qty": 1}),
    ("cart.add", {"sku": "x" * 65, "qty": 1}),
    ("cart.add", {"sku": "", "qty": 1}),
    ("cart.add", {"sku": "mug-blue\n", "qty": 1}),
    ("cart.set", {"sku": "mug-blue", "qty": -1}),
    ("cart.get", {"sku": "mug-blue"}),
    ("buy", {"sku": "mug-blue", "qty": 1}),
    ("buy", {"sku": "mug-blue", "qty": 1, "key": "short"}),
    ("buy", {"sku": "mug-blue", "qty": 1, "key": "with space"}),
    ("checkout.open", {"key": "key-00001", "expected_total": -1}),
    ("checkout.open", {"key": "key-00001", "expected_total": None}),
    ("checkout.pay", {"checkout": "co_1"}),
    ("checkout.pay", {"checkout": "co_1", "method": {"type": "cash", "token": "x"}}),
    ("checkout.pay", {"checkout": "co_1", "method": {"type": "card"}}),
    ("checkout.pay", {"checkout": "co_1", "method": "tok_ok"}),
    ("checkout.get", {"checkout": None}),
    ("checkout.cancel", {}),
    ("bag.add", {"product": {"id": "mug-blue"}}),
    ("bag.move", {"product": "mug-blue", "position": 0}),
    ("bag.move", {"product": "mug-blue", "position": 1.5}),
    ("pin", {}),
    ("unpin", {"product": "mug-blue"}),
    ("show.start", {"show": "demo"}),
    ("viewer.mute", {"viewer": "vera", "seconds": -1}),
    ("viewer.ban", {"viewer": "vera"}),
    ("auth", {}),
    ("join", {}),
    ("join", {"show": "demo", "since": {"epoch": "e"}}),
    ("join", {"show": "demo", "since": None}),
    ("join", {"show": "demo", "since": {"epoch": "e", "seq": -1}}),
    ("join", {"show": "../demo"}),
]
BOMBS = [
    b"",
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 16_000,
    b"\x81\xa1a" * 5_000,
    b"\xdc\xff\xff" * 5_000,
    b"\xc9\xff\xff\xff\xff\x05",
    b"\xd6\xff\x00\x00\x00\x00",
    msgpack.packb({"id": 1, "op": "ping"}) + b"\xc0",
    msgpack.packb({"id": 1, "op": "ping", 5: 5}),
    msgpack.packb({"id": 1, "op": b"ping"}),
    b"\x83\xa2id\x01\xa2op\xa4ping\xa2op\xa4ping",
    msgpack.packb([{"id": 1, "op": "ping"}]),
]


@pytest.mark.parametrize("is_joined", [False, True], ids=["before", "joined"])
async def test_a14_a_broken_message_closes_4400(house: House, is_joined: bool) -> None:
    codes = {text: await code_after(house, text, is_joined) for text in BROKEN}

    assert codes == dict.fromkeys(BROKEN, 4400)


@pytest.mark.parametrize("is_joined", [False, True], ids=["before", "joined"])
async def test_a11_a_msgpack_bomb_closes_4400(house: House, is_joined: bool) -> None:
    codes = {bomb[:40]: await code_after(house, bomb, is_joined) for bomb in BOMBS}

    assert codes == dict.fromkeys(codes, 4400)


async def code_after(house: House, message: str | bytes, is_joined: bool) -> int:
    vera = await house.connect(binary=isinstance(message, bytes))
    if is_joined:
        await vera.join()
    await vera.socket.send(message)
    return await vera.closed()


async def test_space_around_json_is_no_trailing_byte(house: House) -> None:
    vera = await house.visit("vera")

    await vera.socket.send(' {"id": 50, "op": "ping"}\n')

    assert "ok" in await vera.reply(50)


@pytest.mark.parametrize("is_joined", [False, True], ids=["before", "joined"])
@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a_frame_of_the_other_type_closes_4400(
    house: House, binary: bool, is_joined: bool
) -> None:
    vera = await house.connect(binary=binary)
    if is_joined:
        await vera.join()
    message = {"id": 9, "op": "join", "show": "demo"}

    await vera.socket.send(json.dumps(message) if binary else msgpack.packb(message))

    assert await vera.closed() == 4400


@pytest.mark.parametrize("op", ["ping", "cart.get", "no.such.op", "auth", ""])
async def test_a_command_before_join_closes_4400(house: House, op: str) -> None:
    vera = await house.connect()

    await vera.send(op)

    assert await vera.closed() == 4400


async def test_a_command_behind_a_failed_join_closes_4400(house: House) -> None:
    vera = await house.connect()
    join = await vera.send("join", show="nowhere")
    await vera.send("ping")

    assert (await vera.reply(join))["error"]["code"] == "not_found"
    assert await vera.closed() == 4400


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a03_a_wrong_command_is_invalid_and_the_connection_lives(
    house: House, binary: bool
) -> None:
    vera = await house.visit("vera", binary=binary)

    for op, fields in WRONG:
        house.clock.advance(100)  # within the budget
        reply = await vera.reply(await vera.send(op, **fields))
        assert (op, fields, reply["error"]["code"]) == (op, fields, "invalid")
        assert reply["error"]["message"]

    assert "ok" in await vera.reply(await vera.send("ping"))


async def test_a_wrong_join_may_be_repeated(house: House) -> None:
    vera = await house.connect()

    assert await vera.refused("join") == "invalid"
    assert await vera.refused("join", show="demo", wow=1) == "invalid"
    assert await vera.refused("join", show="nowhere") == "not_found"
    assert (await vera.join())["show"]["id"] == "demo"


async def test_a15_a_message_of_16_kib_is_read_and_a_larger_one_closes_1009(house: House) -> None:
    vera = await house.visit("vera")
    empty = len(json.dumps({"id": 90, "op": "chat.send", "text": ""}))
    fits = json.dumps({"id": 90, "op": "chat.send", "text": "x" * (16 * 1024 - empty)})

    await vera.socket.send(fits)
    assert (await vera.reply(90))["error"]["code"] == "invalid"
    await vera.socket.send(fits + " ")

    assert await vera.closed() == 1009


async def test_a15_fragments_count_together(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.send(b" " * 10_000, TEXT, fin=False)
        await socket.send(b" " * 10_000, 0, fin=True)

        assert await socket.close_code() == 1009
        assert await socket.ended()


async def test_a_message_may_come_in_fragments_with_a_ping_between(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)
        # At once: the pong comes first even if the whole message is there with its ping.
        socket.writer.write(
            framed(b'{"id": 2, "op": "pi', TEXT, fin=False)
            + framed(b"are you there?", PING)
            + framed(b'ng"}', 0)
        )

        heard = [await socket.frame()]
        while b'"re":2' not in heard[-1][1]:
            heard.append(await socket.frame())
        assert (PONG, b"are you there?") in heard


async def test_a_frame_that_is_none_ends_the_connection(house: House) -> None:
    async with handshake(house.a.port) as socket:
        socket.writer.write(b"\x81\x05hello")  # not masked

        assert await socket.close_code() == 1002
        assert await socket.ended()


async def test_text_that_is_no_utf8_closes_4400(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.send(b'{"id": 1, "op": "\xff"}')

        assert await socket.close_code() == 4400


async def test_a_close_is_echoed_and_ends_the_connection(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)

        await socket.send((4777).to_bytes(2, "big"), CLOSE)

        assert await socket.close_code() == 4777
        assert await socket.ended()
    assert set(house.a.node.gateway.closes) == {1000}


async def test_a_broken_message_is_the_last_that_is_heard(house: House) -> None:
    vera = await house.visit("vera")

    await vera.socket.send("{")
    late = await vera.send("chat.send", text="too late")

    assert await vera.closed() == 4400
    assert late not in vera.replies
    assert (await (await house.connect()).join())["chat"] == []


async def test_binary_frames_speak_msgpack_only_after_its_subprotocol(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.send(msgpack.packb({"id": 1, "op": "join", "show": "demo"}), BINARY)

        assert await socket.close_code() == 4400
