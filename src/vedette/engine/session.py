"""One logged-in connection: run a command, open a folder, idle. It knows no cursor.

All untagged data counts in every state: whatever comes while a command runs,
or while nothing does, is noted in the session's view of the server. One task
owns a session; in IDLE only DONE is ever sent (catalogue I3, I13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.answer import Answer, Meter, Reply
from vedette.engine.link import Link
from vedette.engine.opening import opened
from vedette.engine.pushes import Pushes
from vedette.errors import LinkError, NetworkError, UsageError, VedetteError
from vedette.imap import (
    Code,
    CodeName,
    Command,
    Completed,
    Event,
    Exists,
    Expunge,
    Fatal,
    Fetch,
    Idle,
    IdleStarted,
    Kind,
    LiteralChunk,
    Logout,
    Select,
    Status,
    StatusItem,
    Tag,
    Vanished,
    refusal,
)
from vedette.sync.plan import Opened

#: An answer to a small command takes one round trip and a busy server's patience.
ANSWER = 60.0
#: What comes slowly but comes is not dead, up to this: a chunk of 4 MiB at 5 KiB/s.
PROGRESS_CAP = 900.0
#: DONE and the '+' of IDLE are answered at once or never (catalogue I8, I9).
PROMPT = 15.0
#: An IDLE that a server ends by itself before this was no IDLE: it is of no use here (I8).
SHORTEST_IDLE = 30.0
#: A server that refused IDLE is asked again after a day; it may have been a bad moment (I8).
REPROBE = 86_400.0
#: LOGOUT is a courtesy: the link is closed after this, answered or not.
FAREWELL = 2.0
NOWHERE: frozenset[bytes] = frozenset()  # since CPython 3.10 each empty one is an object
#: Folders whose numbers wait to be looked at: as many as are followed. Of others nobody asks.
MAX_STATUSES = 10_000
_IDLE = Idle()


class Session:
    """A connection after login, as the one task that owns it sees it."""

    __slots__ = (
        "_idle_since",
        "_idle_tag",
        "_leaving",
        "_opening",
        "_refused_at",
        "_unanswered_done",
        "announced_at",
        "exists",
        "grown",
        "host",
        "link",
        "now",
        "overflowed",
        "pushes",
        "statuses",
        "visited",
    )

    def __init__(self, link: Link, *, host: str, now: Callable[[], float]) -> None:
        self.link = link
        self.host = host
        self.now = now
        #: Messages in the open folder, as EXISTS and EXPUNGE tell.
        self.exists = 0
        #: How many messages EXISTS announced since ``settle``.
        self.grown = 0
        #: The wall clock when the first of those was announced.
        self.announced_at: float | None = None
        #: STATUS data that came unasked (NOTIFY), by folder.
        self.statuses: dict[bytes, StatusItem] = {}
        #: The server gave up NOTIFY: it tells nothing more of other folders (RFC 5465 section 5.8).
        self.overflowed = False
        #: Messages that the server sends by itself; None where it was not asked to, or fails to.
        self.pushes: Pushes | None = None
        self.visited: frozenset[bytes] = NOWHERE  # opened since somebody emptied it
        self._refused_at: float | None = None  # when IDLE proved useless, in loop time
        self._idle_since: float | None = None  # when the "+" came
        self._unanswered_done: Tag | None = None  # the IDLE whose DONE has no answer yet
        self._opening = False  # a folder is being opened: its first EXISTS is no growth
        self._idle_tag: Tag | None = None
        self._leaving = False

    def has(self, capability: str) -> bool:
        """Tell whether the server offers a capability, after login."""
        return self.link.connection.has(capability)

    @property
    def selected(self) -> bytes | None:
        """The open folder."""
        return self.link.connection.selected

    @property
    def is_idling(self) -> bool:
        """Whether an IDLE was sent and its DONE was not."""
        return self._idle_tag is not None

    @property
    def idle_refused(self) -> bool:
        """Whether IDLE proved useless on this connection, within the last day (I8)."""
        return self._refused_at is not None and _now() - self._refused_at < REPROBE

    @property
    def has_arrivals(self) -> bool:
        """Whether messages were announced, and none of them is still on its way here."""
        deadline = self._patience()
        return self.grown > 0 and (deadline is None or _now() >= deadline)

    @property
    def quiet(self) -> float:
        """For how many seconds nothing was heard."""
        return asyncio.get_running_loop().time() - self.link.last_heard

    async def run(
        self,
        command: Command,
        *,
        seconds: float = ANSWER,
        chunks: Callable[[LiteralChunk], None] | None = None,
    ) -> Reply:
        """Send a command and return its answer, whatever it is.

        An IDLE is left first: DONE and the command go out in one write. Large
        literals go to ``chunks`` piece by piece. Raises LinkError when the link
        dies, when ``seconds`` pass without a byte, or when DONE is not answered
        promptly (I9).
        """
        [reply] = await self._asked([command], seconds, chunks)
        return reply

    async def burst(
        self,
        commands: Sequence[Command],
        *,
        seconds: float = ANSWER,
        chunks: Callable[[LiteralChunk], None] | None = None,
    ) -> list[Reply]:
        """Send commands in one write, each behind the one before; return their answers.

        What follows the opening of a folder is sent before that is answered, and refused
        by the server if the opening is. Where a folder was opened, ``grown`` counts what came
        since the last opening. Raises as ``run`` does.
        """
        self.settle()
        return await self._asked(commands, seconds, chunks)

    async def check(self, command: Command, *, seconds: float = ANSWER) -> Reply:
        """Run a command that must succeed. Raises the error that the server's words mean."""
        reply = await self.run(command, seconds=seconds)
        if not reply.is_ok:
            raise refusal(command.verb, reply.kind, reply.code, reply.text)
        return reply

    async def examine(self, path: bytes) -> Opened:
        """Open a folder read-only (EXAMINE: nothing we do can change it)."""
        self.settle()
        return opened(await self.check(Select(mailbox=path, read_only=True)), self.exists)

    def settle(self) -> list[Fetch]:
        """Everything announced so far is being taken care of; return what came of it unasked."""
        pushes, deadline = self.pushes, self._patience()
        self.grown = 0
        self.announced_at = None
        if pushes is None:
            return []
        if deadline is not None and _now() >= deadline and pushes.missed():
            # It announces and does not send (I15), or sends what can not be kept in memory.
            self.pushes = None
        return pushes.take()

    def came(self, count: int) -> None:
        """Learn that ``count`` messages announced since ``settle`` are taken care of already."""
        self.grown -= min(self.grown, count)
        if not self.grown:
            # The next announcement has an instant of its own.
            self.settle()

    async def idle(self, until: float, *, enough: Callable[[], bool]) -> None:
        """Idle until ``enough()`` holds after some event, or the loop's time is ``until``.

        The session stays in IDLE; the next ``run`` leaves it. When the server
        ends the IDLE at once, ``idle_refused`` holds from then on. Raises
        NetworkError when it does not answer the IDLE at all (I8).
        """
        if self._idle_tag is None:
            self._idle_since = None
            self._idle_tag = await self._sent(_IDLE)
            self.link.flush()
        patience = _now() + PROMPT
        meter = Meter(self.link, "IDLE")
        while not enough():
            # Whoever leaves before the "+" could not tell a slow server from a dead one.
            end = until if self.link.connection.idling else patience
            if _now() >= end:
                break
            # Of all that a mailbox is made of, its frames are most: no more names than needed.
            if (arrival := self.link.arrival(self._awake(end))) is not None:
                await arrival
            self._overhear(self.link.taken(), meter)
            if not self.is_idling:
                if self._idle_since is None or _now() - self._idle_since < SHORTEST_IDLE:
                    self._refused_at = _now()
                return
        if not self.link.connection.idling and _now() >= patience:
            self.link.close()
            raise NetworkError(f"{self.host} did not answer IDLE within {PROMPT:.0f} s")

    async def wait(self, until: float, *, enough: Callable[[], bool]) -> None:
        """Wait without IDLE, noting what comes, as ``idle`` does."""
        meter = Meter(self.link, "a wait")
        while not enough() and _now() < until:
            self._overhear(await self.link.next(self._awake(until)), meter)

    async def logout(self) -> None:
        """Say LOGOUT, wait a moment for the answer, and close. Never raises LinkError."""
        self._leaving = True
        try:
            await self.run(Logout(), seconds=FAREWELL)
        except (LinkError, UsageError):
            # The link is going or gone; that is what was asked for.
            return
        finally:
            self.link.close()

    async def _asked(
        self,
        commands: Sequence[Command],
        seconds: float,
        chunks: Callable[[LiteralChunk], None] | None,
    ) -> list[Reply]:
        tags = [await self._sent(commands[0])]
        try:
            tags.extend(self.link.send(command, behind=True) for command in commands[1:])
            self.link.flush()
            return await self._finish(tags, seconds, commands, chunks)
        except VedetteError:
            # In the middle of an answer nothing else can be asked on this link.
            self.link.close()
            raise

    async def _sent(self, command: Command) -> Tag:
        """Leave an IDLE and queue a command. Raises LinkError when the link is over."""
        try:
            return self._queued(command)
        except UsageError:
            # What came while nobody listened may have ended the IDLE, or the link.
            for event in await self.link.next(asyncio.get_running_loop().time()):
                self._observe(event)
            return self._queued(command)

    def _queued(self, command: Command) -> Tag:
        if self._idle_tag is not None:
            self.link.done()
            self._unanswered_done, self._idle_tag = self._idle_tag, None
        return self.link.send(command)

    async def _finish(
        self,
        tags: Sequence[Tag],
        seconds: float,
        commands: Sequence[Command],
        chunks: Callable[[LiteralChunk], None] | None,
    ) -> list[Reply]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        meter = Meter(self.link, commands[0].verb)
        answers = [Answer(command) for command in commands]
        ended: dict[str, Completed] = {}
        at = 0  # the first without its OK: a server takes commands in their order
        self._begin(commands[0])
        while True:
            events = await self.link.next(self._late(start, seconds))
            for event in events:
                if isinstance(event, LiteralChunk):
                    meter.passed(event)
                    if chunks is not None:
                        chunks(event)
                        crashpoint(Crashpoint.LITERAL_SPOOLED)
                elif isinstance(event, Completed) and event.tag in tags:
                    ended[event.tag] = event
                    while at < len(tags) - 1 and tags[at] in ended:
                        at += 1
                        self._begin(commands[at])
                elif not self._observe(event):
                    # Dovecot sends the rows of a FETCH before its OK to the STORE in front of it.
                    any(each.keep(event) for each in answers[at:])
            if len(ended) == len(tags):
                self._opening, self._unanswered_done = False, None
                return [each.ended(ended[tag]) for each, tag in zip(answers, tags, strict=True)]
            now = loop.time()
            if now >= self._late(start, seconds) or now - start > PROGRESS_CAP:
                what = commands[at].verb if self._unanswered_done is None else "DONE"
                raise NetworkError(f"{self.host} did not answer {what} within {now - start:.0f} s")
            meter.count(events)

    def _begin(self, command: Command) -> None:
        """Learn whose answer comes now: of a folder that opens, the first EXISTS is no growth."""
        self._opening = isinstance(command, Select)
        if isinstance(command, Select):
            self.visited |= {command.mailbox}
            self.exists = self.grown = 0

    def _late(self, start: float, seconds: float) -> float:
        """Return the loop's time at which an answer is overdue; every byte puts it off."""
        late = max(start, self.link.last_heard) + seconds
        return late if self._unanswered_done is None else min(late, start + PROMPT)

    def _awake(self, until: float) -> float:
        """Return the loop's time up to which to wait: a message on its way may stay out (I15)."""
        deadline = self._patience()
        # Whoever was woken for it and went on waiting, waits for something else.
        return until if deadline is None or deadline <= _now() else min(until, deadline)

    def _patience(self) -> float | None:
        """Return the loop's time up to which an announced message may come by itself."""
        if self.pushes is None:
            return None
        return self.pushes.deadline(self.grown, self.link.last_heard)

    def _overhear(self, events: list[Event], meter: Meter) -> None:
        """Take what comes while nothing was asked. Raises ProtocolError when it is too much."""
        for event in events:
            if not self._observe(event) and self.pushes is not None and isinstance(event, Fetch):
                self.pushes.keep(event)
        meter.count(events)

    def _observe(self, event: Event) -> bool:
        """Note what an event tells of the server; return True if that is all it is for."""
        match event:
            case Exists() | Expunge() | Vanished():
                self._count(event)
            case IdleStarted():
                self._idle_since = asyncio.get_running_loop().time()
            case Completed():
                self._note_answer(event)
            case Fatal():
                raise event.error
            case Status(kind=Kind.BYE) if not self._leaving:
                # Never wait for the tag: some servers say BYE for ever and close never (C8).
                raise refusal("", event.kind, event.code, event.text)
            case Status(code=Code(name=CodeName.NOTIFICATIONOVERFLOW)):
                self.overflowed, self.pushes = True, None
            case StatusItem():
                if event.name in self.statuses or len(self.statuses) < MAX_STATUSES:
                    self.statuses[event.name] = event
            case _:
                return False
        return True

    def _note_answer(self, event: Completed) -> None:
        if event.tag == self._idle_tag:
            self._idle_tag = None
        elif event.tag == self._unanswered_done:
            self._unanswered_done = None

    def _count(self, event: Exists | Expunge | Vanished) -> None:
        """Keep the number of messages in the open folder, and what was announced of it."""
        if isinstance(event, Expunge):
            self.exists = max(0, self.exists - 1)
        elif isinstance(event, Vanished):
            if not event.earlier:
                self.exists = max(0, self.exists - len(event.uids))
        else:
            if self._opening:
                self._opening = False
            elif event.count > self.exists:
                self.grown += event.count - self.exists
                crashpoint(Crashpoint.ANNOUNCED)
                if self.announced_at is None:
                    self.announced_at = self.now()
                if self.pushes is not None:
                    self.pushes.announced(_now())
            self.exists = event.count


def _now() -> float:
    return asyncio.get_running_loop().time()
