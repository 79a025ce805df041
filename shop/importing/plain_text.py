"""HTML to plain text: what a reader would see, in time that grows with the length alone."""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["text_of"]

MOST_HTML: Final = 1 << 18
"""Characters looked at; 5,000 of text are kept."""

LONGEST_TAG: Final = 2000
"""How far a ``>`` inside quotes is told from the one that ends a tag. What is longer holds
a picture, which has none inside."""

UNSEEN: Final = frozenset(
    """
    audio canvas head iframe math noscript object script select style svg template textarea
    title video
    """.split()  # noqa: SIM905 - a table reads better than a list of quotes
)
"""Elements that are left out with all they contain."""

BREAKS: Final = frozenset(
    """
    address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4
    h5 h6 header hr li main nav ol p pre section table tbody tfoot thead tr ul
    """.split()  # noqa: SIM905 - as above
)
"""Elements that begin and end a line."""

_TAG: Final = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]{0,60})([^<>"']{0,200}+>)?""")
"""The whole of a plain tag, or the beginning of one with quotes."""

_END: Final = re.compile(r"""(?>[^>"']+|"[^"]*"|'[^']*')*+>""")
_CLOSING: Final = {tag: re.compile(f"</{tag}", re.IGNORECASE | re.ASCII) for tag in UNSEEN}
_LINES: Final = re.compile(r"\n{3,}")


def text_of(source: str) -> str:
    """The text of an HTML fragment: no tags, comments or scripts, entities as characters.

    Text without a single tag keeps its own line breaks. What comes out may look like HTML
    again, where the source had it escaped: it is text, and stays that.
    """
    source = source[:MOST_HTML]
    if "<" not in source:
        return _tidy(html.unescape(source))
    source = source.replace("\n", " ")
    parts: list[str] = []
    place = 0
    while (start := source.find("<", place)) >= 0:
        parts.append(source[place:start])
        tag = _TAG.match(source, start)
        place = _after_tag(source, tag, parts) if tag else _after_other(source, start, parts)
    parts.append(source[place:])
    return _tidy(html.unescape("".join(parts)))


def _after_tag(source: str, tag: re.Match[str], parts: list[str]) -> int:
    """Where the text goes on behind a tag, and behind all of an element that is unseen."""
    end = tag.end()
    if not tag[3]:
        closed = _END.match(source, end, end + LONGEST_TAG)
        end = closed.end() if closed else _after(source, ">", end)
    name = tag[2].lower()
    if name in BREAKS:
        parts.append("\n\n" if name == "p" else "\n• " if name == "li" and not tag[1] else "\n")
    elif name in {"td", "th"}:
        parts.append(" ")
    elif name in UNSEEN and not tag[1]:
        closing = _CLOSING[name].search(source, end)
        return _after(source, ">", closing.end()) if closing else len(source)
    return end


def _after_other(source: str, start: int, parts: list[str]) -> int:
    """Where the text goes on behind a ``<`` that begins no tag."""
    if source.startswith("<!--", start):
        return _after(source, "-->", start + 4)
    if source[start + 1 : start + 2] in {"!", "?", "/"}:
        return _after(source, ">", start)
    parts.append("<")  # as in "a < b"
    return start + 1


def _after(text: str, mark: str, start: int) -> int:
    """Just behind the next mark; the end, when there is none: browsers too drop the rest."""
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()
