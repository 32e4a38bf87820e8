"""Server against ledger: which recent messages never became an event.

A server may show a lower UID after a higher one (catalogue S9), and a cursor
can not see that. An event id is a pure function of its message, so the recent
UIDs that the server lists can be held against the events that are stored.
"""

from __future__ import annotations

from collections.abc import Iterable

from vedette.imap import UidSet
from vedette.model.cursor import Cursor, FolderState
from vedette.model.event import EventType
from vedette.model.ids import AccountId, EventId, message_event_id

#: Messages that a reconciliation looks at, the last of a folder: it bounds the question and
#: the answer.
WINDOW = 500

#: Any of these settles a UID.
SETTLING = (
    EventType.MESSAGE_RECEIVED,
    EventType.MESSAGE_MISSING,
    EventType.MESSAGE_UNPARSEABLE,
)


def window(cursor: Cursor) -> UidSet | None:
    """Return the UIDs that are ours to announce and behind us, or None when there is none.

    They may be far apart, so what is listed of them is bounded by ``WINDOW``, not here.
    """
    low = cursor.first_uid + 1
    return UidSet.span(low, cursor.last_uid) if low <= cursor.last_uid else None


def candidates(
    account: AccountId, state: FolderState, listed: Iterable[int]
) -> dict[int, tuple[EventId, ...]]:
    """Return, for each listed UID that is not an open gap, the ids that would settle it."""
    cursor = state.cursor
    open_gaps = {gap.uid for gap in state.gaps}
    return {
        uid: settling(account, state.path, cursor.uid_validity, uid)
        for uid in listed
        if cursor.first_uid < uid <= cursor.last_uid and uid not in open_gaps
    }


def settling(account: AccountId, path: bytes, uid_validity: int, uid: int) -> tuple[EventId, ...]:
    """Return the ids of the events of which any would settle a UID."""
    return tuple(message_event_id(account, path, uid_validity, uid, kind) for kind in SETTLING)


def unsettled(
    wanted: dict[int, tuple[EventId, ...]], stored: frozenset[EventId]
) -> tuple[int, ...]:
    """Return the UIDs for which no event is stored, in order."""
    return tuple(sorted(uid for uid, ids in wanted.items() if stored.isdisjoint(ids)))
