"""Server against ledger: which recent messages never became an event.

A server may show a lower UID after a higher one (catalogue S9), and a cursor
can not see that. An event id is a pure function of its message, so the recent
UIDs that the server lists can be held against the events that are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from vedette.imap import UidSet
from vedette.model.cursor import Cursor, FolderState
from vedette.model.event import EventType
from vedette.model.ids import AccountId, EventId, message_event_id

#: Messages that a reconciliation looks at: it bounds the question and the answer.
WINDOW = 500

#: How much wider the next question is where a folder has long holes between its UIDs.
WIDER = 16

#: The widest question where each UID is listed by itself (no ESEARCH): a longer answer than
#: this would not be read.
WIDEST = 64_000

#: Any of these settles a UID.
SETTLING = (
    EventType.MESSAGE_RECEIVED,
    EventType.MESSAGE_MISSING,
    EventType.MESSAGE_UNPARSEABLE,
)


def window(cursor: Cursor, width: int = WINDOW) -> UidSet | None:
    """Return the UIDs to list, or None when none of them would be ours to announce.

    They reach ``width`` UIDs back from the cursor.
    """
    low = max(cursor.first_uid, cursor.last_uid - width) + 1
    return UidSet.span(low, cursor.last_uid) if low <= cursor.last_uid else None


def recent(cursor: Cursor, width: int, listed: UidSet, *, widest: int) -> UidSet | None:
    """Return the last messages of a listing ``width`` UIDs wide; None: look further back."""
    if len(listed) < WINDOW and width < min(widest, cursor.last_uid - cursor.first_uid):
        return None
    return UidSet(islice(reversed(listed), WINDOW))


def candidates(
    account: AccountId, state: FolderState, listed: Iterable[int]
) -> dict[int, tuple[EventId, ...]]:
    """Return, for each listed UID that is not an open gap, the ids that would settle it."""
    cursor = state.cursor
    open_gaps = {gap.uid for gap in state.gaps}
    return {
        uid: tuple(
            message_event_id(account, state.path, cursor.uid_validity, uid, kind)
            for kind in SETTLING
        )
        for uid in listed
        if cursor.first_uid < uid <= cursor.last_uid and uid not in open_gaps
    }


def unsettled(
    wanted: dict[int, tuple[EventId, ...]], stored: frozenset[EventId]
) -> tuple[int, ...]:
    """Return the UIDs for which no event is stored, in order."""
    return tuple(sorted(uid for uid, ids in wanted.items() if stored.isdisjoint(ids)))
