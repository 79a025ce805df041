"""Guards of the gate, of rebuilding it, and of opening a checkout."""

from __future__ import annotations

from typing import Final

from tests.mutation.guard import CART, CHECKOUT, LUA, SHOP, STORIES, Guard

STOCK_GUARDS: Final = (
    # The gate.
    Guard(
        "hold: a repeat changes nothing",
        LUA + "hold.lua",
        "if known[1] then",
        "if false then",
        (
            CART + "test_hold.py::test_a_repeat_holds_nothing_more",
            STORIES + "test_faults.py::test_t28_a_hold_whose_answer_got_lost_is_held_once",
        ),
        is_simulated=True,
    ),
    Guard(
        "hold: another request is refused",
        LUA + "hold.lua",
        "if known[2] ~= ARGV[2] then",
        "if false then",
        (CART + "test_hold.py::test_a_repeat_with_another_fingerprint_is_refused",),
    ),
    Guard(
        "hold: sold out",
        LUA + "hold.lua",
        "if avail < tonumber(units) then",
        "if avail < 0 then",
        (
            CART + "test_hold.py::test_t04_fifty_buyers_of_five_units_are_five_holds",
            STORIES + "test_stock.py::test_t01_two_buyers_one_unit",
            STORIES + "test_stock.py::test_t02_stock_that_is_claimed_cannot_go_any_more",
        ),
        is_simulated=True,
    ),
    Guard(
        "hold: all is checked before anything is written",
        LUA + "hold.lua",
        "  newer[i] = tonumber(pv) > version\n",
        "  newer[i] = tonumber(pv) > version\n"
        "  if i < lines then redis.call('HINCRBY', KEYS[5 + i], 'avail', 0 - units) end\n"
        "  if i == lines then for j = 1, lines - 1 do\n"
        "    redis.call('HINCRBY', KEYS[5 + j], 'avail', ARGV[3 * j + 2])\n"
        "  end end\n",
        (CART + "test_hold.py::test_t35_a_broken_second_sku_leaves_the_first_untouched",),
    ),
    Guard(
        "hold: a closed gate grants nothing",
        LUA + "hold.lua",
        "if redis.call('EXISTS', KEYS[1]) == 0 then",
        "if false then",
        (CART + "test_hold.py::test_a_closed_shard_holds_nothing_and_repeats_nothing",),
    ),
    Guard(
        "settle: only what is held",
        LUA + "settle.lua",
        "elseif state ~= 'H' then",
        "elseif false then",
        (
            CART + "test_settle.py::test_a_repeat_changes_nothing",
            STORIES + "test_stock.py::test_t05_counters_never_drift_from_rows",
            STORIES + "test_faults.py::test_t28_an_end_whose_answer_got_lost_moves_its_units_once",
        ),
        is_simulated=True,
    ),
    Guard(
        "settle: what is released goes back on sale",
        LUA + "settle.lua",
        "target == 'C' and 'sold' or 'avail'",
        "'sold'",
        (CART + "test_settle.py::test_released_puts_units_back_on_sale_and_tells_so",),
        is_simulated=True,
    ),
    Guard(
        "settle: what is forgotten may hold again",
        LUA + "settle.lua",
        "if target == 'F' then",
        "if false then",
        (CART + "test_settle.py::test_forgotten_releases_and_lets_the_checkout_hold_again",),
        is_simulated=True,
    ),
    Guard(
        "settle: no orphan that is held again",
        LUA + "settle.lua",
        "if ARGV[4] ~= '' and redis.call('HGET', KEYS[2], 'dl') ~= ARGV[4] then",
        "if false then",
        (
            CART + "test_holds.py::test_what_is_held_again_is_no_orphan_of_before",
            CHECKOUT + "test_interference.py"
            "::test_an_orphan_that_its_buyer_takes_over_keeps_its_units",
        ),
    ),
    Guard(
        "orphans: none that is held again",
        "checkout/sweeper.py",
        "if seen is None or seen > latest:",
        "if seen is None:",
        (
            CHECKOUT + "test_interference.py"
            "::test_an_orphan_that_was_taken_over_before_we_looked_is_none",
        ),
        is_simulated=True,
    ),
    Guard(
        "adjust: once",
        LUA + "stock_adjust.lua",
        "if made then",
        "if false then",
        (
            SHOP + "test_stock_adjust.py::test_a_repeat_answers_what_was_done_then",
            STORIES + "test_faults.py::test_t28_a_delivery_whose_answer_got_lost_is_put_in_once",
        ),
        is_simulated=True,
    ),
    Guard(
        "adjust: not what a later filling contains",
        LUA + "stock_adjust.lua",
        "if redis.call('GET', KEYS[1]) ~= ARGV[5] then",
        "if redis.call('EXISTS', KEYS[1]) == 0 then",
        (
            SHOP + "test_stock_adjust.py"
            "::test_after_another_filling_the_book_is_to_be_asked_again",
            SHOP + "test_stock_rebuild.py"
            "::test_an_adjustment_that_others_completed_before_the_loss_counts_once",
        ),
    ),
    Guard(
        "adjust: not what the book has done",
        "shop/stock.py",
        "    if since.left is not None:\n",
        "    if False:\n",
        (
            SHOP + "test_stock_rebuild.py"
            "::test_an_adjustment_that_others_completed_before_the_loss_counts_once",
        ),
    ),
    Guard(
        "restock: not what the book has done",
        "checkout/restocks.py",
        "            if await self._book.read(is_restocked, cause):\n",
        "            if False:\n",
        (
            CHECKOUT + "test_refunds_carried_out.py"
            "::test_a_restock_that_another_process_did_before_the_loss_is_not_done_twice",
        ),
    ),
    Guard(
        "bought: out of the cart once",
        LUA + "cart_bought.lua",
        "if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then",
        "if true then",
        (
            CART + "test_cart_scripts.py::test_cart_bought_takes_out_what_is_there_once",
            STORIES + "test_webhooks.py::test_t13_what_follows_a_payment_follows_once",
        ),
        is_simulated=True,
    ),
    Guard(
        "turn: only one's own is ended",
        LUA + "opening_done.lua",
        "if redis.call('GET', KEYS[1]) == ARGV[1] then",
        "if true then",
        (CHECKOUT + "test_turns.py::test_a_turn_that_ran_out_does_not_end_the_next_one",),
    ),
    # Rebuilding.
    Guard(
        "rebuild: claims count",
        "shop/rebuild.py",
        "left[row.sku] = row.total - row.claimed",
        "left[row.sku] = row.total",
        (
            SHOP + "test_stock_rebuild.py::test_counters_follow_from_the_claims_of_the_book",
            STORIES + "test_stock.py::test_t05_what_has_drifted_is_found_and_repaired_exactly",
        ),
    ),
    Guard(
        "rebuild: what the book does not know is dropped",
        "shop/rebuild.py",
        "gone = [hold for hold in gone if hold not in shard.holds]",
        "gone = []",
        (SHOP + "test_stock_rebuild.py::test_holds_that_the_book_does_not_know_are_dropped",),
    ),
    # Opening.
    Guard(
        "claim: no more than there is",
        "checkout/rows.py",
        '.where(stock.c.sku == bindparam("of"), stock.c.claimed + _QTY <= stock.c.total)',
        '.where(stock.c.sku == bindparam("of"))',
        (
            CHECKOUT + "test_interference.py"
            "::test_the_book_refuses_what_a_forgetful_gate_has_granted",
            STORIES + "test_stock.py"
            "::test_t02_stock_that_goes_before_it_is_claimed_costs_no_money",
            STORIES + "test_stock.py::test_t04_the_lowest_level_is_safe_without_any_lock",
            STORIES + "test_payments.py::test_t08_one_unit_is_charged_once",
            STORIES + "test_failover.py"
            "::test_t34_a_replica_that_has_not_heard_of_sales_sells_nothing_twice",
        ),
    ),
    Guard(
        "open: the same key with another body",
        "checkout/opening.py",
        "return record.fingerprint == wish.fingerprint",
        "return True",
        (CHECKOUT + "test_open.py::test_a05_a_key_with_another_body_is_reused",),
    ),
    Guard(
        "enter: the same key with another body",
        "checkout/opened.py",
        "if same.fingerprint != draft.fingerprint:",
        "if False:",
        (
            CHECKOUT + "test_interference.py"
            "::test_the_book_itself_refuses_another_body_under_the_same_key",
        ),
    ),
    Guard(
        "make room: the provider cancels first",
        "checkout/opened.py",
        "if other.attempt is not None and other.attempt.is_live:",
        "if False:",
        (
            CHECKOUT + "test_interference.py"
            "::test_what_was_offered_to_the_provider_meanwhile_is_cancelled_there_first",
        ),
    ),
    Guard(
        "enter together: all are new",
        "checkout/opened.py",
        "for draft in drafts if draft.id in new for line",
        "for draft in drafts for line",
        (CHECKOUT + "test_together.py::test_who_changes_their_mind_keeps_nobody_else_out",),
    ),
    Guard(
        "enter together: all is there",
        "checkout/opened.py",
        " is not None:\n        raise Crowded",
        " is not None:\n        pass",
        (CHECKOUT + "test_together.py::test_the_book_has_the_last_word_for_each_of_a_crowd",),
    ),
    Guard(
        "enter together: with their claims",
        "checkout/opened.py",
        "    add_all(conn, claims, [_claim(checkout, line) for checkout, line in lines])\n",
        "",
        (CHECKOUT + "test_together.py::test_checkouts_of_one_moment_enter_the_book_together",),
        is_simulated=True,
    ),
    Guard(
        "open: who lost is looked up by viewer, too",
        "checkout/rows.py",
        "checkout in there or viewer in busy",
        "checkout in there",
        (STORIES + "test_stock.py::test_t23_nobody_is_blocked_by_what_they_hold_themselves",),
    ),
    Guard(
        "open: who lost is looked up by key",
        "checkout/rows.py",
        "checkout in there or viewer in busy",
        "viewer in busy",
        (
            CHECKOUT + "test_open.py"
            "::test_a_key_finds_its_checkout_when_the_gate_has_forgotten_it_and_all_are_sold",
        ),
    ),
    Guard(
        "open: what nobody could look at is looked at later",
        "checkout/reservation.py",
        "                self._parts.tasks.detach(self._look_later(draft))\n",
        "                pass\n",
        (
            CHECKOUT + "test_together.py"
            "::test_a_hold_that_was_lost_while_nobody_could_look_is_found_missing_later",
        ),
        is_simulated=True,
    ),
    Guard(
        "open: what is not opened lets its holds go",
        "checkout/reservation.py",
        "        await self._let_go(draft, made)\n        if is_drift",
        "        if is_drift",
        (
            CHECKOUT + "test_open.py"
            "::test_a_price_that_changed_in_the_second_shop_lets_the_first_one_go",
        ),
    ),
)
