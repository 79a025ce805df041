"""Guards of paying, ending and late money; of the sweeper, webhooks, ledger and outbox."""

from __future__ import annotations

from typing import Final

from tests.mutation.guard import CHECKOUT, SCHEMA, SHOP, STORE, STORIES, Guard

TOGETHER: Final = CHECKOUT + "test_paid_together.py"

MONEY_GUARDS: Final = (
    # Paying.
    Guard(
        "pay: one try at a time",
        "checkout/attempts.py",
        "    if record.is_pending:\n        raise InProgress",
        "    if False:\n        raise InProgress",
        (CHECKOUT + "test_pay.py::test_paying_what_is_pending_is_in_progress",),
    ),
    Guard(
        "pay: not after the time",
        "checkout/attempts.py",
        "is_late = record.state is State.RESERVED and now_ms >= record.pay_by",
        "is_late = False",
        (CHECKOUT + "test_pay.py::test_a36_paying_after_the_time_is_expired_by_our_clock",),
        is_simulated=True,
    ),
    Guard(
        "pay: five tries",
        "checkout/attempts.py",
        "if record.paying.tries < MOST_TRIES:",
        "if True:",
        (CHECKOUT + "test_pay.py::test_a22_the_fifth_decline_ends_it_and_gives_the_stock_back",),
        is_simulated=True,
    ),
    Guard(
        "pay: each try has its key",
        "checkout/paying.py",
        'key = f"{record.paying.id}-{record.version}"',
        'key = f"{record.paying.id}"',
        (CHECKOUT + "test_pay.py::test_paying_needs_an_address_once",),
    ),
    Guard(
        "pay: a lost answer is no refusal",
        "checkout/paying.py",
        "        except Lost:\n            return await self._find_out(record, token, key)",
        "        except Lost as lost:\n            return await self._unsent(record, lost)",
        (CHECKOUT + "test_pay.py::test_a_lost_answer_is_found_out",),
    ),
    Guard(
        "declined: old news changes nothing",
        "checkout/attempts.py",
        "    if record.version != version or record.state not in _ASKING:\n"
        "        return Change(record, changed=False)\n"
        "    if record.paying.tries",
        "    if record.state not in _ASKING:\n"
        "        return Change(record, changed=False)\n"
        "    if record.paying.tries",
        (
            STORIES + "test_payments.py"
            "::test_t14_the_echo_of_an_earlier_try_does_not_end_a_later_one",
        ),
    ),
    Guard(
        "untaken: an answer that is still on its way is waited for",
        "checkout/reconcile.py",
        "waits_for_answer = record.action is None and now < (record.next_at or 0)",
        "waits_for_answer = False",
        (
            CHECKOUT + "test_crash.py"
            "::test_killed_before_the_provider_was_asked_it_is_reserved_again",
        ),
    ),
    Guard(
        "paid: the amount and the payment are ours",
        "checkout/reconcile.py",
        "if said != ours or payment.captured != record.total:",
        "if False:",
        (STORIES + "test_payments.py::test_t29_a_genuine_payment_of_other_money_never_pays",),
    ),
    Guard(
        "paid: once",
        "checkout/paid.py",
        "    if record.state is State.PAID:\n        return Change(record, changed=False)\n"
        "    if not record.is_open:",
        "    if not record.is_open:",
        (STORIES + "test_payments.py::test_t10_webhook_return_poll_and_sweeper_make_one_order",),
        is_simulated=True,
    ),
    Guard(
        "paid: only while it is open",
        "checkout/paid.py",
        "    if not record.is_open:\n        raise Late\n",
        "",
        (
            CHECKOUT + "test_end.py::test_late_money_that_is_told_again_changes_nothing",
            STORIES + "test_late_money.py::test_t22_late_money_goes_back_when_the_goods_are_gone",
        ),
        is_simulated=True,
    ),
    Guard(
        "paid: its claims become sold",
        "checkout/paid.py",
        'rows.end_claims(conn, record, "sold")',
        'rows.end_claims(conn, record, "released")',
        (CHECKOUT + "test_pay.py::test_a_paid_checkout_has_its_order_and_its_stock_is_sold",),
        is_simulated=True,
    ),
    Guard(
        "change: only what is still as it was read",
        "checkout/rows.py",
        '{"id": record.id, "version": record.version}, **stored',
        '{"id": record.id}, **stored',
        (CHECKOUT + "test_interference.py::test_a_change_of_what_has_changed_meanwhile_is_raced",),
    ),
    Guard(
        "owned: a stranger finds nothing",
        "checkout/rows.py",
        "if record is None or viewer not in {None, record.viewer}:",
        "if record is None:",
        (CHECKOUT + "test_pay.py::test_paying_somebody_elses_checkout_finds_nothing",),
    ),
    # Ending.
    Guard(
        "end: cancelled at the provider before the stock goes back",
        "checkout/attempts.py",
        "if record.attempt is not None and record.attempt.is_live:",
        "if False:",
        (CHECKOUT + "test_end.py::test_cancelling_while_the_buyer_should_confirm_cancels",),
        is_simulated=True,
    ),
    Guard(
        "end: the claims go back",
        "checkout/rows.py",
        'end_claims(conn, record, "released")',
        'end_claims(conn, record, "sold")',
        (
            CHECKOUT + "test_end.py::test_cancelling_gives_the_stock_back",
            STORIES + "test_stock.py::test_t06_a_release_gives_back_its_own_units",
        ),
        is_simulated=True,
    ),
    Guard(
        "end: the gate hears of it",
        "checkout/rows.py",
        '    outbox.add(conn, "settle", payload, now_ms)\n',
        "",
        (CHECKOUT + "test_end.py::test_cancelling_gives_the_stock_back",),
        is_simulated=True,
    ),
    Guard(
        "canceled: what may be paid again stays",
        "checkout/attempts.py",
        "    if record.state is State.RESERVED:\n"
        "        # The buyer's next try will meet the canceled payment and hear of it.\n"
        "        return Change(record, changed=False)\n",
        "",
        (
            CHECKOUT + "test_end.py"
            "::test_a_payment_that_its_provider_cancelled_leaves_the_checkout_to_its_buyer",
        ),
    ),
    # Late money.
    Guard(
        "late: a hold of its own",
        "checkout/paid.py",
        'LATE: Final = "-late"',
        'LATE: Final = ""',
        (STORIES + "test_late_money.py::test_t22_late_money_buys_the_goods_while_they_are_there",),
    ),
    Guard(
        "late: claimed again",
        "checkout/paid.py",
        "    missing = rows.claim(conn, record.lines)\n",
        "    missing = None\n",
        (
            CHECKOUT + "test_interference.py"
            "::test_late_money_is_refunded_when_only_the_gate_believes_in_the_stock",
        ),
        is_simulated=True,
    ),
    Guard(
        "late: given back once",
        "checkout/late.py",
        'f"late-{attempt.id}"',
        'f"late-{attempt.id}-{self._parts.clock.now_ms()}"',
        (
            STORIES + "test_late_money.py"
            "::test_t22_killed_between_the_refund_and_the_note_gives_back_once",
        ),
    ),
    Guard(
        "late: what is being given back is not decided again",
        "checkout/paid.py",
        "    if record.state in {State.PAID, State.REFUNDING, State.REFUNDED}:\n"
        "        return Change(record, changed=False)\n"
        "    captured = _captured(conn, record)\n",
        "    captured = _captured(conn, record)\n",
        (
            STORIES + "test_late_money.py::test_t19_who_loses_a_race_does_not_undo_the_winner",
            STORIES + "test_late_money.py"
            "::test_t22_two_who_meet_the_same_late_money_give_back_once",
        ),
    ),
    # The sweeper.
    Guard(
        "sweep: a hold that is being claimed is no orphan",
        "checkout/sweeper.py",
        "ORPHAN_AGE_MS: Final = 10_000",
        "ORPHAN_AGE_MS: Final = -10_000",
        (CHECKOUT + "test_crash.py::test_a_hold_that_is_being_claimed_is_no_orphan",),
    ),
    Guard(
        "sweep: an orphan's stock goes back",
        "checkout/sweeper.py",
        "if record is None or shop not in record.shops:",
        "if False:",
        (
            CHECKOUT + "test_crash.py"
            "::test_killed_between_hold_and_claim_the_next_start_ends_the_orphan",
            STORIES + "test_stock.py::test_t26_units_of_who_crashed_come_back",
        ),
        is_simulated=True,
    ),
    Guard(
        "sweep: what is open keeps its hold",
        "checkout/sweeper.py",
        "        elif not record.is_open:\n            await settle",
        "        else:\n            await settle",
        (
            CHECKOUT + "test_crash.py"
            "::test_an_open_checkout_keeps_a_hold_that_is_past_its_deadline",
        ),
    ),
    Guard(
        "sweep: what was not paid in time ends",
        "checkout/sweeper.py",
        "if now >= record.pay_by:",
        "if False:",
        (CHECKOUT + "test_end.py::test_what_is_not_paid_in_time_expires",),
        is_simulated=True,
    ),
    Guard(
        "sweep: half-done adjustments are finished",
        "checkout/sweeper.py",
        "        await self._stock.finish_pending()\n",
        "",
        (
            CHECKOUT + "test_crash.py"
            "::test_killed_between_an_adjustment_and_the_gate_it_is_finished_by_the_sweeper",
        ),
        is_simulated=True,
    ),
    Guard(
        "adjust: completed once",
        "shop/adjustment.py",
        "if done.rowcount != 1 or not delta:",
        "if not delta:",
        (SHOP + "test_stock.py::test_a_crash_after_the_gate_is_finished_once",),
    ),
    # Webhooks, ledger, outbox.
    Guard(
        "webhook: signed",
        "checkout/payments/sandbox.py",
        "if not hmac.compare_digest(right, match[2]):",
        "if False:",
        (CHECKOUT + "test_webhooks.py::test_a23_a_webhook_signed_by_somebody_else_is_refused",),
    ),
    Guard(
        "webhook: not old",
        "checkout/payments/sandbox.py",
        "if abs(self._clock.now_ms() - int(match[1]) * 1000) > TOLERANCE_MS:",
        "if False:",
        (CHECKOUT + "test_webhooks.py::test_a24_an_old_webhook_is_refused",),
    ),
    Guard(
        "inbox: an event once",
        SCHEMA,
        '        sa.PrimaryKeyConstraint("provider", "event"),\n',
        "",
        (
            STORE + "test_migrate.py::test_the_tables_of_sqlite_are_those_of_the_code",
            STORIES + "test_webhooks.py"
            "::test_t12_the_same_webhook_ten_times_at_once_has_one_effect",
        ),
    ),
    Guard(
        "orders: one a shop",
        SCHEMA,
        '        sa.UniqueConstraint("checkout", "shop", name="one_order_a_shop"),\n',
        "",
        (STORE + "test_migrate.py::test_the_tables_of_sqlite_are_those_of_the_code",),
    ),
    Guard(
        "ledger: a transaction once",
        SCHEMA,
        '        sa.PrimaryKeyConstraint("key"),\n',
        "",
        (STORE + "test_migrate.py::test_the_tables_of_sqlite_are_those_of_the_code",),
    ),
    Guard(
        "pay together: one's own",
        "checkout/attempts.py",
        "if record is None or one.viewer not in {None, record.viewer}:",
        "if record is None:",
        (TOGETHER + "::test_each_of_a_moment_is_refused_for_a_reason_of_their_own",),
    ),
    Guard(
        "pay together: in time",
        "checkout/attempts.py",
        "if not is_plain or one.now_ms >= record.pay_by or address is None:",
        "if not is_plain or address is None:",
        (TOGETHER + "::test_each_of_a_moment_is_refused_for_a_reason_of_their_own",),
    ),
    Guard(
        "pay together: each once",
        "checkout/attempts.py",
        "_first_try(found.pop(one.checkout, None), one)",
        "_first_try(found.get(one.checkout), one)",
        (TOGETHER + "::test_each_of_a_moment_is_refused_for_a_reason_of_their_own",),
    ),
    Guard(
        "paid together: as each was",
        "checkout/paid.py",
        '    if not rows.move_all(conn, paid, befores, ("state", "open", *_PAID)):\n'
        "        raise Crowded\n",
        '    rows.move_all(conn, paid, befores, ("state", "open", *_PAID))\n',
        (TOGETHER + "::test_who_has_changed_meanwhile_keeps_nobody_else_unpaid",),
    ),
    Guard(
        "paid together: what has ended claims again",
        "checkout/paid.py",
        "if not record.is_open or not may(record.state, State.PAID):",
        "if not may(record.state, State.PAID):",
        (TOGETHER + "::test_money_that_is_late_claims_its_stock_again_among_money_in_time",),
    ),
    Guard(
        "paid together: what was claimed is sold",
        "checkout/paid.py",
        "    rows.sell_claims(conn, paid)\n",
        "",
        (TOGETHER + "::test_payments_of_one_moment_share_two_operations_of_the_book",),
        is_simulated=True,
    ),
    Guard(
        "paid together: captured",
        "checkout/paid.py",
        "    rows.change_payments(conn, paid)\n",
        "",
        (TOGETHER + "::test_payments_of_one_moment_share_two_operations_of_the_book",),
    ),
    Guard(
        "ledger: what was posted is not posted again",
        "checkout/ledger.py",
        "if insert_or_ignore(conn, ledger_txns, **txn, at=now_ms) and entries:",
        "if insert_or_ignore(conn, ledger_txns, **txn, at=now_ms) or entries:",
        (CHECKOUT + "test_order_ledger.py::test_what_was_posted_is_not_posted_again",),
    ),
    Guard(
        "outbox: what failed stays",
        "store/sql/outbox.py",
        "done += [row.id for row, ok in zip(some, outcomes, strict=True) if ok]",
        "done += [row.id for row, ok in zip(some, outcomes, strict=True)]",
        (STORE + "test_outbox.py::test_a_failing_row_waits_and_holds_nobody_up",),
        is_simulated=True,
    ),
    Guard(
        "sold: without its hold the gate is filled anew",
        "checkout/delivery.py",
        '            if target == "sold":\n',
        '            if target == "never":\n',
        (
            CHECKOUT + "test_interference.py"
            "::test_what_is_sold_without_its_hold_has_the_gate_filled_anew",
        ),
    ),
    Guard(
        "told: paid only once it is in the book",
        "checkout/reconcile.py",
        "        try:\n            outcome",
        "        from checkout.state import State as S\n"
        "        from msgspec.structs import replace\n"
        "        early = replace(record, state=S.PAID)\n"
        '        self._parts.announcer.tell(record.viewer, "checkout", early.shown())\n'
        "        try:\n            outcome",
        (CHECKOUT + "test_pay.py::test_the_buyer_is_told_each_step_and_the_version_rises",),
        is_simulated=True,
    ),
)
