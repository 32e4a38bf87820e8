"""The journal on Postgres: the methods of its port, each one transaction.

It is the half of ``PostgresStore`` that belongs to guards, and holds no SQL of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId
from vedette.ports.journal import JournalQuery, Spot, Tally
from vedette.ports.store import Fence, Verdict
from vedette.store.postgres import decisions, journal
from vedette.store.postgres.transaction import Transactions


class PostgresJournal:
    """``vedette.ports.journal.Journal``, on the connections of a store."""

    _transactions: Transactions

    async def intend(
        self, fence: Fence, decisions: Sequence[Decision], actions: Sequence[JournalEntry]
    ) -> Verdict:
        """Write decisions and intents that move no cursor."""
        return await self._transactions.run(
            partial(journal.intend, fence=fence, decisions=tuple(decisions), actions=tuple(actions))
        )

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        """Return what is to be carried out, oldest first."""
        return await self._transactions.ask(
            partial(journal.pending, account=account, folder=folder)
        )

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
        return await self._transactions.run(
            partial(
                journal.record,
                action=action,
                state=state,
                now=now,
                result=result,
                reason=reason,
                fence=fence,
            )
        )

    async def attempted(
        self, action: ActionId, *, now: float, reason: str, fence: Fence | None = None
    ) -> int:
        """Count one attempt that came to nothing."""
        return await self._transactions.run(
            partial(journal.attempted, action=action, now=now, reason=reason, fence=fence)
        )

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        """Ask that a DONE entry be taken back."""
        return await self.record(action, ActionState.UNDOING, now=now, reason=reason)

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        """Return entries whose time in quarantine is over."""
        return await self._transactions.ask(
            partial(journal.expired, account=account, now=now, limit=limit)
        )

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return entries, newest first."""
        return await self._transactions.ask(partial(journal.journal, query=query))

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        """Return entries about the message with one of these keys."""
        return await self._transactions.ask(
            partial(journal.acted_on, account=account, identity=tuple(identity))
        )

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
        return await self._transactions.ask(
            partial(
                decisions.decisions,
                account=account,
                guard=guard,
                since=since,
                limit=limit,
                until=until,
                below=below,
            )
        )

    async def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        """Return the daily counts, the oldest day first."""
        return await self._transactions.ask(
            partial(decisions.tallies, account=account, guard=guard, since=since)
        )

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        """Delete old decisions in a bounded step."""
        return await self._transactions.run(partial(decisions.purge, before=before, limit=limit))

    async def purge_journal(self, *, before: float, limit: int) -> int:
        """Delete entries that are over in a bounded step."""
        return await self._transactions.run(partial(journal.purge, before=before, limit=limit))
