"""Work: what is to be sent to endpoints, and what became of it, in the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shop.events import event_of, last_position
from shop.webhooks.endpoint import Outcome
from store.sql.event_tables import events, webhook_attempts, webhook_endpoints, webhook_retries
from store.sql.rows import (
    Connection,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    insert_or_ignore,
    or_,
    select,
    update,
)

if TYPE_CHECKING:
    from shop.happened import Event

__all__ = [
    "SILENT",
    "Attempt",
    "Task",
    "Work",
    "due",
    "forget",
    "next_work",
    "oldest_waiting",
    "put_retry",
    "record",
    "skip",
]

SILENT: Final = 3
"""Failures in a row after which an answer means that the endpoint is back: what waits is sent
at once, in order. Fewer are one event that it does not like."""

_points, _retries, _log = webhook_endpoints, webhook_retries, webhook_attempts


@dataclass(frozen=True, slots=True)
class Task:
    """An event to deliver: its place, and how often it was tried."""

    event: Event
    position: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be sent to an endpoint now, in order.

    Attributes:
        failures: Of the endpoint, in a row.
        failing_since: When the first of them was, in Unix ms.

    """

    endpoint: str
    url: str
    secret: str
    failures: int
    failing_since: int | None
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of an attempt.

    Attributes:
        retry_at: When the event is tried again; None: never.
        rest_until: Until when the endpoint is left alone.
        is_off: Whether the endpoint is switched off.

    """

    task: Task
    at: int
    outcome: Outcome
    status: int | None
    duration_ms: int
    error: str | None
    retry_at: int | None = None
    rest_until: int = 0
    is_off: bool = False


def due(conn: Connection, now_ms: int, limit: int) -> list[tuple[str, bool]]:
    """Endpoints to which something is to be sent, and whether each is failing.

    Those that answer come before those that fail, then who was left alone for the longest.
    """
    later = events.c.position > _points.c.position
    # Apart, so that each finds its index: a quiet shop must not look through the others' events.
    new = or_(
        and_(_points.c.shop.is_(None), exists().where(later)),
        exists().where(events.c.shop == _points.c.shop, later),
    )
    retry = exists().where(
        _retries.c.endpoint == _points.c.id,
        _retries.c.next_at <= now_ms,
        events.c.id == _retries.c.event,
    )
    is_failing = case((_points.c.failures > 0, 1), else_=0)
    query = (
        select(_points.c.id, _points.c.failures)
        .where(_points.c.off_at.is_(None), _points.c.next_at <= now_ms, or_(new, retry))
        .order_by(is_failing, _points.c.next_at, _points.c.id)
        .limit(limit)
    )
    return [(row.id, row.failures > 0) for row in conn.execute(query)]


def next_work(conn: Connection, endpoint: str, now_ms: int, limit: int) -> Work | int | None:
    """What to send to an endpoint: what is to be tried again, then what is new.

    Returns:
        The work; or, when nothing concerns it, the place up to which that is so; or None:
        it is gone, off, or to be left alone.

    """
    row = conn.execute(select(_points).where(_points.c.id == endpoint)).one_or_none()
    if row is None or row.off_at is not None or row.next_at > now_ms:
        return None
    last = last_position(conn)
    query = select(events, _retries.c.tries).join(_retries, _retries.c.event == events.c.id)
    query = query.where(_retries.c.endpoint == endpoint, _retries.c.next_at <= now_ms)
    found = [*conn.execute(query.order_by(_retries.c.position).limit(limit))]
    tasks = [Task(event_of(one), one.position, one.tries) for one in found]
    fresh = select(events).where(events.c.position > row.position)
    if row.shop is not None:
        fresh = fresh.where(events.c.shop == row.shop)
    if row.kinds is not None:
        fresh = fresh.where(events.c.kind.in_(row.kinds))
    fresh = fresh.order_by(events.c.position).limit(limit - len(tasks))
    tasks += [Task(event_of(one), one.position, 0) for one in conn.execute(fresh)]
    if not tasks:
        return last
    return Work(
        endpoint=endpoint,
        url=row.url,
        secret=row.secret,
        failures=row.failures,
        failing_since=row.failing_since,
        tasks=tuple(tasks),
    )


def skip(conn: Connection, endpoint: str, position: int) -> None:
    """Nothing up to that place concerns the endpoint."""
    mine = and_(_points.c.id == endpoint, _points.c.position < position)
    conn.execute(update(_points).where(mine).values(position=position))


def record(conn: Connection, endpoint: str, made: Attempt) -> bool:
    """Note what became of an attempt; whether the endpoint is still there."""
    row = conn.execute(select(_points).where(_points.c.id == endpoint)).one_or_none()
    if row is None:
        return False
    event, is_good = made.task.event.id, made.outcome is Outcome.DELIVERED
    conn.execute(insert(_log), _entry(endpoint, made))
    mine = and_(_retries.c.endpoint == endpoint, _retries.c.event == event)
    if is_good:
        conn.execute(delete(_retries).where(mine))
        if row.failures >= SILENT:
            waiting = and_(_retries.c.endpoint == endpoint, _retries.c.next_at > made.at)
            conn.execute(update(_retries).where(waiting).values(next_at=made.at))
    else:
        tries, position = made.task.tries + 1, made.task.position
        put_retry(conn, endpoint, event, position, tries=tries, next_at=made.retry_at)
    conn.execute(
        update(_points)
        .where(_points.c.id == endpoint)
        .values(
            position=max(row.position, made.task.position),
            failures=0 if is_good else row.failures + 1,
            failing_since=None if is_good else row.failing_since or made.at,
            next_at=made.at if is_good else made.rest_until,
            off_at=made.at if made.is_off else None if is_good else row.off_at,
        )
    )
    return True


def oldest_waiting(conn: Connection) -> int | None:
    """When the oldest event happened that an endpoint which is on has not got yet."""
    later = select(events.c.at).where(events.c.position > _points.c.position)
    later = later.order_by(events.c.position).limit(1)
    own = later.where(events.c.shop == _points.c.shop)
    first = case((_points.c.shop.is_(None), later.scalar_subquery()), else_=own.scalar_subquery())
    again = select(func.min(events.c.at)).join(_retries, _retries.c.event == events.c.id)
    again = again.join(_points, _points.c.id == _retries.c.endpoint)
    is_on = _points.c.off_at.is_(None)
    found = (
        conn.execute(select(func.min(first)).where(is_on)).scalar_one(),
        conn.execute(again.where(is_on, _retries.c.next_at.is_not(None))).scalar_one(),
    )
    return min((at for at in found if at is not None), default=None)


def forget(conn: Connection, before: int, limit: int) -> int:
    """Drop attempts that are too old, and retries whose events are gone; how many attempts."""
    old = select(_log.c.id).where(_log.c.at < before).limit(limit)
    numbers = conn.execute(old).scalars().all()
    if numbers:
        conn.execute(delete(_log).where(_log.c.id.in_(numbers)))
    conn.execute(delete(_retries).where(~exists().where(events.c.id == _retries.c.event)))
    return len(numbers)


def put_retry(
    conn: Connection, endpoint: str, event: str, position: int, *, tries: int, next_at: int | None
) -> None:
    """Have an event sent to an endpoint again at ``next_at``; None: it was given up."""
    ident: dict[str, Any] = {"endpoint": endpoint, "event": event}
    values: dict[str, Any] = {"position": position, "tries": tries, "next_at": next_at}
    if not insert_or_ignore(conn, _retries, **ident, **values):
        mine = and_(_retries.c.endpoint == endpoint, _retries.c.event == event)
        conn.execute(update(_retries).where(mine).values(**values))


def _entry(endpoint: str, made: Attempt) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "event": made.task.event.id,
        "attempt": made.task.tries + 1,
        "at": made.at,
        "outcome": made.outcome.value,
        "status": made.status,
        "duration_ms": made.duration_ms,
        "error": made.error,
        "next_at": made.retry_at,
    }
