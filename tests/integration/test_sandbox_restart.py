"""The practice provider after it died, when its disk is bad, and in every state."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError

from sandbox import till
from sandbox.errors import ProviderError
from sandbox.payments import METHODS, TRANSITIONS, WEBHOOKS, Payment, Status, Step
from sandbox.store import Store
from tests.integration.test_sandbox import practice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DIES = """
import asyncio, sys
from pathlib import Path
from base.clock import SystemClock
from sandbox.app import Sandbox
from sandbox.payments import METHODS
from aiohttp import ClientSession

async def main():
    sandbox = Sandbox(path=Path(sys.argv[1]), api_key="k", webhook_secret="s", webhook_url=None,
                      clock=SystemClock(), slow_s=60, webhook_only_s=60)
    await sandbox.start()
    base = f"http://127.0.0.1:{sandbox.port}"
    async with ClientSession(base, headers={"Authorization": "Bearer k"}) as session:
        for token in sys.argv[2:]:
            await session.put("/v1/payments/" + token, json={"amount": 500, "currency": "USD"})
            confirm = session.post("/v1/payments/" + token + "/confirm",
                                   json={"method": token, "key": "try-1"})
            if METHODS[token].waits:
                paying = asyncio.ensure_future(confirm)
                while (await (await session.get("/v1/payments/" + token)).json())["status"] \\
                        != "processing":
                    pass
            else:
                await confirm
        print("done", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""

REACH: dict[Status, Sequence[Step]] = {
    Status.REQUIRES_METHOD: (),
    Status.REQUIRES_ACTION: (Step.CHALLENGE,),
    Status.PROCESSING: (Step.BEGIN,),
    Status.SUCCEEDED: (Step.CHARGE,),
    Status.CANCELED: (Step.CANCEL,),
}


async def test_what_was_answered_survives_a_kill_and_what_was_under_way_is_finished(
    tmp_path: Path,
) -> None:
    tokens = ("tok_ok", "tok_declined", "tok_3ds", "tok_slow", "tok_webhook_only")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DIES,
        str(tmp_path / "sandbox.db"),
        *tokens,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"done\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async with practice(tmp_path) as desk:
        told = await desk.shop.heard(4)

        assert sorted((d.event["data"]["id"], d.kind) for d in told) == [
            ("tok_declined", "payment.failed"),
            ("tok_ok", "payment.succeeded"),
            ("tok_slow", "payment.succeeded"),
            ("tok_webhook_only", "payment.succeeded"),
        ]
        assert {charge["id"] for charge in await desk.charges()} == {
            "tok_ok",
            "tok_slow",
            "tok_webhook_only",
        }
        assert (await desk.find("tok_3ds"))["status"] == "requires_action"
        assert (await desk.confirm("tok_declined", payment="tok_declined"))[0] == 402


async def test_a_stop_during_a_slow_payment_leaves_it_to_the_next_start(tmp_path: Path) -> None:
    async with practice(tmp_path, slow_s=60) as desk:
        await desk.create()
        paying = asyncio.create_task(desk.confirm("tok_slow"))
        await desk.under_way()
    with pytest.raises((ClientError, ConnectionError)):
        await paying

    async with practice(tmp_path) as desk:
        await desk.shop.heard(1)
        assert (await desk.find())["captured"] == 1999


async def test_a_store_that_cannot_be_written_leaves_the_outcome_open_and_comes_back(
    tmp_path: Path,
) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        other = sqlite3.connect(tmp_path / "sandbox.db")
        other.execute("ALTER TABLE charges RENAME TO elsewhere")

        status, body = await desk.confirm("tok_ok")

        assert (status, body["error"]["code"]) == (500, "internal")
        assert (await desk.find())["status"] == "requires_method"
        other.execute("ALTER TABLE elsewhere RENAME TO charges")
        other.close()
        assert (await desk.confirm("tok_ok"))[0] == 200


async def test_one_failing_piece_of_work_does_not_undo_its_neighbours(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    await store.open()
    order = till.Order(amount=5, currency="USD", metadata={})

    def half(db: sqlite3.Connection) -> None:
        till.create(db, "pay_half", order, 0)
        raise ZeroDivisionError

    ends = await asyncio.gather(
        store.run(lambda db: till.create(db, "pay_a", order, 0)),
        store.run(half),
        store.run(lambda db: till.create(db, "pay_b", order, 0)),
        return_exceptions=True,
    )

    assert isinstance(ends[1], ZeroDivisionError)
    assert (await store.run(lambda db: till.find(db, "pay_a"))).amount == 5
    assert (await store.run(lambda db: till.find(db, "pay_b"))).amount == 5
    with pytest.raises(ProviderError):
        await store.run(lambda db: till.find(db, "pay_half"))
    await store.close()
    with pytest.raises(ProviderError):
        await store.run(lambda db: till.find(db, "pay_a"))


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", Step)
async def test_every_step_from_every_state_does_what_the_table_says(
    tmp_path: Path, status: Status, step: Step
) -> None:
    store = Store(tmp_path / "sandbox.db")
    await store.open()

    def walk(db: sqlite3.Connection) -> tuple[Payment | None, Payment, int, list[bytes]]:
        till.create(db, "pay_mug", till.Order(amount=5, currency="USD", metadata={}), 0)
        for earlier in REACH[status]:
            till.advance(db, "pay_mug", earlier, 1)
        db.execute("DELETE FROM events")
        after = till.advance(db, "pay_mug", step, 2)
        number = len(till.charges(db, 0, 100)[0])
        events = [bytes(row["body"]) for row in db.execute("SELECT body FROM events")]
        return after, till.find(db, "pay_mug"), number, events

    after, found, charged, events = await store.run(walk)
    await store.close()

    allowed = TRANSITIONS.get((status, step))
    assert (after is not None) == (allowed is not None)
    assert found.status is (allowed or status)
    assert found.captured == (5 if found.status is Status.SUCCEEDED else 0)
    assert charged == (found.captured > 0)
    assert len(events) == (allowed is not None and step in WEBHOOKS)


def test_every_first_step_of_a_token_is_possible_where_a_try_may_begin() -> None:
    for method in METHODS.values():
        for status in (Status.REQUIRES_METHOD, Status.REQUIRES_ACTION):
            assert method.step is None or (status, method.step) in TRANSITIONS


async def test_a_payment_is_captured_once_even_if_the_table_were_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**TRANSITIONS, (Status.SUCCEEDED, Step.CHARGE): Status.SUCCEEDED}
    monkeypatch.setattr(till, "TRANSITIONS", wrong)
    store = Store(tmp_path / "sandbox.db")
    await store.open()

    def twice(db: sqlite3.Connection) -> tuple[Payment | None, Payment | None]:
        till.create(db, "pay_mug", till.Order(amount=5, currency="USD", metadata={}), 0)
        first = till.advance(db, "pay_mug", Step.CHARGE, 1)
        return first, till.advance(db, "pay_mug", Step.CHARGE, 2)

    first, second = await store.run(twice)
    await store.close()

    assert first is not None
    assert second is None
