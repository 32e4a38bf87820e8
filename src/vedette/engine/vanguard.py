"""Judges the head of a large message, and acts on it, before the rest of it is fetched.

A body of 25 MB takes seconds on a slow line, and its header tells who sent it. The move is
reversible: the rest is read out of quarantine, and when a protection in it holds the message
is brought back. Nothing of a message is lost by it: what was moved and not told of yet, because
the connection or the process ended between, is in the journal and is told of by the next one.
"""

from __future__ import annotations

from vedette import mime
from vedette.engine.docket import Docket
from vedette.engine.judgement import Case, Hearing
from vedette.engine.steward import Steward
from vedette.engine.watched import StaleError, Watched
from vedette.engine.world import World
from vedette.guard.pack import ActionKind, Stage
from vedette.imap import Fetch
from vedette.model.account import Account
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.ids import EventId
from vedette.outbox.selection import plan
from vedette.ports.journal import Journal, JournalQuery
from vedette.ports.store import Verdict
from vedette.sync.identity import keys_of
from vedette.sync.reconcile import settling

#: Entries of the journal among which those are looked for whose messages were not told of: what
#: is acted on ahead of its commit is one message at a time, and is looked for at each opening.
RECENT = 100

#: What was moved and has not come back, whatever became of it since.
TAKEN = (ActionState.DONE, ActionState.UNDOING, ActionState.EXPIRED, ActionState.GONE)


class Vanguard:
    """Goes ahead on one session."""

    __slots__ = ("_account", "_docket", "_journal", "_steward", "_world")

    def __init__(
        self, account: Account, world: World, journal: Journal, steward: Steward, docket: Docket
    ) -> None:
        self._account = account
        self._world = world
        self._journal = journal
        self._steward = steward
        self._docket = docket

    async def went(self, watched: Watched, row: Fetch, window: bytes) -> Place | None:
        """Judge a message by its first window, and act; return where it is if it was moved.

        Raises StaleError when the folder, opened again, has other UIDs.
        """
        posts, state = self._world.guards.of(self._account, watched.folder), watched.state
        if not posts or state is None:
            return None
        validity, now = state.cursor.uid_validity, self._world.clock.now()
        case = Case(
            folder=watched.folder,
            uid_validity=validity,
            row=row,
            message=mime.read_header(window, trusted_authserv=self._account.trusted_authserv),
            keys=keys_of(row, window),
            whole=False,
        )
        hearing = Hearing(self._account, self._world, posts)
        hearing.judge(case, now, stage=Stage.HEAD)
        # What only marks can wait for the whole message.
        hearing.actions = [each for each in hearing.actions if each.kind == ActionKind.MOVE]
        if not hearing.actions:
            return None
        await self._write(hearing, now)
        opened = await self._steward.carry_out(watched.folder.path)
        if opened is not None:
            self._docket.reopened = True
            if opened.uid_validity not in {None, validity}:
                raise StaleError(f"the UIDs of {watched.folder.name} changed meanwhile")
        return await self._place(hearing)

    async def untold(self, watched: Watched) -> list[JournalEntry]:
        """Return actions on messages of a folder that were carried out and never told of, by UID."""
        state = watched.state
        if state is None or not self._world.guards.of(self._account, watched.folder):
            return []
        entries = await self._journal.journal(
            JournalQuery(account=self._account.id, states=TAKEN, limit=RECENT)
        )
        here = (watched.folder.path, state.cursor.uid_validity)
        owed = {gap.uid for gap in state.gaps}
        ahead = [
            entry
            for entry in entries
            if entry.kind == ActionKind.MOVE
            and entry.result is not None
            and (entry.origin.folder, entry.origin.uid_validity) == here
            and ((entry.origin.uid or 0) > state.cursor.first_uid or entry.origin.uid in owed)
        ]
        # Not the cursor tells: it may have passed a message that was gone already, and telling
        # of one does not move it.
        wanted = {entry.id: self._settling(entry.origin) for entry in ahead}
        stored = await self._world.store.stored([each for ids in wanted.values() for each in ids])
        ahead = [entry for entry in ahead if stored.isdisjoint(wanted[entry.id])]
        keys = [key for entry in ahead for key in entry.identity]
        # Events end with their retention, identities later.
        known = await self._world.store.known(self._account.id, keys) if keys else frozenset()
        untold = [entry for entry in ahead if known.isdisjoint(entry.identity)]
        return sorted(untold, key=lambda entry: entry.origin.uid or 0)

    def _settling(self, origin: Place) -> tuple[EventId, ...]:
        return settling(self._account.id, origin.folder, origin.uid_validity, origin.uid or 0)

    async def _write(self, hearing: Hearing, now: float) -> None:
        """Put the intent on disk before anything is said to the server."""
        fence = self._world.tenure.fence(self._account.id)
        postings = plan(await hearing.closed(now), self._world.endpoints())
        # The events first: after a crash between the two it is decided again, under the same ids.
        verdict = await self._world.store.post(fence, postings) if postings else Verdict.DONE
        if verdict is Verdict.DONE:
            verdict = await self._journal.intend(fence, hearing.decisions, hearing.actions)
        if verdict is Verdict.FENCED:
            raise self._world.tenure.refused(self._account.id)
        self._world.wake({endpoint for posting in postings for endpoint in posting.endpoints})
        self._docket.entered(hearing.clues)

    async def _place(self, hearing: Hearing) -> Place | None:
        for entry in hearing.actions:
            for each in await self._journal.journal(JournalQuery(action=entry.id, limit=1)):
                if each.state is ActionState.DONE and each.result is not None:
                    self._docket.ahead(each)
                    return each.result
        return None
