"""Which pin an event belongs to, and who has seen it."""

from __future__ import annotations

from bots.pins import Pinboard

AT = {"at": 1_760_000_000_000}


def see(board: Pinboard, seq: int, product: str, *, counted: bool = True) -> None:
    board.see("monday", {"ev": "pinned", "seq": seq, "product": product, **AT}, counted=counted)


def test_each_viewer_counts_once_and_the_host_not() -> None:
    board = Pinboard()
    pin = board.send("mug")
    pin.is_acknowledged = True

    see(board, 1, "mug", counted=False)
    see(board, 1, "mug")
    see(board, 1, "mug")

    assert board.delivered() == 2
    assert len(board.sights()) == len(board.ages()) == 2


def test_somebody_elses_pin_is_not_counted() -> None:
    board = Pinboard()
    board.send("mug").is_acknowledged = True

    see(board, 1, "scarf")

    assert board.delivered() == 0


def test_a_product_pinned_again_is_another_pin() -> None:
    board = Pinboard()
    first, second = board.send("mug"), board.send("mug")

    see(board, 1, "mug")
    see(board, 5, "mug")
    see(board, 5, "mug")

    assert (first.event, second.event) == (("monday", 1), ("monday", 5))
    first.is_acknowledged = True
    assert board.delivered() == 1
    second.is_acknowledged = True
    assert board.delivered() == 3


def test_what_another_process_saw_counts_as_well() -> None:
    board, other = Pinboard(), Pinboard()
    board.send("mug").is_acknowledged = True
    see(board, 1, "mug", counted=False)
    see(other, 1, "mug")
    see(other, 1, "mug")
    see(other, 2, "scarf")

    board.sightings.add_all(other.sightings)

    assert board.delivered() == 2
    assert len(board.sights()) == 2


def test_a_refused_pin_is_forgotten() -> None:
    board = Pinboard()

    board.withdraw(board.send("mug"))
    see(board, 1, "mug")

    assert board.acknowledged() == []
    assert len(board.sights()) == 0
