"""The journal of one simulated process: asked and written as its store is, in the same queue.

It must not know what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from tests.support.memory_store import MemoryStore
from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId
from vedette.ports.journal import JournalQuery, Spot, Tally
from vedette.ports.store import Fence, Verdict

T = TypeVar("T")


class SimulatedJournal:
    """``vedette.ports.journal.Journal`` on the queue of a ``SimulatedStore``."""

    _rows: MemoryStore

    async def _run(self, work: Callable[[], Coroutine[Any, Any, T]], *, writes: bool) -> T:
        raise NotImplementedError

    async def intend(
        self, fence: Fence, decisions: Sequence[Decision], actions: Sequence[JournalEntry]
    ) -> Verdict:
        work = partial(self._rows.intend, fence, tuple(decisions), tuple(actions))
        return await self._run(work, writes=True)

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        return await self._run(partial(self._rows.pending, account, folder), writes=False)

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
        work = partial(
            self._rows.record, action, state, now=now, result=result, reason=reason, fence=fence
        )
        return await self._run(work, writes=True)

    async def attempted(
        self, action: ActionId, *, now: float, reason: str, fence: Fence | None = None
    ) -> int:
        work = partial(self._rows.attempted, action, now=now, reason=reason, fence=fence)
        return await self._run(work, writes=True)

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        work = partial(self._rows.undo, action, now=now, reason=reason)
        return await self._run(work, writes=True)

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        work = partial(self._rows.expired, account, now=now, limit=limit)
        return await self._run(work, writes=False)

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        return await self._run(partial(self._rows.journal, query), writes=False)

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        work = partial(self._rows.acted_on, account, tuple(identity))
        return await self._run(work, writes=False)

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
        work = partial(
            self._rows.decisions, account, guard, since=since, until=until, below=below, limit=limit
        )
        return await self._run(work, writes=False)

    async def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        work = partial(self._rows.tallies, account, guard, since=since)
        return await self._run(work, writes=False)

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        work = partial(self._rows.purge_decisions, before=before, limit=limit)
        return await self._run(work, writes=True)

    async def purge_journal(self, *, before: float, limit: int) -> int:
        work = partial(self._rows.purge_journal, before=before, limit=limit)
        return await self._run(work, writes=True)
