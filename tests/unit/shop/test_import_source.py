"""The file of an import: text in UTF-8 or nothing, and a line at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shop.importing.source import MOST_ROW, Overlong, Source, Unreadable

MakeFile = Callable[[bytes], Path]


@pytest.fixture
def make(tmp_path: Path) -> MakeFile:
    def made(data: bytes) -> Path:
        path = tmp_path / "shirts.csv"
        path.write_bytes(data)
        return path

    return made


def lines(path: Path) -> list[str]:
    with contextlib.closing(Source.opened(path)) as source:
        found = []
        while (line := source.line()) is not None:
            found.append(line)
        return found


@pytest.mark.parametrize(
    "data", [b"a\nb\n", b"a\r\nb\r\n", b"a\rb\r", b"a\nb", b"\xef\xbb\xbfa\nb\n"], ids=str
)
def test_lines_end_as_any_editor_ends_them_and_a_mark_at_the_start_is_none(
    make: MakeFile, data: bytes
) -> None:
    assert [line.rstrip("\n") for line in lines(make(data))] == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        ("Handle,Title\n".encode("utf-16"), "UTF-16. Save it as UTF-8"),
        ("Handle,Title\n".encode("utf-16-be"), "zero byte on line 1"),
        (b"Handle\nx\x00y\n", "zero byte on line 2"),
        ("Handle\nx\ncafé\n".encode("latin-1"), "not UTF-8: see line 3. Save it as UTF-8"),
        ("Handle\ncafé".encode()[:-1], "not UTF-8: see line 2"),
        (b"PK\x03\x04...", "Excel workbook"),
        (b"\x1f\x8b...", "compressed"),
    ],
    ids=str,
)
def test_what_is_not_utf_8_is_refused_in_words(make: MakeFile, data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        Source.opened(make(data))

    assert words in str(refused.value)


def test_a_wrong_letter_far_down_is_found_before_anything_is_read(make: MakeFile) -> None:
    data = b"Handle\n" + b"x" * 79 + b"\n" + b"mug\n" * 600_000 + b"caf\xe9\n"

    with pytest.raises(Unreadable, match="line 600003"):
        Source.opened(make(data))


def test_letters_may_lie_across_the_pieces_in_which_the_file_is_looked_at(make: MakeFile) -> None:
    data = ("x" * ((1 << 16) - 1) + "é\n").encode()

    assert len(lines(make(data))) == 1


def test_what_is_no_file_on_disk_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path, words in (("pipe", "regular file"), (".", "regular file"), ("nothing", "no such")):
        with pytest.raises(Unreadable, match=words):
            Source.opened(tmp_path / path)


def test_of_a_line_without_end_only_the_beginning_is_kept(make: MakeFile) -> None:
    long, second, last = lines(make(b"mug," + b"x" * (5 * MOST_ROW) + b"\nb\n" + b"y" * 300))

    assert isinstance(long, Overlong)
    assert (long[:5], len(long)) == ("mug,x", 200)
    assert (second, len(last)) == ("b\n", 300)


def test_a_line_may_be_exactly_as_long_as_a_row(make: MakeFile) -> None:
    (line,) = lines(make(b"x" * MOST_ROW + b"\n"))

    assert not isinstance(line, Overlong)
    assert isinstance(lines(make(b"x" * (MOST_ROW + 1)))[0], Overlong)


def test_the_position_goes_from_the_start_to_the_size_and_back(make: MakeFile) -> None:
    with contextlib.closing(Source.opened(make(b"mug\n" * 50_000))) as source:
        assert source.position == 0
        while source.line():
            pass
        assert source.position == source.size == 200_000
        source.rewind()
        assert source.line() == "mug\n"
