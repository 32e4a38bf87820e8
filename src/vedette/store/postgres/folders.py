"""Write and read folders: the cursor's compare-and-set, gaps, readings, identity keys.

Steps of many folders are written together; no folder has two of them at one moment. It knows rows
and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.cursor import Cursor, FolderState, Gap
from vedette.model.ids import AccountId
from vedette.ports.store import Commit
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_GROUND: Final = sql("folders_ground")
_INSERT: Final = sql("folders_insert")
_MOVE: Final = sql("folders_move")
_FORGET: Final = sql("folder_forget")
_OF_ACCOUNT: Final = sql("folders_of_account")
_GAPS: Final = sql("gaps_of_account")
_GAPS_PUT: Final = sql("gaps_put")
_GAPS_CLOSE: Final = sql("gaps_close")
_GAPS_DROP: Final = sql("gaps_drop")
_READING_BEGIN: Final = sql("reading_begin")
_READING_END: Final = sql("reading_end")
_READINGS_DONE: Final = sql("readings_done")
_READINGS_FORGET: Final = sql("readings_forget")
_SEEN_PUT: Final = sql("seen_put")
_SEEN_MET: Final = sql("seen_met")
_SEEN_HAS: Final = sql("seen_has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A step whose cursor was set, the row of its folder, and whether it has readings to end."""

    step: Commit
    folder: int
    is_read: bool


async def move(connection: Connection, steps: Sequence[Commit]) -> list[Moved]:
    """Set the cursors of those steps that expect what is there; return which they are."""
    if not steps:
        return []
    ground = await connection.fetch(
        _GROUND, [step.account for step in steps], [step.folder for step in steps]
    )
    there = {row[0] - 1: row for row in ground}
    moved, made = [], []
    for at, step in enumerate(steps):
        row = there.get(at)
        if row is None and step.expected is None:
            made.append(step)
        elif row is not None and _cursor(row[3:8]) == step.expected:
            moved.append(Moved(step=step, folder=row[1], is_read=row[2]))
    if moved:
        cursors = [_columns(each.step) for each in moved]
        folders = [each.folder for each in moved]
        await connection.execute(_MOVE, folders, *zip(*cursors, strict=True))
    moved += await _made(connection, made)
    crashpoint(Crashpoint.CURSOR_MOVED)
    await _settle_gaps(connection, moved)
    await _end_readings(connection, moved)
    return moved


async def _made(connection: Connection, steps: Sequence[Commit]) -> list[Moved]:
    if not steps:
        return []
    rows = [(step.account, step.folder, *_columns(step)) for step in steps]
    made = {
        (row[1], row[2]): row[0]
        for row in await connection.fetch(_INSERT, *zip(*rows, strict=True))
    }
    # A message may have been read in a folder that had no cursor yet.
    return [
        Moved(step=step, folder=made[step.account, step.folder], is_read=True)
        for step in steps
        if (step.account, step.folder) in made
    ]


async def _settle_gaps(connection: Connection, moved: Sequence[Moved]) -> None:
    # UIDs of another UIDVALIDITY name nothing any more (RFC 9051 section 2.3.1.1).
    anew = [
        each.folder
        for each in moved
        if each.step.expected is not None
        and each.step.expected.uid_validity != each.step.cursor.uid_validity
    ]
    if anew:
        await connection.execute(_GAPS_DROP, anew)
    # Of one that is named twice the last word counts.
    gaps = {
        (each.folder, gap.uid): (each.folder, gap.uid, gap.uid_validity, gap.tries, gap.due)
        for each in moved
        for gap in each.step.gaps
        if gap.uid_validity == each.step.cursor.uid_validity
    }
    if gaps:
        await connection.execute(_GAPS_PUT, *zip(*gaps.values(), strict=True))
    closed = [(each.folder, uid) for each in moved for uid in each.step.closed]
    if closed:
        await connection.execute(_GAPS_CLOSE, *zip(*closed, strict=True))


async def _end_readings(connection: Connection, moved: Sequence[Moved]) -> None:
    rows = [
        (
            each.folder,
            each.step.account,
            each.step.folder,
            each.step.cursor.uid_validity,
            each.step.cursor.last_uid,
        )
        for each in moved
        if each.is_read
    ]
    if rows:
        await connection.execute(_READINGS_DONE, *zip(*rows, strict=True))


async def meet(
    connection: Connection, keys: Iterable[tuple[AccountId, bytes]]
) -> set[tuple[AccountId, bytes]]:
    """Return those keys of accounts that are stored."""
    asked = sorted(set(keys))
    if not asked:
        return set()
    rows = await connection.fetch(_SEEN_MET, *zip(*asked, strict=True))
    return {(AccountId(row[0]), row[1]) for row in rows}


async def put_seen(connection: Connection, keys: Iterable[tuple[AccountId, bytes, float]]) -> None:
    """Write identity keys, each met at an instant."""
    # Of one that is met twice the later instant counts, and each row is written once.
    latest = {(account, key): at for account, key, at in keys}
    if latest:
        rows = [(account, key, at) for (account, key), at in latest.items()]
        await connection.execute(_SEEN_PUT, *zip(*rows, strict=True))


async def forget(connection: Connection, account: AccountId, folder: bytes) -> None:
    """Drop a folder's cursor, gaps and readings."""
    await connection.execute(_FORGET, account, folder)
    await connection.execute(_READINGS_FORGET, account, folder)


async def states(connection: Connection, account: AccountId) -> list[FolderState]:
    """Return what is known of an account's folders, by path."""
    gaps: dict[int, list[Gap]] = defaultdict(list)
    rows = await connection.fetch(_OF_ACCOUNT, account)
    for folder, uid_validity, uid, tries, due in await connection.fetch(_GAPS, account):
        gaps[folder].append(Gap(uid_validity=uid_validity, uid=uid, tries=tries, due=due))
    return [
        FolderState(
            path=row[1],
            cursor=_cursor(row[2:7]),
            mailbox_id=row[7],
            gaps=tuple(gaps.get(row[0], ())),
        )
        for row in rows
    ]


async def known(
    connection: Connection, account: AccountId, keys: Sequence[bytes]
) -> frozenset[bytes]:
    """Return those keys that are stored for the account."""
    return frozenset(row[0] for row in await connection.fetch(_SEEN_HAS, account, list(keys)))


async def begin_read(
    connection: Connection, account: AccountId, folder: bytes, uid_validity: int, uid: int
) -> int:
    """Count one more start of reading a message."""
    return int(await connection.fetchval(_READING_BEGIN, account, folder, uid_validity, uid))


async def end_read(
    connection: Connection, account: AccountId, folder: bytes, uid_validity: int, uid: int
) -> None:
    """Forget the starts of reading a message."""
    await connection.execute(_READING_END, account, folder, uid_validity, uid)


def _cursor(row: Sequence[Any]) -> Cursor:
    uid_validity, last_uid, first_uid, modseq, since = row
    return Cursor(
        uid_validity=uid_validity,
        last_uid=last_uid,
        first_uid=first_uid,
        modseq=modseq,
        since=since,
    )


def _columns(step: Commit) -> tuple[int, int, int, int, float, str | None]:
    cursor = step.cursor
    return (
        cursor.uid_validity,
        cursor.last_uid,
        cursor.first_uid,
        cursor.modseq,
        cursor.since,
        step.mailbox_id,
    )
