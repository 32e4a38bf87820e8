"""A look through a mailbox: messages of folders that are open for reading, as guards see them.

Folders are opened with EXAMINE and bodies are peeked at, so nothing of the mailbox changes. Whose
session it is, and how it ends, is for whoever lends it. It must not know what the mail is looked at
for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date

from vedette import mime
from vedette.engine.batch import Mail
from vedette.engine.collector import STEP
from vedette.engine.fetching import Fetching
from vedette.engine.ingest import is_hard
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.imap import Fetch, FetchItem, UidFetch, UidSet, refusal
from vedette.model.account import Account
from vedette.ports.reader import ReaderKilledError
from vedette.sync.fold import merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor has: a logged-in ``session`` and the ``world`` that it lives in.

    ``apart``: all mail is read in the reader's process, and none of it on the loop.
    """

    account: Account
    session: Session
    world: World
    apart: bool = False

    async def listed(
        self, uids: UidSet | None = None, *, since: date | None = None, last: int | None = None
    ) -> UidSet:
        """Return the messages of the folder that is open; ``since`` and ``last`` leave out older."""
        fetching = Fetching(self.session, self.account, self.world)
        every = UidSet.since(1) if uids is None else uids
        return await fetching.listing(every, since=since, last=last)

    async def sizes(self, uids: UidSet) -> dict[int, int]:
        """Return how many octets messages have, by UID; those that went away are left out."""
        command = UidFetch(uids=uids, items=(FetchItem.UID, FetchItem.SIZE))
        reply = await self.session.run(command)
        rows = merged(each for each in reply.data if isinstance(each, Fetch))
        if not reply.is_ok and not rows:
            raise refusal(command.verb, reply.kind, reply.code, reply.text)
        return {uid: row.size or 0 for uid, row in rows.items() if uid in uids}

    async def letters(
        self, *, since: date | None = None, last: int | None = None
    ) -> AsyncGenerator[tuple[Mail, mime.Message], None]:
        """Yield the messages of the folder that is open, oldest first, as ``some`` does."""
        uids = await self.listed(since=since, last=last)
        for part in uids.chunks(uids=STEP):
            async with aclosing(self.some(part)) as letters:
                async for letter in letters:
                    yield letter

    async def some(self, uids: UidSet) -> AsyncGenerator[tuple[Mail, mime.Message], None]:
        """Yield a few messages of the folder that is open, read as guards see them.

        One that kills whoever reads it is left out. Raises LinkError. Close it
        (``contextlib.aclosing``): its files are in the world's spool.
        """
        fetching = Fetching(self.session, self.account, self.world)
        async with fetching.turn() as spools:
            for mail in await fetching.mails(uids, spools):
                message = await self._read(mail)
                if message is not None:
                    yield mail, message

    async def _read(self, mail: Mail) -> mime.Message | None:
        try:
            return await self.world.reader.read(
                mail.source,
                depth=mime.Depth(self.account.depth.value),
                trusted_authserv=self.account.trusted_authserv,
                size=mail.row.size,
                isolate=self.apart or is_hard(mail),
                shown=True,
            )
        except ReaderKilledError:
            return None
