"""Typed looks into a table of a pack: each wrong value is noted with its place and what to do.

A look returns ``None`` (or the default) where there is nothing right to return, so that reading
goes on and tells every mistake of the file. It must not know what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from vedette.guard.pack import DAY, HOUR
from vedette.guard.source import Mapping, Mistakes, Node, Place, Scalar
from vedette.guard.source import Sequence as Items

Choice = TypeVar("Choice", bound=StrEnum)

#: Characters of one text: a regular expression of twenty lines, and nothing else is as long.
MAX_TEXT = 2_000

_NUMBER = re.compile(r"[-+]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})")
_WHOLE = re.compile(r"[-+]?\d{1,12}")
_DURATION = re.compile(r"(\d{1,6}) ?([smhdw])")
_SHARE = re.compile(r"(\d{1,5}(?:\.\d{1,3})?) ?%")
_RATE = re.compile(r"(\d{1,6}) ?/ ?h")
_SECONDS = {"s": 1.0, "m": 60.0, "h": HOUR, "d": DAY, "w": 7 * DAY}
# Control characters end a line of a terminal or a protocol; format characters turn its direction.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def guess(word: str, words: Sequence[str]) -> str:
    """Return ``; did you mean `x`?`` for the nearest of some words, or nothing."""
    close = get_close_matches(word, words, n=1) or get_close_matches(
        word.casefold(), {each.casefold(): each for each in words}, n=1
    )
    if not close:
        return ""
    near = next((each for each in words if each.casefold() == close[0].casefold()), close[0])
    return f"; did you mean `{near}`?"


class Table:
    """One table. Keys that are not of ``keys`` are noted at once."""

    __slots__ = ("_unknown", "_values", "mistakes", "path", "place")

    def __init__(
        self, node: Node, mistakes: Mistakes, *, path: str, keys: Sequence[str] | None
    ) -> None:
        self.place = node.place
        self.path = path
        self.mistakes = mistakes
        self._values: dict[str, tuple[Place, Node]] = {}
        self._unknown: list[str] = []
        if not isinstance(node, Mapping):
            self.fail(None, "expected a table, such as {key: value}")
            return
        for key, value in node.pairs:
            if keys is not None and key.text not in keys:
                where = f"{path}: " if path else ""
                what = f"{where}{shown(key.text)} is not known here{guess(key.text, keys)}"
                mistakes.at(key.place, what)
                self._unknown.append(key.text)
            else:
                self._values[key.text] = (key.place, value)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fail(self, key: str | None, what: str) -> None:
        """Note a mistake at a key's value, or at the table."""
        place = self.value(key).place if key is not None and key in self else self.place
        name = ".".join(part for part in (self.path, key) if part)
        self.mistakes.at(place, f"{name}: {what}" if name else what)

    def value(self, key: str) -> Node:
        """Return the value of a key that is there."""
        return self._values[key][1]

    def items(self) -> Iterator[tuple[str, Place, Node]]:
        """Return every key with its place and value, in the order of the file."""
        for key, (place, node) in self._values.items():
            yield key, place, node

    def inner(self, key: str, keys: Sequence[str] | None) -> Table | None:
        """Return the table at a key, or None if there is none."""
        if key not in self:
            return None
        return Table(self.value(key), self.mistakes, path=self._named(key), keys=keys)

    def rows(self, key: str, keys: Sequence[str]) -> list[Table]:
        """Return the tables of a list."""
        found = []
        for number, node in enumerate(self._list(key, "tables"), start=1):
            path = f"{self._named(key)}[{number}]"
            found.append(Table(node, self.mistakes, path=path, keys=keys))
        return found

    def missing(self, key: str, what: str) -> None:
        """Note that a key is not there, unless it is there misspelt, which was noted."""
        if not get_close_matches(key, self._unknown, n=1):
            self.fail(None, f"`{key}` is missing: {what}")

    def text(self, key: str, example: str) -> str | None:
        """Return a text of one line that is not empty."""
        return self._text(key, self.value(key), example) if key in self else None

    def texts(self, key: str, example: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        if key not in self:
            return ()
        node = self.value(key)
        nodes = (node,) if isinstance(node, Scalar) else self._list(key, f"texts such as {example}")
        found = [self._text(key, each, example) for each in nodes]
        texts = tuple(each for each in found if each is not None)
        if not nodes:
            self.fail(key, f"is empty; expected texts such as {example}")
        seen: set[str] = set()
        for node, each in zip(nodes, found, strict=True):
            if each in seen:
                self.mistakes.at(node.place, f"{self._named(key)}: {shown(each)} is there twice")
            elif each is not None:
                seen.add(each)
        return texts

    def number(self, key: str, *, low: float, high: float, of: str = "") -> float | None:
        """Return a number within bounds; ``of`` says whose bounds they are."""
        if key not in self:
            return None
        found = self._plain(key, ("int", "float"), _NUMBER)
        if found is None:
            self.fail(key, f"expected a number from {low:g} to {high:g}")
            return None
        return self._within(key, float(found[0]), low, high, of)

    def whole(self, key: str, *, low: int, high: int) -> int | None:
        """Return a whole number within bounds."""
        if key not in self:
            return None
        found = self._plain(key, ("int",), _WHOLE)
        if found is None:
            self.fail(key, f"expected a whole number from {low} to {high}")
            return None
        value = self._within(key, int(found[0]), low, high)
        return None if value is None else int(value)

    def yes(self, key: str) -> bool | None:
        """Return true or false."""
        if key not in self:
            return None
        node = self.value(key)
        if isinstance(node, Scalar) and node.kind == "bool":
            return node.text.casefold() in {"true", "yes", "on"}
        self.fail(key, "expected true or false")
        return None

    def only(self, key: str, word: str, why: str) -> None:
        """Take a key that may be there to be read, and can say only one thing."""
        if key not in self:
            return
        node = self.value(key)
        if not isinstance(node, Scalar) or node.text.casefold() != word:
            self.fail(key, f"can only be `{word}`: {why}")

    def duration(self, key: str, *, low: float, high: float) -> float | None:
        """Return seconds, from a text such as ``30d``."""
        if key not in self:
            return None
        found = self._plain(key, ("str",), _DURATION)
        if found is None:
            self.fail(key, "expected a time such as 30d, 24h, 15m or 30s")
            return None
        seconds = int(found[1]) * _SECONDS[found[2]]
        if not low <= seconds <= high:
            self.fail(key, f"{found[0]} is not within {duration(low)} and {duration(high)}")
            return None
        return seconds

    def share(self, key: str, *, high: float) -> float | None:
        """Return a share of 1, from a text such as ``20%``."""
        if key not in self:
            return None
        found = self._plain(key, ("str",), _SHARE)
        if found is None:
            self.fail(key, "expected a share such as 20%")
            return None
        value = float(found[1]) / 100
        if value > high:
            self.fail(key, f"{found[0]} is more than {high * 100:g}%")
            return None
        return value

    def rate(self, key: str, *, high: int) -> int | None:
        """Return a number for each hour, from a text such as ``60/h``."""
        if key not in self:
            return None
        found = self._plain(key, ("str",), _RATE)
        if found is None or not 1 <= int(found[1]) <= high:
            self.fail(key, f"expected a rate such as 60/h, from 1/h to {high}/h")
            return None
        return int(found[1])

    def choice(self, key: str, kind: type[Choice]) -> Choice | None:
        """Return one of a set of words."""
        if key not in self:
            return None
        return self._choice(key, self.value(key), kind)

    def choices(self, key: str, kind: type[Choice]) -> tuple[Choice, ...]:
        """Return several of a set of words; one word alone is a list of one."""
        words = [each.value for each in kind]
        if key not in self:
            return ()
        node = self.value(key)
        nodes = (node,) if isinstance(node, Scalar) else self._list(key, f"{words[0]} and the like")
        found = [self._choice(key, each, kind) for each in nodes]
        if not nodes:
            self.fail(key, f"is empty; expected some of {', '.join(words)}")
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def _named(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _list(self, key: str, what: str) -> tuple[Node, ...]:
        if key not in self:
            return ()
        node = self.value(key)
        if isinstance(node, Items):
            return node.items
        self.fail(key, f"expected a list of {what}")
        return ()

    def _text(self, key: str, node: Node, example: str) -> str | None:
        name = self._named(key)
        if not isinstance(node, Scalar):
            self.mistakes.at(node.place, f"{name}: expected text such as {example}")
        elif node.kind != "str":
            what = f'YAML reads {node.text} as no text; write "{node.text}" in quotes'
            self.mistakes.at(node.place, f"{name}: {what}")
        elif not node.text.strip():
            self.mistakes.at(node.place, f"{name}: is empty; expected text such as {example}")
        elif len(node.text) > MAX_TEXT:
            self.mistakes.at(node.place, f"{name}: is longer than {MAX_TEXT} characters")
        elif _UNPRINTABLE.search(node.text):
            self.mistakes.at(node.place, f"{name}: holds a control character; leave it out")
        else:
            return node.text
        return None

    def _choice(self, key: str, node: Node, kind: type[Choice]) -> Choice | None:
        words = [each.value for each in kind]
        word = node.text if isinstance(node, Scalar) else None
        if word in words:
            return kind(word)
        given = f"{shown(word)} is none of" if word is not None else "expected one of"
        what = f"{given} {', '.join(words)}{guess(word or '', words)}"
        self.mistakes.at(node.place, f"{self._named(key)}: {what}")
        return None

    def _plain(
        self, key: str, kinds: tuple[str, ...], pattern: re.Pattern[str]
    ) -> re.Match[str] | None:
        node = self.value(key)
        if isinstance(node, Scalar) and node.kind in kinds:
            return pattern.fullmatch(node.text)
        return None

    def _within(
        self, key: str, value: float, low: float, high: float, of: str = ""
    ) -> float | None:
        if low <= value <= high:
            return value
        self.fail(key, f"{value:g} is not within {low:g} and {high:g}{of and f' of {of}'}")
        return None


def shown(text: str | None) -> str:
    """Return a word of the file for a message of one line."""
    if text is None:
        return "nothing"
    most = 60  # A longer word is told by its beginning: the place says where it is.
    return repr(text if len(text) <= most else f"{text[:most]}…")


def duration(seconds: float) -> str:
    """Return seconds as a text such as ``24h``."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", 60.0)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
