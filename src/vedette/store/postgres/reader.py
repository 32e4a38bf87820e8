"""A command's view of the state on Postgres, while instances write it.

It can read and nothing else: each question is a transaction that may not write. Its methods block
for a moment, for a command that asks once; what speaks to the database has a loop and a thread of
its own, so that a command which has a loop already may ask as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from vedette.errors import StoreError, StoreUnwritableError
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
from vedette.secret import Secret
from vedette.store.postgres import (
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
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.schema import STEPS, version
from vedette.store.postgres.transaction import Transactions

T = TypeVar("T")

#: Seconds for one question: longer than the client waits for a connection and a statement.
ANSWER: Final = 120.0


def read_only(url: Secret[str]) -> StateReader:
    """Open the state in a database for reading.

    Raises StoreUnwritableError where there is none or an older one, StoreVersionError where a
    newer Vedette wrote it, StoreError where it can not be read.
    """
    reader = StateReader(url)
    try:
        reader.check()
    except BaseException:
        reader.close()
        raise
    return reader


class StateReader:
    """An open view, ``vedette.ports.state.StateView``. Every method raises StoreError."""

    __slots__ = ("_loop", "_thread", "_transactions")

    def __init__(self, url: Secret[str]) -> None:
        self._transactions = Transactions(url)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="store, reader", daemon=True)
        self._thread.start()

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
        """Let the database go. Idempotent."""
        if self._loop.is_closed():
            return
        try:
            self._wait(self._transactions.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def check(self) -> None:
        """Connect; raise unless the state has a shape that this Vedette reads."""
        self._wait(self._transactions.start())
        if self._ask(version) < len(STEPS):
            raise StoreUnwritableError(
                f"{self._transactions.where} is empty or of an older version: start vedette once, "
                "or run vedette migrate"
            )

    def healths(self) -> list[Health]:
        """Return the health of every account, by its id; up to a second old."""
        return self._ask(accounts.healths)

    def endpoint_states(self) -> list[EndpointState]:
        """Return how every endpoint that was used is doing, by its id."""
        return self._ask(accounts.endpoints)

    def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""
        return self._ask(partial(history.events, query=query))

    def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first."""
        return self._ask(partial(history.deliveries, query=query))

    def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""
        return self._ask(partial(folders.states, account=account))

    # What guards did, and what people decided about them.

    def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return what guards did, newest first."""
        return self._ask(partial(journal.journal, query=query))

    def decisions(
        self, account: AccountId | None, guard: str | None, *, since: float, limit: int
    ) -> list[Decision]:
        """Return what guards decided, newest first."""
        return self._ask(
            partial(decisions.decisions, account=account, guard=guard, since=since, limit=limit)
        )

    def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        """Return the daily counts from the day ``since`` on, the oldest day first."""
        return self._ask(partial(decisions.tallies, account=account, guard=guard, since=since))

    def switches(self) -> list[Switch]:
        """Return the last word about each scope and name."""
        return self._ask(overrides.switches)

    def allows(self, account: AccountId) -> list[Allow]:
        """Return the active allows of an account."""
        return self._ask(partial(overrides.allows, account=account))

    def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return the loosenings that wait or are granted, oldest first."""
        return self._ask(partial(ratchet.changes, tenant=tenant))

    def protections(self) -> list[Protection]:
        """Return all that is enforced, by tenant and guard."""
        return self._ask(ratchet.protections)

    def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent of an account, oldest first."""
        return self._ask(partial(consents.of, account=account))

    def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries of the audit with a higher number, in order."""
        return self._ask(partial(audit.trail, after=after, limit=limit))

    def verify_audit(self) -> Trail:
        """Read the whole audit and say whether it is unbroken."""
        found, done = Trail(entries=0, head=b""), False
        while not done:
            found, done = self._ask(partial(audit.verify, so_far=found))
        return found

    def _ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        return self._wait(self._transactions.view(question))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            work.close()
            raise StoreError(f"{self._transactions.where} is not open")
        answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return answer.result(ANSWER)
        except TimeoutError:
            answer.cancel()
            raise StoreError(f"{self._transactions.where} did not answer in time") from None
