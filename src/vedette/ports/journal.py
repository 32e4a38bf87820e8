"""The journal: what guards decided and did, so that it is done once and can be taken back.

Intents are written by ``Store.commit`` together with the cursor (``Commit.decisions`` and
``Commit.actions``); here is what follows. A store implements this beside ``Store``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which entries: newest first, at most ``limit``; an empty filter takes all."""

    account: AccountId | None = None
    tenant: TenantId | None = None
    guard: str | None = None
    states: tuple[ActionState, ...] = ()
    action: ActionId | None = None
    since: float | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a guard decided what on one day (UTC, ISO date); kept when decisions are purged."""

    account: AccountId
    guard: str
    day: str
    verdict: str
    acted: str
    count: int


class Journal(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        """Return what is to be carried out: INTENDED, COPIED and UNDOING, oldest first.

        ``folder`` is where the message now is, on the wire.
        """

    async def record(
        self,
        action: ActionId,
        state: ActionState,
        *,
        now: float,
        result: Place | None = None,
        reason: str = "",
    ) -> bool:
        """Move an entry on; False if it is in a state from which that does not follow."""

    async def attempted(self, action: ActionId, *, now: float, reason: str) -> int:
        """Count one attempt that came to nothing; return how many there were."""

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        """Ask that a DONE entry be taken back; False if it is not DONE."""

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        """Return DONE entries whose time in quarantine is over, oldest first."""

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return entries, newest first."""

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        """Return entries about the message with one of these keys: it may have come back."""

    async def decisions(
        self, account: AccountId | None, guard: str | None, *, since: float, limit: int
    ) -> list[Decision]:
        """Return decisions, newest first."""

    async def tallies(self, account: AccountId | None, guard: str | None) -> list[Tally]:
        """Return the daily counts."""

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        """Delete old decisions in a bounded step, counts kept; return how many went."""
