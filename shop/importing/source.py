"""The file of an import: looked through once, then read line by line in little memory."""

from __future__ import annotations

import codecs
import stat
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEAD", "MOST_ROW", "Overlong", "Source", "Unreadable"]

CHUNK: Final = 1 << 16

MOST_ROW: Final = 1 << 20
"""Characters of a row: twice the longest description that Shopify takes."""

HEAD: Final = 200
"""Characters that are kept of a line that is too long: its handle stands there."""

SAVE_IT: Final = (
    "Save it as UTF-8: in Excel choose “CSV UTF-8 (Comma delimited)”, in LibreOffice the"
    " character set “Unicode (UTF-8)”, in Google Sheets download it as “Comma-separated values”."
)

MAGIC: Final = {
    b"PK\x03\x04": "is an Excel workbook or a ZIP archive, not CSV text.",
    b"\x1f\x8b": "is compressed with gzip. Unpack it first.",
    b"\xff\xfe": f"is encoded as UTF-16. {SAVE_IT}",
    b"\xfe\xff": f"is encoded as UTF-16. {SAVE_IT}",
}
"""How files begin that are often taken for CSV."""


class Unreadable(Exception):
    """Nothing of the file can be taken; the message says why and what to do."""


class Overlong(str):
    """The beginning of a line that is longer than a row may be."""

    __slots__ = ()


class Source:
    """The lines of a file that was found to be UTF-8 throughout.

    It holds one line at most, and of that no more than a row may have.

    Attributes:
        size: Bytes of the file.

    """

    def __init__(self, path: Path, size: int) -> None:
        self.size = size
        # Universal newlines: a line is what an editor shows as one, old Macs included.
        self._file: TextIO = path.open(encoding="utf-8-sig", errors="strict")

    @classmethod
    def opened(cls, path: Path) -> Source:
        """Look through the whole file, so that nothing is taken of one that is not text.

        Raises:
            Unreadable: It is not there, no file, empty, or not UTF-8.

        """
        try:
            size = _examined(path)
            return cls(path, size)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unreadable(f"{path} cannot be read: {reason}.") from error

    def line(self) -> str | None:
        """The next line with its end, :class:`Overlong` if it is one, or None."""
        line = self._file.readline(MOST_ROW + 1)
        if not line:
            return None
        if line.endswith("\n"):
            return line
        if len(line) <= MOST_ROW:
            return line  # the last one, without a line's end
        while (more := self._file.readline(CHUNK)) and not more.endswith("\n"):
            pass
        return Overlong(line[:HEAD])

    @property
    def position(self) -> int:
        """About how many bytes were read."""
        return min(self._file.buffer.tell(), self.size)

    def rewind(self) -> None:
        """Begin anew."""
        self._file.seek(0)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _examined(path: Path) -> int:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable(f"{path} is not a regular file. Give a CSV file that lies on disk.")
    with path.open("rb") as file:
        first = file.read(CHUNK)
        if not first.strip():
            raise Unreadable(f"{path} is empty.")
        for magic, what in MAGIC.items():
            if first.startswith(magic):
                raise Unreadable(f"{path} {what}")
        decoder = codecs.getincrementaldecoder("utf-8")()
        line, chunk = 1, first
        while chunk:
            line += _checked(path, decoder, chunk, line)
            chunk = file.read(CHUNK)
        _checked(path, decoder, b"", line)
    return found.st_size


def _checked(path: Path, decoder: codecs.IncrementalDecoder, chunk: bytes, line: int) -> int:
    """The line ends in a chunk that is text; ``line`` is where it begins."""
    zero = chunk.find(b"\x00")
    if zero >= 0:
        line += chunk.count(b"\n", 0, zero)
        raise Unreadable(f"{path} has a zero byte on line {line}: it is no text. {SAVE_IT}")
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        line += error.object.count(b"\n", 0, error.start)
        raise Unreadable(f"{path} is not UTF-8: see line {line}. {SAVE_IT}") from error
    return chunk.count(b"\n")
