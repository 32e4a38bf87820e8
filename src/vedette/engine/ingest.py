"""From fetched messages to one commit: read, name, render, write, wake the courier.

This is the only way an event about a message comes into being, and
``store.commit`` the only point at which a cursor moves. A message that kills
its reader three times becomes ``message.unparseable``, so the cursor moves on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from vedette import mime
from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.batch import Batch, Mail
from vedette.engine.canary_book import Probe
from vedette.engine.docket import Docket
from vedette.engine.judgement import Case, Hearing
from vedette.engine.share import Share
from vedette.engine.world import World
from vedette.model.account import Account
from vedette.model.action import Place
from vedette.model.delivery import Posting
from vedette.model.event import Event, EventType
from vedette.model.folder import Folder
from vedette.model.ids import EndpointId, message_event_id
from vedette.outbox.directory import Directory
from vedette.outbox.message import Facts, met_before, received, unparseable
from vedette.outbox.occurrence import canary_arrived
from vedette.outbox.selection import addressed, plan
from vedette.ports.reader import ReaderKilledError
from vedette.ports.scorer import Letter
from vedette.ports.store import Commit, Verdict
from vedette.sync.identity import keys_of
from vedette.telemetry import counters
from vedette.telemetry.histogram import Histogram
from vedette.telemetry.tracing import TRACING, Passage

COMMIT = Histogram(
    "vedette_store_commit_seconds", "Time that a commit of the store took, waits included."
)
EVENTS = counters.Counter(
    "vedette_events_total",
    "Events about messages and folders that were committed, by type.",
    label="type",
    values=tuple(
        kind.value
        for kind in EventType
        if kind.startswith(("message", "mailbox", "guard", "canary"))
    ),
)

#: Starts of reading one message, across restarts, before it is reported as unparseable (M5).
MAX_STARTS = 3

#: A message larger than this is counted before it is read; a smaller one can not do harm,
#: because the reader's own limits bound the work on it.
COUNTED_ABOVE = 64 * 1024

#: Lines and tags in a small message above which it is read in another process all the same. The
#: work on a message goes by these: so many take 15 ms, and 64 KiB of them would take 40. A
#: newsletter of that size has some 3,000.
INTRICATE = 6_000

#: Octets in which a header is looked for when the message itself can not be read.
HEADER = mime.Limits().header_bytes


class Ingest:
    """Writes batches for one account."""

    __slots__ = ("_account", "_depth", "_docket", "_world")

    def __init__(self, account: Account, world: World, docket: Docket | None = None) -> None:
        self._account = account
        self._docket = docket
        self._depth = mime.Depth(account.depth.value)
        self._world = world

    async def write(self, batch: Batch) -> Verdict:
        """Read the batch's messages and commit it. Raises StoreError; nothing is written then."""
        if batch.mails:
            crashpoint(Crashpoint.FETCHED)
        fetched = self._world.clock.now()
        # Hard messages wait for a worker process: that must not hold up the others.
        hard = {
            id(mail): await self._read(batch, mail, hard=True)
            for mail in batch.mails
            if is_hard(mail)
        }
        if not batch.mails:
            # Nothing to render: who only moves a cursor needs no place among those who do, and
            # the first syncs of a thousand mailboxes would take them all.
            return await self._commit(batch, hard, fetched)
        async with self._world.turns:
            return await self._commit(batch, hard, fetched)

    async def _commit(
        self, batch: Batch, hard: dict[int, mime.Message | None], fetched: float
    ) -> Verdict:
        share = Share()
        messages = await self._messages(batch, hard, share)
        read = self._world.clock.now()
        keys = [keys_of(mail.row, _header(mail, message)) for mail, message in messages]
        # Of messages before this batch the commit knows; one more way to the store would wait
        # for a whole group of commits.
        told: set[bytes] = set()
        now = self._world.clock.now()
        probes = self._probes(messages, now)
        endpoints = self._world.endpoints()
        postings = list(plan(batch.events, endpoints))
        hearing = self._hearing(batch.folder)
        opinions = await _opinions(hearing, messages)
        for (mail, message), own, thought in zip(messages, keys, opinions, strict=True):
            facts = Facts(
                account=self._account,
                folder=batch.folder,
                uid_validity=batch.cursor.uid_validity,
                row=mail.row,
                announced_at=batch.announced_at or fetched,
                fetched_at=fetched,
                seen_before=not told.isdisjoint(own),
            )
            told.update(own)
            if (probe := probes.get(id(mail))) is not None:
                postings += self._probed(batch.folder, probe, endpoints, now)
                continue
            event = self._event(facts, mail, message, now)
            also: Sequence[EndpointId] = ()
            if hearing is not None and message is not None:
                case = _case(facts, message, own, thought)
                event, also = hearing.heard(event, case, now)
            postings.append(
                addressed(event, endpoints, keys=own, again=partial(met_before, event), also=also)
            )
            if share.is_over:
                await share.give_way()
        if hearing is not None:
            await self._brought_back(batch, hearing)
            postings += plan(await hearing.closed(now), endpoints)
        seen = tuple(key for each in keys for key in each)
        judged = self._world.clock.now()
        verdict = await self._hand_over(batch, tuple(postings), seen, hearing)
        if verdict is Verdict.DONE:
            self._settled(hearing, probes)
            self._trace(postings, batch.announced_at, fetched, read, judged)
        return verdict

    def _probes(
        self, messages: Sequence[tuple[Mail, mime.Message | None]], now: float
    ) -> dict[int, Probe]:
        """Return which of these are probe mails of ours, by the object."""
        canaries, account = self._world.canaries, self._account
        if canaries is None or account.canary is None:
            return {}
        found = {
            id(mail): canaries.is_awaited(account.id, _header(mail, message), now)
            for mail, message in messages
        }
        return {mail: probe for mail, probe in found.items() if probe is not None}

    def _probed(
        self, folder: Folder, probe: Probe, endpoints: Directory, now: float
    ) -> tuple[Posting, ...]:
        """Return what goes out of a probe: its event, to who asks for it by name, or nothing."""
        event = canary_arrived(self._account, folder, probe.token, probe.made, now)
        posting = addressed(event, endpoints)
        return (posting,) if posting.endpoints else ()

    def _trace(self, postings: Iterable[Posting], announced: float | None, *times: float) -> None:
        """Tell how far each message came when; ``times`` are fetched, read and judged."""
        if (tracer := TRACING.tracer) is None:
            return
        fetched, read, judged = times
        passage = Passage(
            announced=announced,
            fetched=fetched,
            read=read,
            judged=judged,
            committed=self._world.clock.now(),
        )
        for posting in postings:
            # What has keys tells of a message in hand.
            if posting.keys:
                tracer.passed(posting.event, posting.type, passage)

    def _settled(self, hearing: Hearing | None, probes: Mapping[int, Probe]) -> None:
        """Pass on what is true once the commit is on disk."""
        if hearing is not None and hearing.actions and self._docket is not None:
            self._docket.entered(hearing.clues)
        if probes and self._world.canaries is not None:
            tokens = [probe.token for probe in probes.values()]
            self._world.canaries.committed(self._account.id, tokens)

    async def _hand_over(
        self,
        batch: Batch,
        postings: tuple[Posting, ...],
        seen: tuple[bytes, ...],
        hearing: Hearing | None,
    ) -> Verdict:
        """Commit, and let the lanes have it: those with room with the commit, all others woken."""
        wanted = Counter(endpoint for posting in postings for endpoint in posting.endpoints)
        promises = self._world.promises(wanted)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            verdict = await self._world.store.commit(
                Commit(
                    fence=self._world.tenure.fence(self._account.id),
                    account=self._account.id,
                    folder=batch.folder.path,
                    expected=None if batch.state is None else batch.state.cursor,
                    cursor=batch.cursor,
                    mailbox_id=batch.mailbox_id,
                    postings=postings,
                    seen=seen,
                    gaps=batch.gaps,
                    closed=batch.closed,
                    decisions=() if hearing is None else tuple(hearing.decisions),
                    actions=() if hearing is None else tuple(hearing.actions),
                    takers=tuple(promise.taker for promise in promises),
                )
            )
        finally:
            for promise in promises:
                promise.release()
        COMMIT.observe(loop.time() - begun)
        if verdict is Verdict.DONE:
            for posting in postings:
                EVENTS.inc(posting.type)
            if postings and not promises:
                # Else a lane has some of it by now.
                crashpoint(Crashpoint.UNWOKEN)
            kept = {promise.taker.endpoint for promise in promises if promise.is_whole}
            self._world.wake(wanted.keys() - kept)
        return verdict

    async def _brought_back(self, batch: Batch, hearing: Hearing) -> None:
        """Have brought back what was moved by its head, and is protected by its body.

        Before the commit: after a crash between the two it comes back all the same.
        """
        docket, journal = self._docket, self._world.journal
        if docket is None or journal is None:
            return
        wanted = {entry.id for entry in hearing.actions}
        for mail in batch.mails:
            origin = Place(
                folder=batch.folder.path,
                uid_validity=batch.cursor.uid_validity,
                uid=mail.row.uid or 0,
            )
            action = docket.was_ahead(origin)
            if action is not None and action not in wanted:
                await journal.undo(action, now=self._world.clock.now(), reason="protected")
                docket.due = 0.0

    def _hearing(self, folder: Folder) -> Hearing | None:
        """Return the guards of a folder at work, or None where nobody stands."""
        posts = self._world.guards.of(self._account, folder)
        return Hearing(self._account, self._world, posts) if posts else None

    async def _messages(
        self, batch: Batch, hard: dict[int, mime.Message | None], share: Share
    ) -> list[tuple[Mail, mime.Message | None]]:
        """Return the batch's mails with their messages, giving way between those read here."""
        messages = []
        for mail in batch.mails:
            known = id(mail) in hard
            message = hard[id(mail)] if known else await self._read(batch, mail, hard=False)
            messages.append((mail, message))
            if share.is_over:
                await share.give_way()
        return messages

    def _event(self, facts: Facts, mail: Mail, message: mime.Message | None, now: float) -> Event:
        uid = facts.row.uid or 0
        if message is None:
            kind = EventType.MESSAGE_UNPARSEABLE
            data = unparseable(facts, mime.read_header(_first_octets(mail)), now)
        else:
            kind = EventType.MESSAGE_RECEIVED
            data = received(facts, message, now)
        return Event(
            id=message_event_id(self._account.id, facts.folder.path, facts.uid_validity, uid, kind),
            type=kind,
            tenant=self._account.tenant,
            account=self._account.id,
            time=now,
            subject=f"{facts.folder.name};UIDVALIDITY={facts.uid_validity}/;UID={uid}",
            lane=facts.folder.path,
            data=data,
        )

    async def _read(self, batch: Batch, mail: Mail, *, hard: bool) -> mime.Message | None:
        """Return the message, or None when it kills whoever reads it; ``hard`` as ``is_hard``."""
        careful = self._world.clock.now() < self._world.careful_until
        if not (careful or hard):
            return await self._parse(batch, mail, isolate=False)
        store, validity = self._world.store, batch.cursor.uid_validity
        what = (self._account.id, batch.folder.path, validity, mail.row.uid or 0)
        while True:
            starts = await store.begin_read(*what)
            crashpoint(Crashpoint.READING_COUNTED)
            if starts > MAX_STARTS:
                return None
            isolate = careful or starts > 1 or _is_small(mail)
            try:
                message = await self._parse(batch, mail, isolate=isolate)
            except ReaderKilledError:
                # The count is on disk: the loop ends at MAX_STARTS, here or after a restart.
                continue
            if isolate:
                # It was read: whatever kills the service between here and the commit, however
                # often, is not this message.
                await store.end_read(*what)
            return message

    async def _parse(self, batch: Batch, mail: Mail, *, isolate: bool) -> mime.Message:
        return await self._world.reader.read(
            mail.source,
            depth=self._depth,
            trusted_authserv=self._account.trusted_authserv,
            # A header that was asked for alone is all there is to read, and not a cut message.
            size=None if self._depth is mime.Depth.METADATA else mail.row.size,
            isolate=isolate,
            # Guards look at links and at what is hidden; nobody else does.
            shown=bool(self._world.guards.of(self._account, batch.folder)),
        )


async def _opinions(
    hearing: Hearing | None, messages: Sequence[tuple[Mail, mime.Message | None]]
) -> list[Mapping[str, float]]:
    """Return what scorers think of each message; a message that can not be read has nothing."""
    nothing: list[Mapping[str, float]] = [{} for _ in messages]
    if hearing is None:
        return nothing
    letters = {
        place: Letter(message=message, source=mail.source, size=mail.row.size or 0)
        for place, (mail, message) in enumerate(messages)
        if message is not None
    }
    for place, given in zip(letters, await hearing.opinions([*letters.values()]), strict=True):
        nothing[place] = given
    return nothing


def _case(
    facts: Facts, message: mime.Message, keys: tuple[bytes, ...], opinions: Mapping[str, float]
) -> Case:
    return Case(
        folder=facts.folder,
        uid_validity=facts.uid_validity,
        row=facts.row,
        message=message,
        keys=keys,
        opinions=opinions,
    )


def _is_small(mail: Mail) -> bool:
    return isinstance(mail.source, bytes) and len(mail.source) <= COUNTED_ABOVE


def is_hard(mail: Mail) -> bool:
    """Tell whether reading a message may take longer than the loop can do without."""
    source = mail.source
    if isinstance(source, Path) or len(source) > COUNTED_ABOVE:
        return True
    return len(source) > INTRICATE and source.count(b"\n") + source.count(b"<") > INTRICATE


def _header(mail: Mail, message: mime.Message | None) -> bytes:
    return _first_octets(mail) if message is None else message.raw_header


def _first_octets(mail: Mail) -> bytes:
    """Return enough of a message for its header, from memory or from the start of its file."""
    if isinstance(mail.source, Path):
        with mail.source.open("rb") as file:
            return file.read(HEADER)
    return mail.source[:HEADER]
