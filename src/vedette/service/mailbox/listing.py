"""A folder's messages in pages, newest first, as few octets as an envelope needs.

A page is found in windows of UIDs from the top: in a folder of a million messages the newest cost
what they cost in one of a hundred, and a search stops as soon as a page is full. It must not know
who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vedette import mime
from vedette.engine.session import Session
from vedette.errors import ProtocolError
from vedette.imap import (
    Criterion,
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
    Streamed,
    UidFetch,
    UidSearch,
    UidSet,
    refusal,
)
from vedette.model.folder import Folder
from vedette.service.mailbox.folders import examine
from vedette.service.mailbox.place import UINT32, MessagePlace
from vedette.service.mailbox.refusals import GoneError
from vedette.service.mailbox.sessions import Lease
from vedette.sync.fold import merged
from vedette.sync.plan import Opened

#: The fields of an envelope.
FIELDS: Final = Peek(
    section=b"HEADER.FIELDS (DATE FROM SENDER REPLY-TO TO CC BCC SUBJECT MESSAGE-ID IN-REPLY-TO"
    b" REFERENCES)"
)
#: Octets of them that are looked at: a thousand recipients.
MAX_HEADER: Final = 64 * 1024
#: Messages of one FETCH: at the octets above they are a fifth of what an answer may hold.
AT_ONCE: Final = 50
#: Headers that are read before others have a turn on the loop: 2 ms.
TURN: Final = 10

#: UIDs of the first window, and how much wider each next one is.
FIRST: Final = 1_000
WIDER: Final = 8
#: UIDs of a window where the server lists each found one by itself: 65,536 are 450 KB, of the
#: megabyte that an answer may have.
WIDEST_PLAIN: Final = 65_536
#: Windows of one page: eight of them span all UIDs that there can be.
WINDOWS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of a listing: at most ``limit`` messages below the UID ``below``, if one is given.

    ``uid_validity`` is that of the page before.
    """

    limit: int
    below: int | None = None
    uid_validity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message of a list."""

    place: MessagePlace
    folder: Folder
    row: Fetch
    message: mime.Message


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopePage:
    """Messages by UID, the highest first; ``next``: there may be more below it."""

    items: tuple[Envelope, ...]
    uid_validity: int
    next: int | None


def validity_of(state: Opened) -> int:
    """Return the UIDVALIDITY of a folder; one for the server that leaves it out (S4)."""
    return state.uid_validity or 1


async def page(
    lease: Lease, folder: Folder, wanted: Sequence[Criterion], span: Span
) -> EnvelopePage:
    """Return messages of a folder that match. Raises GoneError, NotFoundError, LinkError."""
    session = lease.session
    state = await examine(session, folder)
    validity = validity_of(state)
    if span.uid_validity not in {None, validity}:
        raise GoneError(folder.name)
    top = await _top(session, state) if span.below is None else span.below - 1
    uids, following = await _found(session, wanted, top, span.limit, few=state.exists)
    rows: dict[int, Envelope] = {}
    for start in range(0, len(uids), AT_ONCE):
        rows |= await _envelopes(session, folder, validity, uids[start : start + AT_ONCE])
    # One that went away since it was found is left out.
    items = tuple(rows[uid] for uid in uids if uid in rows)
    return EnvelopePage(items=items, uid_validity=validity, next=following)


async def _top(session: Session, state: Opened) -> int:
    """Return a UID above which there is none."""
    if state.uid_next is not None:
        return state.uid_next - 1
    if not state.exists:
        return 0
    last = await search(session, [FromNumber(number=state.exists)])
    return last.last or 0


async def _found(
    session: Session, wanted: Sequence[Criterion], top: int, limit: int, *, few: int
) -> tuple[list[int], int | None]:
    """Return the highest UIDs that match, and below which to go on; None: there are no more."""
    found: list[int] = []
    high, width = min(top, UINT32), FIRST
    if few <= FIRST:
        # All of a small folder at once, however far its numbers are apart.
        width = UINT32
    for _ in range(WINDOWS):
        if high < 1 or not few:
            return found, None
        low = max(1, high - width + 1)
        here = await search(session, [InUids(uids=UidSet.span(low, high)), *wanted])
        for uid in reversed(here & UidSet.span(low, high)):
            found.append(uid)
            if len(found) == limit:
                return found, uid if uid > 1 else None
        high, width = low - 1, width * WIDER
        if not session.has("ESEARCH"):
            width = min(width, WIDEST_PLAIN)
    return found, high + 1 if high >= 1 else None


async def search(session: Session, wanted: Sequence[Criterion]) -> UidSet:
    """Return the UIDs that match in the folder that is open. Raises LinkError."""
    reply = await session.check(
        UidSearch(
            criteria=tuple(wanted),
            returns=(SearchReturn.ALL,) if session.has("ESEARCH") else (),
        )
    )
    if reply.unread and not reply.data:
        raise ProtocolError(f"the answer of {session.host} to SEARCH can not be read")
    found = UidSet()
    for event in reply.data:
        if isinstance(event, Search):
            found |= UidSet(event.numbers)
        elif isinstance(event, ESearch) and event.all is not None:
            found |= event.all
    return found


def named(session: Session) -> tuple[FetchItem, ...]:
    """Return the items for the server's own names of messages, and its labels."""
    items: list[FetchItem] = []
    if session.has("OBJECTID"):
        items += [FetchItem.EMAILID, FetchItem.THREADID]
    if session.has("X-GM-EXT-1"):
        items += [FetchItem.GM_MESSAGE_ID, FetchItem.GM_THREAD_ID, FetchItem.GM_LABELS]
    return tuple(items)


async def _envelopes(
    session: Session, folder: Folder, validity: int, uids: Sequence[int]
) -> dict[int, Envelope]:
    items: tuple[Item, ...] = (
        FetchItem.UID,
        FetchItem.FLAGS,
        FetchItem.INTERNALDATE,
        FetchItem.SIZE,
        *named(session),
        FIELDS,
    )
    heads: dict[int, bytearray] = {}

    def take(chunk: LiteralChunk) -> None:
        head = heads.setdefault(chunk.key, bytearray())
        head += chunk.data[: MAX_HEADER - len(head)]

    asked = UidSet(uids)
    command = UidFetch(uids=asked, items=items)
    reply = await session.run(command, chunks=take)
    rows = merged(each for each in reply.data if isinstance(each, Fetch))
    if not reply.is_ok and not rows:
        raise refusal(command.verb, reply.kind, reply.code, reply.text)
    found: dict[int, Envelope] = {}
    for number, (uid, row) in enumerate(rows.items(), start=1):
        if uid not in asked:
            continue
        data = row.sections[0].data if row.sections else None
        header = bytes(heads.get(data.key, b"")) if isinstance(data, Streamed) else data or b""
        place = MessagePlace(folder=folder.path, uid_validity=validity, uid=uid)
        message = mime.read_header(header)
        found[uid] = Envelope(place=place, folder=folder, row=row, message=message)
        if number % TURN == 0:
            await asyncio.sleep(0)
    return found
