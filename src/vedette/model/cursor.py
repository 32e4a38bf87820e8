"""How far a folder has been read, and what is still owed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Everything with a UID up to ``last_uid`` was committed or is an open gap.

    UIDs up to ``first_uid`` were there when the watch of this UIDVALIDITY began;
    a lower one that shows up later is not ours to announce.

    ``modseq`` is the highest mod-sequence seen (0: none; RFC 7162) and serves
    flags only, never new mail. ``since`` is the instant before which mail in
    this folder counts as old: it was there when the watch began.
    """

    uid_validity: int
    last_uid: int
    first_uid: int = 0
    modseq: int = 0
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A UID that was announced and not returned; it is asked again at ``due``."""

    uid_validity: int
    uid: int
    tries: int
    due: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """What the store holds of one folder: O(1) but for its open gaps.

    ``path`` is the name on the wire; ``mailbox_id`` is the server's (RFC 8474), if any.
    """

    path: bytes
    cursor: Cursor
    mailbox_id: str | None = None
    gaps: tuple[Gap, ...] = ()
