"""The practice provider's process is started again, also when that fails at first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.process import SandboxProcess
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_start_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin, failures = asyncio.create_subprocess_exec, [OSError("no memory"), OSError("no files")]
    async with SandboxProcess(
        store=tmp_path / "sandbox.db",
        socket=tmp_path / "s",
        api_key="k",
        webhook_secret="s",
        log_level="INFO",
    ) as kept:
        first = kept._process
        assert first is not None
        await until((tmp_path / "s").exists)

        async def out_of_memory(*args: Any, **more: Any) -> asyncio.subprocess.Process:
            if failures:
                raise failures.pop()
            return await begin(*args, **more)

        monkeypatch.setattr(asyncio, "create_subprocess_exec", out_of_memory)
        first.kill()

        await until(lambda: kept._process is not first)
        await until((tmp_path / "s").exists)

    assert caplog.text.count("cannot be started") == 2
