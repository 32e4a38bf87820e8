"""Reads the values of a response into a tree. It must not know what any response means.

The tree is made by one regular expression whose every repetition is possessive, so that no
input makes it go back; nesting is a stack of lists, so that no input makes it recurse.

Values: an atom is an ``Atom``, a quoted string or literal is plain ``bytes``, a streamed
literal is ``Streamed``, a parenthesised list is a ``list``. ``NIL`` stays an atom, because
only the place tells whether it means nothing or is a folder called NIL.
"""

from __future__ import annotations

import re
from typing import TypeAlias, Union

from vedette.imap.framer import Streamed
from vedette.imap.limits import Limits


class ParseError(Exception):
    """One response can not be read; the message says why. It costs that response only."""


class Atom(bytes):
    """A word of the protocol, as opposed to the text of a string."""

    __slots__ = ()


Value: TypeAlias = Union[Atom, bytes, Streamed, "list[Value]"]

_TOKEN = re.compile(
    rb" *+(?:"
    rb"(~?+\{[0-9]++\+?+\}\n)"  # 1: the marker of a literal, whose octets are out of line
    rb"|((?i:BODY|BINARY)[A-Za-z.]*+"
    rb"\[[^\[\]\"\n]*+(?:\"[^\"\\\n]*+(?:\\.[^\"\\\n]*+)*\"[^\[\]\"\n]*+)*\](?:<[0-9.]++>)?"
    rb"|[^ ()\"\n]++)"  # 2: an atom; wider than the grammar, as servers are
    rb"|(\()|(\))"  # 3, 4
    rb"|\"([^\"\\\n]*+(?:\\[^\n][^\"\\\n]*+)*)\""  # 5: a quoted string; 8-bit octets may stand in it
    rb"|(.))",  # 6: a lone quote
    re.DOTALL,
)
_LITERAL, _ATOM, _OPEN, _CLOSE, _QUOTED = 1, 2, 3, 4, 5
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)

UINT32 = 2**32 - 1
INT63 = 2**63 - 1
UINT64 = 2**64 - 1
# 2^64 has 20 digits. The length is checked first: int() of a long number is quadratic.
_DIGITS = 20


def read_values(
    text: bytes, start: int, literals: tuple[bytes | Streamed, ...], limits: Limits
) -> list[Value]:
    """Read all values from ``start`` to the end of the response.

    Raises ParseError on unbalanced parentheses or quotes, and over ``limits.depth`` or
    ``limits.items``.
    """
    current: list[Value] = []
    stack: list[list[Value]] = []
    used = 0
    # Spaces at the end belong to no token; left there, each would be tried as the start of one.
    for count, token in enumerate(_TOKEN.finditer(text.rstrip(b" "), start)):
        kind = token.lastindex
        if count >= limits.items:
            raise ParseError(f"more than {limits.items} values")
        if kind == _ATOM:
            current.append(Atom(token[2]))
        elif kind == _OPEN:
            if len(stack) >= limits.depth:
                raise ParseError(f"nested deeper than {limits.depth}")
            stack.append(current)
            current = []
        elif kind == _CLOSE and stack:
            inner, current = current, stack.pop()
            current.append(inner)
        elif kind == _QUOTED:
            current.append(_unescaped(token[5]))
        elif kind == _LITERAL:
            current.append(literals[used])
            used += 1
        else:
            raise ParseError("a quote is not closed, or a parenthesis closes nothing")
    if stack:
        raise ParseError("a parenthesis is not closed")
    return current


def _unescaped(quoted: bytes) -> bytes:
    return _ESCAPE.sub(rb"\1", quoted) if b"\\" in quoted else quoted


def is_nil(value: Value) -> bool:
    """Tell whether the value is the atom NIL."""
    return isinstance(value, Atom) and value.upper() == b"NIL"


def number(value: object, maximum: int = UINT32) -> int | None:
    """Read a number strictly: 1 to 20 ASCII digits, at most ``maximum``; else None."""
    if isinstance(value, bytes) and len(value) <= _DIGITS and value.isdigit():
        result = int(value)
        if result <= maximum:
            return result
    return None


def positive(value: object, maximum: int = UINT32) -> int | None:
    """Read a number that can not be 0, such as a UID; else None."""
    return number(value, maximum) or None


def display(value: bytes) -> str:
    """Decode text for a person: UTF-8, and Latin-1 where it is not (RFC 9051 allows the first)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
