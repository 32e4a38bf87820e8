"""A stretch of a backtest: as much of a mailbox as one request may read, and where the next begins.

So a backtest of any length is many short requests: none holds a session or a worker for long, whoever
asks sees how it goes and can stop, and nothing of it is kept here between two of them. It must not
know who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from vedette.engine.fetching import WINDOW
from vedette.errors import FolderError
from vedette.imap import UidSet
from vedette.model.account import Depth
from vedette.model.folder import Folder
from vedette.service.guards.backtest import Bench, Judged, Span, Tally, tallied
from vedette.service.mailbox.folders import examine
from vedette.service.mailbox.listing import validity_of
from vedette.service.mailbox.place import MessagePlace
from vedette.service.mailbox.refusals import GoneError
from vedette.service.refusals import ConflictError, NotFoundError

#: Messages of one stretch: at some ten milliseconds each it is five seconds of one processor, and
#: what is told of them is less than an answer that is kept for its idempotency key.
MOST: Final = 500
#: Octets of one stretch: at a megabyte a second they are there in time. One message may have more.
OCTETS: Final = 32 * 1024 * 1024
#: Seconds after which no more messages are asked for.
BEGIN: Final = 12.0
#: Seconds for the messages of one FETCH. With the two before it is less than a session is lent for.
FETCHING: Final = 20.0

#: Messages and octets of one FETCH: what is in memory at once.
PART: Final = 16
PART_OCTETS: Final = 4 * 1024 * 1024
#: Messages whose sizes are asked for at once.
SIZES: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a backtest is: the last UID that was dealt with, of those up to ``end``.

    ``end`` is the highest that the folder had when it was begun. New mail is not part of it.
    ``uid_validity`` 0: the folder was not begun.
    """

    folder: bytes
    uid_validity: int = 0
    uid: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message that was judged, and its place."""

    place: MessagePlace
    judged: Judged


@dataclass(slots=True, kw_only=True)
class Stretch:
    """What came of one. ``next`` is where to go on; None: all is judged."""

    found: list[Found] = field(default_factory=list)
    unread: int = 0
    octets: int = 0
    next: Mark | None = None
    remark: str | None = None

    @property
    def tally(self) -> Tally:
        """The sum of it."""
        return tallied((each.judged for each in self.found), unread=self.unread)


@unique
class _Fate(Enum):
    """What became of messages that were asked for."""

    DEALT_WITH = "dealt with"
    LEFT = "left"
    """They did not come in time: the next stretch begins with them."""
    SKIPPED = "skipped"
    """Nor had they more time there: they are unread, and the session is at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Messages that are fetched together."""

    uids: UidSet
    octets: int


class Walker:
    """Goes over folders with a guard, from a mark on."""

    def __init__(self, bench: Bench, span: Span) -> None:
        self._bench = bench
        self._span = span
        self._stretch = Stretch()
        self._ends = asyncio.get_running_loop().time() + BEGIN

    async def walk(self, mark: Mark | None) -> Stretch:
        """Return a stretch. Raises LinkError, GoneError where the mark's folder is another now.

        Raises ConflictError where there is no folder to be judged.
        """
        stretch = self._stretch
        try:
            folders = await self._bench.folders()
        except FolderError as error:
            raise ConflictError(str(error)) from None
        stretch.remark = await self._bench.acquaint()
        first = 0
        if mark is not None:
            places = [number for number, each in enumerate(folders) if each.path == mark.folder]
            if not places:
                raise GoneError(mark.folder.decode("utf-8", "replace"))
            first = places[0]
        for number, folder in enumerate(folders[first:]):
            if number and self._is_late:
                stretch.next = Mark(folder=folder.path)
                break
            stretch.next = await self._folder(folder, mark)
            mark = None
            if stretch.next is not None:
                break
        return stretch

    @property
    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() > self._ends

    async def _folder(self, folder: Folder, mark: Mark | None) -> Mark | None:
        """Judge a folder from a mark on; return where it was left, None: at its end."""
        visiting = self._bench.visiting
        try:
            state = await examine(visiting.session, folder)
        except (ConflictError, NotFoundError):
            # A folder that can not be opened is not watched either.
            return None
        validity = validity_of(state)
        if mark is None or not mark.uid_validity:
            uids = await visiting.listed(since=self._span.since, last=self._span.last)
        elif mark.uid_validity != validity:
            raise GoneError(folder.name)
        elif mark.uid >= mark.end:
            return None
        else:
            # The last so many were counted when it was begun.
            rest = UidSet.span(mark.uid + 1, mark.end)
            uids = await visiting.listed(rest, since=self._span.since)
        if uids.first is None or uids.last is None:
            return None
        done, end = uids.first - 1, uids.last
        async with aclosing(self._parts(uids)) as parts:
            async for part in parts:
                fate = (
                    _Fate.LEFT if self._is_full(part) else await self._judge(folder, validity, part)
                )
                if fate is not _Fate.LEFT:
                    done = part.uids.last or done
                if fate is not _Fate.DEALT_WITH:
                    return Mark(folder=folder.path, uid_validity=validity, uid=done, end=end)
        return None

    def _is_full(self, part: _Part) -> bool:
        """Tell whether a part is for the next stretch; one at least is in each."""
        stretch = self._stretch
        if not (stretch.found or stretch.unread):
            return False
        return (
            len(stretch.found) + stretch.unread + len(part.uids) > MOST
            or stretch.octets + part.octets > OCTETS
            or self._is_late
        )

    async def _parts(self, uids: UidSet) -> AsyncGenerator[_Part]:
        """Yield messages in parts that fit into memory, the lowest UID first."""
        account = self._bench.visiting.account
        for some in uids.chunks(uids=SIZES):
            sizes = await self._bench.visiting.sizes(some)
            part: list[int] = []
            octets = 0
            for uid, size in sorted(sizes.items()):
                is_cut = size > account.max_message or account.depth is Depth.METADATA
                cost = min(size, WINDOW) if is_cut else size
                if part and (len(part) >= PART or octets + cost > PART_OCTETS):
                    yield _Part(uids=UidSet(part), octets=octets)
                    part, octets = [], 0
                part.append(uid)
                octets += cost
            if part:
                yield _Part(uids=UidSet(part), octets=octets)

    async def _judge(self, folder: Folder, validity: int, part: _Part) -> _Fate:
        """Judge messages. No stretch may end where it began: what is late twice is left unread."""
        stretch, visiting = self._stretch, self._bench.visiting
        is_first = not (stretch.found or stretch.unread)
        found: list[Found] = []
        fate = _Fate.DEALT_WITH
        try:
            async with (
                asyncio.timeout(FETCHING),
                aclosing(visiting.some(part.uids)) as letters,
            ):
                async for mail, message in letters:
                    judged = await asyncio.to_thread(self._bench.judged, folder, mail, message)
                    place = MessagePlace(folder=folder.path, uid_validity=validity, uid=judged.uid)
                    found.append(Found(place=place, judged=judged))
        except TimeoutError:
            # The rest of the answer is still on its way: nobody can use this session any more.
            visiting.session.link.close()
            if not is_first:
                return _Fate.LEFT
            fate = _Fate.SKIPPED
        stretch.found += sorted(found, key=lambda each: each.place.uid)
        stretch.unread += len(part.uids) - len(found)
        stretch.octets += part.octets
        return fate
