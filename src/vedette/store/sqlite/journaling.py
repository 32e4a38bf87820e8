"""The journal on SQLite: the methods of its port, each one job for the writer's thread.

It is the half of ``SqliteStore`` that belongs to guards, and holds no SQL of its own. What is read
between the arrival of a message and the action on it is in haste: it waits for no settlement.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId
from vedette.ports.journal import JournalQuery, Spot, Tally
from vedette.ports.store import Fence, Verdict
from vedette.store.sqlite import decisions, journal
from vedette.store.sqlite.writer import Writer


class SqliteJournal:
    """``vedette.ports.journal.Journal``, on the writer of a store."""

    _writer: Writer

    async def intend(
        self, fence: Fence, decisions: Sequence[Decision], actions: Sequence[JournalEntry]
    ) -> Verdict:
        """Write decisions and intents that move no cursor."""
        work = partial(
            journal.intend, fence=fence, decisions=tuple(decisions), actions=tuple(actions)
        )
        return await self._writer.run(work, writes=True)

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        """Return what is to be carried out, oldest first."""
        work = partial(journal.pending, account=account, folder=folder)
        return await self._writer.run(work, writes=False, in_haste=True)

    async def record(
        self,
        action: ActionId,
        state: ActionState,
        *,
        now: float,
        result: Place | None = None,
        reason: str = "",
        fence: Fence | None = None,
    ) -> bool:
        """Move an entry on, if the state may follow and the fence holds."""
        work = partial(
            journal.record,
            action=action,
            state=state,
            now=now,
            result=result,
            reason=reason,
            fence=fence,
        )
        return await self._writer.run(work, writes=True)

    async def attempted(
        self, action: ActionId, *, now: float, reason: str, fence: Fence | None = None
    ) -> int:
        """Count one attempt that came to nothing."""
        work = partial(journal.attempted, action=action, now=now, reason=reason, fence=fence)
        return await self._writer.run(work, writes=True)

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        """Ask that a DONE entry be taken back."""
        return await self.record(action, ActionState.UNDOING, now=now, reason=reason)

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        """Return entries whose time in quarantine is over."""
        work = partial(journal.expired, account=account, now=now, limit=limit)
        return await self._writer.run(work, writes=False)

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return entries, newest first."""
        return await self._writer.run(partial(journal.journal, query=query), writes=False)

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        """Return entries about the message with one of these keys."""
        work = partial(journal.acted_on, account=account, identity=tuple(identity))
        return await self._writer.run(work, writes=False, in_haste=True)

    async def decisions(
        self,
        account: AccountId | None,
        guard: str | None,
        *,
        since: float,
        limit: int,
        until: float | None = None,
        below: Spot | None = None,
    ) -> list[Decision]:
        """Return decisions, newest first."""
        work = partial(
            decisions.decisions,
            account=account,
            guard=guard,
            since=since,
            limit=limit,
            until=until,
            below=below,
        )
        return await self._writer.run(work, writes=False)

    async def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        """Return the daily counts, the oldest day first."""
        work = partial(decisions.tallies, account=account, guard=guard, since=since)
        return await self._writer.run(work, writes=False)

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        """Delete old decisions in a bounded step."""
        return await self._writer.run(
            partial(decisions.purge, before=before, limit=limit), writes=True
        )

    async def purge_journal(self, *, before: float, limit: int) -> int:
        """Delete entries that are over in a bounded step."""
        return await self._writer.run(
            partial(journal.purge, before=before, limit=limit), writes=True
        )
