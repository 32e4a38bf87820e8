"""A form that somebody filled in: its fields read one by one, every mistake told with its field.

The same readers serve the API, an import and what was stored. It must not know what a field
means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from vedette.secret import Secret
from vedette.service.refusals import InvalidError, Mistake

Choice = TypeVar("Choice", bound=StrEnum)
T = TypeVar("T")

#: Characters of a text, unless a field says otherwise: a title, a name, a user.
MAX_TEXT: Final = 1_000

#: The longest secret: refresh tokens of some providers are 2 KiB, and a JWT may be 8.
MAX_SECRET: Final = 16_384

#: The longest word that is quoted back.
MAX_QUOTED: Final = 60


class Form:
    """Fields by name. A reader returns its default where a field is absent, null or wrong.

    ``done`` raises all mistakes together; until then the caller goes on with defaults.
    """

    __slots__ = ("_known", "_values", "mistakes")

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self._known: set[str] = set()
        self.mistakes: list[Mistake] = []

    def __contains__(self, field: str) -> bool:
        return self._values.get(field) is not None

    def fail(self, field: str, why: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(field=field, why=why))

    def raw(self, field: str) -> object:
        """Return a value of any type, or None."""
        self._known.add(field)
        return self._values.get(field)

    def text(self, field: str, default: str = "", *, longest: int = MAX_TEXT) -> str:
        """Return a line of text."""
        value = self.raw(field)
        if value is None:
            return default
        why = flaw(value, longest=longest)
        if why is None and isinstance(value, str):
            return value
        self.fail(field, why or "expected text")
        return default

    def optional(self, field: str, *, longest: int = MAX_TEXT) -> str | None:
        """Return a line of text; an empty one is none."""
        return self.text(field, longest=longest) or None

    def secret(self, field: str) -> Secret[str] | None:
        """Return a secret; a blank one is none. It is never quoted."""
        value = self.raw(field)
        if value is None:
            return None
        if not isinstance(value, Secret) or not isinstance(value.reveal(), str):
            self.fail(field, "expected a text")
            return None
        text = str(value.reveal())
        if len(text) > MAX_SECRET:
            self.fail(field, f"has more than {MAX_SECRET} characters")
        elif "\0" in text or _is_broken(text):
            self.fail(field, "holds a character that no secret can have")
        elif text.strip():
            return Secret(text)
        return None

    def flag(self, field: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.raw(field)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.fail(field, "expected true or false")
        return default

    def whole(self, field: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = self.raw(field)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(field, f"expected a whole number from {low} to {high}")
            return default
        return value

    def number(self, field: str, default: float, *, low: float, high: float) -> float:
        """Return a number within bounds."""
        value = self.raw(field)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(field, f"expected a number from {low:g} to {high:g}")
        elif low <= value <= high:
            return float(value)
        else:
            self.fail(field, f"is not within {low:g} and {high:g}")
        return default

    def choice(self, field: str, kind: type[Choice], default: Choice) -> Choice:
        """Return one of a set of words."""
        words: Mapping[str, Choice] = _words(kind)
        return self.word(field, words, default)

    def word(self, field: str, words: Mapping[str, T], default: T) -> T:
        """Return what one of a set of words stands for."""
        value = self.raw(field)
        if value is None:
            return default
        if isinstance(value, str) and value in words:
            return words[value]
        self.fail(field, f"{shown(value)} is none of {', '.join(words)}")
        return default

    def texts(
        self, field: str, default: Sequence[str] = (), *, most: int, longest: int = MAX_TEXT
    ) -> tuple[str, ...]:
        """Return a list of texts that are not empty, each once."""
        value = self.raw(field)
        if value is None:
            return tuple(default)
        if not isinstance(value, list | tuple):
            self.fail(field, "expected a list of texts")
            return tuple(default)
        if len(value) > most:
            self.fail(field, f"has {len(value)} entries, and {most} are allowed")
            return tuple(default)
        for each in value:
            why = flaw(each, longest=longest) or (None if each.strip() else "one is empty")
            if why is not None:
                self.fail(field, why)
                return tuple(default)
        return tuple(dict.fromkeys(value))

    def checked(self, field: str, read: Callable[[str], T], default: T) -> T:
        """Return what ``read`` makes of a text; its ValueError says what is wrong."""
        text = self.optional(field)
        if text is None:
            return default
        try:
            return read(text)
        except ValueError as error:
            self.fail(field, str(error))
            return default

    def refuse_unknown(self) -> None:
        """Note a mistake for each field that nothing has read: a misspelt one is not ignored."""
        for field in self._values:
            if field not in self._known:
                close = get_close_matches(field, sorted(self._known), n=1)
                guess = f"; did you mean {close[0]}?" if close else ""
                self.fail(field[:MAX_QUOTED], f"is not known here{guess}")

    def done(self) -> None:
        """Raise InvalidError where there are mistakes."""
        if self.mistakes:
            raise InvalidError(self.mistakes)


# Of a list of accounts each has three of them.
@lru_cache(maxsize=64)
def _words(kind: type[StrEnum]) -> Mapping[str, Any]:
    return {each.value: each for each in kind}


def flaw(value: object, *, longest: int = MAX_TEXT) -> str | None:
    """Say why something is no line of text, or None."""
    if not isinstance(value, str):
        return "expected text"
    if len(value) > longest:
        return f"has {len(value)} characters, and {longest} are allowed"
    # Nearly every text, told in one step: neither controls nor halves of characters are printable.
    if value.isprintable():
        return None
    if any(each < " " or each == "\x7f" for each in value):
        return "holds a control character"
    return "is not well-formed text" if _is_broken(value) else None


def shown(value: object) -> str:
    """Quote what somebody wrote, in so many characters."""
    return repr(value[:MAX_QUOTED]) if isinstance(value, str) else f"a {type(value).__name__}"


def _is_broken(text: str) -> bool:
    """Tell whether a text has half a character (a lone surrogate), which no database takes."""
    return not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text)
