"""The grammar of what a client says (RFC 3501 section 9), read strictly from left to right.

It must not know any command: handlers ask for the next thing that must stand there,
and anything else is a BadSyntaxError, which becomes BAD. Every expression is possessive,
so that no input makes it go back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from vedette.demo.intake import Command
from vedette.imap.dates import read_date_time

T = TypeVar("T")

#: nz-number and number are 32 bits (RFC 3501 section 9).
UINT32: Final = 2**32 - 1
#: ``*`` in a set.
STAR: Final = UINT32 + 1
#: Elements in one list or set: a set of 64 KiB holds fewer.
MAX_ITEMS: Final = 32_768

_TAG: Final = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,64}+")
_ATOM: Final = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]++")
_ASTRING: Final = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]++")
_PATTERN: Final = re.compile(rb"[!#$%&'*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]++")
_FLAG: Final = re.compile(rb"\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]++")
_PLAIN = rb"[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]*+"
_QUOTED: Final = re.compile(rb'"(' + _PLAIN + rb'(?:\\["\\]' + _PLAIN + rb')*)"')
_ESCAPE: Final = re.compile(rb"\\(.)")
_LITERAL: Final = re.compile(rb"\{[0-9]++\+?\}\n")
_NUMBER: Final = re.compile(rb"[0-9]{1,10}+")
_SET: Final = re.compile(rb"(?:[1-9][0-9]{0,9}+|\*)(?::(?:[1-9][0-9]{0,9}+|\*))?")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]++={0,2}|=")
_DATE: Final = re.compile(rb'"?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})"?')
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun",
         b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"),
        start=1,
    )
}  # fmt: skip

#: Ranges of numbers, first at most last; ``STAR`` stands for the largest there is.
Ranges = tuple[tuple[int, int], ...]


class BadSyntaxError(Exception):
    """The command is not what the grammar allows; the message says what was expected."""


class Arguments:
    """A place in a command, moving to the right."""

    __slots__ = ("_at", "_literals", "_text")

    def __init__(self, command: Command) -> None:
        self._text = command.text
        self._literals = list(reversed(command.literals))
        self._at = 0

    def tag(self) -> str:
        """Read the tag (without ``+``)."""
        return self._match(_TAG, "a tag")[0].decode()

    def atom(self) -> str:
        """Read an atom; words of the protocol are told apart in upper case."""
        return self._match(_ATOM, "an atom")[0].decode()

    def word(self) -> str:
        """Read an atom in upper case."""
        return self.atom().upper()

    def space(self) -> None:
        """Read exactly one space."""
        self.expect(b" ")

    def end(self) -> None:
        """See that nothing follows."""
        if self._at != len(self._text):
            raise BadSyntaxError("something follows the last argument")

    def expect(self, octets: bytes) -> None:
        """Read these very octets."""
        if not self.skip(octets):
            raise BadSyntaxError(f"expected {octets.decode()!r}")

    def skip(self, octets: bytes) -> bool:
        """Read these octets if they stand here."""
        if self._text.startswith(octets, self._at):
            self._at += len(octets)
            return True
        return False

    def sees(self, octets: bytes) -> bool:
        """Tell whether these octets stand here, in any case."""
        return self._text[self._at : self._at + len(octets)].upper() == octets

    def digit(self) -> bool:
        """Tell whether a digit stands here."""
        return self._text[self._at : self._at + 1].isdigit()

    def match(self, pattern: re.Pattern[bytes], what: str) -> str:
        """Read what an ASCII pattern matches here; ``what`` names it where it does not."""
        return self._match(pattern, what)[0].decode("ascii")

    def string(self) -> bytes:
        """Read a quoted string or a literal."""
        if self.sees(b'"'):
            quoted = self._match(_QUOTED, "a closed quoted string of 7-bit characters")[1]
            return _ESCAPE.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        return self.literal()

    def literal(self) -> bytes:
        """Read a literal. NUL has no place in one (RFC 3501 section 9, CHAR8)."""
        self._match(_LITERAL, "a string or a literal")
        octets = self._literals.pop()
        if b"\0" in octets:
            raise BadSyntaxError("a literal without NUL was expected")
        return octets

    def astring(self) -> bytes:
        """Read an atom (``]`` allowed), a quoted string or a literal."""
        return self._string_or(_ASTRING, "a string")

    def pattern(self) -> str:
        """Read a mailbox name in which ``*`` and ``%`` are wild."""
        return _name(self._string_or(_PATTERN, "a pattern"))

    def mailbox(self) -> str:
        """Read the wire name of a mailbox; 8-bit octets have no place in one."""
        return _name(self.astring())

    def nstring(self) -> bytes | None:
        """Read a string or NIL."""
        if self.sees(b"NIL"):
            self._at += 3
            return None
        return self.string()

    def number(self, *, least: int = 0) -> int:
        """Read a number of 32 bits."""
        value = int(self._match(_NUMBER, "a number")[0])
        if not least <= value <= UINT32:
            raise BadSyntaxError(f"expected a number from {least} to {UINT32}")
        return value

    def set(self) -> Ranges:
        """Read a sequence set, of numbers or UIDs."""
        ranges = []
        while True:
            first, _, last = self._match(_SET, "a sequence set")[0].partition(b":")
            one, other = _bound(first), _bound(last or first)
            ranges.append((min(one, other), max(one, other)))
            if not self.skip(b","):
                return tuple(ranges)
            if len(ranges) >= MAX_ITEMS:
                raise BadSyntaxError(f"a set of at most {MAX_ITEMS} ranges was expected")

    def flag(self) -> str:
        """Read a flag or keyword."""
        return self._match(_FLAG, "a flag")[0].decode()

    def base64(self) -> bytes:
        """Read base64, or ``=`` for nothing (RFC 4959 section 3)."""
        found = self._match(_BASE64, "base64")[0]
        return b"" if found == b"=" else found

    def date(self) -> date:
        """Read a date of SEARCH: ``1-Feb-2026``, quoted or not."""
        found = self._match(_DATE, "a date")
        try:
            return date(int(found[3]), _MONTHS.get(found[2].lower(), 0), int(found[1]))
        except ValueError as error:
            raise BadSyntaxError("no such day") from error

    def date_time(self) -> float:
        """Read the date-time of APPEND; epoch seconds."""
        moment = read_date_time(self.string().decode("ascii", "replace"))
        if moment is None:
            raise BadSyntaxError("expected a date-time")
        try:
            return moment.astimezone(UTC).timestamp()
        except OverflowError as error:
            raise BadSyntaxError("no such instant") from error

    def parenthesised(self, read: Callable[[], T], *, least: int = 1) -> list[T]:
        """Read a list: parentheses, single spaces between."""
        self.expect(b"(")
        found: list[T] = []
        if least == 0 and self.skip(b")"):
            return found
        while True:
            found.append(read())
            if self.skip(b")"):
                return found
            if len(found) >= MAX_ITEMS:
                raise BadSyntaxError(f"a list of at most {MAX_ITEMS} was expected")
            self.space()

    def _string_or(self, words: re.Pattern[bytes], what: str) -> bytes:
        if self.sees(b'"') or self.sees(b"{"):
            return self.string()
        return self._match(words, what)[0]

    def _match(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise BadSyntaxError(f"expected {what}")
        self._at = found.end()
        return found


def quoted(text: str) -> str:
    """Return 7-bit text as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def date_time(seconds: float) -> str:
    """Return an INTERNALDATE, in UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    month = next(name for name, number in _MONTHS.items() if number == moment.month)
    return f"{moment.day:2d}-{month.decode().title()}-{moment:%Y %H:%M:%S} +0000"


def _name(octets: bytes) -> str:
    if not octets.isascii() or any(octet < 0x20 or octet == 0x7F for octet in octets):  # noqa: PLR2004 - the control characters of ASCII
        raise BadSyntaxError("a mailbox name in modified UTF-7 was expected")
    return octets.decode("ascii")


def _bound(octets: bytes) -> int:
    value = STAR if octets == b"*" else int(octets)
    if octets != b"*" and value > UINT32:
        raise BadSyntaxError("expected a number of 32 bits")
    return value
