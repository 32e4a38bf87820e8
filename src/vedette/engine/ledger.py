"""Writes what became of an action: the event first, then the journal.

The event's id is a function of the action, so that a crash between the two tells it once. It
must not know a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.world import World
from vedette.model.account import Account
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.event import Event
from vedette.outbox.action import applied, failed, undone
from vedette.outbox.selection import plan
from vedette.ports.journal import Journal
from vedette.ports.store import Verdict
from vedette.sync.deed import MAX_ATTEMPTS, MAX_LOOKS
from vedette.telemetry.counters import Counter

ACTIONS = Counter(
    "vedette_guard_actions_total",
    "Actions of guards that came to an end, by what became of them.",
    label="state",
    values=("done", "gone", "failed", "undone", "expired"),
)

_log = structlog.stdlib.get_logger(__name__)

#: An action and where its message is now; None where that is not known.
Done = tuple[JournalEntry, Place | None]


class Ledger:
    """The journal of one account. Every method raises StoreError."""

    __slots__ = ("_account", "_journal", "_world")

    def __init__(self, account: Account, world: World, journal: Journal) -> None:
        self._account = account
        self._world = world
        self._journal = journal

    async def done(self, entries: Sequence[Done]) -> None:
        """Write that actions were carried out."""
        if not entries:
            return
        crashpoint(Crashpoint.ACTION_ANSWERED)
        now = self._world.clock.now()
        await self._tell([applied(self._account, each, place, now) for each, place in entries])
        crashpoint(Crashpoint.ACTION_TOLD)
        for entry, place in entries:
            _log.info("action.applied", **_named(entry), to=_shown(place))
        await self._move_on(ActionState.DONE, entries, now)
        ACTIONS.inc("done", by=len(entries))

    async def copied(self, entries: Sequence[Done]) -> None:
        """Write that there are copies, and that the originals are to go."""
        if entries:
            crashpoint(Crashpoint.COPY_MADE)
            await self._move_on(ActionState.COPIED, entries, self._world.clock.now())
            crashpoint(Crashpoint.COPY_WRITTEN)

    async def gone(self, entries: Sequence[JournalEntry], reason: str) -> None:
        """Write that messages are not there any more, or are others: nothing is done.

        Of one that was to be taken back it stays known where it was, so that it is left alone
        if it turns up once more.
        """
        for entry in entries:
            _log.info("action.gone", **_named(entry), reason=reason)
        where = {
            each.id: each.result or each.origin
            for each in entries
            if each.state is ActionState.UNDOING
        }
        await self._move_on(
            ActionState.GONE,
            [(each, where.get(each.id)) for each in entries],
            self._world.clock.now(),
            reason,
        )
        ACTIONS.inc("gone", by=len(entries))

    async def failed(self, entries: Sequence[JournalEntry], reason: str) -> None:
        """Write that actions were given up; one that was to be taken back is done as before."""
        now = self._world.clock.now()
        for entry in entries:
            _log.warning("action.failed", **_named(entry), reason=reason)
        await self._tell([failed(self._account, each, reason, now) for each in entries])
        back = [each for each in entries if each.state is ActionState.UNDOING]
        rest = [each for each in entries if each.state is not ActionState.UNDOING]
        await self._move_on(ActionState.DONE, [(each, None) for each in back], now, reason)
        await self._move_on(ActionState.FAILED, [(each, None) for each in rest], now, reason)
        ACTIONS.inc("failed", by=len(entries))

    async def undone(self, entries: Sequence[tuple[JournalEntry, Place]]) -> None:
        """Write that messages are back where they were."""
        now = self._world.clock.now()
        await self._tell(
            [undone(self._account, entry, "vedette", place, now) for entry, place in entries]
        )
        for entry, place in entries:
            _log.info("action.undone", **_named(entry), to=_shown(place))
            await self._move_on(ActionState.UNDONE, [(entry, place)], now, entry.reason)
            ACTIONS.inc("undone")

    async def expired(self, entries: Sequence[Done]) -> None:
        """Write that messages went to the trash at the end of their time."""
        for entry, place in entries:
            _log.info("action.expired", **_named(entry), to=_shown(place))
        await self._move_on(ActionState.EXPIRED, entries, self._world.clock.now())
        ACTIONS.inc("expired", by=len(entries))

    async def kept(self, entries: Sequence[JournalEntry], reason: str) -> None:
        """Write why messages are where they are although their time is over; one line for all."""
        if not entries:
            return
        now, account = self._world.clock.now(), self._account.id
        _log.warning("retention.kept", account=account, count=len(entries), reason=reason)
        await self._count(entries, reason, now)

    async def attempted(self, entries: Sequence[JournalEntry], reason: str) -> int:
        """Count an attempt that came to nothing; return the most that one of them has had.

        What has had too many is given up by whoever looked at its message once more: the answer
        that did not come may have said that it was moved. Only what can not be looked at either
        is given up here.
        """
        now = self._world.clock.now()
        counts = await self._count(entries, reason, now)
        for entry, count in zip(entries, counts, strict=True):
            _log.warning("action.postponed", **_named(entry), reason=reason, attempts=count)
        over = [
            entry
            for entry, count in zip(entries, counts, strict=True)
            if count >= MAX_ATTEMPTS + MAX_LOOKS and entry.state is not ActionState.DONE
        ]
        if over:
            await self.failed(over, f"{reason}; whether it was done can not be seen")
        return max(counts, default=0)

    async def _tell(self, events: Sequence[Event]) -> None:
        postings = plan(events, self._world.endpoints())
        fence = self._world.tenure.fence(self._account.id)
        if await self._world.store.post(fence, postings) is Verdict.FENCED:
            raise self._world.tenure.refused(self._account.id)
        self._world.wake({endpoint for posting in postings for endpoint in posting.endpoints})

    async def _move_on(
        self, state: ActionState, entries: Sequence[Done], now: float, reason: str = ""
    ) -> None:
        fence = self._world.tenure.fence(self._account.id)
        # One group of the writer takes them all. What the fence refuses is found out by whoever
        # owns the mailbox now, as after a crash at this point.
        await asyncio.gather(
            *(
                self._journal.record(
                    entry.id, state, now=now, result=place, reason=reason, fence=fence
                )
                for entry, place in entries
            )
        )

    async def _count(self, entries: Sequence[JournalEntry], reason: str, now: float) -> list[int]:
        fence = self._world.tenure.fence(self._account.id)
        return await asyncio.gather(
            *(
                self._journal.attempted(each.id, now=now, reason=reason, fence=fence)
                for each in entries
            )
        )


def _named(entry: JournalEntry) -> dict[str, str]:
    return {
        "account": entry.account,
        "guard": entry.guard,
        "action": entry.action,
        "id": entry.id,
    }


def _shown(place: Place | None) -> str | None:
    return None if place is None else f"{place.folder.decode('latin-1')}:{place.uid}"
