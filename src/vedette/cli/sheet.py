"""Nouns of the API on a terminal: as a table, one below the other, or as JSON lines.

It must not know any noun.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vedette.cli.live import plain
from vedette.client.shape import known_fields, members
from vedette.errors import UsageError

T = TypeVar("T")

#: What stands above a column, and what is in it.
Columns: TypeAlias = Mapping[str, Callable[[T], object]]
#: In which style a row is.
Tint: TypeAlias = Callable[[T], str | None]


def line(noun: object) -> str:
    """Return a noun as a line of JSON, with the version that --if-version takes."""
    found = members(noun)
    version = getattr(noun, "version", None)
    if version is not None:
        found["version"] = version
    return json.dumps(found, ensure_ascii=False)


async def listed(
    found: AsyncIterator[T],
    columns: Columns[T],
    *,
    as_json: bool,
    limit: int,
    tint: Tint[T] | None = None,
) -> int:
    """Print a list, as it comes where it is for a program. Raises UsageError for a limit of none."""
    if limit < 1:
        raise UsageError("--limit needs a number from 1 on")
    rows: list[T] = []
    count = 0
    async for each in found:
        count += 1
        if as_json:
            sys.stdout.write(line(each) + "\n")
        else:
            rows.append(each)
        if count >= limit:
            break
    if not as_json:
        print_table(rows, columns, tint)
    return 0


def print_table(rows: Sequence[T], columns: Columns[T], tint: Tint[T] | None = None) -> None:
    """Print a table; ``tint`` says in which style a row is."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = (escape(told(tell(row))) for tell in columns.values())
        table.add_row(*cells, style=None if tint is None else tint(row))
    Console(highlight=False).print(table)


def shown(noun: object, *, as_json: bool) -> int:
    """Print one noun: as a line of JSON, or a line for each of its members that say something."""
    if as_json:
        print(line(noun))
        return 0
    for name, value in (*_flat(noun), ("version", getattr(noun, "version", None))):
        if value is not None:
            print(f"{name:20} {told(value)}")
    return 0


def told(value: object) -> str:
    """Return a value as a person reads it, with nothing that a terminal would obey."""
    text = str(value)
    match value:
        case None | "" | () | []:
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case datetime():
            text = f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case tuple() | list():
            text = ", ".join(told(each) for each in value)
        case Mapping():
            text = json.dumps(members(value), ensure_ascii=False)
        case float():
            text = f"{value:.3g}"
        case _:
            pass
    return plain(text)


def _flat(noun: object, within: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, field in known_fields(type(noun)).items():
        value: Any = getattr(noun, field.name)
        if known_fields(type(value)):
            found += _flat(value, f"{within}{name}.")
        elif value is not None and value not in ("", ()):
            found.append((f"{within}{name}", value))
    return found
