"""The command line, and what it says when it cannot be followed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bots.__main__ import main
from bots.company import allow_files
from bots.options import CannotStart, parse
from bots.tokens import find_secret
from bots.unruly import Habit, habits


def test_the_documented_line_is_understood() -> None:
    line = (
        "--url ws://127.0.0.1:9000/live --show spring --viewers 50 --buyers 5 --seconds 7 --json"
    )
    options = parse(line.split())

    assert (options.url, options.show) == ("ws://127.0.0.1:9000/live", "spring")
    assert (options.viewers, options.buyers, options.seconds) == (50, 5, 7.0)
    assert options.json
    assert options.http_url == "http://127.0.0.1:9000"


def test_a_tenth_of_the_viewers_buys_unless_said_otherwise() -> None:
    assert parse(["--viewers", "25"]).buyers == 3


def test_the_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YELLOWCART_DATA_DIR", "/srv/shop")

    assert parse([]).data_dir == Path("/srv/shop")


@pytest.mark.parametrize(
    "line",
    [
        "--url http://127.0.0.1:8080/live",
        "--url 127.0.0.1:8080",
        "--viewers 0",
        "--viewers many",
        "--viewers 5 --buyers 6",
        "--buyers -1",
        "--seconds 0",
        "--seconds nan",
        "--colour blue",
        "--processes 0",
        "--processes 65",
        "--ramp -1",
        "--chat-per-second nan",
        "--viewers 100 --chat-per-second 41",
        "--viewers 100 --buyers 0 --stalled 0.8 --flapping 0.3",
        "--viewers 10 --buyers 9 --flooding 0.2",
        "--stalled 1.1",
        "--flooding inf",
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.split())

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("bots: ")


def test_a_storm_and_misbehaviour_are_understood() -> None:
    line = "--viewers 100 --buyers 9 --stalled 0.1 --flooding 0.05 --chat-per-second 34 --ramp 3"
    options = parse(line.split())

    assert options.shares == {Habit.STALLED: 0.1, Habit.FLAPPING: 0.0, Habit.FLOODING: 0.05}
    assert (options.chat_per_second, options.ramp) == (34.0, 3.0)
    found = habits(options)
    assert Counter(found.values()) == {Habit.STALLED: 10, Habit.FLOODING: 5}
    assert min(found) >= 9
    assert found == habits(options) != habits(replace(options, seed=2))


@pytest.mark.parametrize(
    ("viewers", "buyers", "processes"), [(100, 10, 1), (100, 60, 3), (2, 1, 5)]
)
def test_each_viewer_is_in_one_process_and_who_buys_in_the_first(
    viewers: int, buyers: int, processes: int
) -> None:
    line = f"--viewers {viewers} --buyers {buyers} --processes {processes}"

    slices = parse(line.split()).slices()

    assert len(slices) == processes
    assert [index for each in slices for index in each] == list(range(viewers))
    assert len(slices[0]) >= buyers


def test_each_process_calls_from_its_own_address_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, away = parse([]), parse(["--url", "wss://shop.test/live"])
    monkeypatch.setattr("sys.platform", "linux")

    assert [here.address_of(process) for process in range(3)] == [None, "127.1.0.1", "127.1.0.2"]
    assert away.address_of(1) is None
    monkeypatch.setattr("sys.platform", "darwin")
    assert here.address_of(1) is None


def test_too_few_open_files_are_told_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 2048))

    with pytest.raises(CannotStart, match="--processes"):
        allow_files(2049)


def test_the_given_secret_goes_before_the_environment_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from the folder\n")
    monkeypatch.setenv("YELLOWCART_SECRET", "from the environment")
    assert find_secret("given", tmp_path) == "given"
    assert find_secret(None, tmp_path) == "from the environment"
    monkeypatch.delenv("YELLOWCART_SECRET")
    assert find_secret(None, tmp_path) == "from the folder"


def test_no_secret_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YELLOWCART_SECRET", raising=False)

    with pytest.raises(CannotStart, match="--data-dir"):
        find_secret(None, tmp_path)


def test_without_a_secret_the_bots_end_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("YELLOWCART_SECRET", raising=False)

    assert main(["--data-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
