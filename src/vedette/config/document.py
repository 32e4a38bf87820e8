"""A TOML document whose every complaint names file, line and key.

The standard library's parser keeps no positions, so the line of a key is
looked for in the text when there is something to complain about, and only then.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from vedette.errors import ConfigError

Choice = TypeVar("Choice", bound=StrEnum)

#: A configuration is written by people: 10,000 mailboxes are 2 MiB.
MAX_SIZE = 16 * 1024 * 1024


class Table:
    """One table of a document. Reading a key marks it as known; ``done`` refuses the rest."""

    __slots__ = ("_file", "_known", "_path", "_text", "_values")

    def __init__(
        self, values: Mapping[str, Any], *, file: str, text: str, path: tuple[str, ...] = ()
    ) -> None:
        self._values = values
        self._file = file
        self._text = text
        self._path = path
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def name(self) -> str:
        """The last part of the table's own name."""
        return self._path[-1] if self._path else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the table, in the document's order."""
        return tuple(self._values)

    def fail(self, key: str, what: str) -> NoReturn:
        """Raise ConfigError about a key of this table."""
        path = (*self._path, key)
        line = line_of(self._text, path)
        raise ConfigError(f"{self._file}:{line}: {'.'.join(path)}: {what}")

    def text(self, key: str, default: str | None = None) -> str | None:
        """Return a string that is not empty."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, str) or not value.strip():
            self.fail(key, 'expected text, such as "mail.example.org"')
        if "\0" in value:
            self.fail(key, "holds a NUL, which no name, path or password may")
        return value

    def required(self, key: str, what: str) -> str:
        """Return a string that must be there; ``what`` says what it is for."""
        value = self.text(key)
        if value is None:
            self.missing(key, what)
        return value

    def missing(self, key: str, what: str) -> NoReturn:
        """Raise ConfigError about a key that is not there, or is there misspelt."""
        for given in self._values:
            if given not in self._known and get_close_matches(given, [key], n=1):
                self.fail(given, f"is not known here; did you mean {key!r}?")
        self.fail(key, f"is missing: {what}")

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """Return a number within bounds."""
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fail(key, f"expected a number from {low:g} to {high:g}")
        if not low <= value <= high:
            self.fail(key, f"{value:g} is not within {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = self._get(key)
        if value is not None and not (isinstance(value, int) and not isinstance(value, bool)):
            self.fail(key, f"expected a whole number from {low} to {high}")
        return int(self.number(key, default, low=low, high=high))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(key, "expected true or false")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.fail(key, 'expected a list of texts, such as ["INBOX", "Junk"]')
        return tuple(value)

    def wholes(
        self, key: str, default: tuple[int, ...] = (), *, low: int, high: int
    ) -> tuple[int, ...]:
        """Return a list of whole numbers within bounds."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(type(each) is int for each in value):
            self.fail(key, "expected a list of whole numbers in square brackets")
        for each in value:
            if not low <= each <= high:
                self.fail(key, f"{each} is not between {low} and {high}")
        return tuple(value)

    def choice(self, key: str, kind: type[Choice], default: Choice) -> Choice:
        """Return one of a set of words."""
        value = self._get(key)
        if value is None:
            return default
        words = [each.value for each in kind]
        if value not in words:
            self.fail(key, f"{value!r} is none of {', '.join(words)}{_guess(str(value), words)}")
        return kind(value)

    def raw(self, key: str) -> Any:
        """Return a value of any type, or None."""
        return self._get(key)

    def table(self, key: str) -> Table:
        """Return a table inside this one, empty if it is not there."""
        value = self._get(key)
        if value is not None and not isinstance(value, dict):
            self.fail(key, f"expected a table: [{'.'.join((*self._path, key))}]")
        return self._inner(key, value or {})

    def tables(self) -> Iterator[Table]:
        """Return every value of this table, each of which must be a table."""
        for key in self._values:
            yield self.table(key)

    def done(self) -> None:
        """Refuse keys that nothing has read: a misspelt key must not be ignored."""
        for key in self._values:
            if key not in self._known:
                self.fail(key, f"is not known here{_guess(key, sorted(self._known))}")

    def _get(self, key: str) -> Any:
        self._known.add(key)
        return self._values.get(key)

    def _inner(self, key: str, values: Mapping[str, Any]) -> Table:
        return Table(values, file=self._file, text=self._text, path=(*self._path, key))


def load(path: Path) -> Table:
    """Read a document. Raises ConfigError with file and line."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise ConfigError(f"{path}: is larger than {MAX_SIZE} octets")
        # Not read_text: it makes a line end of a bare CR, which TOML does not know.
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"{path}: can not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8") from error
    return parse(text, file=str(path))


def parse(text: str, *, file: str) -> Table:
    """Read a document from its text."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}:{_error_line(text, str(error))}: {error}") from error
    return Table(values, file=file, text=text)


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line on which a key stands, or that of the nearest table around it."""
    table: tuple[str, ...] = ()
    best, depth = 1, -1
    # Not splitlines: U+2028 and the like are no line breaks in TOML, nor in editors.
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            keys = _keys(stripped.lstrip("["), stop="]")
            here = table = () if keys is None else keys
        else:
            keys = _keys(stripped, stop="=")
            if keys is None:
                continue
            here = (*table, *keys)
        shared = len(here) if path[: len(here)] == here else -1
        if shared > depth:
            best, depth = number, shared
    return best


def _keys(line: str, *, stop: str) -> tuple[str, ...] | None:
    """Split the dotted key that ends at ``stop``; quoted parts may hold anything."""
    keys: list[str] = []
    part, quote = "", ""
    for char in line:
        if quote:
            if char == quote:
                quote = ""
            else:
                part += char
        elif char in "\"'":
            # Blanks before a quoted part are not of its name.
            part, quote = "", char
        elif char == stop:
            return (*keys, part)
        elif char == "#":
            return None
        elif char == ".":
            keys.append(part)
            part = ""
        elif not char.isspace():
            part += char
    return None


def _error_line(text: str, message: str) -> int:
    _, _, rest = message.rpartition("at line ")
    digits = rest.split(",", 1)[0]
    return int(digits) if digits.isdecimal() else text.rstrip("\n").count("\n") + 1


def _guess(word: str, words: list[str]) -> str:
    close = get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
