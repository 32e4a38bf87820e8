"""Looks at mail that is there already: after a connect, when guards or lists changed, once a day.

Also when a folder's watch began anew, after another UIDVALIDITY or as it was made: nobody has
judged the mail in it under the UIDs that it has now.

The last messages of each folder, some at a time, the newest first; mail that arrives comes
between. What a guard decided in its present version is not asked for again, and what it did,
or what the user took back, is known by the journal. Where it stands is in memory: a sweep that
was cut short begins anew. It must not know how an action is carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import structlog

from vedette import mime
from vedette.engine.batch import Mail
from vedette.engine.docket import Docket
from vedette.engine.fetching import WINDOW, Fetching
from vedette.engine.guarding import Post, Span
from vedette.engine.ingest import is_hard
from vedette.engine.judgement import Case, Hearing
from vedette.engine.rebase import is_old
from vedette.engine.share import Share
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.guard.pack import DAY, HOUR
from vedette.imap import UidSet
from vedette.model.account import Account
from vedette.model.cursor import Cursor, FolderState
from vedette.outbox.selection import plan
from vedette.ports.journal import Journal
from vedette.ports.reader import ReaderKilledError
from vedette.ports.scorer import Letter
from vedette.ports.store import Verdict
from vedette.sync.identity import keys_of
from vedette.sync.reconcile import candidates, unsettled

_log = structlog.stdlib.get_logger(__name__)

#: Messages in one turn: 16 windows of 64 KiB are 1 MiB, and take a tenth of a second to judge.
TURN = 16

#: Decisions that are looked through for what need not be judged again: a few weeks of an account.
REMEMBERED = 5_000


class Sweep:
    """The sweep of the folders of one session. Instants are the loop's, in seconds."""

    __slots__ = (
        "_account",
        "_again_at",
        "_docket",
        "_fetching",
        "_generation",
        "_journal",
        "_left",
        "_next_at",
        "_reach",
        "_world",
    )

    def __init__(
        self, account: Account, world: World, journal: Journal, fetching: Fetching, docket: Docket
    ) -> None:
        self._account = account
        self._world = world
        self._journal = journal
        self._fetching = fetching
        self._docket = docket
        self._generation: int | None = None
        self._next_at = 0.0
        #: What is left of each folder, with its UIDVALIDITY; None: all that was not decided on.
        self._left: dict[bytes, tuple[int, UidSet] | None] = {}
        self._again_at: dict[bytes, float] = {}
        #: What of each folder each guard looks back at, where that was listed.
        self._reach: dict[bytes, dict[Span, UidSet]] = {}

    def again(self) -> None:
        """Begin anew: a person asked for it."""
        self._next_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether there is something to look at, as far as is known without asking the server."""
        now, generation = asyncio.get_running_loop().time(), self._world.guards.generation
        return bool(self._left) or now >= self._next_at or generation != self._generation

    def next(self, folders: Iterable[Watched]) -> Watched | None:
        """Return the folder that has the next turn, or None when all is swept for today."""
        now, generation = asyncio.get_running_loop().time(), self._world.guards.generation
        known = {watched.folder.path: watched for watched in folders}
        if now >= self._next_at or generation != self._generation:
            self._generation, self._next_at = generation, now + DAY
            self._left = dict.fromkeys(known)
            for each in known.values():
                each.began = False
        for path, each in known.items():
            # A server may give other UIDs at each opening (S2): that is no reason to read for ever.
            if each.began and now >= self._again_at.get(path, now):
                each.began = False
                self._left[path], self._again_at[path] = None, now + HOUR
        for path in list(self._left):
            watched = known.get(path)
            if watched is not None and self._posts(watched):
                return watched
            del self._left[path]
        return None

    def skip(self, watched: Watched) -> None:
        """Leave a folder out: it can not be opened."""
        self._left.pop(watched.folder.path, None)
        self._reach.pop(watched.folder.path, None)

    async def turn(self, watched: Watched) -> None:
        """Judge some messages of the folder that is open.

        Raises LinkError and StoreError; what was judged is written by then.
        """
        path, posts = watched.folder.path, self._posts(watched)
        if watched.state is None or path not in self._left:
            self.skip(watched)
            return
        validity = watched.state.cursor.uid_validity
        left = await self._rest(watched.state.cursor, path, posts)
        part = UidSet(list(left)[-TURN:])
        if part:
            async with self._fetching.turn():
                mails = await self._fetching.windows(part)
            for within, who in self._shared(path, mails, posts):
                await self._judged(watched, watched.state, within, who)
            left = UidSet(uid for uid in left if uid not in part)
        if left:
            self._left[path] = validity, left
        else:
            self.skip(watched)

    async def _rest(self, cursor: Cursor, path: bytes, posts: Sequence[Post]) -> UidSet:
        """Return what is left to look at: nothing of UIDs that name other messages now."""
        left = self._left[path]
        if left is None:
            return await self._listed(path, cursor, posts)
        validity, uids = left
        return uids if validity == cursor.uid_validity else UidSet()

    def _posts(self, watched: Watched) -> tuple[Post, ...]:
        return self._world.guards.of(self._account, watched.folder)

    async def _listed(self, path: bytes, cursor: Cursor, posts: Sequence[Post]) -> UidSet:
        """Return the last messages that a guard has not decided on in its present version."""
        reach = self._reach[path] = await self._reached(cursor, {post.sweep for post in posts})
        wanted = {post.name: post.guard.pack.version for post in posts}
        decided: dict[int, set[str]] = {}
        for each in await self._journal.decisions(
            self._account.id, None, since=0.0, limit=REMEMBERED
        ):
            here = (each.origin.folder, each.origin.uid_validity) == (path, cursor.uid_validity)
            if here and wanted.get(each.guard) == each.version:
                decided.setdefault(each.origin.uid or 0, set()).add(each.guard)
        nobody = set[str]()
        return UidSet(
            uid
            for post in posts
            for uid in reach[post.sweep]
            if post.name not in decided.get(uid, nobody)
        )

    async def _reached(self, cursor: Cursor, spans: Iterable[Span]) -> dict[Span, UidSet]:
        """Return the messages of the folder that is open that lie within each span."""
        found: dict[Span, UidSet] = {}
        is_empty = not cursor.last_uid or not self._fetching.session.exists
        for span in spans:
            if is_empty or not span.messages:
                found[span] = UidSet()
                continue
            since = self._world.clock.now() - span.days * DAY
            listed = await self._fetching.listing(
                UidSet.span(1, cursor.last_uid),
                since=datetime.fromtimestamp(since, UTC).date() if span.days else None,
                last=span.messages,
            )
            found[span] = UidSet(_last(listed, span.messages))
        return found

    def _shared(
        self, path: bytes, mails: Sequence[Mail], posts: Sequence[Post]
    ) -> list[tuple[list[Mail], tuple[Post, ...]]]:
        """Return which guards look at which messages: those together that the same ones do."""
        reach = self._reach.get(path, {})
        found: dict[tuple[Span, ...], list[Mail]] = {}
        for mail in mails:
            uid = mail.row.uid or 0
            spans = tuple(span for span, uids in reach.items() if uid in uids)
            found.setdefault(spans, []).append(mail)
        return [
            (within, tuple(post for post in posts if post.sweep in spans))
            for spans, within in found.items()
            if spans
        ]

    async def _doubted(self, state: FolderState, mails: Sequence[Mail]) -> frozenset[int]:
        """Return the messages of which no event is stored, and none is to be."""
        rows = [mail.row for mail in mails if not is_old(mail.row, state.cursor.since)]
        wanted = candidates(self._account.id, state, [row.uid or 0 for row in rows])
        ids = [event for settling in wanted.values() for event in settling]
        stored = await self._world.store.stored(ids) if ids else frozenset()
        return frozenset((*unsettled(wanted, stored), *(gap.uid for gap in state.gaps)))

    async def _is_untold(self, uid: int, keys: tuple[bytes, ...], doubted: frozenset[int]) -> bool:
        """Tell whether nobody was told of a message: it must be there until somebody is.

        It is judged then. Events end with their retention, identities later.
        """
        return uid in doubted and not await self._world.store.known(self._account.id, keys)

    async def _judged(
        self, watched: Watched, state: FolderState, mails: Sequence[Mail], posts: Sequence[Post]
    ) -> None:
        """Let the guards decide on messages, and write what they decide."""
        hearing, share = Hearing(self._account, self._world, posts), Share()
        now, doubted = self._world.clock.now(), await self._doubted(state, mails)
        for mail in mails:
            message = await self._read(mail)
            if message is None:
                continue
            keys = keys_of(mail.row, message.raw_header)
            if await self._is_untold(mail.row.uid or 0, keys, doubted):
                continue
            case = Case(
                folder=watched.folder,
                uid_validity=state.cursor.uid_validity,
                row=mail.row,
                message=message,
                keys=keys,
                whole=len(mail.source) < WINDOW if isinstance(mail.source, bytes) else True,
            )
            letter = Letter(message=message, source=mail.source, size=mail.row.size or 0)
            [case.opinions] = await hearing.opinions([letter])
            hearing.judge(case, now)
            if share.is_over:
                await share.give_way()
        postings = plan(await hearing.closed(now), self._world.endpoints())
        fence = self._world.tenure.fence(self._account.id)
        # The events first: their ids are those of what is decided, and after a crash between the
        # two it is decided again. The other way round a return would be told by nobody.
        written = await self._world.store.post(fence, postings) if postings else Verdict.DONE
        if written is Verdict.DONE:
            written = await self._journal.intend(fence, hearing.decisions, hearing.actions)
        if written is Verdict.FENCED:
            raise self._world.tenure.refused(self._account.id)
        self._world.wake({endpoint for posting in postings for endpoint in posting.endpoints})
        if hearing.actions:
            self._docket.entered(hearing.clues)

    async def _read(self, mail: Mail) -> mime.Message | None:
        try:
            return await self._world.reader.read(
                mail.source,
                depth=mime.Depth(self._account.depth.value),
                trusted_authserv=self._account.trusted_authserv,
                size=mail.row.size,
                isolate=is_hard(mail),
                shown=True,
            )
        except ReaderKilledError:
            _log.warning("sweep.unreadable", account=self._account.id, uid=mail.row.uid)
            return None


def _last(uids: UidSet, most: int) -> list[int]:
    """Return the last UIDs of a set, counted from its end: it may name four thousand million."""
    found: list[int] = []
    for first, last in reversed(uids.ranges):
        found += range(last, max(first, last - (most - len(found)) + 1) - 1, -1)
        if len(found) >= most:
            break
    return found
