"""Replies return to who asked, in whatever pieces they come; every failure is told to all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from base.errors import Outage
from store.redis.connect import connect
from store.redis.line import Line
from store.redis.pipeline import pipeline

Answer = Callable[[bytes], list[bytes]]


@asynccontextmanager
async def talking(path: Path, answer: Answer) -> AsyncIterator[str]:
    """A server that answers each reading with pieces; it says OK to the greeting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                if b"CLIENT" in data:
                    writer.write(b"+OK\r\n" * data.count(b"CLIENT"))
                    continue
                for piece in answer(data):
                    writer.write(piece)
                    await asyncio.sleep(0.001)
                    if piece == b"":
                        return
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield f"unix://{path}"
    finally:
        server.close()
        await asyncio.sleep(0.01)  # who is still served hears of the end


async def test_replies_come_in_any_pieces(tmp_path: Path) -> None:
    whole = b"$5\r\nhello\r\n:7\r\n*2\r\n$1\r\na\r\n$-1\r\n"
    async with talking(tmp_path / "s", lambda _: [bytes([byte]) for byte in whole]) as url:
        redis = pipeline(connect(url))

        replies = await asyncio.gather(*(redis.submit(("GET", name)) for name in "abc"))

        assert replies == [b"hello", 7, [b"a", None]]
        await redis.close()


@pytest.mark.parametrize(
    "said",
    [
        [b""],
        [b"+1\r\n", b""],
        [b"what?\r\n"],
        [b"-LOADING Redis is loading the dataset in memory\r\n"],
        [b"-READONLY You can't write against a read only replica.\r\n"],
        [b"-NOAUTH Authentication required.\r\n"],
    ],
    ids=["the end", "the end half way", "nonsense", "loading", "a replica", "a stranger"],
)
async def test_what_was_not_answered_fails_at_once(tmp_path: Path, said: list[bytes]) -> None:
    async with talking(tmp_path / "s", lambda _: said) as url:
        redis = pipeline(connect(url))

        asked = [redis.submit(("GET", name)) for name in "ab"]
        async with asyncio.timeout(2):
            outcomes = await asyncio.gather(*asked, return_exceptions=True)

        assert isinstance(outcomes[-1], Outage)
        await redis.close()


async def test_a_reply_that_nobody_asked_for_is_given_to_nobody(tmp_path: Path) -> None:
    async with talking(tmp_path / "s", lambda _: [b"+1\r\n+2\r\n"]) as url:
        redis = pipeline(connect(url))

        assert await redis.submit(("GET", "a")) == b"1"
        assert await redis.submit(("GET", "b")) == b"1"
        await redis.close()


@pytest.mark.redis
async def test_a_connection_that_cannot_be_made_leaves_nobody_waiting(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise AttributeError("another version")

    redis = pipeline(connect(redis_url))
    with monkeypatch.context() as patched:
        patched.setattr(Line, "hand_over", broken)
        with pytest.raises(Outage):
            async with asyncio.timeout(2):
                await redis.submit(("PING",))
        await asyncio.sleep(0)

    assert "cannot be opened" in caplog.text
    assert await redis.submit(("ECHO", "again")) == b"again"
    await redis.close()


@pytest.mark.redis
async def test_a_word_that_cannot_be_sent_is_its_callers_fault_alone(redis_url: str) -> None:
    redis = pipeline(connect(redis_url))

    good = redis.submit(("ECHO", "hello"))
    with pytest.raises(TypeError):
        _ = redis.submit(("ECHO", object()))  # type: ignore[arg-type]

    assert await good == b"hello"
    await redis.close()


@pytest.mark.redis
async def test_a_caller_that_goes_away_leaves_the_others_their_replies(redis_url: str) -> None:
    redis = pipeline(connect(redis_url))

    asked = [redis.submit(("ECHO", str(number))) for number in range(5)]
    asked[1].cancel()
    asked[3].cancel()

    assert [await asked[at] for at in (0, 2, 4)] == [b"0", b"2", b"4"]
    await redis.close()


@pytest.mark.redis
async def test_closing_fails_what_waits(redis_url: str) -> None:
    redis = pipeline(connect(redis_url))
    asked = redis.submit(("BLPOP", "nothing", 5))
    await asyncio.sleep(0.05)

    await redis.close()

    with pytest.raises(Outage):
        await asked
    with pytest.raises(Outage):
        _ = redis.submit(("PING",))
