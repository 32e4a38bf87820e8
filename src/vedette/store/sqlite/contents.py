"""All that a state folder holds, held still while it is read.

The folder is locked as a service locks it, so that none writes to it meanwhile, and the database
is opened for reading only: the folder is left as it was found. It knows tables and nothing of
where their rows go.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from vedette.errors import StoreUnwritableError
from vedette.ports.audit import Trail
from vedette.store.sqlite import audit
from vedette.store.sqlite.connection import open_reader
from vedette.store.sqlite.faults import translate
from vedette.store.sqlite.place import DATABASE, Place
from vedette.store.sqlite.schema import MIGRATIONS, version
from vedette.store.sqlite.statements import sql

#: Each table that is told, those before that others refer to.
TABLES: Final = {
    "folder": sql("copy_folder"),
    "gap": sql("copy_gap"),
    "reading": sql("copy_reading"),
    "seen": sql("copy_seen"),
    "event": sql("copy_event"),
    "payload": sql("copy_payload"),
    "delivery": sql("copy_delivery"),
    "health": sql("copy_health"),
    "day_count": sql("copy_day_count"),
    "endpoint": sql("copy_endpoint"),
    "action": sql("copy_action"),
    "action_key": sql("copy_action_key"),
    "decision": sql("copy_decision"),
    "tally": sql("copy_tally"),
    "guard_switch": sql("copy_guard_switch"),
    "guard_allow": sql("copy_guard_allow"),
    "protection": sql("copy_protection"),
    "ward": sql("copy_ward"),
    "ratchet": sql("copy_ratchet"),
    "guard_key": sql("copy_guard_key"),
    "consent": sql("copy_consent"),
    "audit": sql("copy_audit"),
    "record": sql("copy_record"),
    "record_gone": sql("copy_record_gone"),
    "secret": sql("copy_secret"),
    "data_key": sql("copy_data_key"),
}

_COUNTS: Final = sql("copy_counts")
_OCTETS: Final = sql("copy_octets")
_DAYS: Final = sql("copy_days")
_NUMBERS: Final = sql("copy_numbers")
_UPTIME: Final = sql("copy_uptime")

#: Rows of one page, and octets of bodies after which it ends before that: what is in memory at
#: the same time is a page here and one on its way.
PAGE: Final = 1_000
OCTETS: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a table, and how their columns are called."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Contents:
    """A context manager: between its ends nobody writes. Every method raises StoreError."""

    __slots__ = ("_connection", "_folder", "_held")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = ExitStack()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Lock the folder and open it.

        Raises StoreUnwritableError where there is no state, another process has it, or it is of
        an older version; StoreVersionError where it is of a newer one.
        """
        with self._held as held:
            self._open(held)
            self._held = held.pop_all()
        return self

    def _open(self, held: ExitStack) -> None:
        try:
            present = (self._folder / DATABASE).is_file()
        except OSError as error:
            raise translate(error, self._folder) from error
        if not present:
            raise StoreUnwritableError(f"there is no state in {self._folder}: nothing to copy")
        place = Place(self._folder)
        place.take()
        held.callback(place.release)
        try:
            self._connection = held.enter_context(closing(open_reader(place.database)))
            self._connection.execute("BEGIN")
            found = version(self._connection)
        except sqlite3.Error as error:
            raise translate(error, self._folder) from error
        if found < len(MIGRATIONS):
            raise StoreUnwritableError(
                f"the state in {self._folder} is of an older version: "
                "start vedette on it once, it migrates"
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection = None
        self._held.close()

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return dict(self._ask(_COUNTS))

    def octets(self) -> int:
        """Return the octets of all bodies."""
        return int(self._ask(_OCTETS)[0][0])

    def instants(self) -> list[float]:
        """Return an instant of each day on which an event or a delivery is dated."""
        return [row[0] for row in self._ask(_DAYS)]

    def numbers(self) -> dict[str, int]:
        """Return the highest number that each numbered table has given."""
        return dict(self._ask(_NUMBERS))

    def uptime(self) -> float:
        """Return the seconds for which the service ran."""
        return float(self._ask(_UPTIME)[0][0])

    def trail(self) -> Trail:
        """Read the whole audit and say whether it is unbroken."""
        found, done = Trail(entries=0, head=b""), False
        try:
            while not done:
                found, done = audit.verify(self._opened(), found)
        except sqlite3.Error as error:
            raise translate(error, self._folder) from error
        return found

    def pages(self, table: str, *, now: float) -> Iterator[Page]:
        """Yield the rows of a table; what is leased is due at ``now`` at the latest."""
        try:
            cursor = self._opened().execute(TABLES[table], {"now": now})
            columns = tuple(each[0] for each in cursor.description)
            rows, octets = [], 0
            for row in cursor:
                rows.append(row)
                octets += sum(len(value) for value in row if isinstance(value, bytes))
                if len(rows) == PAGE or octets >= OCTETS:
                    yield Page(columns=columns, rows=rows)
                    rows, octets = [], 0
            if rows:
                yield Page(columns=columns, rows=rows)
        except sqlite3.Error as error:
            raise translate(error, self._folder) from error

    def _ask(self, statement: str) -> list[tuple[Any, ...]]:
        try:
            return self._opened().execute(statement).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self._folder) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreUnwritableError(f"the state in {self._folder} is not open")
        return self._connection
