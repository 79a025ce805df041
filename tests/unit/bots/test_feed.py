"""Every event of a feed once, in order."""

from __future__ import annotations

from bots.feed import FeedWatch


def watch_at(seq: int) -> FeedWatch:
    watch = FeedWatch()
    watch.enter({"epoch": "monday", "seq": seq, "recovered": False})
    return watch


def counts(watch: FeedWatch) -> tuple[int, int, int]:
    return watch.lost, watch.doubled, watch.turned_back


def test_consecutive_events_are_neither_lost_nor_doubled() -> None:
    watch = watch_at(41)

    assert [watch.see(seq) for seq in (42, 43, 44)] == [True, True, True]
    assert counts(watch) == (0, 0, 0)
    assert watch.since() == {"epoch": "monday", "seq": 44}


def test_a_jump_counts_what_was_jumped_over() -> None:
    watch = watch_at(41)

    watch.see(45)

    assert counts(watch) == (3, 0, 0)


def test_an_event_seen_before_is_doubled_and_not_new() -> None:
    watch = watch_at(41)

    assert watch.see(42)
    assert not watch.see(42)
    assert not watch.see(40)
    assert counts(watch) == (0, 2, 0)


def test_a_missing_tail_is_lost() -> None:
    watch = watch_at(41)
    watch.see(42)

    watch.finish(45)

    assert counts(watch) == (3, 0, 0)


def test_a_recovered_viewer_keeps_its_place() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "monday", "seq": 44, "recovered": True}, recovering=True)
    for seq in (42, 43, 44):
        watch.see(seq)

    assert counts(watch) == (0, 0, 0)


def test_a_recovery_that_skips_an_event_loses_it() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "monday", "seq": 44, "recovered": True}, recovering=True)
    watch.see(43)

    assert counts(watch) == (1, 0, 0)


def test_a_snapshot_is_a_new_place() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "monday", "seq": 90})
    watch.see(91)

    assert counts(watch) == (0, 0, 0)


def test_a_snapshot_older_than_what_was_seen_turns_the_feed_back() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "monday", "seq": 40})

    assert counts(watch) == (0, 0, 1)


def test_a_new_epoch_may_begin_anywhere() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "tuesday", "seq": 3, "recovered": False}, recovering=True)
    watch.see(4)

    assert counts(watch) == (0, 0, 0)


def test_a_recovery_across_epochs_is_impossible() -> None:
    watch = watch_at(41)

    watch.enter({"epoch": "tuesday", "seq": 44, "recovered": True}, recovering=True)

    assert counts(watch) == (0, 0, 1)


def test_a_first_join_has_nothing_to_recover() -> None:
    watch = FeedWatch()

    watch.enter({"epoch": "monday", "seq": 44, "recovered": True})

    assert counts(watch) == (0, 0, 1)
