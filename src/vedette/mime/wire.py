"""A ``Message`` as plain builtins and back, to cross a process boundary.

Only dict, list, str, int, bool and None: a process that read a hostile mail can
send values, but no code. It must not know the pipe.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from vedette.mime.message import Message

# A noun's annotations are text until they are looked up, which takes longer than a message.
_hints = cache(get_type_hints)


def to_wire(message: Message) -> dict[str, Any]:
    """Return the message as builtins that ``json`` takes; bytes become Latin-1 text."""
    return {each.name: _plain(getattr(message, each.name)) for each in fields(message)}


def from_wire(value: dict[str, Any]) -> Message:
    """Return the message that ``to_wire`` took apart.

    Raises ``ValueError``, ``TypeError`` or ``KeyError`` for values of another shape.
    """
    found: Message = _typed(Message, value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value


def _typed(hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin is UnionType:  # every union of the nouns is "X or None"
        return None if value is None else _typed(get_args(hint)[0], value)
    if origin is tuple:
        return _sequence(get_args(hint), value)
    if isinstance(hint, type) and is_dataclass(hint):
        given = _instance(dict, value)
        hints = _hints(hint)
        return hint(**{name: _typed(hints[name], given[name]) for name in hints})
    if hint is bytes:
        return _instance(str, value).encode("latin-1")
    if issubclass(hint, Enum):
        return hint(value)
    return _instance(hint, value)


def _sequence(hints: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    given = _instance(list, value)
    if hints[-1] is Ellipsis:
        return tuple(_typed(hints[0], each) for each in given)
    return tuple(_typed(hint, each) for hint, each in zip(hints, given, strict=True))


def _instance(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
    return value
