"""Brings a folder up to date: carries out the plan on an open folder, in bounded steps.

Each step is one FETCH and one commit, so a burst of fifty thousand messages
takes turns with every other mailbox, and a crash repeats one step at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.batch import Batch, Mail, with_state
from vedette.engine.docket import Docket
from vedette.engine.fetching import Early, Fetching
from vedette.engine.ingest import Ingest
from vedette.engine.rebase import Rebasing
from vedette.engine.session import Session
from vedette.engine.spool import Spools
from vedette.engine.stumbles import Stumbles
from vedette.engine.vanguard import Vanguard
from vedette.engine.watched import StaleError, Watched
from vedette.engine.world import World
from vedette.errors import FolderError, LinkError, Trouble
from vedette.imap import Item, UidSet
from vedette.model.account import Account
from vedette.model.cursor import Cursor, Gap
from vedette.model.event import Event
from vedette.outbox.occurrence import missing
from vedette.ports.store import Verdict
from vedette.sync import gaps, reconcile
from vedette.sync.fold import fold, is_contiguous
from vedette.sync.plan import Adopt, Baseline, CatchUp, CaughtUp, Opened, advanced, plan
from vedette.telemetry.histogram import Histogram

ARRIVAL = Histogram(
    "vedette_announced_to_committed_seconds",
    "Time from the server's announcement of a message to the commit of its event.",
)

_log = structlog.stdlib.get_logger(__name__)

#: Messages in one FETCH and one commit: 64 windows of 64 KiB are 4 MiB at most.
STEP = 64

#: Messages of one folder that may be owed before no more are asked for: a server that lists and
#: does not hand over is asked for each of these four times before it is asked for others.
MAX_OWED = 1_000

#: Failures that a message may be the cause of: the link died over it, or it was refused.
BLAMES_MESSAGE = frozenset({Trouble.NETWORK, Trouble.PROTOCOL, Trouble.FOLDER})

#: A server without UIDVALIDITY has one for ever, and it must not be 0 (catalogue S4).
NO_UID_VALIDITY = 1


class Collector:
    """Syncs the folder that a session has open, for one account."""

    __slots__ = (
        "_account",
        "_docket",
        "_fetching",
        "_ingest",
        "_session",
        "_stumbles",
        "_world",
        "announced_at",
        "vanguard",
    )

    def __init__(
        self,
        account: Account,
        world: World,
        session: Session,
        stumbles: Stumbles,
        docket: Docket | None = None,
    ) -> None:
        self._account = account
        self._world = world
        self._session = session
        self._stumbles = stumbles
        self._docket = docket
        #: Acts on large messages before they are whole; None where no guard stands.
        self.vanguard: Vanguard | None = None
        self._ingest = Ingest(account, world, docket)
        self._fetching = Fetching(session, account, world)
        #: The wall clock when the last messages that were written had been announced.
        self.announced_at: float | None = None

    @property
    def fetching(self) -> Fetching:
        """What it reads the open folder with."""
        return self._fetching

    @property
    def items(self) -> tuple[Item, ...]:
        """What is asked of a message."""
        return self._fetching.items()

    async def sync(self, watched: Watched, opened: Opened, *, known_since: float | None) -> int:
        """Carry out the plan for a folder that was just opened; return the messages told."""
        step = plan(
            watched.state,
            opened,
            beginning=self._account.beginning,
            known_since=known_since,
        )
        watched.seen = (opened.uid_next, opened.exists)
        if isinstance(step, CatchUp):
            told = await self.catch_up(watched)
            if opened.uid_next is not None and opened.uid_next < step.start:
                # UIDNEXT went back: new mail may stand below the cursor (S5).
                told += await self.reconcile(watched)
            return told
        if isinstance(step, CaughtUp):
            return await self.settle_gaps(watched)
        rebasing = Rebasing(self._account, self._world, self._fetching)
        uid_validity = opened.uid_validity or NO_UID_VALIDITY
        if isinstance(step, Baseline):
            batch = await rebasing.baseline(watched, opened, uid_validity)
        elif isinstance(step, Adopt):
            batch = await rebasing.adopt(watched, opened, uid_validity, step)
        else:
            batch = await rebasing.rebase(watched, opened, uid_validity, step)
        crashpoint(Crashpoint.BASELINE_CHOSEN)
        await self._write(watched, batch)
        crashpoint(Crashpoint.BASELINE_WRITTEN)
        watched.began = True
        return await self.settle_gaps(watched)

    async def arrived(self, watched: Watched) -> int:
        """Take or fetch what was just announced; return the messages told.

        What the server sent by itself needs no round trip; else ``DONE`` and the FETCH
        leave in one write. What neither can prove complete is listed and fetched again.
        """
        if watched.state is None or self._session.grown > STEP:
            return await self.catch_up(watched)
        announced_at = self._session.announced_at
        told, more = await self._fetched(watched, watched.state.cursor)
        if more is not None:
            told += await self._steps(watched, more, announced_at)
        return told

    async def _fetched(self, watched: Watched, cursor: Cursor) -> tuple[int, UidSet | None]:
        """Do what ``arrived`` says at first; return what was told, or what has to be fetched."""
        growth, announced_at = self._session.grown, self._session.announced_at
        pushed = self._session.settle()
        async with self._fetching.turn() as spools:
            if is_contiguous(cursor, pushed, growth):
                mails = await self._fetching.whole(pushed, spools, self._early(watched))
            else:
                mails = await self._mails(watched, UidSet.since(watched.next_uid), spools)
            fresh = sorted(
                (mail for mail in mails if (mail.row.uid or 0) > cursor.last_uid),
                key=lambda mail: mail.row.uid or 0,
            )
            if not is_contiguous(cursor, (mail.row for mail in fresh), growth):
                listed = await self._fetching.listing(UidSet.since(watched.next_uid))
                # Counted first: a server may list four thousand million in a dozen octets.
                if len(listed) > len(fresh) or not set(listed) <= {each.row.uid for each in fresh}:
                    return await self._gone_ahead(watched, fresh, listed), listed
            # What came with this FETCH was announced during it: it is taken care of.
            self._session.came(max(0, len(fresh) - growth))
            if fresh:
                last = max(mail.row.uid or 0 for mail in fresh)
                batch = self._batch(watched, advanced(cursor, last), announced_at)
                batch.mails = fresh
                await self._write(watched, batch)
        return len(fresh), None

    async def _gone_ahead(self, watched: Watched, mails: Iterable[Mail], listed: UidSet) -> int:
        """Tell of what was moved by its head, and so is not listed; it is at hand only now."""
        if watched.state is None or self._docket is None:
            return 0
        cursor, path = watched.state.cursor, watched.folder.path
        moved = self._docket.taken_ahead(path, cursor.uid_validity)
        batch = self._batch(watched, cursor, None)
        # Of others that are not listed it is not known that they are gone: they may be told later.
        batch.mails = [
            each for each in mails if each.row.uid in moved and each.row.uid not in listed
        ]
        if batch.mails:
            await self._write(watched, batch)
        return len(batch.mails)

    async def catch_up(self, watched: Watched) -> int:
        """List everything above the cursor and fetch it step by step."""
        if watched.state is None:
            return 0
        announced_at = self._session.announced_at
        self._session.settle()
        listed = await self._fetching.listing(UidSet.since(watched.next_uid))
        return await self._steps(watched, listed, announced_at)

    async def _steps(self, watched: Watched, listed: UidSet, announced_at: float | None) -> int:
        told = 0
        for part in listed.chunks(uids=STEP):
            if watched.state is not None and len(watched.state.gaps) > MAX_OWED:
                told += await self.settle_gaps(watched)
                if len(watched.state.gaps) > MAX_OWED:
                    # The cursor stays where it is, so the rest is listed at the next look.
                    _log.warning("folder.owes", account=self._account.id, owed=MAX_OWED)
                    return told
            told += await self._step(watched, part, announced_at)
        return told + await self.settle_gaps(watched)

    async def settle_gaps(self, watched: Watched) -> int:
        """Ask again for UIDs that are owed and due; report those that never come."""
        told = 0
        while watched.state is not None:
            now = self._world.clock.now()
            due = gaps.due(watched.state.gaps, now)
            if not due:
                break
            # A first question may be asked for many; a repeated one singly (S8).
            first = [gap for gap in due if gap.tries == 0][:STEP]
            told += await self._ask_again(watched, first or due[:1], now)
        return told

    async def again(self, watched: Watched, since: float) -> int:
        """Tell what never was of all mail from an instant on; return the messages told."""
        if watched.state is None:
            return 0
        rebasing = Rebasing(self._account, self._world, self._fetching)
        await self._write(watched, await rebasing.again(watched, watched.state, since))
        watched.again = None
        return await self.settle_gaps(watched)

    async def reconcile(self, watched: Watched) -> int:
        """Hold the recent UIDs of the server against the stored events (S9)."""
        state = watched.state
        uids = None if state is None else reconcile.window(state.cursor)
        if state is None or uids is None:
            return 0
        listed = await self._fetching.listing(uids, last=reconcile.WINDOW)
        if listed.wire == watched.reconciled:
            return 0
        wanted = reconcile.candidates(self._account.id, state, listed)
        ids = [event for settling in wanted.values() for event in settling]
        stored = await self._world.store.stored(ids)
        lost = reconcile.unsettled(wanted, stored)
        if lost:
            # Events end with their retention, identities later: what was told is not told again.
            rebasing = Rebasing(self._account, self._world, self._fetching)
            untold = await rebasing.untold(UidSet(lost), state.cursor.since)
            await self.owe(watched, untold)
        watched.reconciled = listed.wire
        return await self.settle_gaps(watched)

    async def _step(self, watched: Watched, listed: UidSet, announced_at: float | None) -> int:
        if watched.state is None:
            return 0
        cursor = watched.state.cursor
        if self._stumbles.is_stuck(watched.folder.path, cursor.uid_validity, listed.first or 0):
            _log.warning("folder.stuck", account=self._account.id, folder=watched.folder.name)
            return await self._put_off(watched, listed)
        async with self._fetching.turn() as spools:
            mails = await self._mails(watched, listed, spools)
            folded = fold(cursor, (mail.row for mail in mails), listed)
            by_uid = {mail.row.uid: mail for mail in mails}
            now = self._world.clock.now()
            batch = self._batch(watched, advanced(cursor, folded.last_uid), announced_at)
            batch.mails = [by_uid[row.uid] for row in folded.fresh]
            batch.gaps = gaps.opened(cursor.uid_validity, folded.owed, now)
            await self._write(watched, batch)
        return len(folded.fresh)

    async def _put_off(self, watched: Watched, listed: UidSet) -> int:
        """Move the cursor over a step that fails each time; each of its UIDs is asked singly."""
        if watched.state is None:
            return 0
        cursor = watched.state.cursor
        now = self._world.clock.now()
        owed = [uid for uid in listed if uid > cursor.last_uid]
        batch = self._batch(watched, advanced(cursor, max(owed, default=0)), None)
        batch.gaps = tuple(
            gap
            for opened in gaps.opened(cursor.uid_validity, owed, now)
            if (gap := gaps.asked(opened, now)) is not None
        )
        await self._write(watched, batch)
        return 0

    async def _mails(self, watched: Watched, uids: UidSet, spools: Spools) -> list[Mail]:
        """Fetch a step, remembering where it began if that fails."""
        validity = 0 if watched.state is None else watched.state.cursor.uid_validity
        try:
            return await self._fetching.mails(uids, spools, self._early(watched))
        except LinkError as error:
            if error.trouble in BLAMES_MESSAGE:
                self._stumbles.fell(watched.folder.path, validity, uids.first or 0)
            raise

    async def _answered(self, watched: Watched, due: Sequence[Gap], spools: Spools) -> list[Mail]:
        """Ask for gaps; a refusal is an answer, and so is a link that died of the same before."""
        validity = due[0].uid_validity
        uids = {gap.uid for gap in due}
        uids -= self._stumbles.take_fallen(watched.folder.path, validity)
        try:
            return await self._fetching.mails(UidSet(uids), spools) if uids else []
        except FolderError:
            return []
        except LinkError as error:
            if error.trouble in BLAMES_MESSAGE:
                self._stumbles.gaps_fell(watched.folder.path, validity, uids)
            raise

    async def _ask_again(self, watched: Watched, due: Sequence[Gap], now: float) -> int:
        if watched.state is None:
            return 0
        cursor = watched.state.cursor
        async with self._fetching.turn() as spools:
            mails = await self._answered(watched, due, spools)
            wanted = {gap.uid for gap in due}
            found = {mail.row.uid: mail for mail in mails if mail.row.uid in wanted}
            later = {gap.uid: gaps.asked(gap, now) for gap in due if gap.uid not in found}
            lost = [uid for uid, gap in later.items() if gap is None]
            batch = self._batch(watched, cursor, None)
            batch.mails = [found[uid] for uid in sorted(wanted & found.keys())]
            batch.gaps = tuple(gap for gap in later.values() if gap is not None)
            batch.closed = tuple(sorted((wanted & found.keys()) | set(lost)))
            batch.events = [
                missing(self._account, watched.folder, cursor.uid_validity, uid, now)
                for uid in lost
            ]
            await self._write(watched, batch)
        return len(found)

    async def owe(self, watched: Watched, uids: Iterable[int], *told: Event) -> None:
        """Have messages behind the cursor asked for, and tell of it: nobody knew of them (S9)."""
        if watched.state is None:
            return
        cursor = watched.state.cursor
        batch = self._batch(watched, cursor, None)
        batch.events = told
        now = self._world.clock.now()
        batch.gaps = tuple(
            Gap(uid_validity=cursor.uid_validity, uid=uid, tries=0, due=now) for uid in uids
        )
        await self._write(watched, batch)

    def _early(self, watched: Watched) -> Early | None:
        return None if self.vanguard is None else partial(self.vanguard.went, watched)

    async def stragglers(self, watched: Watched) -> int:
        """Tell of messages that were moved by their heads, and whose commit did not come."""
        told, state = 0, watched.state
        if self.vanguard is None or state is None:
            return told
        for entry in await self.vanguard.untold(watched):
            uid = entry.origin.uid or 0
            async with self._fetching.turn() as spools:
                try:
                    mail = await self._fetching.moved(entry, watched.folder.path, spools)
                except LinkError:
                    if self._session.selected != watched.folder.path:
                        raise
                    continue  # where it is can not be opened now: it is told of later
                batch = self._batch(watched, state.cursor, None)
                now = self._world.clock.now()
                if mail is None:
                    # It was seen, and nobody can say any more what it was.
                    validity = state.cursor.uid_validity
                    batch.events = [missing(self._account, watched.folder, validity, uid, now)]
                else:
                    batch.mails = [mail]
                batch.closed = tuple(gap.uid for gap in state.gaps if gap.uid == uid)
                if self._docket is not None:
                    self._docket.ahead(entry)
                await self._write(watched, batch)
            told += 1
        return told

    def _batch(self, watched: Watched, cursor: Cursor, announced_at: float | None) -> Batch:
        return Batch(
            folder=watched.folder,
            state=watched.state,
            cursor=cursor,
            announced_at=announced_at or self._session.announced_at,
        )

    async def _write(self, watched: Watched, batch: Batch) -> None:
        verdict = await self._ingest.write(batch)
        if verdict is Verdict.STALE:
            raise StaleError(f"the cursor of {watched.folder.name} was moved by someone else")
        if verdict is Verdict.FENCED:
            raise self._world.tenure.refused(self._account.id)
        watched.state = with_state(watched.state, batch)
        self._stumbles.passed(watched.folder.path)
        if batch.mails:
            self.announced_at = batch.announced_at
            if batch.announced_at is not None:
                took = self._world.clock.now() - batch.announced_at
                for _mail in batch.mails:
                    ARRIVAL.observe(took)
