"""What the values of a row mean: a database's own types, and what people write into text columns.

Each reader takes a value that is not NULL and raises ``UnfitError`` with what was expected. It
must not know which column a value is of.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final, TypeAlias
from uuid import UUID

from vedette.errors import VedetteError

#: A value as a database's library gives it.
Value: TypeAlias = object

#: Characters of an id, a name or an address: RFC 5321 section 4.5.3.1 allows 320 for the last.
MAX_TEXT: Final = 1024
#: Folders or tags of one mailbox.
MAX_ITEMS: Final = 1000
#: Seconds from 1970 to the year 5138; a larger number is milliseconds, as JavaScript counts.
_LAST: Final = 1e11
#: Of a value, in a line for a person.
_SHOWN: Final = 40

_YES: Final = frozenset({"1", "t", "true", "y", "yes", "on", "active", "enabled"})
_NO: Final = frozenset({"", "0", "f", "false", "n", "no", "off", "inactive", "disabled"})


class UnfitError(VedetteError):
    """A value can not be what its column is for; the words say why."""

    code = "unfit"


def text(value: Value) -> str:
    """Return a text of one line; numbers and UUIDs are spelt as the database shows them."""
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            value = bytes(value).decode()
        except UnicodeDecodeError:
            raise UnfitError("is no UTF-8") from None
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise UnfitError(f"is no text but {type(value).__name__}")
    found = str(value).strip()
    if len(found) > MAX_TEXT:
        raise UnfitError(f"is longer than {MAX_TEXT} characters")
    if not found.isprintable():
        raise UnfitError("holds what can not be printed")
    return found


def word(value: Value) -> str:
    """Return a text that is not empty."""
    found = text(value)
    if not found:
        raise UnfitError("is empty")
    return found


def flag(value: Value) -> bool:
    """Return whether a value means yes: a boolean, a number, or a word for one."""
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, bytes):
        # BIT(1) of MySQL is one octet.
        return any(value) and value.strip(b"\0") not in {b"0", b"f"}
    found = text(value).lower()
    if found in _YES:
        return True
    if found in _NO:
        return False
    raise UnfitError(f"is {shown(found)}, neither yes nor no")


def number(value: Value, *, low: int, high: int) -> int:
    """Return a whole number within bounds."""
    if isinstance(value, str) and value.strip().isdecimal() and value.strip().isascii():
        value = int(value.strip()[:20])
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitError(f"is no whole number from {low} to {high}")
    if not low <= value <= high:
        raise UnfitError(f"is {shown(str(value))}, not within {low} and {high}")
    return value


def instant(value: Value) -> float:
    """Return seconds since 1970 of a time, or of a text or number that is one; UTC unless it says."""
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        aware = datetime.combine(value, time(), UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _seconds(value)
    else:
        raise UnfitError(f"is no time but {type(value).__name__}")
    try:
        return aware.timestamp()
    except (OverflowError, OSError, ValueError):
        raise UnfitError("is a time out of all bounds") from None


def _parsed(spelt: str) -> datetime:
    try:
        return datetime.fromisoformat(spelt)
    except ValueError:
        raise UnfitError(f"is {shown(spelt)}, no time as in RFC 3339") from None


def _seconds(value: float) -> float:
    whole = value / 1000 if value >= _LAST else value
    if not 0 <= whole < _LAST:
        raise UnfitError("is a time out of all bounds")
    return float(whole)


def texts(value: Value) -> tuple[str, ...]:
    """Return texts: an array, a JSON array, or words with commas between them."""
    given: Sequence[Value]
    if isinstance(value, list | tuple):
        given = value
    else:
        spelt = value.decode(errors="replace") if isinstance(value, bytes) else value
        if not isinstance(spelt, str):
            raise UnfitError("is no list of texts")
        given = _listed(spelt)
    if len(given) > MAX_ITEMS:
        raise UnfitError(f"has more than {MAX_ITEMS} parts")
    if not all(isinstance(each, str) for each in given):
        raise UnfitError("is no list of texts")
    return tuple(dict.fromkeys(word for each in given if (word := text(each))))


def _listed(spelt: str) -> Sequence[Value]:
    stripped = spelt.strip()
    if not stripped.startswith("["):
        return stripped.split(",")
    try:
        found = json.loads(stripped)
    except (ValueError, RecursionError):
        raise UnfitError("begins as a JSON array and is none") from None
    if not isinstance(found, list):
        raise UnfitError("is no list of texts")
    return found


def shown(value: str) -> str:
    """Return a value that is no secret, cut for a line."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
