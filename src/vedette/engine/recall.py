"""Brings messages out of quarantine: back to where they were, or to the trash when their time is over.

A message is looked for at the place that the journal has, then among the last of that folder,
then where it is to go: so what a crash left half done is found. A folder that is not there is
looked for under another name when somebody asks for a message back; at the end of a message's
time it is not: who renamed the folder meant to keep it. It must not know why an action is taken
back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from vedette.engine import sighting
from vedette.engine.answer import Reply
from vedette.engine.desk import TOGETHER, Desk
from vedette.engine.opening import opened
from vedette.engine.orders import SEEN, copies, is_missing, label_of, mark_of, marks, told
from vedette.engine.renamed import renamed
from vedette.errors import FolderError
from vedette.guard.pack import ActionKind
from vedette.imap import (
    CodeName,
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
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.ids import ActionId
from vedette.sync.deed import MAX_ATTEMPTS

#: Where a message goes whose folder is not there any more.
INBOX = b"INBOX"

#: A message that was brought to its new place, and what is written of such.
Brought: TypeAlias = tuple[JournalEntry, Place]
Arrived: TypeAlias = Callable[[Sequence[Brought]], Awaitable[None]]

TAKEN = "the message is not where it was put: somebody took it away"
LOST = "the folder that the message was put in is not there any more"
NO_TRASH = "no folder of the account is its trash: the message stays where it is"


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
        if not entries:
            return
        trash = await self._desk.targets.trash()
        if trash is None:
            await self._desk.targets.anew()
            trash = await self._desk.targets.trash()
        by_folder: dict[bytes, list[JournalEntry]] = {}
        for entry in entries:
            if entry.result is not None:
                by_folder.setdefault(entry.result.folder, []).append(entry)
        if trash is None:
            await self._desk.ledger.kept(entries, NO_TRASH)
            return
        for source, own in by_folder.items():
            if trash == source:
                await self._desk.ledger.expired([(entry, entry.result) for entry in own])
            else:
                await self._bring(source, trash, own, self._desk.ledger.expired, unread=False)

    async def _bring(
        self,
        source: bytes,
        target: bytes,
        entries: Sequence[JournalEntry],
        arrived: Arrived,
        *,
        unread: bool,
    ) -> None:
        """Bring messages from one folder to another, those that are found there."""
        for start in range(0, len(entries), TOGETHER):
            part = entries[start : start + TOGETHER]
            # Where there is no MOVE a copy may be there already: a crash fell behind it.
            copied = {} if self._desk.can.move else await self._placed(target, part)
            uids = await self._found(source, part)
            if uids is None:
                return
            part = await self._willing(part, uids)
            here = [entry for entry in part if entry.id in uids]
            again = [(entry, copied[entry.id]) for entry in here if entry.id in copied]
            if again and await self._removed(again, uids):
                await arrived(again)
            fresh = [entry for entry in here if entry.id not in copied]
            if fresh:
                await self._moved(uids, target, fresh, arrived, unread=unread)
            absent = [entry for entry in part if entry.id not in uids]
            if absent:
                await self._looked_for(target, absent, arrived, unread=unread)

    async def _willing(
        self, entries: Sequence[JournalEntry], uids: Mapping[ActionId, int]
    ) -> list[JournalEntry]:
        """Give up what is still there after too many attempts; return the others.

        That it is there had to be seen first: the answer to the last attempt may have been lost.
        """
        tired = [each for each in entries if each.id in uids and _is_tired(each)]
        for entry in tired:
            await self._desk.ledger.failed([entry], entry.reason)
        return [entry for entry in entries if entry not in tired]

    async def _found(
        self, folder: bytes, entries: Sequence[JournalEntry]
    ) -> dict[ActionId, int] | None:
        """Open a folder for writing and return the UIDs of the messages there; None: refused.

        Where the folder is not there any more, there are none.
        """
        session = self._desk.session
        known = [each.result.uid for each in entries if each.result and each.result.uid]
        commands: list[Command] = [Select(mailbox=folder, read_only=False)]
        if known:
            commands.append(UidFetch(uids=UidSet(known), items=sighting.items(session)))
        replies = await self._desk.burst(commands, entries)
        if not replies[0].is_ok:
            if await self._is_lost(folder, replies[0]):
                return {}
            await self._desk.refused(entries, replies[0])
            return None
        rows = list(sighting.rows_by_uid(replies[-1].data).values())
        found = _matched(entries, rows)
        if len(found) < len(entries):
            state = opened(replies[0], session.exists)
            found |= _matched(entries, await sighting.recent(session, state))
        return {action: row.uid for action, row in found.items() if row.uid is not None}

    async def _is_lost(self, folder: bytes, reply: Reply) -> bool:
        """Tell whether a folder can not be opened because it was deleted or renamed."""
        if reply.code is not None:
            return reply.code.name == CodeName.NONEXISTENT
        return not await self._desk.targets.is_listed(folder)

    async def _moved(
        self,
        uids: Mapping[ActionId, int],
        target: bytes,
        entries: Sequence[JournalEntry],
        arrived: Arrived,
        *,
        unread: bool,
    ) -> None:
        """Move messages in one write; their old folder is open."""
        desk = self._desk
        said: list[Command] = []
        seen = UidSet(uids[entry.id] for entry in entries if unread and entry.seen)
        if seen:
            said.append(UidStore(uids=seen, flags=(SEEN,), mode=StoreMode.REMOVE, silent=True))
        messages = UidSet(uids[entry.id] for entry in entries)
        reply = await self._carried(said, messages, target, entries)
        if is_missing(reply) and target != INBOX:
            target = INBOX
            reply = await self._carried([], messages, target, entries)
        # Also of a refusal: a set is not moved as one (RFC 6851 section 3.3).
        placed = [
            (entry, Place(folder=target, uid_validity=copied.uid_validity, uid=there))
            for copied in copies(reply)
            for entry in entries
            if uids[entry.id] in copied.source
            and (there := copied.destination_of(uids[entry.id])) is not None
        ]
        if placed and (desk.can.move or await self._removed(placed, uids)):
            await arrived(placed)
        known = {entry.id for entry, _ in placed}
        left = [entry for entry in entries if entry.id not in known]
        if left and not reply.is_ok:
            await desk.refused(left, reply)
        elif left:
            # OK, and nothing that proves it: the next attempt looks in both folders (G2).
            await desk.postponed(left, "the server said OK, and not where the message went")

    async def _carried(
        self,
        said: list[Command],
        uids: UidSet,
        target: bytes,
        entries: Sequence[JournalEntry],
    ) -> Reply:
        """Move messages, or copy them where there is no MOVE."""
        if self._desk.can.move:
            command: Command = UidMove(uids=uids, mailbox=target)
        else:
            command = UidCopy(uids=uids, mailbox=target)
        return (await self._desk.burst([*said, command], entries))[-1]

    async def _removed(self, copied: Sequence[Brought], uids: Mapping[ActionId, int]) -> bool:
        """Take messages out of quarantine whose copies are there: these UIDs and no others."""
        entries = [entry for entry, _ in copied]
        if not self._desk.can.removes:
            reason = "the server has no way to take one message away"
            await self._desk.postponed(entries, reason)
            return False
        messages = UidSet(uids[entry.id] for entry in entries)
        mark = UidStore(uids=messages, flags=("\\Deleted",), mode=StoreMode.ADD, silent=True)
        replies = await self._desk.burst([mark, UidExpunge(uids=messages)], entries)
        if not replies[-1].is_ok:
            await self._desk.refused(entries, replies[-1])
        return replies[-1].is_ok

    async def _looked_for(
        self, target: bytes, entries: Sequence[JournalEntry], arrived: Arrived, *, unread: bool
    ) -> None:
        """Look for messages where they were to go: a crash may have fallen behind the move.

        Then, for whoever wants one back, under the name that its folder may have now.
        """
        desk, placed = self._desk, await self._placed(target, entries)
        there = [(entry, placed[entry.id]) for entry in entries if entry.id in placed]
        if there:
            await arrived(there)
        lost = [entry for entry in entries if entry.id not in placed]
        wanted = [entry for entry in lost if _is_undone(entry)]
        uids = await renamed(desk, wanted) if wanted else {}
        found = await self._willing([entry for entry in lost if entry.id in uids], uids)
        if found:
            await self._moved(uids, target, found, arrived, unread=unread)
        await self._given_up([entry for entry in lost if entry.id not in uids])

    async def _given_up(self, entries: Sequence[JournalEntry]) -> None:
        """Write of messages that were found nowhere; their folder may be missing with them."""
        ledger, listed = self._desk.ledger, dict[bytes, bool]()
        for entry in entries:
            folder = b"" if entry.result is None else entry.result.folder
            if folder not in listed:
                listed[folder] = await self._desk.targets.is_listed(folder)
            if listed[folder]:
                await ledger.gone([entry], TAKEN)
            elif _is_undone(entry):
                # It can be asked for again: a server may be without one of its disks for a while.
                await ledger.failed([entry], LOST)
            elif entry.attempts >= MAX_ATTEMPTS:
                await ledger.gone([entry], LOST)
            else:
                await ledger.kept([entry], LOST)

    async def _placed(
        self, folder: bytes, entries: Sequence[JournalEntry]
    ) -> dict[ActionId, Place]:
        """Return which messages are among the last of a folder, and where."""
        session = self._desk.session
        try:
            state = await session.examine(folder)
            found = _matched(entries, await sighting.recent(session, state))
        except FolderError:
            return {}
        validity = state.uid_validity or 1
        return {
            action: Place(folder=folder, uid_validity=validity, uid=row.uid)
            for action, row in found.items()
        }

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
        state = opened(selected, desk.session.exists)
        rows: Iterable[Fetch] = sighting.rows_by_uid(fetched.data).values()
        if state.uid_validity != place.uid_validity or not _matched([entry], rows):
            # Its UID may have begun anew, and the message is still there, with its mark.
            try:
                rows = await sighting.recent(desk.session, state)
            except FolderError as error:
                await desk.postponed([entry], str(error))
                return
        found = _matched([entry], rows).get(entry.id)
        if found is None or found.uid is None:
            await desk.ledger.gone([entry], TAKEN)
            return
        place = Place(folder=place.folder, uid_validity=state.uid_validity or 1, uid=found.uid)
        uids = UidSet((found.uid,))
        if _is_tired(entry):
            await desk.ledger.failed([entry], entry.reason)
            return
        label = label_of(entry, gmail=desk.can.gmail)
        mark = mark_of(entry, gmail=desk.can.gmail) or ""
        command: Command = (
            UidStore(uids=uids, flags=(mark,), mode=StoreMode.REMOVE, silent=True)
            if label is None
            else UidLabel(uids=uids, labels=(label,), add=False)
        )
        # As in setting it, an answer to STORE proves nothing (G9).
        replies = await desk.burst([command, marks(uids, labels=label is not None)], [entry])
        facts = told(replies)
        if facts.refusal is not None:
            await desk.refused([entry], facts.refusal)
        elif facts.carries(found.uid, entry, gmail=desk.can.gmail):
            await desk.postponed([entry], f"the server does not take off the mark {entry.target}")
        else:
            await desk.ledger.undone([(entry, place)])


def _is_undone(entry: JournalEntry) -> bool:
    """Tell whether somebody asked for a message back; else its time is over."""
    return entry.state is ActionState.UNDOING


def _is_tired(entry: JournalEntry) -> bool:
    """Tell whether enough was tried. To the trash it is tried for ever: there is no hurry."""
    return _is_undone(entry) and entry.attempts >= MAX_ATTEMPTS


def _matched(entries: Iterable[JournalEntry], rows: Iterable[Fetch]) -> dict[ActionId, Fetch]:
    """Return the rows that are the entries' messages, by the entries' ids.

    Of two messages that are alike each belongs to one entry: to whose place it is, else to any.
    """
    left, found = list(rows), dict[ActionId, Fetch]()
    for at_its_place in (True, False):
        for entry in entries:
            uid = None if entry.result is None else entry.result.uid
            own = (
                row
                for row in left
                if entry.id not in found
                and (row.uid == uid or not at_its_place)
                and sighting.is_of(entry, row)
            )
            row = next(own, None)
            if row is not None:
                found[entry.id] = row
                left.remove(row)
    return found
