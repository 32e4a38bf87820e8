"""A cursor and the rows of a FETCH become: what is new, what is owed, the next cursor.

The rules that keep mail from being lost or told twice: only UIDs count, never
sequence numbers (S12); ``n:*`` returns the last message even when it is below n
(S1); rows may come split, doubled, unasked, without a UID or with a NIL body
(S10, S11, S22); what was listed and did not come whole is owed (S8).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vedette.imap import Fetch, UidSet
from vedette.model.cursor import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """New rows in UID order, listed UIDs that are owed, and how far the cursor may go."""

    fresh: tuple[Fetch, ...]
    owed: tuple[int, ...]
    last_uid: int


def fold(cursor: Cursor, rows: Iterable[Fetch], listed: UidSet | None) -> Folded:
    """Fold the rows of one FETCH into a cursor.

    ``listed`` are the UIDs that the server said are there; None when the FETCH
    itself is the listing. The cursor never passes a listed UID that is neither
    fresh nor owed.
    """
    whole = {
        uid: row
        for uid, row in merged(rows).items()
        if uid > cursor.last_uid and is_whole(row) and (listed is None or uid in listed)
    }
    owed = (
        tuple(uid for uid in listed if uid > cursor.last_uid and uid not in whole)
        if listed is not None
        else ()
    )
    last = max((*whole, *owed), default=cursor.last_uid)
    return Folded(
        fresh=tuple(whole[uid] for uid in sorted(whole)),
        owed=owed,
        last_uid=max(last, cursor.last_uid),
    )


def merged(rows: Iterable[Fetch]) -> dict[int, Fetch]:
    """Return the rows by UID; several rows of one message are put together (S11)."""
    found: dict[int, Fetch] = {}
    for row in rows:
        if row.uid is None:
            continue
        earlier = found.get(row.uid)
        if earlier is None:
            found[row.uid] = row
        elif is_whole(earlier) and not is_whole(row):
            # What came whole is not undone by a later NIL or a later flag change.
            found[row.uid] = row.merged(earlier)
        else:
            found[row.uid] = earlier.merged(row)
    return found


def is_whole(row: Fetch) -> bool:
    """Tell whether a row holds a message: a section came, and it is not NIL (S10)."""
    return bool(row.sections) and all(section.data is not None for section in row.sections)


def is_contiguous(cursor: Cursor, fresh: Iterable[Fetch], growth: int) -> bool:
    """Tell whether an open-ended FETCH needs no listing to be trusted.

    The UIDs follow on the cursor without a hole, and there are at least as many
    as EXISTS grew by. Anything else may hide a message that the server left out.
    """
    count = 0
    for expected, row in enumerate(fresh, start=cursor.last_uid + 1):
        if row.uid != expected:
            return False
        count += 1
    return count >= growth
