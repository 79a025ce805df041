"""The one way from a node to a store: it yields, may fail, and may end its caller."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from base.errors import Outage
from tests.simulation.loop import LIFE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.fate import Fate
    from tests.simulation.loop import Life
    from tests.simulation.trace import Trace

T = TypeVar("T")


class Wire:
    """Carries calls to the stores.

    Args:
        fate: Decides what goes wrong.
        trace: Hears of every step.
        crash: Ends a process.

    """

    def __init__(self, fate: Fate, trace: Trace, crash: Callable[[Life], None]) -> None:
        self.fate = fate
        self.trace = trace
        self.is_cut = False
        self._crash = crash

    async def carry(self, kind: str, name: str, act: Callable[[], T]) -> T:
        """Do ``act``, a call of that name, between two turns of the loop."""
        if self.is_cut:
            raise Outage
        life = LIFE.get()
        if life is None:
            return act()
        fault = self.fate.of(kind, name)
        await asyncio.sleep(self.fate.pause_s() if fault == "slow" else 0)
        if self.is_cut:
            raise Outage
        self.trace.add(life.name, name, fault)
        if fault == "before":
            raise Outage
        if fault == "crash before":
            await self.die(life)
        result = act()
        if fault == "crash after":
            await self.die(life)
        await asyncio.sleep(0)
        if fault == "after":
            raise Outage
        return result

    async def die(self, life: Life) -> NoReturn:
        """Be killed here: nothing of this process runs again."""
        self._crash(life)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("the dead do not wake")


def named(op: Any) -> str:
    """An operation of the book by its name."""
    return str(op.__name__)
