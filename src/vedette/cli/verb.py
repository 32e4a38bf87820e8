"""What the verbs of all groups do alike: list things, do the same to each, tell what is left of one.

It must not know any noun.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar

from cyclopts import Parameter

from vedette.cli.reach import Reach
from vedette.cli.sheet import Columns, Tint, line
from vedette.cli.sheet import listed as printed
from vedette.client.client import Client
from vedette.errors import UsageError

T = TypeVar("T")

#: Things of one request: what the API gives at most.
PAGE: Final = 1_000


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """Which of a list.

    Parameters
    ----------
    tenant
        Only those of this tenant.
    limit
        The first so many.
    """

    tenant: str | None = None
    limit: int = PAGE


#: Without options: those of all tenants.
SOME: Final = Some()


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """The id."""


def listed(
    at: Reach,
    columns: Columns[T],
    limit: int,
    ask: Callable[[Client, int], AsyncIterator[T]],
    *,
    tint: Tint[T] | None = None,
) -> int:
    """Print the first ``limit`` things of a list, which is asked for so many at a time.

    Raises UsageError for a limit of none.
    """

    async def work(client: Client) -> int:
        found = ask(client, min(max(limit, 1), PAGE))
        status = await printed(found, columns, as_json=at.as_json, limit=limit, tint=tint)
        for left in client.unread:
            print(f"vedette: not listed: {left.why}", file=sys.stderr)
        return status

    return at.ask(work)


def each(
    at: Reach, ids: Sequence[str], done: str, act: Callable[[Client, str], Awaitable[object]]
) -> int:
    """Do the same to each, in their order, and say on standard error of which it is done.

    Raises UsageError where none is named.
    """
    if not ids:
        raise UsageError("name at least one, by its id")

    async def work(client: Client) -> None:
        for id_ in ids:
            await act(client, id_)
            print(f"{done} {id_}", file=sys.stderr, flush=True)

    at.ask(work)
    return 0


def named(noun: Named, at: Reach) -> int:
    """Print what was made or changed: whole for a program, by its id for a person."""
    print(line(noun) if at.as_json else noun.id)
    return 0


def said(options: Any) -> dict[str, Any]:
    """Return the options that were given, by their names: all but None and empty ones."""
    return given(**{each.name: getattr(options, each.name) for each in fields(options)})


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given: all but None and empty ones."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Return what is said as NAME=TEXT, by name. Raises UsageError for what is not, or said twice."""
    found: dict[str, str] = {}
    for each_ in texts:
        name, sign, text = each_.partition("=")
        if not name or not sign:
            raise UsageError(f"--{option} {each_[:60]}: it is written as NAME=TEXT")
        if name in found:
            raise UsageError(f"--{option} {name[:60]} is said twice")
        found[name] = text
    return found


def cleared(names: Sequence[str], known: Sequence[str], told: Sequence[str]) -> dict[str, None]:
    """Return what ``--clear`` names, as None; ``told`` are fields that are set by other options.

    Raises UsageError for what is not there, and for what is set by the same command.
    """
    fields_ = {each.replace("_", "-"): each for each in known}
    found: dict[str, None] = {}
    for name in names:
        field = fields_.get(name)
        if field is None:
            raise UsageError(f"--clear {name}: there is {', '.join(sorted(fields_))}")
        if field in told:
            raise UsageError(f"--clear {name}: it is set by this command too")
        found[field] = None
    return found


@contextmanager
def fresh(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file that its owner alone can read; what fails leaves none behind.

    It is made before what goes into it is asked for, as it may not be possible. Raises UsageError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
