"""Which folders there are: LIST as rich as the server can, as plain as it must."""

from __future__ import annotations

from functools import lru_cache

from vedette.engine.answer import Reply
from vedette.engine.session import Session
from vedette.errors import FolderError
from vedette.imap import List, ListItem
from vedette.model.account import Account
from vedette.model.folder import Folder
from vedette.sync.selection import Chosen, choose, folders_of

#: Selectors that need no listing at all: INBOX is there whatever the server lists.
INBOX_ONLY = frozenset({"\\inbox", "inbox"})


async def discover(session: Session, account: Account) -> Chosen:
    """Return the folders of the account to watch. Raises FolderError when there is none.

    A server whose LIST with SPECIAL-USE fails or is empty is asked plainly (S17).
    """
    if all(selector.lower() in INBOX_ONLY for selector in account.folders):
        return _inbox(account.folders)
    folders = await listed(session)
    chosen = choose(folders, account.folders)
    if not chosen.folders:
        wanted = ", ".join(account.folders)
        have = ", ".join(folder.name for folder in folders[:20])
        raise FolderError(f"{session.host} has no folder {wanted}; it has: {have}")
    return chosen


@lru_cache(maxsize=16)
def _inbox(selectors: tuple[str, ...]) -> Chosen:
    """Return INBOX without a listing; most mailboxes watch just it, and share one object."""
    return choose(folders_of(()), selectors)


async def listed(session: Session) -> list[Folder]:
    """Return every folder of the account."""
    # RETURN is LIST-EXTENDED's (RFC 6154 section 2); without it the attributes come unasked.
    if session.has("SPECIAL-USE") and session.has("LIST-EXTENDED"):
        reply = await session.run(List(special_use=True))
        if reply.is_ok and _items(reply):
            return folders_of(_items(reply))
    reply = await session.check(List())
    return folders_of(_items(reply))


def _items(reply: Reply) -> list[ListItem]:
    return [event for event in reply.data if isinstance(event, ListItem)]
