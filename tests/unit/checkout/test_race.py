"""Who loses a race repeats; who always loses gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, TypeVarTuple, cast

import pytest

from base.errors import Outage
from checkout.race import Raced, insist

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.sql.rows import Connection


T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class BusyBook:
    """A book in which others are faster some times."""

    def __init__(self, losses: int) -> None:
        self.losses = losses

    @property
    def shares_commits(self) -> bool:
        return False

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        if self.losses:
            self.losses -= 1
            raise Raced
        return op(cast("Connection", None), *args)

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        return op(cast("Connection", None), *args)

    async def close(self) -> None:
        """Nothing to let go."""


def double(conn: Connection, number: int) -> int:
    del conn
    return 2 * number


async def test_a_lost_race_is_run_again() -> None:
    assert await insist(BusyBook(3), double, 21) == 42


async def test_losing_every_time_is_an_outage() -> None:
    with pytest.raises(Outage):
        await insist(BusyBook(1000), double, 21)
