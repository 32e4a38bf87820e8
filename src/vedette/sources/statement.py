"""A statement with named parameters, as somebody wrote it: ``… SET seen = :at WHERE id = :id``.

The names become what a database's library asks for. What looks like a name within a text, a quoted
identifier or a comment is none, nor is the type behind ``::``. It must not know what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vedette.errors import UsageError

_NAME_START: Final = frozenset("abcdefghijklmnopqrstuvwxyz_")
_NAME: Final = _NAME_START | frozenset("0123456789")


@unique
class Marks(StrEnum):
    """How a library writes the place of a value."""

    NUMBERED = "$"
    """``$1``, the same number for the same name (asyncpg)."""
    FORMAT = "%"
    """``%s`` for each, and ``%%`` for a percent sign (aiomysql)."""
    QUESTION = "?"
    """``?`` for each (sqlite3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Pieces of text, with the name of a value between each two."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The statement as it was written."""
        named = "".join(
            f"{piece}:{name}" for piece, name in zip(self.pieces, self.names, strict=False)
        )
        return named + self.pieces[-1]

    def marked(self, marks: Marks) -> tuple[str, tuple[str, ...]]:
        """Return the text with a library's marks, and the names in the order of its values."""
        match marks:
            case Marks.NUMBERED:
                order = tuple(dict.fromkeys(self.names))
                number = {name: f"${place}" for place, name in enumerate(order, start=1)}
                return self._joined([number[name] for name in self.names]), order
            case Marks.FORMAT:
                pieces = tuple(piece.replace("%", "%%") for piece in self.pieces)
                doubled = Statement(pieces=pieces, names=self.names)
                return doubled._joined(["%s"] * len(self.names)), self.names
            case Marks.QUESTION:
                return self._joined(["?"] * len(self.names)), self.names

    def _joined(self, between: list[str]) -> str:
        pairs = zip(self.pieces, [*between, ""], strict=True)
        return "".join(piece + mark for piece, mark in pairs)


def read_statement(text: str, *, known: Collection[str]) -> Statement:
    """Read a statement. Raises UsageError for a name that is not ``known``."""
    pieces: list[str] = []
    names: list[str] = []
    begun = 0
    for start, end in _places(text):
        name = text[start + 1 : end]
        if name not in known:
            spelt = ", ".join(f":{each}" for each in sorted(known))
            raise UsageError(f":{name} is not known here; there are {spelt}")
        pieces.append(text[begun:start])
        names.append(name)
        begun = end
    return Statement(pieces=(*pieces, text[begun:]), names=tuple(names))


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Find where names stand, from the colon to the end of the name."""
    at = 0
    while at < len(text):
        skipped = _skipped(text, at)
        if skipped > at:
            at = skipped
            continue
        if text[at] == ":" and text[at + 1 : at + 2].lower() in _NAME_START:
            end = at + 2
            while end < len(text) and text[end].lower() in _NAME:
                end += 1
            yield at, end
            at = end
            continue
        # ``::`` is a cast, and what follows it is a type.
        at += 2 if text.startswith("::", at) else 1


def _skipped(text: str, at: int) -> int:
    """Return the end of a text, identifier or comment that begins here; ``at`` if none does."""
    match text[at]:
        case "'" | '"' | "`" as quote:
            # A doubled quote is two quoted parts side by side, which comes to the same.
            return _behind(text, quote, at + 1)
        case "-" if text.startswith("--", at):
            return _behind(text, "\n", at)
        case "/" if text.startswith("/*", at):
            return _behind(text, "*/", at + 2)
        case "$":
            return _dollars(text, at)
        case _:
            return at


def _dollars(text: str, at: int) -> int:
    """Skip a dollar-quoted text of Postgres: ``$$…$$`` or ``$tag$…$tag$`` (section 4.1.2.4)."""
    end = at + 1
    while end < len(text) and text[end].lower() in _NAME:
        end += 1
    if text[end : end + 1] != "$" or text[at + 1 : at + 2].isdigit():
        return at
    tag = text[at : end + 1]
    return _behind(text, tag, end + 1)


def _behind(text: str, what: str, start: int) -> int:
    found = text.find(what, start)
    return len(text) if found < 0 else found + len(what)
