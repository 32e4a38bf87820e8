r"""Changes of one message that a caller asks for: its flags, its folder.

The message is looked at in the session that changes it: the folder is open for writing, and has the
UIDVALIDITY of the id, so the UID is that message and no other (RFC 9051 section 2.3.1.1). What a
server answers to STORE proves nothing, and what it answers to MOVE only where COPYUID names the
message; so both are looked at again. Nothing here ever sets \Deleted but on an original whose copy
is proved, and takes that one away by its UID: there is no bare EXPUNGE. It must not know who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vedette.engine import sighting
from vedette.engine.answer import Reply
from vedette.engine.opening import may_delete, opened
from vedette.engine.orders import copies, is_missing, marks, told
from vedette.engine.session import Session
from vedette.errors import FolderError, ProtocolError, VedetteError
from vedette.imap import (
    Command,
    Fetch,
    FetchItem,
    Select,
    StoreMode,
    UidCopy,
    UidExpunge,
    UidFetch,
    UidMove,
    UidSet,
    UidStore,
    refusal,
)
from vedette.model.folder import Folder
from vedette.service.mailbox.folders import folder_at, folder_named
from vedette.service.mailbox.letters import RECENT
from vedette.service.mailbox.listing import validity_of
from vedette.service.mailbox.place import MessagePlace
from vedette.service.mailbox.refusals import GoneError
from vedette.service.mailbox.search import KEYWORD
from vedette.service.mailbox.sessions import Lease
from vedette.service.refusals import ConflictError, InvalidError, Mistake, NotFoundError

#: The flags of the protocol that a caller may set, as they are written.
SYSTEM: Final = {each.lower(): each for each in ("\\Seen", "\\Answered", "\\Flagged", "\\Draft")}
#: Flags of one change.
MAX_FLAGS: Final = 50

_DELETED: Final = ("\\Deleted",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Which flags to set, and which to take off."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A message with the flags that it has now; ``unkept`` are wishes that the server left undone."""

    place: MessagePlace
    flags: tuple[str, ...]
    unkept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """That a message is in a folder now; ``place`` is where, if the server told."""

    folder: Folder
    place: MessagePlace | None


def marks_of(add: Sequence[str], remove: Sequence[str]) -> Marks:
    r"""Return a wish, checked. Raises InvalidError with a line for each flag that may not be.

    \Deleted is none: whoever has the folder open next may take such a message away for good.
    """
    mistakes: list[Mistake] = []
    wish = Marks(add=_checked("add", add, mistakes), remove=_checked("remove", remove, mistakes))
    both = {each.lower() for each in wish.add} & {each.lower() for each in wish.remove}
    if both:
        mistakes.append(Mistake(field="remove", why=f"is in add too: {min(both)}"))
    if not mistakes and not (wish.add or wish.remove):
        mistakes.append(Mistake(field="add", why="there is nothing to do"))
    if mistakes:
        raise InvalidError(mistakes)
    return wish


async def mark(lease: Lease, place: MessagePlace, wish: Marks) -> Marked:
    """Set and take off flags. Raises NotFoundError, GoneError, ConflictError, LinkError."""
    session = lease.session
    await _opened(lease, place)
    uids = UidSet((place.uid,))
    commands: list[Command] = []
    for flags, mode in ((wish.add, StoreMode.ADD), (wish.remove, StoreMode.REMOVE)):
        if flags:
            commands.append(UidStore(uids=uids, flags=flags, mode=mode, silent=True))
    for reply in await session.burst(commands):
        if not reply.is_ok:
            raise _refused(session, "STORE", reply)
    # Asked in a write of its own: Dovecot answers a FETCH right behind from before it.
    found = told([await session.check(marks(uids, labels=False))]).flags.get(place.uid)
    if found is None:
        raise NotFoundError("message", place.id)
    have = {each.lower() for each in found}
    unkept = [each for each in wish.add if each.lower() not in have]
    unkept += [each for each in wish.remove if each.lower() in have]
    flags = tuple(sorted(each for each in found if each != RECENT))
    return Marked(place=place, flags=flags, unkept=tuple(unkept))


async def move(lease: Lease, place: MessagePlace, target: str) -> Moved:
    """Move a message to the folder of a name, which is there already.

    Raises NotFoundError, GoneError, ConflictError where the server can not take one message alone
    out of a folder, LinkError. Where the link dies in between, it is where it was or where it was
    to go, or in both.
    """
    session = lease.session
    folder = await folder_named(lease, target)
    if folder.path == place.folder:
        raise ConflictError("the message is in that folder already")
    removable = await _opened(lease, place)
    if session.has("MOVE"):
        return await _moved(session, place, folder)
    if not session.has("UIDPLUS"):
        raise ConflictError(
            f"{session.host} has neither MOVE nor UIDPLUS, so that one message can not be taken out"
            " of a folder alone"
        )
    if not removable:
        raise ConflictError(f"{session.host} lets no message of the folder be taken out")
    return await _copied(session, place, folder)


async def _opened(lease: Lease, place: MessagePlace) -> bool:
    """Open the folder for writing, see that the message is there; whether it may be taken out."""
    session = lease.session
    folder = await folder_at(lease, place.folder)
    if folder is None or not folder.selectable:
        raise NotFoundError("message", place.id)
    command = Select(mailbox=folder.path, read_only=False)
    seen = UidFetch(uids=UidSet((place.uid,)), items=sighting.items(session))
    selected, fetched = await session.burst([command, seen])
    if not selected.is_ok:
        error = refusal(command.verb, selected.kind, selected.code, selected.text)
        raise ConflictError(str(error)) if isinstance(error, FolderError) else error
    if validity_of(opened(selected, session.exists)) != place.uid_validity:
        raise GoneError(folder.name)
    if not _is_there(fetched, place):
        raise NotFoundError("message", place.id)
    if session.link.connection.read_only:
        words = f": {selected.text}" if selected.text else ""
        raise ConflictError(f"{session.host} opens the folder for reading only{words}")
    return may_delete(selected)


async def _moved(session: Session, place: MessagePlace, folder: Folder) -> Moved:
    reply = await session.run(UidMove(uids=UidSet((place.uid,)), mailbox=folder.path))
    if not reply.is_ok:
        raise _refused(session, "MOVE", reply)
    found = _copy(reply, place, folder)
    if found is None and await _is_here(session, place):
        raise ConflictError(f"{session.host} said OK, and the message is where it was")
    return Moved(folder=folder, place=found)


async def _copied(session: Session, place: MessagePlace, folder: Folder) -> Moved:
    r"""Copy a message, and take the original away once COPYUID proves the copy (RFC 4315)."""
    uids = UidSet((place.uid,))
    reply = await session.run(UidCopy(uids=uids, mailbox=folder.path))
    if not reply.is_ok:
        raise _refused(session, "COPY", reply)
    found = _copy(reply, place, folder)
    if found is None:
        raise ConflictError(
            f"{session.host} does not say where the copy is, so the original stays: look into both"
        )
    store = UidStore(uids=uids, flags=_DELETED, mode=StoreMode.ADD, silent=True)
    replies = await session.burst([store, UidExpunge(uids=uids)])
    if await _is_here(session, place):
        # Whoever has the right would take it away, and nobody asked for that.
        await session.run(UidStore(uids=uids, flags=_DELETED, mode=StoreMode.REMOVE, silent=True))
        words = next((each.text for each in replies if not each.is_ok), "it is still there")
        raise ConflictError(
            f"the message was copied to {folder.name!r}, and {session.host} did not take the"
            f" original away: {words[:300]}"
        )
    return Moved(folder=folder, place=found)


async def _is_here(session: Session, place: MessagePlace) -> bool:
    items = (FetchItem.UID, FetchItem.FLAGS)
    reply = await session.run(UidFetch(uids=UidSet((place.uid,)), items=items))
    return not reply.is_ok or _is_there(reply, place)


def _is_there(reply: Reply, place: MessagePlace) -> bool:
    return any(isinstance(each, Fetch) and each.uid == place.uid for each in reply.data)


def _copy(reply: Reply, place: MessagePlace, folder: Folder) -> MessagePlace | None:
    """Return where the server says that the message is now."""
    for copied in copies(reply):
        uid = copied.destination_of(place.uid) if place.uid in copied.source else None
        if uid is not None:
            return MessagePlace(folder=folder.path, uid_validity=copied.uid_validity, uid=uid)
    return None


def _refused(session: Session, verb: str, reply: Reply) -> VedetteError:
    """Return what a NO or BAD means: a refusal of this change, unless it is about us."""
    if is_missing(reply):
        return ConflictError(f"{session.host} has no such folder any more: {reply.text[:300]}")
    error = refusal(f"UID {verb}", reply.kind, reply.code, reply.text)
    if isinstance(error, ProtocolError):
        return ConflictError(str(error))
    return error


def _checked(name: str, flags: Sequence[str], mistakes: list[Mistake]) -> tuple[str, ...]:
    if len(flags) > MAX_FLAGS:
        mistakes.append(Mistake(field=name, why=f"has more than {MAX_FLAGS} flags"))
        return ()
    found: dict[str, str] = {}
    for place, flag in enumerate(flags):
        known = SYSTEM.get(flag.lower())
        if known is None and not KEYWORD.fullmatch(flag):
            why = f"is no keyword, and none of {', '.join(SYSTEM.values())}"
            mistakes.append(Mistake(field=f"{name}.{place}", why=why))
        else:
            found[flag.lower()] = known or flag
    return tuple(found.values())
