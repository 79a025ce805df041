"""The command line, and what it says when it cannot be followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.__main__ import main
from bots.options import CannotStart, parse
from bots.tokens import find_secret


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
