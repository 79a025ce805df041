"""Yellowcart's server: serves, and carries out every other verb of the command line.

``serve``, ``token``, ``import-products``, ``audit``, ``doctor``; their options are in
``base/options.py``. A process that serves is one node (``live.node``), or the supervisor of
several that share its stores.
"""

from __future__ import annotations

from base import quick_imports  # isort: skip - first, for it makes the others quicker

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvloop

from base import logs
from base.clock import SystemClock
from base.errors import Outage
from base.identity import Role
from base.ids import is_id
from base.options import DAY_S, parser
from base.settings import Settings, SettingsError
from base.tokens import sign
from live import provider
from live.demo import create_demo_show
from live.front import Front
from live.node import Node, compose
from live.port import allow_sockets, answering, bound, tls
from live.provider import sandbox_key, sandbox_socket
from live.workers import Workers
from sandbox.process import SandboxProcess
from shop.importing.importer import Importer
from shop.importing.intake import Intake
from shop.importing.opening import opened
from shop.importing.progress import Progress
from shop.importing.source import Unreadable
from store.doctor import examine
from store.folder import DataFolder, with_secret
from store.health import Health
from store.redis.connect import UnfitRedisError
from store.stores import Addresses, Stores, open_redis, prepare, serve_book
from web.app import make_app, make_runner
from web.connection import connections
from web.metrics import Metrics
from web.services import Services

__all__ = ["main", "parser"]

quick_imports.all_loaded()

WORKER: Final = "YELLOWCART_WORKER"
"""Set for a worker process: its supervisor owns the data folder and the embedded stores."""

ABOUT: Final = "A live-shopping server: pin a product, and everybody who watches can buy it."
VERSION: Final = "0.1.0"
PROGRAM: Final = (sys.executable, str(Path(__file__).absolute()), "serve")
BACKLOG: Final = 4096
START_S: Final = 20.0


# Running.


async def serve(settings: Settings) -> int:
    """Run the server until it is told to stop."""
    if WORKER in os.environ:
        return await serve_worker(settings)
    folder = DataFolder(settings.data_dir)
    if not folder.acquire():
        return complain(f"Another server runs on {folder.path}. Stop it, or set --data-dir.")
    settings = with_secret(settings, folder)
    at = Addresses.of(settings, shared=True)
    async with contextlib.AsyncExitStack() as stack:
        # First: a taken port or a bad certificate should not cost anybody a start of the stores.
        tls(settings.certfile)
        place = stack.enter_context(bound(settings.host, settings.port))
        # It starts beside all the rest; whoever asks it too early waits for it.
        sandbox = await stack.enter_async_context(open_sandbox(settings))
        await stack.enter_async_context(serve_book(settings))
        await stack.enter_async_context(open_redis(settings))
        await prepare(at)
        if settings.workers > 1:
            place.close()
            await serve_many(settings, at, stack, sandbox)
        else:
            stores = await stack.enter_async_context(Stores.connected(at))
            await run(settings, stores, place, lambda port: announce(settings, port, sandbox))
    folder.release()
    return 0


async def serve_worker(settings: Settings) -> int:
    """Run one of several nodes on a supervisor's stores, until it or we are told to stop."""
    async with Stores.connected(Addresses.of(settings, shared=True)) as stores:
        with bound(settings.host, settings.port, shared=True) as place:
            await run(settings, stores, place, lambda _: None)
    return 0


async def serve_many(
    settings: Settings,
    at: Addresses,
    stack: contextlib.AsyncExitStack,
    sandbox: SandboxProcess | None,
) -> None:
    """Own the stores, and keep several nodes on one port running."""
    async with Stores.connected(at) as stores:
        node = compose(settings, stores, SystemClock())
        await make_ready(node)
        await node.close()
    # Bound but not listening: it only keeps the port, also when the kernel chose it.
    place = stack.enter_context(bound(settings.host, settings.port, shared=True))
    settings = replace(settings, port=place.getsockname()[1])
    workers = Workers(
        settings.workers,
        PROGRAM,
        {**os.environ, **settings.environ(), WORKER: "1"},
        stop_s=settings.drain_seconds + 10,
    )
    stop = stop_event()
    keeping = asyncio.create_task(workers.run(), name="workers")
    try:
        await answering(settings.host, settings.port, stop)
        announce(settings, settings.port, sandbox)
        await stop.wait()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def run(
    settings: Settings, stores: Stores, place: socket.socket, on_ready: Callable[[int], None]
) -> None:
    """Serve until told to stop, then close everybody, spread over the drain time.

    Args:
        settings: How.
        stores: On what.
        place: Where to listen.
        on_ready: Told the port.

    """
    allow_sockets()
    metrics = Metrics(VERSION)
    node = compose(settings, stores, SystemClock(), metrics, is_alone=settings.is_alone)
    loop, stop = asyncio.get_running_loop(), stop_event()
    if WORKER not in os.environ:
        await make_ready(node)
    health = Health(node.stores)
    runner = make_runner(make_app(Services.of(node, health, metrics, VERSION)))
    await runner.setup()
    http = connections(runner)
    working = [asyncio.create_task(work) for work in node.work()]
    server = await loop.create_server(
        lambda: Front(node.gateway, http),
        sock=place,
        backlog=BACKLOG,
        ssl=tls(settings.certfile),
    )
    try:
        await health.wait_alive()
        on_ready(server.sockets[0].getsockname()[1])
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([stopping, *working], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        health.is_draining = True
        server.close()
        await node.leave(settings.drain_seconds)
        await runner.cleanup()
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await node.close()


async def make_ready(node: Node) -> None:
    """Bring gate and book together before anybody sells; make the demo, once."""
    await provider.require_own(node.settings, node.stores.book)
    await node.gate.restore()
    await node.stock.finish_pending()
    await node.sweeper.recover()
    if node.settings.demo:
        await create_demo_show(
            book=node.stores.book,
            catalog=node.catalog,
            stock=node.stock,
            shows=node.shows,
            bags=node.bags,
            clock=node.clock,
        )


@contextlib.asynccontextmanager
async def open_sandbox(settings: Settings) -> AsyncIterator[SandboxProcess | None]:
    """Start the practice provider in a process of its own, if it is the one."""
    if settings.payments != "sandbox":
        yield None
        return
    async with SandboxProcess(
        store=settings.data_dir / "sandbox.db",
        socket=sandbox_socket(settings),
        api_key=sandbox_key(settings, "api"),
        webhook_secret=sandbox_key(settings, "webhook"),
        log_level=settings.log_level,
    ) as sandbox:
        yield sandbox


def announce(settings: Settings, port: int, sandbox: SandboxProcess | None) -> None:
    """Let the provider know where to reach us, and print where people do."""
    scheme = "https" if settings.certfile else "http"
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104
    base = f"{scheme}://{host}:{port}"
    if sandbox is not None:
        sandbox.send_webhooks_to(f"{base}/v1/payments/sandbox/webhook")
    print(f"Yellowcart is ready on {base}")
    if settings.demo:
        print(demo_lines(settings, base))
    sys.stdout.flush()


def demo_lines(settings: Settings, base: str) -> str:
    """Links and lines to try."""
    live = base.replace("http", "ws", 1) + "/live"
    python = sys.executable if sys.prefix != sys.base_prefix else "python"
    host = sign(settings.secret, claims("demo-host", Role.HOST, ttl_s=DAY_S))
    on = "" if settings.data_dir == Settings().data_dir else f" --data-dir {settings.data_dir}"
    return f"""
  viewer  {base}/watch/demo
  host    {base}/host/demo#token={host}

Try, in another terminal:
  curl {base}/v1/shows/demo
  {python} -m bots --url {live} --show demo --viewers 200 --buyers 20 --seconds 10
  {python} server.py audit{on}
Everything there is: {base}/docs   Stop with Ctrl-C."""


def claims(sub: str, role: Role, *, ttl_s: int) -> dict[str, str | int | bool]:
    """A token's claims that every role has."""
    return {"sub": sub, "role": role.value, "exp": int(time.time()) + ttl_s}


def stop_event() -> asyncio.Event:
    """Set when we are told to stop: SIGTERM, Ctrl-C, or a supervisor that is gone."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if WORKER in os.environ:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    return stop


def complain(message: str) -> int:
    """Say in one line what is wrong; the exit code of it."""
    print(f"yellowcart: {message}", file=sys.stderr)
    return 2


# The command line.


def token(settings: Settings, options: argparse.Namespace) -> int:
    """Print a signed token."""
    is_set = bool(settings.secret)
    settings = with_secret(settings, DataFolder(settings.data_dir))
    for ident in filter(None, (options.sub, options.show, options.shop)):
        if not is_id(ident):
            return complain(f"{ident!r} is no id: use 1 to 64 of A-Z a-z 0-9 _ and -.")
    if options.role == Role.SELLER and not options.shop:
        return complain("A seller's token names the shop: add --shop.")
    body = claims(options.sub, Role(options.role), ttl_s=options.ttl)
    named = {"name": options.name, "show": options.show, "shop": options.shop}
    whose = "YELLOWCART_SECRET" if is_set else f"the secret of {settings.data_dir.resolve()}"
    print(f"Signed with {whose}.", file=sys.stderr)
    print(sign(settings.secret, body | {key: text for key, text in named.items() if text}))
    return 0


@contextlib.asynccontextmanager
async def at_work(settings: Settings) -> AsyncIterator[tuple[Node, bool]]:
    """A node for one command, and whether it is alone: no server runs on its data folder."""
    folder = DataFolder(settings.data_dir)
    is_alone = folder.acquire()
    beside = "where no server runs" if is_alone else "beside its server"
    print(f"On {settings.data_dir.resolve()}, {beside}.", file=sys.stderr)
    settings = with_secret(settings, folder)
    at = Addresses.of(settings, shared=is_alone)
    async with contextlib.AsyncExitStack() as stack:
        if is_alone:
            await stack.enter_async_context(open_sandbox(settings))
            await stack.enter_async_context(serve_book(settings))
            await stack.enter_async_context(open_redis(settings))
            await prepare(at)
        stores = await stack.enter_async_context(Stores.connected(at))
        node = compose(settings, stores, SystemClock())
        stack.push_async_callback(node.provider.close)
        if is_alone:
            await make_ready(node)
            await deliver(node)
        yield node, is_alone


async def audit(settings: Settings, options: argparse.Namespace) -> int:
    """Print whether the books are right, a line for each check."""
    async with at_work(settings) as (node, _):
        if options.repair:
            await node.repair.say(print)
        checks = await node.audit.run()
    for check in checks:
        verdict = "ok" if check.ok else f"WRONG: expected {check.expected}, is {check.actual}"
        print(f"{check.name}: {verdict}")
    return 0 if all(check.ok for check in checks) else 1


async def import_products(settings: Settings, options: argparse.Namespace) -> int:
    """Take a file's products into a shop, and print what became of them."""
    shop, currency = options.shop, options.currency
    with opened(options.file, shop=shop, currency=currency, report=options.report) as job:
        sheet, report = job
        async with at_work(settings) as (node, is_alone):
            importer = Importer(
                shop=shop,
                currency=currency,
                intake=Intake(
                    catalog=node.catalog,
                    stock=node.stock,
                    book=node.stores.book,
                    scripts=node.stores.scripts,
                    clock=node.clock,
                ),
                outbox=node.outbox,
                report=report,
                progress=Progress(sys.stderr, node.clock, sheet.source.size),
                is_alone=is_alone,
                is_stopped=stop_event().is_set,
            )
            await importer.run(sheet)
        print(*report.lines(), sep="\n")
    return report.exit_code


async def deliver(node: Node) -> None:
    """Deliver what a stopped server has left in the outbox."""
    delivering = asyncio.create_task(node.outbox.run())
    await node.outbox.flush(START_S)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def doctor(settings: Settings) -> int:
    """Print whether the installation is sound, a line for each finding."""
    findings = [*await examine(settings), await provider.examine(settings)]
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FIX '} {finding.name}: {finding.text}")
    return 0 if all(finding.ok for finding in findings) else 1


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser(ABOUT).parse_args(argv)
    try:
        settings = Settings.load(vars(options), os.environ)
        logs.set_up(settings.log_level)
        return command(options.verb or "serve", settings, options)
    except (SettingsError, UnfitRedisError, Unreadable, Outage, OSError) as error:
        return complain(str(error))


def command(verb: str, settings: Settings, options: argparse.Namespace) -> int:
    """Run the command of a name."""
    if verb == "token":
        return token(settings, options)
    if verb != "doctor":
        provider.require(settings)
    if verb == "import-products":
        work = import_products(settings, options)
    elif verb == "audit":
        work = audit(settings, options)
    else:
        work = {"serve": serve, "doctor": doctor}[verb](settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


if __name__ == "__main__":
    sys.exit(main())
