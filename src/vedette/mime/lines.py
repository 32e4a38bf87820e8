"""Text as lines, as a page shows it: spaces collapse, blocks break, quotes are marked.

It must not know how the page is read.
"""

from __future__ import annotations

import re

from vedette.mime.charset import safe

#: Elements that stand on lines of their own, with the breaks around them.
BLOCKS = {
    "p": 2, "blockquote": 1, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "ul": 1,
    "ol": 1, "pre": 1, "table": 1, "tr": 1, "div": 1, "li": 1, "dl": 1, "dt": 1, "dd": 1,
    "center": 1, "form": 1, "fieldset": 1, "section": 1, "article": 1, "header": 1, "footer": 1,
    "main": 1, "nav": 1, "aside": 1, "address": 1, "figure": 1, "figcaption": 1, "caption": 1,
    "hr": 1, "body": 1, "details": 1, "summary": 1,
}  # fmt: skip
SPACES = re.compile(r"[ \t\r\n\f]+")
# The quote prefix of a line; deeper quoting adds nothing for a reader.
_DEEPEST_QUOTE = 10


class Hidden:
    """Text that a page does not show, up to ``room`` characters."""

    __slots__ = ("_room", "_texts")

    def __init__(self, room: int) -> None:
        self._room = room
        self._texts: list[str] = []

    def take(self, text: str) -> None:
        """Take one piece, which ends where the next begins."""
        if self._room > 0 and (text := safe(SPACES.sub(" ", text)).strip()):
            self._texts.append(text[: self._room])
            self._room -= len(text) + 1

    def text_of(self) -> str:
        """Return all that was taken."""
        return "\n".join(self._texts)


class Lines:
    """Text as lines: collapses spaces, breaks at blocks, marks quotes with ``> ``."""

    __slots__ = ("breaks", "last_quotes", "parts", "pre", "quotes", "size", "space")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.breaks = 0
        self.space = False
        self.quotes = 0
        self.last_quotes = 0
        self.pre = 0
        self.size = 0

    def text(self, text: str) -> None:
        """Take a text as it is written."""
        if self.pre:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self.breaks += 1
                if line:
                    self._put(line)
            return
        line = text
        if "  " in text or not text.isprintable():
            # Else every space is a single one, and stays.
            if text.isspace() and text.isascii():
                self.space = True
                return
            line = SPACES.sub(" ", text)
        if line == " ":
            self.space = True
            return
        if line[0] == " ":
            self.space = True
        self._put(line.strip(" "))
        self.space = line[-1] == " "

    def open(self, tag: str, alt: str) -> None:
        """Take the beginning of an element; ``alt`` is what a picture says of itself."""
        if tag == "br":
            self.breaks += 1
            self.space = False
        elif tag == "img":
            if alt:
                self.text(alt)
        elif tag in {"td", "th"}:
            self.space = True
        elif tag in BLOCKS:
            self.breaks = max(self.breaks, BLOCKS[tag])
            self.space = False
            if tag == "blockquote":
                self.quotes += 1
            elif tag == "pre":
                self.pre += 1
            elif tag == "li":
                self._put("- ")

    def close(self, tag: str) -> None:
        """Take the end of an element."""
        if tag in BLOCKS:
            self.breaks = max(self.breaks, BLOCKS[tag])
            self.space = False
            if tag == "blockquote":
                self.quotes -= 1
            elif tag == "pre":
                self.pre -= 1

    def _put(self, line: str) -> None:
        parts = self.parts
        if self.breaks or not parts:
            if self.quotes or self.last_quotes:
                self._quote()
            elif parts:
                # More than one empty line says no more than one.
                parts.append("\n\n" if self.breaks > 1 else "\n")
            self.breaks = 0
        elif self.space:
            parts.append(" ")
        self.space = False
        parts.append(line)
        self.size += len(line) + 1

    def _quote(self) -> None:
        prefix = "> " * min(self.quotes, _DEEPEST_QUOTE)
        if self.parts:
            between = "> " * min(self.quotes, self.last_quotes, _DEEPEST_QUOTE)
            blank = "\n" + between.rstrip()
            self.parts.append(blank * (min(self.breaks, 2) - 1) + "\n")
        self.parts.append(prefix)
        self.last_quotes = self.quotes

    def text_of(self) -> str:
        """Return all lines."""
        return "".join(self.parts)
