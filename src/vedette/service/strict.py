"""JSON that no two readers read in two ways: no object has a member twice (RFC 8259 section 4).

A proxy, or whoever looked a file over, may believe the first of two members, and we the last one. It
must not know what any member means, nor how somebody is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson


class Doubled(dict[str, Any]):
    """An object in which, or within which, a member is there twice; ``name`` is that one."""

    __slots__ = ("name",)

    def __init__(self, pairs: Iterable[tuple[str, Any]], name: str) -> None:
        super().__init__(pairs)
        self.name = name


def loads(text: str) -> Any:
    """Read a JSON text; objects that can be read in two ways are ``Doubled``.

    Raises ValueError for what is no JSON, or is nested too deeply.
    """
    # It knows what JSON is to the letter, and is fast; but it says nothing of members.
    orjson.loads(text)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def twice(pairs: Sequence[tuple[str, Any]]) -> str | None:
    """Return the name that is the first to be there again."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    name = twice(pairs) if len(found) < len(pairs) else None
    for _, value in pairs:
        if name is not None:
            break
        name = _within(value)
    return found if name is None else Doubled(pairs, name)


def _within(value: object) -> str | None:
    """Return what is twice in a value; objects below it were looked at when they were read."""
    if isinstance(value, Doubled):
        return value.name
    if isinstance(value, list):
        return next((name for each in value if (name := _within(each)) is not None), None)
    return None
