"""The same calls on a Cluster and by Sentinel."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
import redis as sync_redis

from base.errors import Outage
from store.redis.channels import Channels
from store.redis.connect import Client, check, close, connect
from store.redis.feed import Entry, Feed
from store.redis.scripts import Scripts
from tests.redis_server import REDIS, wait_for_redis
from tests.waiting import until, until_told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server"),
]

ADD = """#!lua
redis.call("XADD", KEYS[1], ARGV[1] .. "-0", "e", ARGV[2])
return redis.call("XLEN", KEYS[1])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(folder: Path, port: int, *options: str) -> Iterator[sync_redis.Redis]:
    folder.mkdir()
    command = [str(REDIS), *options, "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(folder), "--logfile", "log"]
    with subprocess.Popen(command) as process:
        client = sync_redis.Redis(port=port)
        try:
            wait_for_redis(client)
            yield client
        finally:
            client.close()
            process.kill()


@pytest.fixture
def lua(tmp_path: Path) -> Path:
    folder = tmp_path / "lua"
    folder.mkdir()
    (folder / "add.lua").write_text(ADD)
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Two nodes, each with half of the slots."""
    ports, buses = [free_port(), free_port()], []
    with ExitStack() as stack:
        nodes: list[sync_redis.Redis] = []
        for n, port in enumerate(ports):
            buses.append(free_port())
            options = ("--cluster-enabled", "yes", "--cluster-port", str(buses[-1]))
            node = stack.enter_context(server(tmp_path / str(n), port, *options, "--save", ""))
            node.cluster("ADDSLOTSRANGE", n * 8192, n * 8192 + 8191)
            nodes.append(node)
        nodes[1].cluster("MEET", "127.0.0.1", ports[0], buses[0])
        yield f"redis+cluster://127.0.0.1:{ports[0]}"


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[tuple[str, sync_redis.Redis, sync_redis.Redis]]:
    """The address, then the primary and its replica."""
    one, two, watch = free_port(), free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"sentinel monitor shop 127.0.0.1 {one} 1\nsentinel down-after-milliseconds shop 300\n"
        "sentinel failover-timeout shop 1000\n"
    )
    with (
        server(tmp_path / "one", one) as primary,
        server(tmp_path / "two", two, "--replicaof", f"127.0.0.1 {one}") as replica,
        server(tmp_path / "watch", watch, str(config), "--sentinel"),
    ):
        yield f"redis+sentinel://127.0.0.1:{watch}/shop", primary, replica


async def is_ready(client: Client, scripts: Scripts) -> bool:
    try:
        await scripts.load()
        await asyncio.gather(*(scripts.command("SET", f"probe-{n}", n) for n in range(50)))
    except Outage:
        return False
    return True


async def test_a_cluster_serves_scripts_feeds_and_channels(cluster: str, lua: Path) -> None:
    client = connect(cluster)
    scripts, feed, channels = Scripts(client, lua), Feed(client), Channels(client)
    await until_told(partial(is_ready, client, scripts), within_s=15)
    await check(client)
    tasks = [asyncio.create_task(one.run()) for one in (feed, channels)]
    shows = [f"{{show:{n}}}:feed" for n in range(20)]
    got: dict[str, list[str]] = {show: [] for show in shows}
    heard: list[bytes] = []

    def record(show: str, entries: list[Entry]) -> None:
        got[show] += [ident for ident, _ in entries]

    for show in shows[:10]:
        feed.follow(show, "0-0", partial(record, show))
    channels.listen("catalog", heard.append)
    await asyncio.gather(*(scripts.call("add", [show], [1, "pin"]) for show in shows))
    for show in shows[10:]:
        feed.follow(show, "0-0", partial(record, show))
    lengths = await asyncio.gather(*(scripts.call("add", [show], [2, "pin"]) for show in shows))

    assert lengths == [2] * 20
    # A run id and a replication id of each primary.
    assert len(set((await scripts.incarnation()).split(","))) == 4
    await until(lambda: all(ids == ["1-0", "2-0"] for ids in got.values()))
    assert feed.alive_s() < 3
    feed.leave(shows[0])
    channels.publish("catalog", b"mug")
    await until(lambda: heard == [b"mug"])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await channels.close()
    await scripts.close()
    await close(client)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("redis-cli") is None, reason="needs redis-cli")
async def test_sentinel_leads_to_the_new_primary(
    sentinel: tuple[str, sync_redis.Redis, sync_redis.Redis], lua: Path
) -> None:
    url, primary, replica = sentinel
    client = connect(url)
    scripts, feed = Scripts(client, lua), Feed(client)
    await until_told(partial(is_ready, client, scripts), within_s=15)
    await check(client)
    task = asyncio.create_task(feed.run())
    got: list[str] = []
    feed.follow("show", "0-0", lambda entries: got.extend(ident for ident, _ in entries))
    await scripts.call("add", ["show"], [1, "pin"])
    await until(lambda: got == ["1-0"])
    await until(lambda: replica.xlen("show") == 1, within_s=15)
    await asyncio.sleep(1.5)  # Sentinel asks the primary for its replicas once a second at first

    before = await scripts.incarnation()
    primary.shutdown(nosave=True)

    await until_told(partial(is_ready, client, scripts), within_s=30)
    assert await scripts.incarnation() != before
    assert await scripts.call("add", ["show"], [2, "pin"]) == 2
    await until(lambda: got == ["1-0", "2-0"], within_s=15)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await scripts.close()
    await close(client)
