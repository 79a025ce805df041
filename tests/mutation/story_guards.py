"""Guards that the stories of other shops brought us; each has the test of its story."""

from __future__ import annotations

from typing import Final

from tests.mutation.guard import CART, CHECKOUT, LUA, STORE, STORIES, Guard

STORY_GUARDS: Final = (
    Guard(
        "adjust: no more is taken away than is left",
        "shop/adjustment.py",
        "if left + delta < 0:",
        "if False:",
        (
            CHECKOUT + "test_interference.py"
            "::test_the_book_lets_nobody_take_away_what_only_the_gate_has",
        ),
    ),
    Guard(
        "hold: a SKU on one line only",
        LUA + "hold.lua",
        "if seen[sku] or not units",
        "if not units",
        (CART + "test_hold.py::test_t03_one_sku_on_two_lines_is_refused",),
    ),
    Guard(
        "settle: all is checked before anything is written",
        LUA + "settle.lua",
        "  units[i] = line[2]\n",
        "  units[i] = line[2]\n"
        "  if i < lines then redis.call('HINCRBY', KEYS[5 + i], 'held', '-' .. line[2]) end\n"
        "  if i == lines then for j = 1, lines - 1 do\n"
        "    redis.call('HINCRBY', KEYS[5 + j], 'held', units[j])\n"
        "  end end\n",
        (
            CART + "test_settle.py"
            "::test_t35_a_broken_second_sku_leaves_the_first_settled_by_nobody",
        ),
    ),
    Guard(
        "enter: what is claimed is written down",
        "checkout/opened.py",
        "    for line in draft.lines:\n        add(conn, claims, **_claim(draft.id, line))\n",
        "",
        (
            STORIES + "test_payments.py::test_t07_the_loser_never_sees_a_payment",
            STORIES + "test_faults.py::test_t25_without_its_tables_nothing_is_sold",
        ),
        is_simulated=True,
    ),
    Guard(
        "open: one's own hold goes first",
        "checkout/opening.py",
        "if found.other is not None:",
        "if found.other is not None and refusal is None:",
        (STORIES + "test_stock.py::test_t23_nobody_is_blocked_by_what_they_hold_themselves",),
    ),
    Guard(
        "open: who is paying opens no other",
        "checkout/opening.py",
        "        if other.state is not State.RESERVED:\n",
        "        if False:\n",
        (STORIES + "test_payments.py::test_t16_a_page_that_is_loaded_again_finds_its_checkout",),
    ),
    Guard(
        "end: what the provider answers decides",
        "checkout/ending.py",
        "        return await self._reconciler.apply(record, payment)\n",
        "        from msgspec.structs import replace\n"
        "        from checkout.payments.provider import Status\n"
        "        canceled = replace(payment, status=Status.CANCELED)\n"
        "        return await self._reconciler.apply(record, canceled)\n",
        (STORIES + "test_late_money.py::test_t09_what_is_charged_already_is_not_cancelled",),
        is_simulated=True,
    ),
    Guard(
        "pay: one payment a checkout",
        "checkout/paying.py",
        "        attempt=attempt.id,",
        '        attempt=f"{attempt.id}-{record.version}",',
        (STORIES + "test_payments.py::test_t11_one_checkout_is_one_payment_at_the_provider",),
        is_simulated=True,
    ),
    Guard(
        "ended: the cart stays as it was",
        "checkout/attempts.py",
        "    note_end(conn, after, now_ms)\n",
        "    from store.sql import outbox\n"
        "    lines = [[line.sku, line.qty] for line in after.lines]\n"
        '    bought = {"viewer": after.viewer, "checkout": after.id, "lines": lines}\n'
        '    outbox.add(conn, "bought", bought, now_ms)\n'
        "    note_end(conn, after, now_ms)\n",
        (STORIES + "test_payments.py::test_t20_a_failed_checkout_leaves_the_cart_as_it_was",),
    ),
    Guard(
        "paid: only what the provider has captured",
        "checkout/reconcile.py",
        "        if status is Status.SUCCEEDED and payment is not None:\n"
        "            return await self._succeeded(record, payment)\n",
        "        if status in {Status.SUCCEEDED, Status.PROCESSING}:\n"
        "            return await self._paid(record)\n",
        (STORIES + "test_payments.py::test_t18_what_is_being_processed_is_no_sale",),
        is_simulated=True,
    ),
    Guard(
        "sweep: what is pending is asked about",
        "checkout/sweeper.py",
        "if record.is_pending:",
        "if False:",
        (STORIES + "test_late_money.py::test_t21_who_never_comes_back_has_an_order",),
    ),
    Guard(
        "stripe: a key in use is no refusal",
        "checkout/payments/stripe_calls.py",
        '    return Lost(f"Stripe answered {error.http_status}.")\n',
        '    return NotSent(f"Stripe answered {error.http_status}.")\n',
        (CHECKOUT + "test_stripe_calls.py::test_t15_a_failure_is_told_by_what_may_have_happened",),
    ),
    Guard(
        "webhook: without a signature nothing is read",
        "checkout/payments/sandbox.py",
        '            raise Invalid("The webhook is not signed.")\n',
        "            event = msgspec.json.decode(raw, type=_Event)\n"
        "            return WebhookEvent(id=event.id, attempt=event.data.id)\n",
        (CHECKOUT + "test_webhooks.py::test_t30_an_unsigned_webhook_is_refused",),
    ),
    Guard(
        "webhook: done once it had its effect",
        "checkout/webhook.py",
        "        except NotFound:\n",
        "        except Exception:\n",
        (STORIES + "test_webhooks.py::test_t17_a_handler_that_breaks_loses_nothing",),
    ),
    Guard(
        "refund: all that was captured can be given back",
        "checkout/refunds.py",
        "    if record.left == 0:\n",
        "    if record.left == record.order.total:\n",
        (CHECKOUT + "test_refunds.py::test_t27_all_that_is_left_of_a_captured_order",),
    ),
    Guard(
        "bodies: what nobody asked for is refused",
        "web/bodies.py",
        "class NewCheckout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):",
        "class NewCheckout(Struct, frozen=True, kw_only=True):",
        (
            "tests/integration/web/test_forged_money.py"
            "::test_t32_a_price_that_the_client_sends_is_charged_nobody",
        ),
    ),
    Guard(
        "bodies: a text is no number",
        "web/reading.py",
        'msgspec.convert(strict_json.loads(raw or b"{}"), kind)',
        'msgspec.convert(strict_json.loads(raw or b"{}"), kind, strict=False)',
        (
            "tests/integration/web/test_forged_money.py"
            "::test_t31_a_negative_quantity_lowers_no_total_and_raises_no_stock",
        ),
    ),
    Guard(
        "hold: whole units from 1 to 999",
        LUA + "hold.lua",
        "not units:match('^[1-9]%d?%d?$') or ",
        "",
        (CART + "test_hold.py::test_a01_only_whole_quantities_from_1_to_999_are_held",),
    ),
    # The stores.
    Guard(
        "redis: its client sends nothing again",
        "store/redis/connect.py",
        "Retry(NoBackoff(), 0)",
        "Retry(NoBackoff(), 3)",
        ("tests/unit/store/test_connect.py::test_t28_one_server_is_never_asked_twice_by_itself",),
    ),
    Guard(
        "redis: a lost answer is told to who asked",
        "store/redis/scripts.py",
        "        reply = await self._pipeline.submit(command)\n        if isinstance",
        "        try:\n"
        "            reply = await self._pipeline.submit(command)\n"
        "        except Outage:\n"
        "            reply = await self._pipeline.submit(command)\n"
        "        if isinstance",
        (STORE + "test_scripts.py::test_t28_a_swallowed_answer_is_an_outage_in_time",),
    ),
    Guard(
        "postgres: a deadlock is tried again",
        "store/sql/postgres.py",
        'AGAIN: Final = frozenset({"40001", "40P01"})',
        "AGAIN: Final = frozenset[str]()",
        (STORE + "test_postgres.py::test_t24_operations_that_lock_each_other_out_are_repeated",),
    ),
    Guard(
        "migrate: all or nothing",
        "store/sql/migrate.py",
        "    engine = sqlite_engine(path)\n",
        "    from sqlalchemy import create_engine\n"
        '    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")\n',
        (STORE + "test_migrate.py::test_t25_a_failed_migration_leaves_nothing_half_made",),
    ),
    Guard(
        "migrate: all or nothing on PostgreSQL",
        "store/sql/migrate.py",
        "    _upgrade(connection)\n\n\ndef _upgrade(",
        '    connection.exec_driver_sql("COMMIT")\n    _upgrade(connection)\n\n\ndef _upgrade(',
        (STORE + "test_migrate.py::test_t25_a_failed_migration_leaves_postgresql_as_it_was",),
    ),
)
