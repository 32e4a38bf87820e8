"""Write and read folders: the cursor's compare-and-set, gaps, readings, identity keys.

It knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.model.ids import AccountId
from vedette.ports.store import Commit, Verdict
from vedette.store.handed import Handed
from vedette.store.sqlite import journal, postings
from vedette.store.sqlite.statements import sql

_GROUND = sql("commit_ground")
_INSERT = sql("folder_insert")
_MOVE = sql("folder_move")
_FORGET = sql("folder_forget")
_OF_ACCOUNT = sql("folders_of_account")
_GAPS = sql("gaps_of_account")
_GAP_PUT = sql("gap_put")
_GAP_CLOSE = sql("gap_close")
_GAPS_DROP = sql("gaps_drop")
_READING_BEGIN = sql("reading_begin")
_READING_END = sql("reading_end")
_READINGS_DONE = sql("readings_done")
_READINGS_FORGET = sql("readings_forget")
_SEEN_PUT = sql("seen_put")
_SEEN_HAS = sql("seen_has")


def commit(connection: sqlite3.Connection, step: Commit, now: float, handed: Handed) -> Verdict:
    """Write one step of one folder, after the fence and the cursor were compared."""
    where = {"account": step.account, "path": step.folder, "shard": step.fence.shard}
    epoch, folder, reading, *row = connection.execute(_GROUND, where).fetchone()
    if epoch != step.fence.epoch:
        return Verdict.FENCED
    current = None if folder is None else _cursor(row)
    if current != step.expected:
        return Verdict.STALE
    values = {**where, **_columns(step.cursor), "mailbox_id": step.mailbox_id}
    if folder is None:
        (folder,) = connection.execute(_INSERT, values).fetchone()
    else:
        connection.execute(_MOVE, {**values, "id": folder})
    crashpoint(Crashpoint.CURSOR_MOVED)
    _settle_gaps(connection, folder, step)
    if reading:
        connection.execute(_READINGS_DONE, {**values, "folder": folder})
    keys = [key for posting in step.postings if posting.again for key in posting.keys]
    met = known(connection, step.account, keys)
    postings.write(connection, step.postings, met=met, handed=handed)
    connection.executemany(
        _SEEN_PUT, ({"account": step.account, "key": key, "at": now} for key in step.seen)
    )
    if step.decisions or step.actions:
        journal.write(connection, step.decisions, step.actions)
    return Verdict.DONE


def _settle_gaps(connection: sqlite3.Connection, folder: int, step: Commit) -> None:
    uid_validity = step.cursor.uid_validity
    if step.expected is not None and step.expected.uid_validity != uid_validity:
        # UIDs of another UIDVALIDITY name nothing any more (RFC 9051 section 2.3.1.1).
        connection.execute(_GAPS_DROP, {"folder": folder})
    if not (step.gaps or step.closed):
        return
    connection.executemany(
        _GAP_PUT,
        (
            {
                "folder": folder,
                "uid": gap.uid,
                "uid_validity": uid_validity,
                "tries": gap.tries,
                "due": gap.due,
            }
            for gap in step.gaps
            if gap.uid_validity == uid_validity
        ),
    )
    connection.executemany(_GAP_CLOSE, ({"folder": folder, "uid": uid} for uid in step.closed))


def forget(connection: sqlite3.Connection, account: AccountId, folder: bytes) -> None:
    """Drop a folder's cursor, gaps and readings."""
    where = {"account": account, "path": folder}
    connection.execute(_FORGET, where)
    connection.execute(_READINGS_FORGET, where)


def states(connection: sqlite3.Connection, account: AccountId) -> list[FolderState]:
    """Return what is known of an account's folders, by path."""
    where = {"account": account}
    gaps: dict[int, list[Gap]] = defaultdict(list)
    for folder, uid_validity, uid, tries, due in connection.execute(_GAPS, where):
        gaps[folder].append(Gap(uid_validity=uid_validity, uid=uid, tries=tries, due=due))
    return [
        FolderState(
            path=row[1],
            cursor=_cursor(row[2:7]),
            mailbox_id=row[7],
            gaps=tuple(gaps.get(row[0], ())),
        )
        for row in connection.execute(_OF_ACCOUNT, where)
    ]


def known(
    connection: sqlite3.Connection, account: AccountId, keys: Sequence[bytes]
) -> frozenset[bytes]:
    """Return those keys that are stored for the account."""
    return frozenset(
        key
        for key in keys
        if connection.execute(_SEEN_HAS, {"account": account, "key": key}).fetchone() is not None
    )


def begin_read(
    connection: sqlite3.Connection, account: AccountId, folder: bytes, uid_validity: int, uid: int
) -> int:
    """Count one more start of reading a message."""
    (starts,) = connection.execute(
        _READING_BEGIN,
        {"account": account, "path": folder, "uid_validity": uid_validity, "uid": uid},
    ).fetchone()
    return int(starts)


def end_read(
    connection: sqlite3.Connection, account: AccountId, folder: bytes, uid_validity: int, uid: int
) -> None:
    """Forget the starts of reading a message."""
    connection.execute(
        _READING_END,
        {"account": account, "path": folder, "uid_validity": uid_validity, "uid": uid},
    )


def _cursor(row: Sequence[Any]) -> Cursor:
    uid_validity, last_uid, first_uid, modseq, since = row
    return Cursor(
        uid_validity=uid_validity,
        last_uid=last_uid,
        first_uid=first_uid,
        modseq=modseq,
        since=since,
    )


def _columns(cursor: Cursor) -> dict[str, int | float]:
    return {
        "uid_validity": cursor.uid_validity,
        "last_uid": cursor.last_uid,
        "first_uid": cursor.first_uid,
        "modseq": cursor.modseq,
        "since": cursor.since,
    }
