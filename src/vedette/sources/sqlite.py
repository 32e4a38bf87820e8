"""A host table in a SQLite file: opened read-only, on a thread, for as long as a query takes."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import quote

from vedette.ports.address import AddressGuard
from vedette.sources.database import BATCH, INSTANTS, Batch, Order, SourceError
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Marks
from vedette.sources.value import Value
from vedette.web.way import first_line

T = TypeVar("T")

#: Seconds to wait for a lock that somebody else holds.
_BUSY: Final = 5.0
#: Steps of SQLite's machine between two looks at the clock: some milliseconds.
_STEPS: Final = 50_000


def database(settings: SourceSettings, _guard: AddressGuard) -> SqliteTable:
    """Return the database of a source."""
    return SqliteTable(settings)


class SqliteTable:
    """One file, opened when there is something to do."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings

    async def read(self, query: str) -> AsyncGenerator[Batch]:
        """Yield what a query finds."""
        columns, rows = await self._elsewhere(lambda stop: self._rows(query, stop))
        yield Batch(columns=columns, rows=[])
        remaining = iter(rows)
        while some := list(islice(remaining, BATCH)):
            made = [dict(zip(columns, each, strict=True)) for each in some]
            yield Batch(columns=columns, rows=made)

    async def write(self, orders: Sequence[Order]) -> Sequence[str]:
        """Run statements in one transaction; one that is refused holds up no other."""
        return await self._elsewhere(lambda stop: self._written(orders, stop))

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Refuse: there are no notifications here."""
        heard()
        raise SourceError(f"{self._settings.location.path}: there is no channel {channel!r}")

    def _rows(
        self, query: str, stop: threading.Event
    ) -> tuple[tuple[str, ...], list[tuple[Value, ...]]]:
        with self._opened("ro", stop) as connection:
            found = connection.execute(query)
            if found.description is None:
                raise SourceError(f"{self._settings.location.path}: the query yields no columns")
            # One more than may be, so that whoever counts knows.
            rows = list(islice(found, self._settings.rows + 1))
            return tuple(each[0] for each in found.description), rows

    def _written(self, orders: Sequence[Order], stop: threading.Event) -> Sequence[str]:
        refused = []
        with self._opened("rw", stop) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for order in orders:
                text, names = order.statement.marked(Marks.QUESTION)
                values = [fitted(order.values[name], is_instant=name in INSTANTS) for name in names]
                try:
                    connection.execute(text, values)
                except (sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
                    refused.append(first_line(error))
            connection.execute("COMMIT")
        return refused

    @contextmanager
    def _opened(self, mode: str, stop: threading.Event) -> Iterator[sqlite3.Connection]:
        until = time.monotonic() + self._settings.timeout
        path = self._settings.location.path
        try:
            connection = sqlite3.connect(
                f"file:{quote(path)}?mode={mode}", uri=True, timeout=_BUSY, isolation_level=None
            )
        except sqlite3.Error as error:
            raise SourceError(f"{path}: {first_line(error)}") from error
        try:
            connection.set_progress_handler(
                lambda: stop.is_set() or time.monotonic() > until, _STEPS
            )
            yield connection
        except sqlite3.Error as error:
            raise SourceError(f"{path}: {first_line(error)}") from error
        finally:
            connection.close()

    @staticmethod
    async def _elsewhere(work: Callable[[threading.Event], T]) -> T:
        """Do it on a thread, which ends soon after whoever waits has gone."""
        stop = threading.Event()
        try:
            return await asyncio.to_thread(work, stop)
        except asyncio.CancelledError:
            stop.set()
            raise


def fitted(value: Value, *, is_instant: bool = False) -> Value:
    """Return a value as a parameter; an instant, in seconds since 1970, as in RFC 3339."""
    if is_instant and isinstance(value, float):
        moment = datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")
    return value
