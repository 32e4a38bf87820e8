"""One row of a query, looked at by field: which column, or which constant, a field comes from.

It must not know what a field is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from vedette.errors import VedetteError
from vedette.sources.settings import Column, SourceSettings, Taken
from vedette.sources.value import UnfitError, Value

T = TypeVar("T")

Row: TypeAlias = Mapping[str, Value]


class ColumnsError(VedetteError):
    """The query has not the columns that the settings name; that concerns every row."""

    code = "columns"


class FieldError(VedetteError):
    """Something is wrong with one field of one row."""

    code = "field"

    def __init__(self, column: Column, words: str) -> None:
        super().__init__(f"{column.value}: {words}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where each field comes from. ``used`` are the columns that an account is made of.

    What else changes in a row changes nothing: a heartbeat that is written back, say.
    """

    taken: Mapping[Column, Taken]
    used: tuple[str, ...]

    def __contains__(self, column: Column) -> bool:
        return column in self.taken

    def raw(self, row: Row, column: Column) -> Value | None:
        """Return a field as the database has it; None where there is no column, or NULL in it."""
        taken = self.taken.get(column)
        if taken is None:
            return None
        return row[taken.column] if taken.column else taken.value

    def get(self, row: Row, column: Column, read: Callable[[Value], T]) -> T | None:
        """Return a field as ``read`` understands it; None as ``raw``. Raises FieldError."""
        given = self.raw(row, column)
        if given is None:
            return None
        try:
            return read(given)
        except UnfitError as error:
            raise FieldError(column, str(error)) from None


def fields_of(settings: SourceSettings, given: Sequence[str]) -> Fields:
    """Return the fields of a query that yields the columns ``given``. Raises ColumnsError.

    A field that the settings do not name is taken from a column of its own name, if there is one.
    """
    if len(set(given)) != len(given):
        twice = next(each for each in given if given.count(each) > 1)
        raise ColumnsError(f"the query yields two columns of the name {twice!r}")
    found = {each: Taken(column=each.value) for each in Column if each.value in given}
    for column, taken in settings.columns.items():
        if taken.column and taken.column not in given:
            raise ColumnsError(
                f"the query yields no column {taken.column!r}, which columns.{column.value} names; "
                f"it yields {', '.join(given)}"
            )
        found[column] = taken
    if Column.ID not in found:
        raise ColumnsError("the query yields no column 'id', and columns.id names no other")
    spoken = () if settings.cipher is None else spoken_columns(settings.cipher.aad)
    for name in spoken:
        if name not in given:
            raise ColumnsError(f"the query yields no column {name!r}, which cipher.aad names")
    named = (each.column for each in found.values() if each.column)
    return Fields(taken=found, used=tuple(dict.fromkeys((*named, *spoken))))


def spoken_columns(template: str) -> tuple[str, ...]:
    """Return the columns that a text such as ``mail:{id}`` names."""
    return tuple(piece.partition("}")[0] for piece in template.split("{")[1:])


def spoken(template: str, row: Row) -> str:
    """Return the text with the values of the row in it."""
    first, *pieces = template.split("{")
    said = [first]
    for piece in pieces:
        name, _, rest = piece.partition("}")
        said += [str(row[name]), rest]
    return "".join(said)
