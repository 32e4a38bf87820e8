"""The body of a record as a JSON object, both ways; what a newer version wrote in it stays.

It must not know what the members mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import orjson

from vedette.ports.records import Record
from vedette.service.form import Form
from vedette.service.refusals import NewerError

Body: TypeAlias = dict[str, Any]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One of a list that this version can not read, and why: the others are listed all the same."""

    id: str
    why: str


def members(record: Record) -> Body:
    """Return the members of a record's body. Raises NewerError where it is no JSON object."""
    try:
        found = orjson.loads(record.body)
    except orjson.JSONDecodeError as error:
        raise NewerError(record.kind.value, record.id, "its body is no JSON") from error
    if not isinstance(found, dict):
        raise NewerError(record.kind.value, record.id, "its body is no JSON object")
    return found


def written(body: Mapping[str, object], *, over: Record | None) -> str:
    """Return the text of a body; members of ``over`` that are not in it are kept."""
    return orjson.dumps(body if over is None else {**members(over), **body}).decode()


def readable(form: Form, record: Record) -> None:
    """Raise NewerError where a body that was read has a value that this version does not know."""
    if form.mistakes:
        first = form.mistakes[0]
        raise NewerError(record.kind.value, record.id, f"{first.field}: {first.why}")


@contextmanager
def known(record: Record) -> Iterator[None]:
    """Raise NewerError where a body is read within and has not what this version looks for."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        what = f"it has not what a {record.kind.value} has"
        raise NewerError(record.kind.value, record.id, what) from error


def legible(records: Iterable[Record], read: Callable[[Record], T]) -> dict[str, T | Unread]:
    """Return what ``read`` makes of records by id, or that one can not be read: in a list."""
    found: dict[str, T | Unread] = {}
    for record in records:
        try:
            found[record.id] = read(record)
        except NewerError as error:
            found[record.id] = Unread(id=record.id, why=str(error))
    return found
