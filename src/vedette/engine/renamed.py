"""Finds the folder that a quarantine was renamed to, when a message in it is asked for.

A folder that is renamed keeps its UIDVALIDITY and its messages their UIDs. Many servers give
all folders one UIDVALIDITY, so that a message there must be the one by its identity too. It
must not know what becomes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.engine import sighting
from vedette.engine.desk import TOGETHER, Desk
from vedette.engine.others import NUMBERS
from vedette.imap import AskStatus, Command, Select, UidFetch, UidSet
from vedette.model.action import JournalEntry, Place
from vedette.model.ids import ActionId

#: Folders that are asked for their UIDVALIDITY, and of those that have it such as are opened:
#: a person waits for the answer.
ASKED = 200
OPENED = 20

#: They show messages of other folders (RFC 6154 section 2).
VIRTUAL = frozenset({"\\All", "\\Flagged", "\\Important"})


async def renamed(desk: Desk, entries: Sequence[JournalEntry]) -> dict[ActionId, int]:
    """Open the folder that holds messages now, for writing, and return their UIDs; empty: none does.

    ``entries`` were put into one folder, and are not in what has its name now.
    """
    session = desk.session
    places = {each.id: each.result for each in entries if each.result is not None}
    uids = UidSet(place.uid for place in places.values() if place.uid is not None)
    for path in await _alike(desk, entries, list(places.values())) if uids else ():
        commands: list[Command] = [
            Select(mailbox=path, read_only=False),
            UidFetch(uids=uids, items=sighting.items(session)),
        ]
        selected, fetched = await desk.burst(commands, entries)
        if not selected.is_ok or session.link.connection.read_only:
            continue
        rows = sighting.rows_by_uid(fetched.data)
        found = {
            entry.id: uid
            for entry in entries
            if entry.id in places
            and (uid := places[entry.id].uid) is not None
            and (row := rows.get(uid)) is not None
            and sighting.is_of(entry, row)
        }
        if found:
            return found
    return {}


async def _alike(
    desk: Desk, entries: Sequence[JournalEntry], places: Sequence[Place]
) -> list[bytes]:
    """Return the folders that have the UIDVALIDITY of the one that is not there any more."""
    session, wanted = desk.session, {place.uid_validity for place in places}
    known = {*(place.folder for place in places), *(each.origin.folder for each in entries)}
    paths = [
        folder.path
        for folder in await desk.targets.anew()
        if folder.selectable and folder.special_use not in VIRTUAL and folder.path not in known
    ][:ASKED]
    found: list[bytes] = []
    for start in range(0, len(paths), TOGETHER):
        part = paths[start : start + TOGETHER]
        await desk.burst([AskStatus(mailbox=path, fields=NUMBERS) for path in part], entries)
        for path in part:
            numbers = session.statuses.get(path)
            if numbers is not None and numbers.uid_validity in wanted:
                found.append(path)
    return found[:OPENED]
