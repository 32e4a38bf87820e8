"""The folders of a mailbox: which there are, what they are for, how much is in them.

It must not know who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vedette.engine.opening import opened
from vedette.engine.session import Session
from vedette.errors import FolderError
from vedette.imap import (
    AskStatus,
    List,
    Select,
    StatusField,
    StatusItem,
    folder_key,
    refusal,
)
from vedette.model.account import Account
from vedette.model.folder import Folder
from vedette.service.mailbox.sessions import Lease
from vedette.service.refusals import ConflictError, NotFoundError
from vedette.sync.plan import Opened
from vedette.sync.selection import MAX_FOLDERS, choose

#: What is asked of each folder.
NUMBERS: Final = (
    StatusField.MESSAGES,
    StatusField.UNSEEN,
    StatusField.UIDNEXT,
    StatusField.UIDVALIDITY,
)
#: Folders that are asked one by one, where the server does not tell of all at once: each costs it a
#: look at the disk.
ASKED: Final = 500
#: Questions in one write; a link has room for 64 commands under way.
BURST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSeen:
    """A folder, its numbers where the server told them, and whether it is watched."""

    folder: Folder
    numbers: StatusItem | None
    is_watched: bool


async def folders_seen(lease: Lease) -> list[FolderSeen]:
    """Return every folder, in the server's order. Raises LinkError."""
    session = lease.session
    folders = await lease.folders(anew=True)
    session.statuses.clear()
    if session.has("LIST-STATUS"):
        # Together with LIST, in one round trip (RFC 5819).
        await session.run(List(status=NUMBERS))
    missing = [each for each in folders if each.selectable and each.path not in session.statuses]
    for start in range(0, min(len(missing), ASKED), BURST):
        part = missing[start : min(start + BURST, ASKED)]
        await session.burst([AskStatus(mailbox=each.path, fields=NUMBERS) for each in part])
    numbers = {folder_key(name): each for name, each in session.statuses.items()}
    session.statuses.clear()
    watched = watched_of(folders, lease.assignment.account)
    return [
        FolderSeen(
            folder=each,
            numbers=numbers.get(folder_key(each.path)),
            is_watched=each.path in watched,
        )
        for each in folders[:MAX_FOLDERS]
    ]


def watched_of(folders: Sequence[Folder], account: Account) -> frozenset[bytes]:
    """Return the paths of those that the account's selectors choose."""
    return frozenset(each.path for each in choose(folders, account.folders).folders)


async def folder_named(lease: Lease, name: str) -> Folder:
    r"""Return the folder of a name, as events write it, or of a special use such as ``\Trash``.

    Raises NotFoundError where there is none, ConflictError for one that holds no messages.
    """
    found = _named(await lease.folders(), name) or _named(await lease.folders(anew=True), name)
    if found is None:
        raise NotFoundError("folder", name)
    if not found.selectable:
        raise ConflictError(f"the folder {name[:100]!r} holds folders and no messages")
    return found


async def folder_at(lease: Lease, path: bytes) -> Folder | None:
    """Return the folder with a name on the wire, or None."""
    for anew in (False, True):
        for each in await lease.folders(anew=anew):
            if each.path == path:
                return each
    return None


async def examine(session: Session, folder: Folder) -> Opened:
    """Open a folder for reading alone. Raises NotFoundError, ConflictError, LinkError."""
    session.settle()
    return await open_folder(session, folder, read_only=True)


async def open_folder(session: Session, folder: Folder, *, read_only: bool) -> Opened:
    """Open a folder; what the server says against it is a refusal, and no failure of the way."""
    command = Select(mailbox=folder.path, read_only=read_only)
    reply = await session.run(command)
    if reply.is_ok:
        return opened(reply, session.exists)
    error = refusal(command.verb, reply.kind, reply.code, reply.text)
    if not isinstance(error, FolderError):
        raise error
    if error.response_code == "NONEXISTENT":
        raise NotFoundError("folder", folder.name)
    raise ConflictError(str(error))


def _named(folders: Sequence[Folder], name: str) -> Folder | None:
    if name.startswith("\\"):
        fits = [each for each in folders if (each.special_use or "").lower() == name.lower()]
    elif name.upper() == "INBOX":
        fits = [each for each in folders if each.path == b"INBOX"]
    else:
        spelled = name.encode("utf-8", "replace")
        # A name that a folder is called comes before one that it has on the wire (S18).
        fits = [each for each in folders if each.name == name]
        fits += [each for each in folders if each.path == spelled]
    return fits[0] if fits else None
