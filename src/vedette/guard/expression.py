"""Boolean expressions over names of symbols: ``A & (B | C) & !D``.

Read once into nested tuples and evaluated over the set of names that hold. Nothing of the
text is ever run as code. ``!`` binds strongest, then ``&``, then ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from vedette.errors import UsageError

#: Names and operators in one expression; a person reads no longer one.
MAX_TOKENS = 200
#: Parentheses and negations in one another: reading goes as deep, and Python's stack has an end.
MAX_DEPTH = 20

_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*|[&|!()])")


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol holds."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """A part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One part holds at least."""

    parts: tuple[Node, ...]


Node: TypeAlias = Name | Not | Every | Some


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression; ``text`` is as it was written, ``names`` are the symbols that it asks for."""

    text: str
    node: Node
    names: frozenset[str]
    is_monotone: bool
    """No name is negated: more evidence never makes it false."""

    def holds(self, names: Collection[str]) -> bool:
        """Tell whether the expression is true when exactly ``names`` hold."""
        # Most hold nothing that an expression asks for.
        if self.is_monotone and self.names.isdisjoint(names):
            return False
        return _holds(self.node, names, names)

    def surely(self, names: Collection[str], possible: Collection[str]) -> bool:
        """Tell whether it is true whichever of ``possible`` turn out to hold beside ``names``.

        ``possible`` includes ``names``.
        """
        if self.is_monotone and self.names.isdisjoint(names):
            return False
        return _holds(self.node, names, possible)


def read_expression(text: str) -> Expression:
    """Read an expression. Raises UsageError that says what was expected, and where."""
    reading = _Reading(text)
    node = reading.any(0)
    reading.end()
    return Expression(
        text=text, node=node, names=frozenset(reading.names), is_monotone=not reading.negates
    )


def printed(node: Node) -> str:
    """Return an expression as text, with the fewest parentheses; ``read_expression`` reads it."""
    match node:
        case Name(name=name):
            return name
        case Not(part=part):
            return f"!{_inner(part, (Name, Not))}"
        case Every(parts=parts):
            return " & ".join(_inner(part, (Name, Not)) for part in parts)
        case Some(parts=parts):
            return " | ".join(_inner(part, (Name, Not, Every)) for part in parts)
        case _:
            assert_never(node)


def _inner(part: Node, bare: tuple[type, ...]) -> str:
    return printed(part) if isinstance(part, bare) else f"({printed(part)})"


class _Reading:
    """The tokens of one text, taken from the left."""

    __slots__ = ("_at", "_places", "_text", "_tokens", "names", "negates")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        self._places: list[int] = []
        self.names: set[str] = set()
        self.negates = False
        self._at = 0
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                place += len(text[place:]) - len(text[place:].lstrip())
                raise UsageError(
                    f"{text[place]!r} at {place + 1} of {text!r} is no name or & | ! ( )"
                )
            self._tokens.append(found[1])
            self._places.append(found.start(1))
            place = found.end()
            if len(self._tokens) > MAX_TOKENS:
                raise UsageError(f"an expression of more than {MAX_TOKENS} names and operators")

    def any(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while self._next() == "|":
            self._at += 1
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unexpected("& or |")

    def _all(self, depth: int) -> Node:
        parts = [self._single(depth)]
        while self._next() == "&":
            self._at += 1
            parts.append(self._single(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _single(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UsageError(f"an expression of more than {MAX_DEPTH} levels: {self._text!r}")
        word = self._next()
        if word is None or word in "&|)":
            raise self._unexpected("a name, ! or (")
        self._at += 1
        if word == "!":
            self.negates = True
            return Not(self._single(depth + 1))
        if word == "(":
            node = self.any(depth + 1)
            if self._next() != ")":
                raise self._unexpected(")")
            self._at += 1
            return node
        self.names.add(word)
        return Name(word)

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _unexpected(self, wanted: str) -> UsageError:
        if self._at >= len(self._tokens):
            return UsageError(f"expected {wanted} at the end of {self._text!r}")
        place = self._places[self._at] + 1
        return UsageError(
            f"expected {wanted} and not {self._tokens[self._at]!r} at {place} of {self._text!r}"
        )


def _holds(node: Node, names: Collection[str], possible: Collection[str]) -> bool:
    match node:
        case Name(name=name):
            return name in names
        case Not(part=part):
            # A part is surely false when even all that is possible does not make it true.
            return not _holds(part, possible, names)
        case Every(parts=parts):
            return all(_holds(each, names, possible) for each in parts)
        case Some(parts=parts):
            return any(_holds(each, names, possible) for each in parts)
        case _:
            assert_never(node)
