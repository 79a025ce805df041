"""What the book notes while a payment is under way; nothing here makes an order.

A fact that may be old news by the time it is written (declined, waiting for the buyer) comes
with the version of the checkout that it was learnt about, and is dropped for a later one:
otherwise the echo of a first try could end the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from base.errors import Conflict, Expired, InProgress, Invalid, NotFound
from checkout import rows
from checkout.change import Change
from checkout.events import note_end
from checkout.record import EXPIRED, Attempt, Record
from checkout.state import State
from store.sql.rows import Connection, add, add_all, change
from store.sql.tables import checkouts, payments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.checkout import Action, Address, Failure

__all__ = [
    "CONFIRM_MS",
    "MOST_TRIES",
    "POLL_MS",
    "Try",
    "attempt_id",
    "begin",
    "begin_all",
    "look_later",
    "note_action",
    "note_canceled",
    "note_declined",
    "note_unknown",
    "note_unsent",
    "postpone",
    "start_cancel",
]

PAYING: Final = "This purchase is being paid already. Wait for its outcome, or cancel it."

MOST_TRIES: Final = 5
"""Declined payments of one checkout: enough for a typing error, few for card testing."""

CONFIRM_MS: Final = 40_000
"""Until then a confirm may still be on its way to the provider: the client gives up earlier."""

POLL_MS: Final = 30_000
"""Between looks at the provider while nobody tells us anything."""

_ASKING: Final = frozenset({State.PAY_PENDING, State.UNKNOWN})


def attempt_id(checkout: str) -> str:
    """The payment's id at the provider: one a checkout, so that it is charged once at most."""
    return "pay_" + checkout.removeprefix("co_")[:60]


def begin(
    conn: Connection,
    checkout: str,
    viewer: str | None,
    ship_to: Address | None,
    provider: str,
    now_ms: int,
) -> Record:
    """Note that the provider is about to be asked; what is paid stays as it is.

    Raises:
        NotFound, InProgress, Expired, Conflict, Invalid: As the contract's "Pay" says.

    """
    record = rows.owned(conn, checkout, viewer)
    if record is None:
        raise NotFound("There is no such checkout. Start a new one.")
    if record.state is State.PAID:
        return record
    _require_payable(record, now_ms)
    address = ship_to or record.ship_to
    if address is None:
        raise Invalid("ship_to is missing: where should the order go?")
    return rows.move(
        conn,
        _one_try_more(conn, record, provider),
        State.PAY_PENDING,
        ship_to=address,
        failure=None,
        next_at=min(now_ms + CONFIRM_MS, record.pay_by),
    )


class Try(Struct, frozen=True, kw_only=True, gc=False):
    """Who wants to pay what; see :func:`begin`."""

    checkout: str
    viewer: str | None
    ship_to: Address | None
    provider: str
    now_ms: int


def begin_all(conn: Connection, tries: Sequence[Try]) -> list[Record | None]:
    """Begin the first try of several checkouts, as nearly all are; on SQLite.

    Returns:
        What was begun; None for the others, which are to be begun one by one.

    """
    found = rows.all_by_id(conn, [one.checkout for one in tries])
    # Popped: of two tries at the same only one is the first.
    begun = [_first_try(found.pop(one.checkout, None), one) for one in tries]
    new = [record for record in begun if record is not None]
    if not new:
        return begun
    add_all(conn, payments, [_payment(record) for record in new])
    changed = ("state", "ship_to", "failure", "next_at")
    if not rows.move_all(conn, new, [record.version - 1 for record in new], changed):
        raise AssertionError("a checkout changed within an operation")
    return begun


def _first_try(record: Record | None, one: Try) -> Record | None:
    if record is None or one.viewer not in {None, record.viewer}:
        return None
    address = one.ship_to or record.ship_to
    is_plain = record.state is State.RESERVED and record.attempt is None
    if not is_plain or one.now_ms >= record.pay_by or address is None:
        return None
    return replace(
        record,
        version=record.version + 1,
        state=State.PAY_PENDING,
        ship_to=address,
        failure=None,
        next_at=min(one.now_ms + CONFIRM_MS, record.pay_by),
        attempt=_first_attempt(record, one.provider),
    )


def note_unsent(conn: Connection, attempt: str, version: int) -> Change:
    """The provider was not reached, nothing can be charged: as before the try."""
    record = _of(conn, attempt)
    if record.version != version or record.state not in _ASKING:
        return Change(record, changed=False)
    return Change(_as_before(conn, record), changed=True)


def note_unknown(conn: Connection, attempt: str, version: int, now_ms: int) -> Change:
    """The provider's answer was lost: money may be moving."""
    record = _of(conn, attempt)
    if record.version != version or record.state is not State.PAY_PENDING:
        return Change(record, changed=False)
    due = min(now_ms + CONFIRM_MS, record.pay_by)
    return Change(rows.move(conn, record, State.UNKNOWN, next_at=due), changed=True)


def note_action(
    conn: Connection, attempt: str, version: int, action: Action | None, now_ms: int
) -> Change:
    """The provider works on it, or waits for the buyer to do something."""
    record = _of(conn, attempt)
    if record.version != version or record.state not in _ASKING:
        return Change(record, changed=False)
    if record.state is State.PAY_PENDING and record.action == action:
        return Change(_postponed(conn, record, now_ms + POLL_MS), changed=False)
    due = min(now_ms + POLL_MS, record.pay_by)
    if record.state is State.UNKNOWN:
        after = rows.move(conn, record, State.PAY_PENDING, action=action, next_at=due)
    else:
        after = rows.touch(conn, record, action=action, next_at=due)
    return Change(after, changed=True)


def note_declined(
    conn: Connection, attempt: str, version: int, failure: Failure, now_ms: int
) -> Change:
    """The payment was refused: reserved again, or failed after the last try."""
    record = _of(conn, attempt)
    if record.version != version or record.state not in _ASKING:
        return Change(record, changed=False)
    if record.paying.tries < MOST_TRIES:
        changes = {"action": None, "failure": failure, "next_at": record.pay_by}
        return Change(rows.move(conn, record, State.RESERVED, **changes), changed=True)
    rows.release(conn, record, now_ms)
    # Due at once: the sweeper closes the payment at the provider.
    end = {"action": None, "failure": failure, "next_at": now_ms}
    return _ended(conn, rows.move(conn, record, State.FAILED, **end), now_ms)


def start_cancel(conn: Connection, checkout: str, now_ms: int) -> Change:
    """End an open checkout; with a live payment only ask for that: the provider decides.

    The end is ``expired`` when the time to pay is over, and ``cancelled`` before.

    Raises:
        NotFound: There is no such checkout.

    """
    record = rows.by_id(conn, checkout)
    if record is None:
        raise NotFound("There is no such checkout. Start a new one.")
    if not record.is_open or record.state is State.CANCELING:
        return Change(record, changed=False)
    if record.is_queued:
        # As if it had never been paid: the provider has not heard of it.
        record = _as_before(conn, record)
    aim = State.EXPIRED if now_ms >= record.pay_by else State.CANCELLED
    failure = EXPIRED if aim is State.EXPIRED else None
    if record.attempt is not None and record.attempt.is_live:
        changes = {"action": None, "failure": failure, "next_at": now_ms}
        return Change(rows.move(conn, record, State.CANCELING, **changes), changed=True)
    rows.release(conn, record, now_ms)
    return _ended(conn, rows.move(conn, record, aim, failure=failure, next_at=None), now_ms)


def note_canceled(conn: Connection, attempt: str, now_ms: int) -> Change:
    """The provider will never take this money: what waited for that ends now."""
    record = _of(conn, attempt)
    if record.state is State.RESERVED:
        # The buyer's next try will meet the canceled payment and hear of it.
        return Change(record, changed=False)
    change(conn, payments, {"id": attempt, "state": "created"}, state="cancelled")
    if not record.is_open:
        return Change(_postponed(conn, record, None), changed=False)
    rows.release(conn, record, now_ms)
    if record.state is State.CANCELING:
        to = State.EXPIRED if record.failure == EXPIRED else State.CANCELLED
    else:
        to = State.FAILED
    return _ended(conn, rows.move(conn, record, to, action=None, next_at=None), now_ms)


def postpone(conn: Connection, checkout: str, version: int, due_ms: int | None) -> None:
    """Let the sweeper look again at ``due_ms``, or never; changes nothing that is shown.

    A checkout that has changed meanwhile has another time, or none: it would be due for ever.
    """
    change(conn, checkouts, {"id": checkout, "version": version}, next_at=due_ms)


def look_later(conn: Connection, record: Record, due_ms: int) -> None:
    """Let the sweeper look again at ``due_ms``, unless anything gave it another time meanwhile."""
    seen = {"id": record.id, "version": record.version, "next_at": record.next_at}
    change(conn, checkouts, seen, next_at=due_ms)


def _ended(conn: Connection, after: Record, now_ms: int) -> Change:
    note_end(conn, after, now_ms)
    return Change(after, changed=True)


def _postponed(conn: Connection, record: Record, due_ms: int | None) -> Record:
    if due_ms is not None:
        due_ms = min(due_ms, record.pay_by)
    postpone(conn, record.id, record.version, due_ms)
    return replace(record, next_at=due_ms)


def _as_before(conn: Connection, record: Record) -> Record:
    """The checkout without this try."""
    before = rows.change_payment(conn, record, tries=record.paying.tries - 1)
    return rows.move(conn, before, State.RESERVED, action=None, next_at=record.pay_by)


def _require_payable(record: Record, now_ms: int) -> None:
    if record.is_pending:
        raise InProgress(PAYING, checkout=record.id)
    is_late = record.state is State.RESERVED and now_ms >= record.pay_by
    if is_late or record.state is State.EXPIRED:
        raise Expired("The time to pay is over. Start again.")
    if record.state is not State.RESERVED:
        raise Conflict("This checkout has ended. Start a new one.")


def _one_try_more(conn: Connection, record: Record, provider: str) -> Record:
    """The checkout with this try counted, its payment made if this is the first."""
    if record.attempt is not None:
        queued = record.attempt.state == "queued"
        state = "created" if queued else record.attempt.state
        return rows.change_payment(conn, record, tries=record.attempt.tries + 1, state=state)
    begun = replace(record, attempt=_first_attempt(record, provider))
    add(conn, payments, **_payment(begun))
    return begun


def _first_attempt(record: Record, provider: str) -> Attempt:
    return Attempt(
        id=attempt_id(record.id),
        provider=provider,
        amount=record.total,
        currency=record.currency,
        state="created",
        tries=1,
        captured=0,
    )


def _payment(record: Record) -> dict[str, object]:
    attempt = record.paying
    columns = {name: getattr(attempt, name) for name in Attempt.__struct_fields__}
    return {"checkout": record.id, **columns}


def _of(conn: Connection, attempt: str) -> Record:
    record = rows.by_attempt(conn, attempt)
    if record is None:
        raise NotFound("There is no such payment.")
    return record
