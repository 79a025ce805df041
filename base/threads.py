"""Threads that run Python beside the loop, and who of them is at work.

All share one interpreter. Whoever lets go of it around a call of the system, as a socket's
``send`` does, may wait for milliseconds until another thread gives it back: nothing once, but
seconds when a crowd is told one by one.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["AT_WORK", "aside", "at_work"]

P = ParamSpec("P")
T = TypeVar("T")

AT_WORK: Final[set[int]] = set()
"""Idents of the threads that are at work now; the loop's own is not among them."""


@contextmanager
def at_work() -> Iterator[None]:
    """Be known to work, in this thread, while the block runs."""
    me = threading.get_ident()
    AT_WORK.add(me)
    try:
        yield
    finally:
        AT_WORK.discard(me)


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what takes longer than a loop may stand still in a thread of its own."""

    def known() -> T:
        with at_work():
            return work(*args, **kwargs)

    return await asyncio.to_thread(known)
