"""Brings messages out of quarantine: back to where they were, or to the trash when their time is over.

A message is looked for at the place that the journal has, then among the last of that folder,
then where it is to go: so what a crash left half done is found. It must not know why an action
is taken back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from vedette.engine import sighting
from vedette.engine.answer import Reply
from vedette.engine.desk import Desk
from vedette.engine.opening import opened
from vedette.engine.orders import SEEN, copies, is_missing, label_of, mark_of
from vedette.errors import FolderError
from vedette.guard.pack import ActionKind
from vedette.imap import (
    Command,
    Fetch,
    Select,
    StoreMode,
    UidCopy,
    UidExpunge,
    UidFetch,
    UidLabel,
    UidMove,
    UidSet,
    UidStore,
)
from vedette.model.action import JournalEntry, Place

#: Where a message goes whose folder is not there any more.
INBOX = b"INBOX"

#: What is written of an entry whose message is at its new place.
Arrival: TypeAlias = Callable[[JournalEntry, Place], Awaitable[None]]

TAKEN = "the message is not where it was put: somebody took it away"


class Recall:
    """Takes back on one session."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def take_back(self, entries: Sequence[JournalEntry]) -> None:
        """Bring moved messages back where they were, and take marks off."""
        moved: dict[tuple[bytes, bytes], list[JournalEntry]] = {}
        for entry in entries:
            if entry.kind == ActionKind.MOVE and entry.result is not None:
                moved.setdefault((entry.result.folder, entry.origin.folder), []).append(entry)
            else:
                await self._unmark(entry)
        for (source, target), own in moved.items():
            await self._bring(source, target, own, self._desk.ledger.undone, unread=True)

    async def expire(self, entries: Sequence[JournalEntry]) -> None:
        """Bring messages to the trash; where there is none they stay where they are."""
        trash = await self._desk.targets.trash()
        by_folder: dict[bytes, list[JournalEntry]] = {}
        for entry in entries:
            if entry.result is not None:
                by_folder.setdefault(entry.result.folder, []).append(entry)
        for source, own in by_folder.items():
            if trash is None:
                await self._desk.postponed(own, "no folder of the account is its trash")
            elif trash == source:
                await self._desk.ledger.expired([(entry, entry.result) for entry in own])
            else:
                await self._bring(source, trash, own, self._expired, unread=False)

    async def _expired(self, entry: JournalEntry, place: Place) -> None:
        await self._desk.ledger.expired([(entry, place)])

    async def _bring(
        self,
        source: bytes,
        target: bytes,
        entries: Sequence[JournalEntry],
        arrived: Arrival,
        *,
        unread: bool,
    ) -> None:
        """Bring messages from one folder to another, those that are found there."""
        found = await self._found(source, entries)
        if found is None:
            return
        for entry in entries:
            row = found.get(entry.id)
            if row is not None and row.uid is not None:
                await self._moved(row.uid, target, entry, arrived, unread=unread and entry.seen)
        absent = [entry for entry in entries if entry.id not in found]
        if absent:
            await self._looked_for(target, absent, arrived)

    async def _found(
        self, folder: bytes, entries: Sequence[JournalEntry]
    ) -> dict[str, Fetch] | None:
        """Open a folder for writing and return the messages that are there; None: refused."""
        session = self._desk.session
        known = [each.result.uid for each in entries if each.result and each.result.uid]
        commands: list[Command] = [Select(mailbox=folder, read_only=False)]
        if known:
            commands.append(UidFetch(uids=UidSet(known), items=sighting.items(session)))
        replies = await self._desk.burst(commands, entries)
        if not replies[0].is_ok:
            await self._desk.refused(entries, replies[0])
            return None
        rows = list(sighting.rows_by_uid(replies[-1].data).values())
        found = _matched(entries, rows)
        if len(found) < len(entries):
            state = opened(replies[0], session.exists)
            found |= _matched(entries, await sighting.recent(session, state))
        return found

    async def _moved(
        self, uid: int, target: bytes, entry: JournalEntry, arrived: Arrival, *, unread: bool
    ) -> None:
        """Move one message; its old folder is open."""
        desk, uids = self._desk, UidSet((uid,))
        said: list[Command] = []
        if unread:
            said.append(UidStore(uids=uids, flags=(SEEN,), mode=StoreMode.REMOVE, silent=True))
        reply = await self._carried(said, uids, target, entry)
        if is_missing(reply) and target != INBOX:
            reply = await self._carried([], uids, INBOX, entry)
            target = INBOX
        if not reply.is_ok:
            await desk.refused([entry], reply)
            return
        for copied in copies(reply):
            if uid in copied.source:
                place = Place(
                    folder=target,
                    uid_validity=copied.uid_validity,
                    uid=copied.destination_of(uid),
                )
                if desk.can.move or await self._removed(uids, entry):
                    await arrived(entry, place)
                return
        # OK, and nothing that proves it: the next attempt looks in both folders (G2).
        await desk.postponed([entry], "the server said OK, and not where the message went")

    async def _carried(
        self, said: list[Command], uids: UidSet, target: bytes, entry: JournalEntry
    ) -> Reply:
        """Move a message, or copy it where there is no MOVE."""
        if self._desk.can.move:
            command: Command = UidMove(uids=uids, mailbox=target)
        else:
            command = UidCopy(uids=uids, mailbox=target)
        return (await self._desk.burst([*said, command], [entry]))[-1]

    async def _removed(self, uids: UidSet, entry: JournalEntry) -> bool:
        """Take the message out of quarantine whose copy is back: this UID and no other."""
        if not self._desk.can.removes:
            await self._desk.postponed([entry], "the server has no way to take one message away")
            return False
        mark = UidStore(uids=uids, flags=("\\Deleted",), mode=StoreMode.ADD, silent=True)
        replies = await self._desk.burst([mark, UidExpunge(uids=uids)], [entry])
        if not replies[-1].is_ok:
            await self._desk.refused([entry], replies[-1])
        return replies[-1].is_ok

    async def _looked_for(
        self, target: bytes, entries: Sequence[JournalEntry], arrived: Arrival
    ) -> None:
        """Look for messages where they were to go: a crash may have fallen behind the move."""
        session = self._desk.session
        try:
            state = await session.examine(target)
            found = _matched(entries, await sighting.recent(session, state))
        except FolderError:
            state, found = None, {}
        gone = []
        for entry in entries:
            row = found.get(entry.id)
            if row is None or state is None:
                gone.append(entry)
            else:
                validity = state.uid_validity or 1
                await arrived(entry, Place(folder=target, uid_validity=validity, uid=row.uid))
        if gone:
            await self._desk.ledger.gone(gone, TAKEN)

    async def _unmark(self, entry: JournalEntry) -> None:
        """Take a flag or a label off again, if the message is still there."""
        desk, place = self._desk, entry.origin
        uids = UidSet((place.uid or 1,))
        commands: list[Command] = [
            Select(mailbox=place.folder, read_only=False),
            UidFetch(uids=uids, items=sighting.items(desk.session)),
        ]
        selected, fetched = await desk.burst(commands, [entry])
        if not selected.is_ok:
            await desk.refused([entry], selected)
            return
        validity = opened(selected, desk.session.exists).uid_validity
        rows = sighting.rows_by_uid(fetched.data)
        if validity != place.uid_validity or not _matched([entry], rows.values()):
            await desk.ledger.gone([entry], TAKEN)
            return
        label = label_of(entry, gmail=desk.can.gmail)
        mark = mark_of(entry, gmail=desk.can.gmail) or ""
        command: Command = (
            UidStore(uids=uids, flags=(mark,), mode=StoreMode.REMOVE, silent=True)
            if label is None
            else UidLabel(uids=uids, labels=(label,), add=False)
        )
        [reply] = await desk.burst([command], [entry])
        if reply.is_ok:
            await desk.ledger.undone(entry, place)
        else:
            await desk.refused([entry], reply)


def _matched(entries: Iterable[JournalEntry], rows: Iterable[Fetch]) -> dict[str, Fetch]:
    """Return the rows that are the entries' messages, by the entries' ids."""
    known = list(rows)
    found: dict[str, Fetch] = {}
    for entry in entries:
        row = next((each for each in known if sighting.is_of(entry, each)), None)
        if row is not None:
            found[entry.id] = row
    return found
