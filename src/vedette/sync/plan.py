"""What to ask of a folder that was just opened: its stored cursor against its status.

::

    stored cursor     server says              plan
    none, first time  anything                 Baseline (now), or Adopt (date, last N)
    none, known       anything                 Rebase: state was lost or the folder is new
    same UIDVALIDITY  UIDNEXT = last + 1       CaughtUp
    same UIDVALIDITY  UIDNEXT above, unknown   CatchUp from last + 1
    same UIDVALIDITY  UIDNEXT below last + 1   CatchUp: UIDNEXT is a hint, not a cursor (S5)
    other UIDVALIDITY anything                 Rebase and one mailbox.reset

UIDNEXT decides only whether to ask, never how far we are (catalogue S4-S7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from vedette.model.account import Beginning, Start
from vedette.model.cursor import Cursor, FolderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What SELECT or EXAMINE told of a folder (RFC 9051 section 6.3.2); None: it did not say."""

    uid_validity: int | None
    uid_next: int | None
    exists: int
    highest_modseq: int | None = None
    mailbox_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Watch from now: find the highest UID, announce nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A first watch that begins in the past: at ``instant``, or with the last ``count``."""

    instant: float | None
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """Nothing new: the server's next UID is the one after our last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Ask for everything from UID ``start`` on."""

    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase:
    """UIDs mean nothing here: match by identity and announce only what never was.

    Mail from before ``since`` is old, but for the last ``count`` messages. ``reset_from`` is the UIDVALIDITY that
    was left, or None where the folder is new to us on a known account.
    """

    since: float
    reset_from: int | None
    count: int = 0


Plan: TypeAlias = Baseline | Adopt | CaughtUp | CatchUp | Rebase


def plan(
    state: FolderState | None,
    opened: Opened,
    *,
    beginning: Beginning,
    known_since: float | None,
) -> Plan:
    """Decide what to ask of a folder.

    ``known_since`` is the instant at which the account was first watched, or
    None when this is the first time: a folder without a cursor on a known
    account is new, renamed, or lost, and must not flood the user (S3).
    """
    if state is None:
        if known_since is not None:
            # The first sync of the account may have ended half-way: then this folder is still
            # owed the past that was asked for. What was told is known by its identity.
            return Rebase(since=known_since, reset_from=None, count=beginning.count)
        return _first(beginning)
    cursor = state.cursor
    if opened.uid_validity is not None and opened.uid_validity != cursor.uid_validity:
        return Rebase(since=cursor.since, reset_from=cursor.uid_validity)
    if opened.uid_next == cursor.last_uid + 1:
        return CaughtUp()
    return CatchUp(start=cursor.last_uid + 1)


def _first(beginning: Beginning) -> Plan:
    if beginning.start is Start.DATE:
        return Adopt(instant=beginning.instant, count=None)
    if beginning.start is Start.LAST and beginning.count > 0:
        return Adopt(instant=None, count=beginning.count)
    return Baseline()


def advanced(cursor: Cursor, last_uid: int, modseq: int | None = None) -> Cursor:
    """Return the cursor after ``last_uid``; it never goes back."""
    return Cursor(
        uid_validity=cursor.uid_validity,
        last_uid=max(cursor.last_uid, last_uid),
        first_uid=cursor.first_uid,
        modseq=max(cursor.modseq, modseq or 0),
        since=cursor.since,
    )
