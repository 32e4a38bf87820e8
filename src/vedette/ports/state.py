"""The state as a second process sees it, while the service writes it: for a command that asks once.

Its methods block for a moment. It can read and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

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


class StateView(Protocol):
    """An open view; a context manager. Every method raises StoreError."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def healths(self) -> list[Health]:
        """Return the health of every account, by its id; up to a second old."""

    def endpoint_states(self) -> list[EndpointState]:
        """Return how every endpoint that was used is doing, by its id."""

    def events(self, query: EventQuery) -> list[StoredEvent]:
        """Return stored events, newest first."""

    def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Return deliveries, those of the newest events first."""

    def folders(self, account: AccountId) -> list[FolderState]:
        """Return what is known of an account's folders, by path."""

    def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return what guards did, newest first."""

    def decisions(
        self, account: AccountId | None, guard: str | None, *, since: float, limit: int
    ) -> list[Decision]:
        """Return what guards decided, newest first."""

    def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> Sequence[Tally]:
        """Return the daily counts from the day ``since`` on, the oldest day first."""

    def switches(self) -> list[Switch]:
        """Return the last word about each scope and name."""

    def allows(self, account: AccountId) -> list[Allow]:
        """Return the active allows of an account."""

    def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return the loosenings that wait or are granted, oldest first."""

    def protections(self) -> list[Protection]:
        """Return all that is enforced, by tenant and guard."""

    def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent of an account, oldest first."""

    def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries of the audit with a higher number, in order."""

    def verify_audit(self) -> Trail:
        """Read the whole audit and say whether it is unbroken."""
