"""What a commit to the store in memory checks, and what it makes of a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from vedette.errors import StoreError
from vedette.model.cursor import FolderState, Gap
from vedette.model.delivery import Posting
from vedette.ports.store import Commit


def moved(old: FolderState | None, commit: Commit) -> FolderState:
    validity = commit.cursor.uid_validity
    same = old is not None and old.cursor.uid_validity == validity
    kept = old if same else None
    gaps: dict[int, Gap] = {gap.uid: gap for gap in (kept.gaps if kept else ())}
    gaps.update((gap.uid, gap) for gap in commit.gaps if gap.uid_validity == validity)
    for uid in commit.closed:
        gaps.pop(uid, None)
    return FolderState(
        path=commit.folder,
        cursor=commit.cursor,
        mailbox_id=kept.mailbox_id if kept and commit.mailbox_id is None else commit.mailbox_id,
        gaps=tuple(gaps[uid] for uid in sorted(gaps)),
    )


def check_postings(postings: Sequence[Posting]) -> None:
    """Raise for what a real store could not write, before anything is written."""
    for posting in postings:
        if isnan(posting.time):
            raise StoreError("a value can not be stored: an instant is NaN")


def still_read(
    folder: FolderState, readings: Mapping[tuple[int, int], int]
) -> dict[tuple[int, int], int]:
    """Return the starts of reading that count still: of messages that are not committed."""
    open_gaps = {gap.uid for gap in folder.gaps}
    return {
        (validity, uid): starts
        for (validity, uid), starts in readings.items()
        if validity == folder.cursor.uid_validity
        and (uid > folder.cursor.last_uid or uid in open_gaps)
    }
