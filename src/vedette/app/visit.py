"""A visit to a mailbox: one session for a command that only looks, and nothing is left of it.

Folders are opened with EXAMINE, bodies are peeked at, and no state is read or written. However a
visit ends, the session, the processes that read mail and their files end with it. It must not
know what the mail is looked at for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.app.clock import SystemClock, dice
from vedette.config.settings import AccountSettings
from vedette.engine.guarding import Guarding
from vedette.engine.login import log_in
from vedette.engine.world import World
from vedette.net.dial import SocketDialer
from vedette.outbox.directory import Directory
from vedette.reader import MessageReader
from vedette.service.mailbox.visit import Visit
from vedette.store.sqlite.store import SqliteStore


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
