"""Asks the open folder for UIDs and for messages, and hands over whole ones.

The first window of every message comes in the first round trip; a larger one
is fetched on from where the window ends, through a file (catalogue M11).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from types import TracebackType
from typing import TypeAlias

from vedette.engine.answer import Reply
from vedette.engine.batch import Mail
from vedette.engine.session import Session
from vedette.engine.spool import Spools
from vedette.engine.world import World
from vedette.errors import FolderError, ProtocolError, Trouble
from vedette.hold import Hold
from vedette.imap import (
    ByDate,
    Command,
    Criterion,
    DateKey,
    ESearch,
    Fetch,
    FetchItem,
    FromNumber,
    InUids,
    Item,
    LiteralChunk,
    Peek,
    Search,
    SearchReturn,
    Section,
    Select,
    Streamed,
    UidFetch,
    UidSearch,
    UidSet,
    refusal,
)
from vedette.model.account import Account, Depth
from vedette.model.action import JournalEntry, Place
from vedette.sync.fold import is_whole, merged
from vedette.sync.identity import keys_of

#: The first part of a body that is asked for at once: nine of ten messages are smaller.
WINDOW = 64 * 1024

#: More octets than the largest message of an account in one FETCH are a server's mistake;
#: one chunk holds up to 64 windows beside it.
SLACK = 16 * 1024 * 1024

#: The folder may grow while it is listed; a longer listing than this beyond EXISTS is a lie.
GROWTH = 100_000

#: Sees the first window of a large message; returns where the message was moved to, if it was.
Early: TypeAlias = Callable[[Fetch, bytes], Awaitable[Place | None]]


class Turn:
    """A place at the host and the files of one step, for ``async with``.

    No generator, as ``Hold`` is none: thousands wait here at the same time.
    """

    __slots__ = ("_folder", "_hold", "_limit", "_spools")

    def __init__(self, hold: Hold, folder: str, *, limit: int) -> None:
        self._hold = hold
        self._folder = folder
        self._limit = limit
        self._spools: Spools | None = None

    async def __aenter__(self) -> Spools:
        await self._hold.take()
        self._spools = Spools(self._folder, limit=self._limit)
        return self._spools

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._spools is not None:
                self._spools.__exit__(kind, error, traceback)
        finally:
            self._hold.let_go()


class Fetching:
    """Reads from the folder that a session has open."""

    __slots__ = ("_account", "_world", "session")

    def __init__(self, session: Session, account: Account, world: World) -> None:
        self.session = session
        self._account = account
        self._world = world

    def turn(self) -> Turn:
        """Return a place at the host to wait for, with the files for one step's large messages."""
        hold = self._world.places.taken(self.session.host)
        return Turn(hold, self._world.spool, limit=self._account.max_message + SLACK)

    async def listing(
        self, uids: UidSet, *, since: date | None = None, last: int | None = None
    ) -> UidSet:
        """Return those of ``uids`` that exist, by UID SEARCH; the last of ``n:*`` only if in it.

        ``last`` asks for the last messages of the folder alone, so many or a few more.
        Raises ProtocolError when the server lists more messages than it has, and when its
        list can not be read: that is no empty list.
        """
        criteria: list[Criterion] = [InUids(uids=uids)]
        if since is not None:
            criteria.append(ByDate(key=DateKey.SINCE, day=since))
        if last is not None and self.session.exists > last:
            criteria.append(FromNumber(number=self.session.exists - last + 1))
        reply = await self.session.check(
            UidSearch(
                criteria=tuple(criteria),
                returns=(SearchReturn.ALL,) if self.session.has("ESEARCH") else (),
            )
        )
        if reply.unread and not reply.data:
            raise ProtocolError(f"the answer of {self.session.host} to SEARCH can not be read")
        found = UidSet()
        for event in reply.data:
            if isinstance(event, Search):
                found |= UidSet(event.numbers)
            elif isinstance(event, ESearch) and event.all is not None:
                found |= event.all
        if len(found) > self.session.exists + GROWTH:
            raise ProtocolError(
                f"{self.session.host} listed {len(found)} messages of {self.session.exists}"
            )
        return found & uids

    async def mails(self, uids: UidSet, spools: Spools, early: Early | None = None) -> list[Mail]:
        """Fetch messages; those that did not come whole are left out.

        A NO with some rows is a partial success (catalogue S8). Raises the error
        that the server's words mean for a refusal without any: FolderError when
        it is about these messages, not about us. ``early`` sees the first window of a large
        message before the rest is fetched, and may say that it was moved.
        """
        reply = await self.session.run(UidFetch(uids=uids, items=self.items()), chunks=spools.take)
        rows = [event for event in reply.data if isinstance(event, Fetch)]
        self._check(reply, rows)
        asked = (row for row in rows if row.uid in uids and spools.holds(row))
        return await self.whole(asked, spools, early)

    async def windows(self, uids: UidSet) -> list[Mail]:
        """Fetch the first window of messages that were told of before, and no more of them."""
        reply = await self.session.run(UidFetch(uids=uids, items=self.items()))
        rows = [event for event in reply.data if isinstance(event, Fetch)]
        self._check(reply, rows)
        held = ((row, row.sections[0].data) for row in merged(rows).values() if is_whole(row))
        return [Mail(row=row, source=data) for row, data in held if isinstance(data, bytes)]

    async def whole(
        self, rows: Iterable[Fetch], spools: Spools, early: Early | None = None
    ) -> list[Mail]:
        """Return the messages of rows, fetched to their ends; those that are not whole are left."""
        mails = []
        for row in merged(rows).values():
            if is_whole(row):
                mail = await self._mail(row, spools, early)
                if mail is not None:
                    mails.append(mail)
        return mails

    async def identities(self, uids: UidSet) -> list[Fetch]:
        """Fetch what identifies messages, and no bodies (see ``sync.identity``)."""
        items: tuple[Item, ...] = (
            FetchItem.UID,
            FetchItem.INTERNALDATE,
            FetchItem.SIZE,
            *self._named(),
            Peek(section=b"HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)"),
        )
        reply = await self.session.run(UidFetch(uids=uids, items=items))
        rows = [event for event in reply.data if isinstance(event, Fetch)]
        self._check(reply, rows)
        return [row for row in merged(rows).values() if is_whole(row) and row.uid in uids]

    def _check(self, reply: Reply, rows: Sequence[Fetch]) -> None:
        if reply.is_ok or rows:
            return
        error = refusal("UID FETCH", reply.kind, reply.code, reply.text)
        if error.trouble is Trouble.PROTOCOL:
            raise FolderError(
                f"{self.session.host} refused to hand over messages: {reply.text}",
                reply=reply.text,
            )
        # A limit or a wish for patience is no fault of a message (A18, A19).
        raise error

    def items(self) -> tuple[Item, ...]:
        """Return what is asked of a message."""
        body = (
            Peek(section=b"HEADER")
            if self._account.depth is Depth.METADATA
            else Peek(partial=(0, WINDOW))
        )
        gmail: tuple[FetchItem, ...] = ()
        if self.session.has("X-GM-EXT-1"):
            gmail = (FetchItem.GM_THREAD_ID, FetchItem.GM_LABELS)
        return (
            FetchItem.UID,
            FetchItem.FLAGS,
            FetchItem.INTERNALDATE,
            FetchItem.SIZE,
            *self._named(),
            *gmail,
            body,
        )

    def _named(self) -> tuple[FetchItem, ...]:
        """Return the items for the server's own name of a message, where it has one."""
        if self.session.has("OBJECTID"):
            return (FetchItem.EMAILID, FetchItem.THREADID)
        if self.session.has("X-GM-EXT-1"):
            return (FetchItem.GM_MESSAGE_ID,)
        return ()

    async def moved(self, entry: JournalEntry, back: bytes, spools: Spools) -> Mail | None:
        """Return the message of an action that was moved before it was told of, or None.

        What is at its place must be the same by its identity: a folder may have been made anew,
        and then another message has its UID. The folder ``back`` is open afterwards. A folder that is not there any more has nothing;
        raises LinkError when one of the two can not be opened for another reason.
        """
        place = entry.result
        if place is None or place.uid is None:
            return None
        commands: list[Command] = [
            Select(mailbox=place.folder),
            UidFetch(uids=UidSet((place.uid,)), items=self.items()),
            Select(mailbox=back),
        ]
        replies = await self.session.burst(commands, chunks=spools.take)
        for opening in (replies[-1], replies[0]):
            if not opening.is_ok:
                error = refusal("EXAMINE", opening.kind, opening.code, opening.text)
                if opening is replies[-1] or not isinstance(error, FolderError):
                    raise error
        rows = [event for event in replies[1].data if isinstance(event, Fetch)]
        for row in merged(row for row in rows if row.uid == place.uid).values():
            if is_whole(row):
                window = row.sections[0].data
                header = _octets(row.sections[0], spools) or b""
                if set(entry.identity).isdisjoint(keys_of(row, header)):
                    return None
                own = replace(row, uid=entry.origin.uid)
                if isinstance(window, bytes) and len(window) == WINDOW:
                    return await self._rest(own, window, spools, place)
                return await self._mail(own, spools, None)
        return None

    async def _mail(self, row: Fetch, spools: Spools, early: Early | None) -> Mail | None:
        """Return the message of a row, fetched to its end; None if it went away meanwhile."""
        section = row.sections[0]
        if self._account.depth is Depth.METADATA:
            source = _octets(section, spools)
            return None if source is None else Mail(row=row, source=source)
        if isinstance(section.data, Streamed):
            # The server ignored the partial request and sent all of it.
            return Mail(row=row, source=spools.path(section.data.key))
        window = section.data or b""
        if len(window) < WINDOW:
            return Mail(row=row, source=window)
        if row.size is not None and row.size > self._account.max_message:
            return Mail(row=row, source=window)
        place = None if early is None else await early(row, window)
        whole = await self._rest(row, window, spools, place)
        # What was moved away is told of in any case, as far as it is in hand.
        return Mail(row=row, source=window) if whole is None and place is not None else whole

    async def _rest(
        self, row: Fetch, window: bytes, spools: Spools, place: Place | None
    ) -> Mail | None:
        """Fetch a message on; ``place`` is where it was moved to. None if it is not there."""
        uid = row.uid or 0
        where = uid if place is None else place.uid or 0
        key = -uid  # the keys of literals are positive
        spools.append(key, window)
        length = self._account.max_message - WINDOW
        if length <= 0:
            return Mail(row=row, source=window)
        got: dict[int, int] = {}

        def take(chunk: LiteralChunk) -> None:
            got[chunk.key] = got.get(chunk.key, 0) + len(chunk.data)
            spools.append(key, chunk.data)

        if not where:
            return None
        asked = UidFetch(
            uids=UidSet((where,)), items=(FetchItem.UID, Peek(partial=(WINDOW, length)))
        )
        reply = await self._asked(asked, place, take)
        for event in reply.data:
            if not (isinstance(event, Fetch) and event.uid == where and is_whole(event)):
                continue
            section = event.sections[0]
            if section.origin == 0:
                continue  # the window once more: it was sent unasked, and late
            rest = section.data
            if got != ({rest.key: rest.size} if isinstance(rest, Streamed) else {}):
                return None  # octets of what was sent unasked stand in the file too
            if isinstance(rest, bytes):
                spools.append(key, rest)
            if section.origin is None:
                # Not the rest but all of it, after the window that we had.
                spools.drop(key, len(window))
            return Mail(row=row, source=spools.path(key))
        return None

    async def _asked(
        self, command: UidFetch, place: Place | None, take: Callable[[LiteralChunk], None]
    ) -> Reply:
        """Ask the open folder, or another one and come back, in one write."""
        session = self.session
        if place is None or session.selected is None:
            return await session.run(command, chunks=take)
        commands: list[Command] = [
            Select(mailbox=place.folder),
            command,
            Select(mailbox=session.selected),
        ]
        _, reply, back = await session.burst(commands, chunks=take)
        if not back.is_ok:
            raise refusal("EXAMINE", back.kind, back.code, back.text)
        return reply


def _octets(section: Section, spools: Spools) -> bytes | None:
    if isinstance(section.data, Streamed):
        # A header above the window: its start says all that a header may say.
        with spools.path(section.data.key).open("rb") as file:
            return file.read(WINDOW)
    return section.data
