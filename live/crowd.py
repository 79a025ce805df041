"""Who is in a room on this node: cohorts of members who have been told the same.

A cohort has one place in the feed for all its members, so that telling it is one write for
each and nothing besides: a crowd costs what its sockets cost. Who cannot be told, for its
socket is full, stands aside until it drains.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from base.threads import AT_WORK
from live.wire import Format

__all__ = ["CHUNK", "Cohort", "Crowd", "Member"]

logger = logging.getLogger(__name__)

CHUNK: Final = 100
"""Members of a cohort at most, and told in one go: about 1 ms."""


class Member(Protocol):
    """A connection, as a room sees it.

    Attributes:
        is_ready: Whether its socket takes more without piling up.
        epoch, seq: The feed up to which it has been told; of its cohort, while it has one.
        cohort: With whom it is told; None: it stands aside, or is in no room.
        missed_gauges: Whether it was passed over when a gauge was told.
        hosts: Whether it is told what only the host may know.
        watches: Whether it counts as a viewer.

    """

    is_ready: bool
    fmt: Format
    epoch: str
    seq: int
    cohort: Cohort | None
    missed_gauges: bool
    hosts: bool
    watches: bool

    @property
    def offer(self) -> Callable[[bytes], int]:
        """What sends framed bytes as far as the socket takes them; called only when it is ready.

        It returns how many that were, and raises ``OSError`` for none.
        """
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Send framed bytes as they are; what the socket does not take now waits."""
        ...

    def drop(self) -> None:
        """End the connection: it cannot be told what the others are."""
        ...


class Cohort:
    """Members who have been told the same.

    Attributes:
        epoch, seq: The feed up to which all have been told.
        offers: What sends to each of them.
        is_waiting: Whether a walk is about to tell it what may be older than what those know
            who come now.

    """

    __slots__ = ("epoch", "fmt", "hosts", "is_waiting", "offers", "seq")

    def __init__(self, like: Member) -> None:
        self.fmt, self.hosts = like.fmt, like.hosts
        self.epoch, self.seq = like.epoch, like.seq
        self.offers: dict[Member, Callable[[bytes], int]] = {}
        self.is_waiting = False

    def __len__(self) -> int:
        """How many they are."""
        return len(self.offers)

    def stands_with(self, other: Cohort | Member) -> bool:
        """Whether another has been told the same, and will be."""
        is_same = self.seq == other.seq and self.epoch == other.epoch
        return is_same and not self.is_waiting

    def add(self, member: Member) -> None:
        """Take a member in that has been told the same."""
        self.offers[member] = member.offer
        member.cohort = self

    def remove(self, member: Member) -> None:
        """Let a member go on alone from here."""
        del self.offers[member]
        member.epoch, member.seq, member.cohort = self.epoch, self.seq, None


class Crowd:
    """Everybody in a room: in cohorts who is ready, aside who is not."""

    def __init__(self) -> None:
        self._cohorts: dict[tuple[Format, bool], list[Cohort]] = {
            (fmt, hosts): [] for fmt in Format for hosts in (False, True)
        }
        self._aside: dict[Member, None] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many they are."""
        return self._count

    def __iter__(self) -> Iterator[Member]:
        """Everybody here now."""
        everybody = [member for cohort in self.cohorts for member in cohort.offers]
        return iter([*everybody, *self._aside])

    @property
    def cohorts(self) -> list[Cohort]:
        """All who are ready."""
        return [cohort for cohorts in self._cohorts.values() for cohort in cohorts]

    @property
    def aside(self) -> list[Member]:
        """Those who are not ready."""
        return list(self._aside)

    def enter(self, member: Member) -> None:
        """Take a member in; what it has been told must be set already."""
        self.place(member)
        self._count += 1

    def leave(self, member: Member) -> bool:
        """Let a member go; whether it was here."""
        if not self.lift(member):
            return False
        self._count -= 1
        return True

    def lift(self, member: Member) -> bool:
        """Take a member out of its place, to be told alone; whether it had one."""
        if member.cohort is None:
            return self._aside.pop(member, self) is None
        self._part(member, member.cohort)
        return True

    def place(self, member: Member) -> None:
        """Put a member where it belongs: with those who have been told the same, or aside."""
        if not member.is_ready:
            self._aside[member] = None
            return
        cohorts = self._cohorts[member.fmt, member.hosts]
        last = cohorts[-1] if cohorts else None
        if last is None or len(last) >= CHUNK or not last.stands_with(member):
            last = Cohort(member)
            cohorts.append(last)
        last.add(member)

    def set_aside(self, member: Member) -> None:
        """A member is not ready any more: it is told nothing until it is."""
        if member.cohort is not None:
            self._part(member, member.cohort)
            self._aside[member] = None

    def _part(self, member: Member, cohort: Cohort) -> None:
        cohort.remove(member)
        if not cohort.offers:
            self._cohorts[cohort.fmt, cohort.hosts].remove(cohort)

    def tell(self, cohort: Cohort, data: bytes, seq: int) -> None:
        """Write to everybody of a cohort: then they have been told up to ``seq``.

        Who is full after that stands aside by itself; whose transport fails is dropped.
        """
        cohort.seq = seq
        size = len(data)
        for member, offer in cohort.offers.copy().items():
            if AT_WORK:
                # A send would let them have the interpreter, and wait for it, once a member.
                self._write(member, data)
                continue
            try:
                taken = offer(data)
            except Exception:  # noqa: BLE001  # Full or broken: its transport knows what to do.
                taken = 0
            if taken != size:
                self._write(member, memoryview(data)[taken:])

    def _write(self, member: Member, data: bytes | memoryview) -> None:
        try:
            member.write(data)
        except Exception:
            logger.exception("a member could not be written to")
            member.drop()
            self.set_aside(member)

    def merge(self) -> None:
        """Make small cohorts into larger ones where they have been told the same.

        Not during a walk, which may have told the one and not the other.
        """
        for key, cohorts in self._cohorts.items():
            for cohort in cohorts:
                cohort.is_waiting = False
            self._cohorts[key] = _merged(cohorts)


def _merged(cohorts: list[Cohort]) -> list[Cohort]:
    merged: list[Cohort] = []
    for cohort in cohorts:
        last = merged[-1] if merged else None
        if last is not None and last.stands_with(cohort) and len(last) + len(cohort) <= CHUNK:
            for member in cohort.offers:
                last.add(member)
            cohort.offers = {}
        else:
            merged.append(cohort)
    return merged
