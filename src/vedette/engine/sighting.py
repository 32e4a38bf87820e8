"""Looks at messages: whether the one at a UID is the one that was meant, and where another is.

A message is known by its identity (see ``sync.identity``), and by nothing else: a UID alone
says nothing after a reset, and a Message-ID alone is the sender's word.
"""

from __future__ import annotations

from collections.abc import Iterable

from vedette.engine.session import Session
from vedette.imap import (
    Fetch,
    FetchItem,
    FromNumber,
    Item,
    Peek,
    Search,
    UidFetch,
    UidSearch,
    UidSet,
)
from vedette.model.action import JournalEntry
from vedette.sync.identity import keys_of
from vedette.sync.plan import Opened

#: Messages of a folder, from the end, among which one is looked for: what was moved there before
#: a crash is among the last, and a quarantine gets at most some hundred between two connections.
RECENT = 500

#: The header fields of an identity.
FIELDS = Peek(section=b"HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)")


def items(session: Session) -> tuple[Item, ...]:
    """Return what identifies a message, and its flags."""
    named: tuple[FetchItem, ...] = ()
    if session.has("OBJECTID"):
        named = (FetchItem.EMAILID,)
    elif session.has("X-GM-EXT-1"):
        named = (FetchItem.GM_MESSAGE_ID,)
    return (
        FetchItem.UID,
        FetchItem.FLAGS,
        FetchItem.INTERNALDATE,
        FetchItem.SIZE,
        *named,
        FIELDS,
    )


def is_of(entry: JournalEntry, row: Fetch) -> bool:
    """Tell whether a row is that of an entry's message."""
    return not set(entry.identity).isdisjoint(keys(row))


def keys(row: Fetch) -> tuple[bytes, ...]:
    """Return the identity of a row's message."""
    return keys_of(row, _header(row))


async def recent(session: Session, opened: Opened) -> list[Fetch]:
    """Return what identifies the last messages of the folder that is open."""
    if not opened.exists:
        return []
    first = max(opened.exists - RECENT + 1, 1)
    reply = await session.check(UidSearch(criteria=(FromNumber(number=first),)))
    numbers = [
        uid for event in reply.data if isinstance(event, Search) for uid in event.numbers[-RECENT:]
    ]
    rows: list[Fetch] = []
    for part in UidSet(numbers).chunks():
        found = await session.check(UidFetch(uids=part, items=items(session)))
        rows += [event for event in found.data if isinstance(event, Fetch)]
    return rows


def rows_by_uid(rows: Iterable[object]) -> dict[int, Fetch]:
    """Return the rows of an answer that hold an identity, by their UIDs."""
    return {
        row.uid: row
        for row in rows
        if isinstance(row, Fetch) and row.uid is not None and row.sections
    }


def _header(row: Fetch) -> bytes:
    data = row.sections[0].data if row.sections else None
    return data if isinstance(data, bytes) else b""
