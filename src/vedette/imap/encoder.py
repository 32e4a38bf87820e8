"""The one way of an argument to the wire. It must not know commands, states or servers.

Whatever text comes in, exactly one command goes out, or UsageError is raised and nothing
does. CR, LF and NUL pass in no argument but the octets of a message, and there only inside a
counted literal. This is the only module that writes a quote, a backslash or a literal.
"""

from __future__ import annotations

import re

from vedette.errors import UsageError

# ATOM-CHAR of RFC 9051 section 9, without "{" and with "]" and "\" left out: what needs
# those is quoted.
_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]++")
# A flag keyword or a system flag; the backslash only leads.
_FLAG = re.compile(rb"\\?[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~\[\]]++")
_FORBIDDEN = re.compile(rb"[\r\n\0]")
_SPECIAL = re.compile(rb'(["\\])')
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
# LITERAL- allows non-synchronising literals up to this size (RFC 7888 section 5).
LITERAL_MINUS = 4_096


class Encoder:
    """Collects one command. ``parts`` are what is sent at once, then after each ``+``.

    ``free_literal`` is the size up to which the server takes a literal without being asked:
    0 for none. ``utf8`` says that 8-bit text may be quoted (UTF8=ACCEPT or IMAP4rev2 enabled).
    ``maximum`` bounds each line.
    """

    __slots__ = ("_free", "_glued", "_line", "_maximum", "_part", "_parts", "_utf8")

    def __init__(self, tag: str, verb: str, *, free_literal: int, utf8: bool, maximum: int) -> None:
        self._parts: list[bytes] = []
        self._part = bytearray()  # what stands before the present line: literals that are free
        self._line = bytearray(f"{tag} {verb}".encode())
        self._free = free_literal
        self._glued = False  # a parenthesis was opened: nothing separates what follows from it
        self._utf8 = utf8
        self._maximum = maximum

    @property
    def utf8(self) -> bool:
        """True when 8-bit text may be quoted, and CHARSET must not be named (RFC 6855)."""
        return self._utf8

    def atom(self, word: bytes | str, *, sep: bytes = b" ") -> None:
        """Write a word of the protocol that came from outside; nothing in it may be special."""
        octets = _octets(word)
        if not _ATOM.fullmatch(octets):
            raise UsageError(f"{word!r} is not a word of the protocol")
        self._write(sep, octets)

    def flag(self, name: str, *, sep: bytes = b" ") -> None:
        """Write a flag or keyword."""
        octets = _octets(name)
        if not _FLAG.fullmatch(octets):
            raise UsageError(f"{name!r} is not a flag")
        self._write(sep, octets)

    def number(self, value: int, maximum: int, *, minimum: int = 0, sep: bytes = b" ") -> None:
        """Write a number within its bounds."""
        if isinstance(value, bool) or not minimum <= value <= maximum:
            raise UsageError(f"{value} is not between {minimum} and {maximum}")
        self._write(sep, b"%d" % value)

    def syntax(self, octets: bytes, *, sep: bytes = b" ") -> None:
        """Write fixed words of a command, or the output of a type that can only write itself."""
        if _FORBIDDEN.search(octets):
            raise UsageError("a line end within a command")
        self._write(sep, octets)

    def open(self) -> None:
        """Write a parenthesis to which the next word is joined."""
        self._write(b" ", b"(")
        self._glued = True

    def string(self, text: bytes | str, *, sep: bytes = b" ") -> None:
        """Write text as a quoted string, or as a literal where 8-bit octets need one."""
        octets = _octets(text)
        if _FORBIDDEN.search(octets):
            raise UsageError("CR, LF and NUL can not stand in an argument of a command")
        if _EIGHT_BIT.search(octets) and not (self._utf8 and _is_utf8(octets)):
            self._literal(octets, sep)
        else:
            self._write(sep, b'"' + _SPECIAL.sub(rb"\\\1", octets) + b'"')

    def ascii_string(self, text: bytes | str, *, what: str, sep: bytes = b" ") -> None:
        """Write text that must be ASCII; ``what`` names it in the error, not its value."""
        octets = _octets(text)
        if _EIGHT_BIT.search(octets) or _FORBIDDEN.search(octets):
            raise UsageError(f"{what} holds characters that this command can not carry")
        self._write(sep, b'"' + _SPECIAL.sub(rb"\\\1", octets) + b'"')

    def message(self, octets: bytes) -> None:
        """Write the octets of a message as a literal; NUL needs BINARY, which is not used."""
        if b"\0" in octets:
            raise UsageError("a message with NUL octets can not be appended")
        self._literal(octets, b" ")

    def finish(self) -> list[bytes]:
        """Return the parts, the last with the command's line end."""
        self._check_line()
        self._parts.append(bytes(self._part + self._line) + b"\r\n")
        return self._parts

    def _write(self, sep: bytes, octets: bytes) -> None:
        if self._glued:
            self._glued, sep = False, b""
        self._line += sep
        self._line += octets

    def _literal(self, octets: bytes, sep: bytes) -> None:
        free = len(octets) <= self._free
        self._write(sep, b"{%d+}" % len(octets) if free else b"{%d}" % len(octets))
        self._check_line()
        self._part += self._line
        self._part += b"\r\n"
        self._line.clear()
        if not free:
            self._parts.append(bytes(self._part))
            self._part.clear()
        self._part += octets

    def _check_line(self) -> None:
        if len(self._line) > self._maximum:
            raise UsageError(
                f"the command is longer than {self._maximum} octets; ask in smaller sets"
            )


def _octets(text: bytes | str) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UsageError("half of a surrogate pair in an argument") from None


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
