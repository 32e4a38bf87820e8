"""Holds an open folder against the ledger: was each message of today and yesterday told of.

::

    UID SEARCH SINCE yesterday ─► UIDs since the watch began ─► stored events? ─► identities?
                                        │                            └ told          └ told elsewhere
                                        └── open gaps: owed                          └ neither: missing
                                                                     a gap is opened, and asked for

It is the question that nobody else answers: whether one was missed. ``reconcile`` asks after
what a listing shows that it did not show before; this asks again after what was shown all along.
It only reads (EXAMINE), between other work of the session that watches. It must not know when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import structlog

from vedette.engine.audit_book import Tally
from vedette.engine.collector import Collector
from vedette.engine.rebase import Rebasing
from vedette.engine.roster import Roster
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import FolderError, ProtocolError
from vedette.imap import UidSet
from vedette.model.account import Account
from vedette.model.cursor import FolderState
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
        audits.enter(self._account.id, path, days, now=loop.time(), at=self._world.clock.now())

    async def _compared(self, watched: Watched) -> tuple[Tally, ...]:
        today = datetime.fromtimestamp(self._world.clock.now(), UTC).date()
        yesterday = today - timedelta(days=1)
        state = watched.state
        window = None if state is None else reconcile.window(state.cursor)
        if state is None or window is None:
            return (Tally(yesterday, 0, 0, 0), Tally(today, 0, 0, 0))
        listing = self._collector.fetching.listing
        both = await listing(window, since=yesterday, last=MOST)
        later = await listing(window, since=today, last=MOST)
        lost = await self._untold(state, both)
        days = (
            _tally(yesterday, set(both) - set(later), state, lost),
            _tally(today, set(both) & set(later), state, lost),
        )
        if lost:
            self._tell(watched, days)
            await self._collector.owe(watched, sorted(lost)[:REPAIRED])
        return days

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
