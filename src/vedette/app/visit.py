"""A visit to a mailbox: one session for a command that only looks, and nothing is left of it.

Folders are opened with EXAMINE, bodies are peeked at, and no state is read or written. However a
visit ends, the session, the processes that read mail and their files end with it. It must not
know what the mail is looked at for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vedette import mime
from vedette.app.clock import SystemClock, dice
from vedette.config.settings import AccountSettings
from vedette.engine.batch import Mail
from vedette.engine.collector import STEP
from vedette.engine.fetching import Fetching
from vedette.engine.guarding import Guarding
from vedette.engine.ingest import is_hard
from vedette.engine.login import log_in
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.imap import UidSet
from vedette.model.account import Account
from vedette.net.dial import SocketDialer
from vedette.outbox.directory import Directory
from vedette.ports.reader import ReaderKilledError
from vedette.reader import MessageReader
from vedette.store.sqlite.store import SqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor has: a logged-in ``session`` and the ``world`` that it lives in."""

    account: Account
    session: Session
    world: World

    async def letters(
        self, *, since: date | None = None, last: int | None = None
    ) -> AsyncGenerator[tuple[Mail, mime.Message], None]:
        """Yield the messages of the folder that is open, oldest first, read as guards see them.

        ``since`` and ``last`` leave out older ones. One that kills whoever reads it is left out.
        Raises LinkError. Close it (``contextlib.aclosing``): its files are in the world's spool.
        """
        fetching = Fetching(self.session, self.account, self.world)
        uids = await fetching.listing(UidSet.since(1), since=since, last=last)
        for part in uids.chunks(uids=STEP):
            async with fetching.turn() as spools:
                for mail in await fetching.mails(part, spools):
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
                isolate=is_hard(mail),
                shown=True,
            )
        except ReaderKilledError:
            return None


@asynccontextmanager
async def visit(
    settings: AccountSettings, scratch: Path, *, guards: Guarding | None = None
) -> AsyncIterator[Visit]:
    """Log in, and leave in any case. Raises LinkError as a watch does.

    ``scratch`` is a folder for large messages; ``guards`` are those that ask for something.
    """
    reader = MessageReader()
    world = passing(scratch, reader, guards)
    await reader.start()
    try:
        session = await log_in(settings.account, settings.target, world)
        try:
            yield Visit(account=settings.account, session=session, world=world)
        finally:
            await session.logout()
    finally:
        await reader.stop()


def passing(scratch: Path, reader: MessageReader, guards: Guarding | None = None) -> World:
    """Return a world with the real network and the real clock, and without a state."""
    clock = SystemClock()
    return World(
        dialer=SocketDialer(),
        # Never started: nothing is read from a state and nothing is written.
        store=SqliteStore(scratch, clock),
        reader=reader,
        clock=clock,
        dice=dice,
        endpoints=Directory,
        wake=lambda _endpoints: None,
        spool=str(scratch),
        guards=guards or Guarding(),
    )
