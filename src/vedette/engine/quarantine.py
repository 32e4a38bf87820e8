r"""Finds the folders that messages are moved to, and makes those that are missing.

A pack names a folder as a person does, with ``/`` between its levels; servers have delimiters
and prefixes of their own (catalogue S19, G7). It must not know messages.
"""

from __future__ import annotations

import structlog

from vedette.engine.discovery import listed
from vedette.engine.session import Session
from vedette.imap import AskNamespace, CodeName, Create, Namespace, encode_name
from vedette.model.folder import Folder

_log = structlog.stdlib.get_logger(__name__)

#: How a pack separates the levels of a folder's name.
LEVEL = "/"


class Targets:
    """The folders of one account as one session lists them."""

    __slots__ = ("_folders", "_paths", "_prefix", "_session", "_unlisted")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folders: dict[str, Folder] = {}
        self._paths: dict[str, bytes] = {}
        self._prefix = ""
        self._unlisted = True

    async def path(self, name: str) -> bytes:
        """Return the name on the wire of a folder. Raises UsageError for one that can not be."""
        known = self._paths.get(name)
        if known is not None:
            return known
        await self._list()
        path = self._paths[name] = self._path(name)
        return path

    async def prepare(self, name: str) -> None:
        """Make a folder if it is not listed, so that no message waits for it later."""
        path = await self.path(name)
        if all(folder.path != path for folder in self._folders.values()):
            await self.create(path)

    async def create(self, path: bytes) -> bool:
        """Make a folder; it is not subscribed: nobody needs to look into it every day.

        True if it is there now.
        """
        reply = await self._session.run(Create(mailbox=path))
        made = reply.is_ok or (reply.code is not None and reply.code.name == CodeName.ALREADYEXISTS)
        _log.info("folder.made", folder=path.decode("latin-1"), made=made, reply=reply.text)
        return made

    async def trash(self) -> bytes | None:
        r"""Return the folder that serves as \Trash, by its use or its name; None: there is none.

        None is made: a folder that another program may empty would be of our making.
        """
        await self._list()
        for folder in self._folders.values():
            if folder.special_use == "\\Trash" and folder.selectable:
                return folder.path
        return None

    async def anew(self) -> tuple[Folder, ...]:
        """Return all folders, asked for anew: one may have been made, renamed or deleted."""
        self._unlisted = True
        self._paths.clear()
        await self._list()
        return tuple(self._folders.values())

    async def is_listed(self, path: bytes) -> bool:
        """Tell whether a folder is there; a listing of nothing but INBOX says nothing (S17)."""
        paths = {folder.path for folder in await self.anew()}
        return path in paths or len(paths) == 1

    async def _list(self) -> None:
        if not self._unlisted:
            return
        self._folders = {folder.name: folder for folder in await listed(self._session)}
        self._prefix = await self._personal()
        self._unlisted = False

    async def _personal(self) -> str:
        """Return the prefix of the user's own folders (RFC 2342), such as ``INBOX.``."""
        if not self._session.has("NAMESPACE"):
            return ""
        reply = await self._session.run(AskNamespace())
        for event in reply.data:
            if isinstance(event, Namespace) and event.personal:
                return event.personal[0].prefix.decode("latin-1")
        return ""

    def _path(self, name: str) -> bytes:
        delimiter = next((each.delimiter for each in self._folders.values() if each.delimiter), "")
        # Where folders have no levels, a name with a "/" is one like any other.
        spelled = name.replace(LEVEL, delimiter) if delimiter else name
        for wanted in (self._prefix + spelled, spelled):
            if wanted in self._folders:
                return self._folders[wanted].path
        own = spelled if spelled.startswith(self._prefix) else self._prefix + spelled
        return encode_name(own, utf8=self._session.link.connection.utf8)
