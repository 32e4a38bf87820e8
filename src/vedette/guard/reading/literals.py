"""Words of which one is in every match of a regular expression, found in its text.

A guard looks for the words of all its expressions at once, and tries an expression only on a text
that holds one of its own. RE2's syntax is read just so far as that needs; what is not understood
yields no words and never wrong ones. It must not know what is searched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

#: Octets of a word: shorter ones are in every mail.
SHORTEST = 3
#: Words of one expression, and spellings that are kept apart while it is read.
_MOST = 32
#: Groups in one another; a person reads no deeper one, and Python's stack has an end.
_MAX_DEPTH = 40

# Escapes that match no character.
_EMPTY = "bBAz"
_FLAGS = re.compile(r"\?(?:[imsU-]*[:)]|P?<\w+>)")
_FEW = re.compile(r"([^\]\[\\^-][^\]\[\\-]{0,3})\]")
# A bracket just behind the beginning is of the set; so are names such as [:alpha:].
_CLASS = re.compile(r"\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_PROPERTY = re.compile(r"\{[^}]*\}|[A-Z]")
_REPEAT = re.compile(r"(?:[*+?]|\{(\d+)(?:,\d*)?\})\??")


@dataclass(frozen=True, slots=True)
class _Match:
    """What a part can match: all of it, if that is few, else words of which one is in it."""

    exact: frozenset[str] | None
    words: frozenset[str] = frozenset()


_ANY = _Match(None)
_NOTHING = _Match(frozenset({""}))


class _UnclearError(Exception):
    """The expression has something that is not read here."""


def literals_of(regex: str) -> tuple[str, ...]:
    """Return words, in lower case, of which one is in every match; none where none is known.

    ``regex`` is one that RE2 reads; flags for letter case are of no account to the words.
    """
    try:
        reading = _Reading(regex)
        found = reading.any(0)
        reading.end()
    except _UnclearError:
        return ()
    return tuple(sorted({each.strip() for each in _words(found)}))


def _words(match: _Match) -> frozenset[str]:
    """Return the words of a part, where all of them are long enough."""
    return _better(_long(match.exact or frozenset()), match.words)


def _long(words: frozenset[str]) -> frozenset[str]:
    long = all(len(word.strip().encode()) >= SHORTEST for word in words)
    return words if words and long else frozenset()


def _better(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Return the words that fewer texts hold: long ones, and few of them."""
    return max(one, other, key=lambda words: (min(map(len, words), default=0), -len(words)))


def _either(parts: list[_Match]) -> _Match:
    if len(parts) == 1:
        return parts[0]
    exact = [part.exact for part in parts if part.exact is not None]
    whole: frozenset[str] | None = frozenset().union(*exact)
    if len(exact) < len(parts) or len(whole or ()) > _MOST:
        whole = None
    words = [_words(part) for part in parts]
    every = frozenset().union(*words)
    return _Match(whole, every if all(words) and len(every) <= _MOST else frozenset())


class _Reading:
    """One expression, read from the left."""

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def any(self, depth: int) -> _Match:
        """Read alternatives."""
        if depth > _MAX_DEPTH:
            raise _UnclearError
        parts = [self._row(depth)]
        while self._take("|"):
            parts.append(self._row(depth))
        return _either(parts)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at < len(self._text):
            raise _UnclearError

    def _row(self, depth: int) -> _Match:
        """Read parts that follow one another."""
        words: frozenset[str] = frozenset()
        run, is_whole = frozenset({""}), True
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._repeated(self._single(depth))
            if part.exact is not None and len(run) * len(part.exact) <= _MOST:
                run = frozenset(map("".join, product(run, part.exact)))
                continue
            # A new run of characters begins, here or behind what can be anything.
            words = _better(words, _better(_long(run), part.words))
            run, is_whole = part.exact or frozenset({""}), False
        return _Match(run if is_whole else None, _better(words, _long(run)))

    def _single(self, depth: int) -> _Match:
        sign = self._text[self._at]
        self._at += 1
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._escape()
        if sign in "^$":
            return _NOTHING
        if sign == ".":
            return _ANY
        return _Match(frozenset({sign.lower()}))

    def _group(self, depth: int) -> _Match:
        flags = _FLAGS.match(self._text, self._at)
        if flags is not None:
            self._at = flags.end()
            if flags[0].endswith(")"):
                return _NOTHING
        inner = self.any(depth + 1)
        if not self._take(")"):
            raise _UnclearError
        return inner

    def _class(self) -> _Match:
        """Read a set of characters; few of them, and none of them a range, are spelled out."""
        found = _FEW.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return _Match(frozenset(found[1].lower()))
        return self._passed(_CLASS)

    def _escape(self) -> _Match:
        if self._at >= len(self._text):
            raise _UnclearError
        sign = self._text[self._at]
        self._at += 1
        if sign in _EMPTY:
            return _NOTHING
        if sign in "dDwWsSC":
            return _ANY
        if sign in "pP":
            return self._passed(_PROPERTY)
        if sign.isascii() and sign.isalnum():
            # Controls, octal, hexadecimal and quoted runs: rare, and never words.
            raise _UnclearError
        return _Match(frozenset({sign.lower()}))

    def _repeated(self, part: _Match) -> _Match:
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            return part
        self._at = found.end()
        if _REPEAT.match(self._text, self._at):
            raise _UnclearError
        least = found[0][0] == "+" or (found[1] is not None and int(found[1]) > 0)
        if least:
            return _Match(None, _words(part))
        if found[0][0] == "?" and part.exact is not None and len(part.exact) < _MOST:
            return _Match(part.exact | {""})
        return _ANY

    def _passed(self, pattern: re.Pattern[str]) -> _Match:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _UnclearError
        self._at = found.end()
        return _ANY

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False
