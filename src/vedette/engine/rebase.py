"""Where a folder's watch begins, or begins again: from what is there to a first cursor.

What is to be told of the past becomes open gaps in the same commit as the
cursor. A crash half-way then loses nothing: the gaps are still owed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import floor

from vedette.engine.batch import Batch
from vedette.engine.fetching import Fetching
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import ProtocolError
from vedette.imap import Fetch, UidSet
from vedette.imap.dates import read_date_time
from vedette.model.account import Account
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.outbox.occurrence import reset
from vedette.sync.identity import keys_of
from vedette.sync.plan import Adopt, Opened, Rebase

#: Identities in one FETCH: a few hundred octets each.
STEP = 500

#: Messages that are listed and then not told of, before the listing is held to be a lie.
MAX_OWED = 10_000

#: SEARCH SINCE disregards time and zone (RFC 9051 section 6.4.4): a day to each side.
DAY = timedelta(days=1)


class Rebasing:
    """Makes the first batch of a folder. Nothing is written here."""

    __slots__ = ("_account", "_fetching", "_world")

    def __init__(self, account: Account, world: World, fetching: Fetching) -> None:
        self._account = account
        self._world = world
        self._fetching = fetching

    async def baseline(self, watched: Watched, opened: Opened, uid_validity: int) -> Batch:
        """Begin now: nothing that is there is announced."""
        now = self._world.clock.now()
        top = await self._highest(opened)
        return self._batch(
            watched,
            opened,
            Cursor(uid_validity=uid_validity, last_uid=top, first_uid=top, since=now),
        )

    async def adopt(
        self, watched: Watched, opened: Opened, uid_validity: int, step: Adopt
    ) -> Batch:
        """Begin in the past: what is to be told becomes gaps that are due at once."""
        now = self._world.clock.now()
        top = await self._highest(opened)
        if step.count is not None:
            wanted = await self._last(opened, step.count, top)
            since = now
        else:
            since = step.instant or 0.0
            wanted = await self._since(since, top)
        first = min(wanted, default=top + 1) - 1
        batch = self._batch(
            watched,
            opened,
            Cursor(uid_validity=uid_validity, last_uid=top, first_uid=min(first, top), since=since),
        )
        batch.gaps = _owed(uid_validity, wanted, now)
        return batch

    async def rebase(
        self, watched: Watched, opened: Opened, uid_validity: int, step: Rebase
    ) -> Batch:
        """Begin again: tell only what is new by ``step`` and was never told (S2, S3)."""
        now = self._world.clock.now()
        top = await self._highest(opened)
        wanted: list[int] = []
        listed = UidSet()
        if top > 0:
            listed = await self._fetching.listing(UidSet.span(1, top), since=_day(step.since))
            wanted = await self.untold(listed, step.since)
        if step.count:
            last = UidSet(await self._last(opened, step.count, top))
            wanted = sorted({*wanted, *await self.untold(last, 0.0)})
        first = min(wanted, default=top + 1) - 1
        batch = self._batch(
            watched,
            opened,
            Cursor(uid_validity=uid_validity, last_uid=top, first_uid=first, since=step.since),
        )
        batch.gaps = _owed(uid_validity, wanted, now)
        if step.reset_from is not None and (wanted or _is_worth_telling(watched)):
            batch.events = [
                reset(
                    self._account,
                    watched.folder,
                    step.reset_from,
                    uid_validity,
                    listed=len(listed),
                    untold=len(wanted),
                    now=now,
                )
            ]
        return batch

    async def again(self, watched: Watched, state: FolderState, since: float) -> Batch:
        """Look anew: tell of all mail from an instant on that was never told, as owed."""
        cursor, wanted = state.cursor, list[int]()
        if cursor.last_uid > 0:
            every = UidSet.span(1, cursor.last_uid)
            listed = await self._fetching.listing(every, since=_day(since))
            wanted = await self.untold(listed, since)
        owed = {gap.uid for gap in state.gaps}
        wanted = [uid for uid in wanted if uid not in owed]
        first = min(wanted, default=cursor.last_uid + 1) - 1
        moved = replace(
            cursor, first_uid=min(cursor.first_uid, first), since=min(cursor.since, since)
        )
        batch = Batch(folder=watched.folder, state=state, cursor=moved)
        batch.gaps = _owed(cursor.uid_validity, wanted, self._world.clock.now())
        return batch

    async def untold(self, uids: UidSet, since: float) -> list[int]:
        """Return those UIDs whose messages arrived since ``since`` and were never told."""
        wanted: list[int] = []
        owed = 0
        for part in uids.chunks(uids=STEP):
            rows = await self._fetching.identities(part)
            wanted += await self._untold(rows, since)
            # A row that did not come can not be matched: it is owed, not old.
            missed = sorted(set(part) - {row.uid for row in rows})
            owed += len(missed)
            if owed > MAX_OWED:
                raise ProtocolError(f"the server listed {len(uids)} messages, but tells of few")
            wanted += missed
        return wanted

    async def _highest(self, opened: Opened) -> int:
        """Return the highest UID there is, below UIDNEXT as it was when the folder was opened.

        What arrives while we look is new. UIDNEXT alone is never trusted (S5, S6). Raises
        ProtocolError when the server has messages and lists none.
        """
        if opened.exists == 0:
            return 0
        if opened.uid_next is None:
            listed = await self._fetching.listing(UidSet.since(1))
        else:
            listed = await self._tail(opened.uid_next)
        if not listed and self._fetching.session.exists > 0:
            # A cursor at 0 would make news of all that is there.
            raise ProtocolError(f"the server has {opened.exists} messages, and lists none of them")
        top = listed.last or 0
        return top if opened.uid_next is None else min(top, opened.uid_next - 1)

    async def _tail(self, uid_next: int) -> UidSet:
        """Return the last UIDs, looking back in growing steps: a folder may end in a long hole."""
        width = STEP
        while True:
            low = max(1, uid_next - width)
            listed = await self._fetching.listing(UidSet.since(low))
            if listed or low == 1:
                return listed
            width *= 16

    async def _last(self, opened: Opened, count: int, top: int) -> list[int]:
        if opened.exists == 0 or top == 0:
            return []
        width = count
        while True:
            low = max(1, top - width + 1)
            listed = await self._fetching.listing(UidSet.span(low, top))
            if len(listed) >= count or low == 1:
                return list(islice(reversed(listed), count))[::-1]
            width *= 4

    async def _since(self, since: float, top: int) -> list[int]:
        if top == 0:
            return []
        listed = await self._fetching.listing(UidSet.span(1, top), since=_day(since))
        wanted: list[int] = []
        for part in listed.chunks(uids=STEP):
            rows = await self._fetching.identities(part)
            wanted += [row.uid for row in rows if row.uid is not None and not is_old(row, since)]
            # A row that did not come has no date to go by: it is owed, not old.
            wanted += set(part) - {row.uid for row in rows}
        return sorted(wanted)

    async def _untold(self, rows: Iterable[Fetch], since: float) -> list[int]:
        keys = {
            row.uid: keys_of(row, _fields(row))
            for row in rows
            if row.uid is not None and not is_old(row, since)
        }
        flat = [key for own in keys.values() for key in own]
        known = await self._world.store.known(self._account.id, flat) if flat else frozenset()
        return sorted(uid for uid, own in keys.items() if known.isdisjoint(own))

    def _batch(self, watched: Watched, opened: Opened, cursor: Cursor) -> Batch:
        return Batch(
            folder=watched.folder,
            state=watched.state,
            cursor=cursor,
            mailbox_id=opened.mailbox_id,
        )


def _is_worth_telling(watched: Watched) -> bool:
    """Tell whether anybody may hold UIDs that a reset makes worthless.

    Courier gives a folder that nobody ever selected another UIDVALIDITY at each
    EXAMINE. After the first reset only those are told that follow on a message.
    """
    again, watched.was_reset = watched.was_reset, True
    cursor = None if watched.state is None else watched.state.cursor
    return not again or (cursor is not None and cursor.last_uid > cursor.first_uid)


def _owed(uid_validity: int, uids: Iterable[int], now: float) -> tuple[Gap, ...]:
    return tuple(Gap(uid_validity=uid_validity, uid=uid, tries=0, due=now) for uid in uids)


def _day(since: float) -> date | None:
    """Return the day from which to list, or None for the beginning of time."""
    if since < DAY.total_seconds():
        return None
    return (datetime.fromtimestamp(since, UTC) - DAY).date()


def is_old(row: Fetch, since: float) -> bool:
    """Tell whether a message was there before ``since``; without a date it counts as new."""
    moment = None if row.internal_date is None else read_date_time(row.internal_date)
    # INTERNALDATE has whole seconds: what came within the second of ``since`` is new.
    return moment is not None and moment.timestamp() < floor(since)


def _fields(row: Fetch) -> bytes:
    data = row.sections[0].data if row.sections else None
    return data if isinstance(data, bytes) else b""
