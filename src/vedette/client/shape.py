"""Nouns and JSON, both ways: frozen dataclasses whose fields are members in camelCase.

A member that is not known is passed over, since a newer service has more; one that is missing or of
another type is the service's mistake. It must not know any noun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum, unique
from functools import cache, partial
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from vedette.errors import ProtocolError
from vedette.secret import Secret

T = TypeVar("T")


@unique
class Unset(Enum):
    """What a wish does not say: it stays as it is. None is null: it goes back to its default."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

#: Types of fields of a wish: a value, null for the default, or nothing said.
Text: TypeAlias = str | Unset | None
Texts: TypeAlias = tuple[str, ...] | Unset | None
Whole: TypeAlias = int | Unset | None
Flag: TypeAlias = bool | Unset | None
Hidden: TypeAlias = Secret[str] | Unset | None

#: Marks a field that is no member: it comes from a header.
BESIDE: Final = MappingProxyType({"beside": True})

#: Reads a value; the second argument is where it stands, for an error.
Reader: TypeAlias = Callable[[Any, str], Any]


def camel(name: str) -> str:
    """Return the member that a field is."""
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def known_fields(noun: type) -> dict[str, Field[Any]]:
    """Return the fields of a noun by their members."""
    if not is_dataclass(noun):
        return {}
    return {camel(each.name): each for each in fields(noun) if not each.metadata.get("beside")}


def noun(type_: type[T], value: object, where: str = "") -> T:
    """Read a noun. Raises ProtocolError where the JSON is not what it has to be."""
    kind: Any = type_
    found: T = _noun(kind)(value, where or type_.__name__)
    return found


def members(value: object) -> Any:
    """Return the JSON of a noun, a wish, or a value in one; what is unset is left out.

    A secret is revealed: this is for the wire.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            camel(each.name): members(held)
            for each in fields(value)
            if not each.metadata.get("beside") and (held := getattr(value, each.name)) is not UNSET
        }
    found: Any = value
    match value:
        case Secret():
            found = value.reveal()
        case datetime():
            found = instant(value)
        case date():
            found = value.isoformat()
        case Mapping():
            found = {str(name): members(each) for name, each in value.items()}
        case list() | tuple():
            found = [members(each) for each in value]
        case _:
            pass
    return found


def instant(at: datetime) -> str:
    """Return an instant as RFC 3339 has it, in UTC. Without a zone it is UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    text = aware.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@cache
def _noun(type_: Any) -> Reader:
    """Return what reads a noun; made once for each."""
    hints = get_type_hints(type_)
    known = known_fields(type_)
    readers = [
        (member, each.name, _reader(hints[each.name]), _is_needed(each))
        for member, each in known.items()
    ]

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, "no object", value)
        found = {}
        for member, name, reader, is_needed in readers:
            if member in value:
                found[name] = reader(value[member], f"{where}.{member}")
            elif is_needed:
                raise ProtocolError(f"the server answered without {where}.{member}")
        return type_(**found)

    return read


def _is_needed(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _reader(hint: Any) -> Reader:
    """Return what reads a value of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    is_noun = is_dataclass(hint)
    if origin in {Union, UnionType}:
        kinds = [each for each in inner if each is not NoneType]
        return partial(_optional, _reader(kinds[0])) if len(kinds) == 1 else _anything
    if origin is tuple:
        return partial(_tuple, _reader(inner[0]))
    if origin is Mapping:
        return partial(_mapping, _reader(inner[1]))
    if is_noun:
        return _noun(hint)
    return _READERS[origin or hint]


def _anything(value: Any, _where: str) -> Any:
    return value


def _optional(reader: Reader, value: Any, where: str) -> Any:
    return None if value is None else reader(value, where)


def _tuple(reader: Reader, value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, "no list", value)
    return tuple(reader(each, where) for each in value)


def _mapping(reader: Reader, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, "no object", value)
    return {name: reader(each, f"{where}.{name}") for name, each in value.items()}


def _instant(value: Any, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(where, "no instant", value) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _secret(value: Any, where: str) -> Secret[str]:
    return Secret(_text(value, where))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "no text", value)
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "neither true nor false", value)
    return value


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, "no whole number", value)
    return value


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(where, "no number", value)
    return float(value)


_READERS: Final[Mapping[Any, Reader]] = MappingProxyType(
    {
        Any: _anything,
        Secret: _secret,
        bool: _flag,
        datetime: _instant,
        float: _number,
        int: _whole,
        str: _text,
    }
)


def _wrong(where: str, what: str, value: object) -> ProtocolError:
    """Return the error about a value, of which only the type is told: it may be a secret."""
    return ProtocolError(f"the server answered with {what} as {where}: {type(value).__name__}")
