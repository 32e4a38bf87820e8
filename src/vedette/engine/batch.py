"""What one commit of a folder is to hold, and how the folder stands after it.

It must not know how messages are read, nor how a commit is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vedette.imap import Fetch
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.model.event import Event
from vedette.model.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message in hand: what the server tells of it, and its octets.

    ``source`` is the message, or its first part: ``row.size`` tells which.
    """

    row: Fetch
    source: bytes | Path


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one commit of a folder is to hold."""

    folder: Folder
    state: FolderState | None
    cursor: Cursor
    mails: Sequence[Mail] = ()
    events: Sequence[Event] = ()
    gaps: tuple[Gap, ...] = ()
    closed: tuple[int, ...] = ()
    announced_at: float | None = None
    mailbox_id: str | None = None


def with_state(state: FolderState | None, batch: Batch) -> FolderState:
    """Return a folder's state after its batch was committed."""
    gaps = {gap.uid: gap for gap in (state.gaps if state is not None else ())}
    if state is not None and state.cursor.uid_validity != batch.cursor.uid_validity:
        gaps.clear()
    gaps.update({gap.uid: gap for gap in batch.gaps})
    for uid in batch.closed:
        gaps.pop(uid, None)
    fresh = FolderState(
        path=batch.folder.path,
        cursor=batch.cursor,
        mailbox_id=batch.mailbox_id,
        gaps=tuple(gaps.values()),
    )
    return (
        fresh if batch.mailbox_id or state is None else replace(fresh, mailbox_id=state.mailbox_id)
    )
