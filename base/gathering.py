"""What is asked in one turn of the loop is done together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from base.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from base.tasks import Tasks

__all__ = ["Gathering"]

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """Collects questions of one turn of the loop and answers each.

    Args:
        answer: Answers questions in their order; an exception among the answers is raised
            where its question was asked, one that it raises at all of them.
        tasks: Owns the answering, which goes on when who asked has gone away.
        most: Questions answered at once.

    """

    def __init__(
        self,
        answer: Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]],
        tasks: Tasks,
        most: int,
    ) -> None:
        self._answer = answer
        self._tasks = tasks
        self._most = most
        self._asked: list[tuple[T, asyncio.Future[R]]] = []

    async def ask(self, question: T) -> R:
        """Ask together with all who ask now.

        Raises:
            Outage: Too much is under way, or the answering was cancelled; else as it says.

        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._asked.append((question, future))
        if len(self._asked) == 1:
            loop.call_soon(self._start)
        try:
            return await future
        finally:
            # An error holds this frame, and the future holds the error.
            del future

    def _start(self) -> None:
        asked, self._asked = self._asked, []
        for first in range(0, len(asked), self._most):
            some = asked[first : first + self._most]
            try:
                task = self._tasks.start(self._serve(some))
            except Outage:
                _tell_outage(some, None)
            else:
                # For one that is cancelled, maybe before it begins.
                task.add_done_callback(partial(_tell_outage, some))

    async def _serve(self, some: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._answer([question for question, _ in some])
        except Exception as error:  # noqa: BLE001 - it belongs to who asked
            answers = [error] * len(some)
        for (_, future), answer in zip(some, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
                future.exception()  # read here: who went away will not read it
            else:
                future.set_result(answer)
        # Else errors among them would hold this frame, and it them.
        del answers
        some.clear()


def _tell_outage(some: Sequence[tuple[T, asyncio.Future[R]]], _: object) -> None:
    for _, future in some:
        if not future.done():
            future.set_exception(Outage())
            future.exception()  # as above
