"""A second process's view of the state, while the service writes it.

It can read and nothing else: the file is opened read-only and so is the
connection. It takes no lock of ours. Its methods block for a moment and are
meant for a command that asks once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from vedette.errors import StoreUnwritableError
from vedette.model.account import Health
from vedette.model.action import Decision, JournalEntry
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState
from vedette.model.ids import AccountId, TenantId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.consent import Consent
from vedette.ports.journal import JournalQuery, Tally
from vedette.ports.override import Allow, Switch
from vedette.ports.ratchet import Change, Protection
from vedette.ports.store import DeliveryQuery, EventQuery, StoredDelivery, StoredEvent
from vedette.store.sqlite import (
    accounts,
    audit,
    consents,
    decisions,
    folders,
    history,
    journal,
    overrides,
    ratchet,
)
from vedette.store.sqlite.connection import open_reader
from vedette.store.sqlite.faults import translate
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.schema import MIGRATIONS, version

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

    def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first."""
        return self._ask(lambda connection: history.deliveries(connection, query))

    def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""
        return self._ask(lambda connection: folders.states(connection, account))

    # What guards did, and what people decided about them.

    def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return what guards did, newest first."""
        return self._ask(lambda connection: journal.journal(connection, query))

    def decisions(
        self, account: AccountId | None, guard: str | None, *, since: float, limit: int
    ) -> list[Decision]:
        """Return what guards decided, newest first."""
        return self._ask(
            lambda connection: decisions.decisions(
                connection, account=account, guard=guard, since=since, limit=limit
            )
        )

    def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        """Return the daily counts from the day ``since`` on, the oldest day first."""
        return self._ask(
            lambda connection: decisions.tallies(
                connection, account=account, guard=guard, since=since
            )
        )

    def switches(self) -> list[Switch]:
        """Return the last word about each scope and name."""
        return self._ask(overrides.switches)

    def allows(self, account: AccountId) -> list[Allow]:
        """Return the active allows of an account."""
        return self._ask(lambda connection: overrides.allows(connection, account))

    def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return the loosenings that wait or are granted, oldest first."""
        return self._ask(lambda connection: ratchet.changes(connection, tenant))

    def protections(self) -> list[Protection]:
        """Return all that is enforced, by tenant and guard."""
        return self._ask(ratchet.protections)

    def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent of an account, oldest first."""
        return self._ask(lambda connection: consents.of(connection, account))

    def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries of the audit with a higher number, in order."""
        return self._ask(lambda connection: audit.trail(connection, after=after, limit=limit))

    def verify_audit(self) -> Trail:
        """Read the whole audit and say whether it is unbroken."""
        found, done = Trail(entries=0, head=b""), False
        while not done:
            found, done = self._ask(partial(audit.verify, so_far=found))
        return found

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
