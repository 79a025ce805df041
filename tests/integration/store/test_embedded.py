from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from store.redis.connect import UnfitRedisError, check, connect
from store.redis.scripts import Scripts
from tests.waiting import until, until_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.redis.embedded import EmbeddedRedis
    from tests.integration.store.conftest import NewRedis

pytestmark = pytest.mark.redis

SERVER = """
import asyncio, sys
from pathlib import Path
from store.redis.connect import connect
from store.redis.embedded import EmbeddedRedis

async def main():
    redis = EmbeddedRedis(Path(sys.argv[1]))
    await redis.start()
    await connect(redis.url).set("cart", "mug-blue")
    print(redis.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
async def redis(tmp_path: Path, new_redis: NewRedis) -> EmbeddedRedis:
    redis = new_redis(tmp_path)
    await redis.start()
    return redis


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[int]:
    """The pid of a Redis whose server was killed, with a cart in it."""
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        server.kill()
    os.kill(pid, 0)
    yield pid
    if is_running(pid):
        os.kill(pid, signal.SIGKILL)


async def ask(redis: EmbeddedRedis, *parts: str) -> object:
    client = connect(redis.url)
    try:
        return await client.execute_command(*parts)
    finally:
        await client.aclose()


async def answers(scripts: Scripts) -> bool:
    try:
        await scripts.command("PING")
    except Outage:
        return False
    return True


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # an orphan in a container may wait for a parent that never looks


async def test_it_is_fit_for_us(tmp_path: Path, new_redis: NewRedis) -> None:
    redis = new_redis(tmp_path)

    await redis.start()

    client = connect(redis.url)
    await check(client)
    assert (await client.config_get("append*"))["appendfsync"] == "always"
    await client.aclose()
    assert (tmp_path / "redis").stat().st_mode & 0o777 == 0o700
    await redis.stop()


async def test_what_was_acknowledged_survives_its_death(redis: EmbeddedRedis) -> None:
    scripts = Scripts(connect(redis.url))
    for n in range(50):
        await scripts.command("RPUSH", "orders", n)
    dead = redis.pid
    assert dead is not None

    os.kill(dead, signal.SIGKILL)

    await until(lambda: redis.pid not in {dead, None})
    await until_told(partial(answers, scripts))
    assert await scripts.command("LRANGE", "orders", 0, -1) == [str(n).encode() for n in range(50)]
    await scripts.close()


async def test_its_data_is_there_after_a_stop(tmp_path: Path, new_redis: NewRedis) -> None:
    for expected in (1, 2, 3):
        redis = new_redis(tmp_path)
        await redis.start()
        assert await ask(redis, "INCR", "starts") == expected
        await redis.stop()
        assert redis.pid is None


async def test_an_orphan_of_a_dead_server_gives_way_with_its_data(
    tmp_path: Path, orphan: int, new_redis: NewRedis
) -> None:
    redis = new_redis(tmp_path)

    await redis.start()

    assert not is_running(orphan)
    assert await ask(redis, "GET", "cart") == b"mug-blue"
    await redis.stop()


async def test_an_orphan_that_hangs_is_killed(
    tmp_path: Path, orphan: int, new_redis: NewRedis
) -> None:
    os.kill(orphan, signal.SIGSTOP)
    redis = new_redis(tmp_path)

    await redis.start()

    assert not is_running(orphan)
    assert await ask(redis, "GET", "cart") == b"mug-blue"
    await redis.stop()


async def test_an_orphan_whose_socket_is_gone_is_killed(
    tmp_path: Path, orphan: int, new_redis: NewRedis
) -> None:
    (tmp_path / "redis" / "redis.sock").unlink()
    redis = new_redis(tmp_path)

    await redis.start()

    assert not is_running(orphan)
    assert await ask(redis, "GET", "cart") == b"mug-blue"
    await redis.stop()


async def test_a_stale_note_of_a_pid_kills_nobody(
    tmp_path: Path, orphan: int, new_redis: NewRedis
) -> None:
    """The note names a stranger: it must live, and the start must say what is wrong."""
    (tmp_path / "redis" / "redis.sock").unlink()
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    (tmp_path / "redis" / "redis.pid").write_text(str(stranger.pid))
    starting = asyncio.create_task(new_redis(tmp_path).start())
    await asyncio.sleep(0.3)

    assert stranger.returncode is None
    assert not starting.done(), "it waits for the orphan"
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    os.kill(orphan, signal.SIGKILL)
    stranger.kill()
    await stranger.wait()


async def test_a_long_data_folder_works_too(tmp_path: Path, new_redis: NewRedis) -> None:
    redis = new_redis(tmp_path / ("d" * 150))

    await redis.start()

    assert await ask(redis, "INCR", "starts") == 1
    await redis.stop()


async def test_a_machine_without_redis_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_redis: NewRedis
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnfitRedisError, match="apt install redis-server"):
        await new_redis(tmp_path).start()


async def test_data_that_cannot_be_read_is_said_where_to_look(
    tmp_path: Path, new_redis: NewRedis
) -> None:
    redis = new_redis(tmp_path)
    await redis.start()
    await ask(redis, "SET", "cart", "mug-blue")
    await redis.stop()
    folder = tmp_path / "redis" / "appendonlydir"
    next(folder.glob("*.incr.aof")).write_bytes(b"this was never written by redis" * 9)

    with pytest.raises(Outage, match=r"redis\.log"):
        await new_redis(tmp_path).start()


async def test_stopping_at_once_leaves_no_process(tmp_path: Path, new_redis: NewRedis) -> None:
    redis = new_redis(tmp_path)
    starting = asyncio.create_task(redis.start())
    await asyncio.sleep(0.004)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    await redis.stop()

    again = new_redis(tmp_path)
    await again.start()
    await again.stop()
    shutil.rmtree(tmp_path / "redis")
