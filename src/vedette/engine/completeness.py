"""Holds an open folder against the ledger: was each message of today and yesterday told of.

::

    UID SEARCH SINCE yesterday ─► UIDs since the watch began ─► stored events? ─► identities?
                                        │                            └ told          └ told elsewhere
                                        └── open gaps: owed                          └ neither: missing
                                          a gap is opened, and told of by ``mailbox.incomplete``, in
                                                  one commit; then it is asked for as any other gap

It is the question that nobody else answers: whether one was missed. ``reconcile`` asks after
what a listing shows that it did not show before; this asks again after what was shown all along.
It only reads (EXAMINE), between other work of the session that watches. It must not know when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import structlog

from vedette.engine.collector import Collector
from vedette.engine.rebase import Rebasing
from vedette.engine.roster import Roster
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import FolderError, ProtocolError, StoreError
from vedette.imap import UidSet
from vedette.model.account import Account
from vedette.model.cursor import FolderState
from vedette.model.tally import Tally
from vedette.outbox.occurrence import incomplete
from vedette.ports.completeness import KEPT_DAYS, Look
from vedette.sync import reconcile

_log = structlog.stdlib.get_logger(__name__)

#: The last messages of a folder that are looked at: two days of a very busy one. It bounds the
#: answer and the questions to the store.
MOST = 5_000
#: Messages in one question to the store: their ids cost some three milliseconds of the loop.
STEP = 500
#: Messages that are asked for after one look. If more are missing the state was lost, and the
#: next looks find the rest.
REPAIRED = 500


class Completeness:
    """Looks at the folders of one account, on the session of its collector."""

    __slots__ = ("_account", "_collector", "_world")

    def __init__(self, account: Account, world: World, collector: Collector) -> None:
        self._account = account
        self._world = world
        self._collector = collector

    def due(self, roster: Roster) -> list[Watched]:
        """Return the folder to look at now: one at most, for mail goes first."""
        now, audits = asyncio.get_running_loop().time(), self._world.audits
        for each in roster:
            if audits.is_due(self._account.id, each.folder.path, each.folder.name, now):
                return [each]
        return []

    async def settle(self, watched: Watched) -> int:
        """Ask for what an open folder owes, after a look where one is due; return what was told."""
        now, path = asyncio.get_running_loop().time(), watched.folder.path
        if self._world.audits.is_due(self._account.id, path, watched.folder.name, now):
            await self._look(watched)
        return await self._collector.settle_gaps(watched)

    async def _look(self, watched: Watched) -> None:
        """Compare, have what is missing asked for, and write down the numbers.

        Raises LinkError when the link ends, StoreError when the ledger can not be read.
        """
        audits, path = self._world.audits, watched.folder.path
        loop = asyncio.get_running_loop()
        audits.under_way += 1
        try:
            days = await self._compared(watched)
        except (FolderError, ProtocolError) as error:
            if self._collector.fetching.session.link.is_lost:
                raise
            audits.failed(self._account.id, path, now=loop.time())
            _log.warning(
                "completeness.unknown",
                account=self._account.id,
                folder=watched.folder.name,
                error=str(error),
            )
            return
        finally:
            audits.under_way -= 1
        look = Look(
            account=self._account.id,
            path=path,
            folder=watched.folder.name,
            at=self._world.clock.now(),
            days=days,
        )
        audits.enter(look, now=loop.time())
        await self._keep(look)

    async def _keep(self, look: Look) -> None:
        """Have every instance know what was found; where that fails the next look tells it."""
        if self._world.counts is None:
            return
        try:
            await self._world.counts.keep(look)
        except StoreError as error:
            _log.warning(
                "completeness.not_kept",
                account=look.account,
                folder=look.folder,
                error=str(error),
            )

    def _days(self, path: bytes) -> list[date]:
        """Return the days to look at: yesterday and today, and what was not well the last time."""
        today = datetime.fromtimestamp(self._world.clock.now(), UTC).date()
        first = yesterday = today - timedelta(days=1)
        if (unsettled := self._world.audits.unsettled(self._account.id, path)) is not None:
            first = max(min(unsettled, yesterday), today - timedelta(days=KEPT_DAYS - 1))
        return [first + timedelta(days=number) for number in range((today - first).days + 1)]

    async def _compared(self, watched: Watched) -> tuple[Tally, ...]:
        days, state = self._days(watched.folder.path), watched.state
        window = None if state is None else reconcile.window(state.cursor)
        if state is None or window is None:
            return tuple(Tally(day, 0, 0, 0) for day in days)
        listing = self._collector.fetching.listing
        since = [await listing(window, since=day, last=MOST) for day in days]
        lost = await self._untold(state, since[0])
        # What arrived since a day and not since the next; nothing is newer than the first list.
        all_, later = set(since[0]), [*map(set, since[1:]), set[int]()]
        found = []
        for day, after in zip(days, later, strict=True):
            found.append(_tally(day, all_ - after, state, lost))
            all_ &= after
        if lost:
            self._tell(watched, found)
            uids, now = sorted(lost), self._world.clock.now()
            told = incomplete(self._account, watched.folder, state, found, uids, now)
            await self._collector.owe(watched, uids[:REPAIRED], told)
        return tuple(found)

    async def _untold(self, state: FolderState, listed: UidSet) -> set[int]:
        """Return those UIDs of which nothing is stored, neither an event nor their identity."""
        lost: list[int] = []
        for part in listed.chunks(uids=STEP):
            wanted = reconcile.candidates(self._account.id, state, part)
            ids = [event for settling in wanted.values() for event in settling]
            lost += reconcile.unsettled(wanted, await self._world.store.stored(ids))
        if not lost:
            return set()
        rebasing = Rebasing(self._account, self._world, self._collector.fetching)
        return set(await rebasing.untold(UidSet(lost), state.cursor.since))

    def _tell(self, watched: Watched, days: Iterable[Tally]) -> None:
        for each in days:
            if each.missing:
                _log.error(
                    "completeness.gap",
                    account=self._account.id,
                    folder=watched.folder.name,
                    day=each.day.isoformat(),
                    server=each.server,
                    missing=each.missing,
                )


def _tally(day: date, uids: set[int], state: FolderState, lost: set[int]) -> Tally:
    owed = {gap.uid for gap in state.gaps}
    return Tally(day, len(uids), len(uids & owed), len(uids & lost))
