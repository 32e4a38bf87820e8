"""A second process's view of the state, while the service writes it.

It can read and nothing else: the file is opened read-only and so is the
connection. It takes no lock of ours. Its methods block for a moment and are
meant for a command that asks once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from vedette.errors import StoreUnwritableError
from vedette.model.account import Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState
from vedette.model.ids import AccountId
from vedette.ports.store import EventQuery, StoredEvent
from vedette.store import accounts, folders, history
from vedette.store.connection import open_reader
from vedette.store.faults import translate
from vedette.store.place import DATABASE
from vedette.store.schema import MIGRATIONS, version

T = TypeVar("T")


def read_only(folder: Path) -> StateReader:
    """Open the state in ``folder`` for reading.

    Raises StoreUnwritableError where there is none, StoreVersionError where a
    newer Vedette wrote it, StoreError where it can not be read.
    """
    database = folder / DATABASE
    try:
        present = database.is_file()
    except OSError as error:
        raise translate(error, folder) from error
    if not present:
        raise StoreUnwritableError(f"there is no state in {folder}: run vedette there first")
    try:
        connection = open_reader(database)
    except sqlite3.Error as error:
        raise translate(error, folder) from error
    reader = StateReader(connection, folder)
    try:
        reader.check()
    except BaseException:
        reader.close()
        raise
    return reader


class StateReader:
    """An open view; a context manager. Every method raises StoreError."""

    __slots__ = ("_connection", "_folder")

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go. Idempotent."""
        self._connection.close()

    def check(self) -> None:
        """Raise unless the state has the shape that this Vedette reads."""
        if self._ask(version) < len(MIGRATIONS):
            raise StoreUnwritableError(
                f"the state in {self._folder} is of an older version: start vedette once, it migrates"
            )

    def healths(self) -> list[Health]:
        """Return the health of every account, by its id; up to a second old."""
        return self._ask(accounts.healths)

    def endpoint_states(self) -> list[EndpointState]:
        """Return how every endpoint that was used is doing, by its id."""
        return self._ask(accounts.endpoints)

    def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""
        return self._ask(lambda connection: history.events(connection, query))

    def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""
        return self._ask(lambda connection: folders.states(connection, account))

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            # One transaction, so that several statements see one moment.
            self._connection.execute("BEGIN")
            try:
                return question(self._connection)
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise translate(error, self._folder) from error
