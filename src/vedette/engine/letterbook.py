r"""Reads to whom the user wrote: the recipients of the last messages of the folder \Sent.

It is opened for reading only, some messages at a time; mail that arrives comes between. It must
not know what is made of it, and it keeps no address: see ``correspondents``.
"""

from __future__ import annotations

import asyncio

import structlog

from vedette import mime
from vedette.engine.correspondents import Notes
from vedette.engine.discovery import listed
from vedette.engine.session import Session
from vedette.engine.share import Share
from vedette.engine.world import World
from vedette.errors import FolderError, ProtocolError
from vedette.guard.pack import DAY, WROTE_TO
from vedette.imap import Fetch, FetchItem, FromNumber, Peek, Search, UidFetch, UidSearch, UidSet
from vedette.model.account import Account
from vedette.secret import Secret
from vedette.sync.plan import Opened

_log = structlog.stdlib.get_logger(__name__)

#: Messages, from the end of the folder: a few months of most people.
LAST = 500
#: Messages in one turn: an answer of one round trip.
TURN = 64
#: Octets of the fields of one message: some 200 recipients. Whoever writes to more knows few.
OCTETS = 8 * 1024

#: From tells the user's own addresses, which must not count.
FIELDS = Peek(section=b"HEADER.FIELDS (FROM TO CC BCC)", partial=(0, OCTETS))


class Letterbook:
    """The letterbook of one session. Instants are the loop's, in seconds."""

    __slots__ = ("_account", "_left", "_next_at", "_notes", "_path", "_session", "_world")

    def __init__(self, account: Account, world: World, session: Session) -> None:
        self._account = account
        self._world = world
        self._session = session
        self._next_at = 0.0
        self._path = b""
        self._notes: Notes | None = None  # of the reading that is under way
        self._left: tuple[int | None, UidSet] | None = None  # UIDVALIDITY, and what is to be read

    def again(self) -> None:
        """Begin anew: a person asked for it."""
        self._next_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether a guard asks to whom the user wrote, and it is time to look."""
        if self._key() is None:
            return False
        now = asyncio.get_running_loop().time()
        if self._notes is not None:
            return True
        return now >= self._next_at and self._world.correspondents.may_read(self._account.id, now)

    @property
    def is_first(self) -> bool:
        """Whether nothing is known yet: nobody should be judged before."""
        return self.is_due and not self._world.correspondents.is_read(self._account.id)

    def drop(self) -> None:
        """Forget what is known if no guard asks for it any more."""
        if self._key() is None:
            self._notes, self._left, self._next_at = None, None, 0.0
            self._world.correspondents.forget(self._account.id)

    async def turn(self) -> None:
        """Read some messages; another folder is open afterwards, or none.

        Raises LinkError when the link ends. A refusal is no reason to end it: what was known
        holds until the next look, and where nothing was, nobody is known.
        """
        account = self._account.id
        try:
            await self._step()
        except (FolderError, ProtocolError) as error:
            if self._session.link.is_lost:
                raise
            _log.warning("correspondents.unread", account=account, error=str(error))
            key, known = self._key(), self._world.correspondents
            if key is not None and not known.is_read(account):
                known.learned(account, Notes(key, ()))
            self._notes = self._left = None

    async def _step(self) -> None:
        """Do the next step of a reading: begin it, read some messages, or end it."""
        if self._notes is None:
            self._begin()
            self._path = await self._sent()
        if self._path:
            await self._read(await self._session.examine(self._path))
        if self._left is None and self._notes is not None:
            known = self._world.correspondents.learned(self._account.id, self._notes)
            _log.info("correspondents.read", account=self._account.id, known=known)
            self._notes = None

    def _begin(self) -> None:
        key, now = self._key(), asyncio.get_running_loop().time()
        if key is not None:
            account = self._account
            self._world.correspondents.begun(account.id, now)
            self._notes = Notes(key, (account.email, account.credentials.user))
            self._left, self._next_at = None, now + DAY

    async def _sent(self) -> bytes:
        r"""Return the folder of use \Sent, by its attribute or its name; empty: there is none."""
        for folder in await listed(self._session):
            if folder.special_use == "\\Sent" and folder.selectable:
                return folder.path
        return b""

    async def _read(self, opened: Opened) -> None:
        """Read the newest of what is left of the folder that is open."""
        if self._left is None:
            left = await self._listed(opened)
        else:
            validity, left = self._left
            if validity != opened.uid_validity:
                # Its UIDs mean others by now: what is left is for the next look.
                left = UidSet()
        part = UidSet(list(left)[-TURN:])
        if part:
            await self._note(part)
        rest = UidSet(uid for uid in left if uid not in part)
        self._left = (opened.uid_validity, rest) if rest else None

    async def _listed(self, opened: Opened) -> UidSet:
        """Return the last messages of the folder that is open."""
        if not opened.exists:
            return UidSet()
        first = max(opened.exists - LAST + 1, 1)
        reply = await self._session.check(UidSearch(criteria=(FromNumber(number=first),)))
        found = [event.numbers[-LAST:] for event in reply.data if isinstance(event, Search)]
        return UidSet([uid for numbers in found for uid in numbers][-LAST:])

    async def _note(self, uids: UidSet) -> None:
        reply = await self._session.check(UidFetch(uids=uids, items=(FetchItem.UID, FIELDS)))
        share = Share()
        for row in reply.data:
            octets = _fields(row) if isinstance(row, Fetch) else b""
            if octets and self._notes is not None:
                self._notes.add(mime.read_header(octets))
            if share.is_over:
                await share.give_way()

    def _key(self) -> Secret[str] | None:
        """Return the key of a guard that asks to whom the user wrote; None: nobody asks."""
        for post in self._world.guards.covering(self._account):
            if WROTE_TO in post.facts:
                return post.key
        return None


def _fields(row: Fetch) -> bytes:
    """Return the fields of a row; of what was cut, up to the last address that is whole."""
    data = row.sections[0].data if row.sections else None
    if not isinstance(data, bytes):
        return b""
    return data if len(data) < OCTETS else data[: max(data.rfind(b","), data.rfind(b"\n"), 0)]
