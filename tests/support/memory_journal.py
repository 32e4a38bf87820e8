"""The journal of the store in memory: what guards decided and did, as the real store keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf, isnan

from vedette.errors import StoreError
from vedette.model.action import PENDING, ActionState, Decision, JournalEntry, Place, follows
from vedette.model.ids import AccountId, ActionId
from vedette.model.returning import Fate, fate
from vedette.ports.journal import JournalQuery, Spot, Tally
from vedette.ports.store import Fence, Verdict
from vedette.store.rows.action import ABOUT, told
from vedette.store.rows.spot import top
from vedette.store.words import printable

#: After these nothing more comes.
SETTLED = frozenset(
    {
        ActionState.FAILED,
        ActionState.GONE,
        ActionState.UNDONE,
        ActionState.RETURNED,
        ActionState.EXPIRED,
    }
)


@dataclass(slots=True, kw_only=True)
class JournalRows:
    """What survives a stop."""

    actions: dict[ActionId, JournalEntry] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    tallies: Counter[tuple[AccountId, str, str, str, str]] = field(default_factory=Counter)
    #: How many were written.
    written: int = 0

    def check(self, decisions: Iterable[Decision], actions: Iterable[JournalEntry]) -> None:
        """Raise for what a real store could not write, before anything is written."""
        instants = [each.at for each in decisions] + [each.at for each in actions]
        if any(map(isnan, instants)):
            raise StoreError("a value can not be stored: an instant is NaN")

    def write(self, decisions: Iterable[Decision], actions: Iterable[JournalEntry]) -> None:
        """Write what is new."""
        fates: dict[tuple[AccountId, str, Place], set[Fate]] = {}
        for entry in actions:
            judged = (entry.account, entry.guard, entry.origin)
            fates.setdefault(judged, set()).add(self._insert(entry))
        for decision in decisions:
            kept = replace(
                told(decision, fates.get((decision.account, decision.guard, decision.origin))),
                domain=printable(decision.domain),
                why=printable(decision.why),
                seq=self._next(),
            )
            self.decisions.append(kept)
            day = datetime.fromtimestamp(decision.at, UTC).date().isoformat()
            self.tallies[kept.account, kept.guard, day, kept.verdict, kept.acted] += 1

    def _insert(self, entry: JournalEntry) -> Fate:
        becomes, returned = fate(entry, self.acted_on(entry.account, entry.identity))
        if returned is not None:
            self._put(replace(returned, state=ActionState.RETURNED, changed=entry.at))
        if becomes is not Fate.WRITTEN:
            return becomes
        if entry.id in self.actions:
            return Fate.REPEATED
        self._put(
            replace(
                entry,
                identity=tuple(dict.fromkeys(entry.identity)),
                reason=printable(entry.reason),
                seq=self._next(),
            )
        )
        return becomes

    def _next(self) -> int:
        self.written += 1
        return self.written

    def _put(self, entry: JournalEntry) -> None:
        self.actions[entry.id] = entry

    def record(
        self, action: ActionId, state: ActionState, *, now: float, result: Place | None, reason: str
    ) -> bool:
        """Move an entry on."""
        entry = self.actions.get(action)
        if entry is None or not follows(state, entry.state):
            return False
        self._put(
            replace(
                entry,
                state=state,
                changed=now,
                result=result or entry.result,
                reason=printable(reason),
                attempts=entry.attempts if state in SETTLED else 0,
            )
        )
        return True

    def attempted(self, action: ActionId, *, now: float, reason: str) -> int:
        """Count one attempt."""
        entry = self.actions.get(action)
        if entry is None or entry.state in SETTLED:
            return 0
        self._put(
            replace(entry, attempts=entry.attempts + 1, changed=now, reason=printable(reason))
        )
        return entry.attempts + 1

    def pending(self, account: AccountId, folder: bytes | None) -> list[JournalEntry]:
        """Return what is to be carried out."""
        return [
            entry
            for entry in self.actions.values()
            if entry.account == account
            and entry.state in PENDING
            and folder in {None, _place(entry)}
        ]

    def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        """Return entries whose time is over."""
        found = [
            (entry.expires, number, entry)
            for number, entry in enumerate(self.actions.values())
            if entry.account == account
            and entry.state is ActionState.DONE
            and entry.expires is not None
            and entry.expires < now
        ]
        return [entry for _, _, entry in sorted(found, key=lambda each: each[:2])][: max(limit, 0)]

    def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return entries, newest first."""
        since = -inf if query.since is None else query.since
        end = top(query.until, query.below)
        found = [
            (entry.at, entry.seq, entry)
            for entry in self.actions.values()
            if query.account in {None, entry.account}
            and query.tenant in {None, entry.tenant}
            and query.guard in {None, entry.guard}
            and query.action in {None, entry.id}
            and (not query.states or entry.state in query.states)
            and entry.at >= since
            and (entry.at, entry.seq) < end
        ]
        newest = sorted(found, key=lambda each: each[:2], reverse=True)
        return [entry for _, _, entry in newest[: max(query.limit, 0)]]

    def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        """Return entries about a message."""
        newest = [entry for entry in self.actions.values() if entry.account == account][::-1]
        found = {
            entry.id
            for key in identity
            for entry in [entry for entry in newest if key in entry.identity][:ABOUT]
        }
        return [entry for entry in newest if entry.id in found]

    def list_decisions(
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
        end = top(until, below)
        found = [
            (each.at, each.seq, each)
            for each in self.decisions
            if account in {None, each.account}
            and guard in {None, each.guard}
            and each.at >= since
            and (each.at, each.seq) < end
        ]
        newest = sorted(found, key=lambda each: each[:2], reverse=True)
        return [each for _, _, each in newest[: max(limit, 0)]]

    def list_tallies(
        self, account: AccountId | None, guard: str | None, *, since: str
    ) -> list[Tally]:
        """Return the daily counts."""
        found = [
            Tally(account=whose, guard=of, day=day, verdict=verdict, acted=acted, count=count)
            for (whose, of, day, verdict, acted), count in self.tallies.items()
            if account in {None, whose} and guard in {None, of} and day >= since
        ]
        return sorted(
            found, key=lambda each: (each.day, each.account, each.guard, each.verdict, each.acted)
        )

    def purge_decisions(self, *, before: float, limit: int) -> int:
        """Delete the oldest decisions."""
        old = sorted(
            (each.at, number) for number, each in enumerate(self.decisions) if each.at < before
        )
        gone = {number for _, number in old[: max(limit, 0)]}
        self.decisions[:] = [
            each for number, each in enumerate(self.decisions) if number not in gone
        ]
        return len(gone)

    def purge_journal(self, *, before: float, limit: int) -> int:
        """Forget the oldest entries that are over."""
        old = sorted(
            (entry.changed, number, entry.id)
            for number, entry in enumerate(self.actions.values())
            if entry.state in SETTLED and entry.changed < before
        )[: max(limit, 0)]
        for _, _, action in old:
            del self.actions[action]
        return len(old)


def _place(entry: JournalEntry) -> bytes:
    if entry.state is ActionState.UNDOING and entry.result is not None:
        return entry.result.folder
    return entry.origin.folder


class MemoryJournal:
    """``vedette.ports.journal.Journal`` over those rows."""

    def _journal(self, *, writes: bool = False) -> JournalRows:
        raise NotImplementedError

    def _is_fenced(self, fence: Fence) -> bool:
        raise NotImplementedError

    async def intend(
        self, fence: Fence, decisions: Sequence[Decision], actions: Sequence[JournalEntry]
    ) -> Verdict:
        rows = self._journal(writes=True)
        if self._is_fenced(fence):
            return Verdict.FENCED
        rows.check(decisions, actions)
        rows.write(decisions, actions)
        return Verdict.DONE

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        return self._journal().pending(account, folder)

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
        rows = self._journal(writes=True)
        if fence is not None and self._is_fenced(fence):
            return False
        return rows.record(action, state, now=now, result=result, reason=reason)

    async def attempted(
        self, action: ActionId, *, now: float, reason: str, fence: Fence | None = None
    ) -> int:
        rows = self._journal(writes=True)
        if fence is not None and self._is_fenced(fence):
            return 0
        return rows.attempted(action, now=now, reason=reason)

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        return await self.record(action, ActionState.UNDOING, now=now, reason=reason)

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        return self._journal().expired(account, now=now, limit=limit)

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        return self._journal().journal(query)

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        return self._journal().acted_on(account, identity)

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
        return self._journal().list_decisions(
            account, guard, since=since, limit=limit, until=until, below=below
        )

    async def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        return self._journal().list_tallies(account, guard, since=since)

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        return self._journal(writes=True).purge_decisions(before=before, limit=limit)

    async def purge_journal(self, *, before: float, limit: int) -> int:
        return self._journal(writes=True).purge_journal(before=before, limit=limit)
