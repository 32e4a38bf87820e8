"""Reads the mail of named folders of a mailbox, for training: read-only, bodies are peeked at.

What is read is reduced to numbers at once; nothing of a message is written anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from vedette import mime
from vedette.app.clock import SystemClock, dice
from vedette.config.settings import AccountSettings
from vedette.engine.discovery import listed
from vedette.engine.fetching import Fetching
from vedette.engine.login import log_in
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.errors import UsageError
from vedette.imap import UidSet
from vedette.model.folder import Folder
from vedette.net.dial import SocketDialer
from vedette.reader import MessageReader
from vedette.store.sqlite import SqliteStore
from vedette.sync.selection import choose

#: Messages of one FETCH, as in a watch.
STEP = 64


async def labelled(
    settings: AccountSettings, yes: Sequence[str], no: Sequence[str], *, last: int, scratch: Path
) -> AsyncIterator[tuple[mime.Message, bool]]:
    """Yield the last messages of folders, and whether they are wanted: those of ``no`` are.

    Raises LinkError as a watch does, and UsageError for a folder that is not there. ``scratch``
    is a folder for large messages.
    """
    clock, reader = SystemClock(), MessageReader()
    world = World(
        dialer=SocketDialer(),
        # Never started: nothing is read from the state and nothing is written.
        store=SqliteStore(scratch, clock),
        reader=reader,
        clock=clock,
        dice=dice,
        endpoints=lambda: (),
        wake=lambda _endpoints: None,
        spool=str(scratch),
    )
    await reader.start()
    try:
        session = await log_in(settings.account, settings.target, world)
        try:
            for folder, wanted in await _folders(session, yes, no):
                fetching = Fetching(session, settings.account, world)
                async for message in _letters(session, fetching, folder, last, world):
                    yield message, wanted
        finally:
            await session.logout()
    finally:
        await reader.stop()


async def _folders(
    session: Session, yes: Sequence[str], no: Sequence[str]
) -> list[tuple[Folder, bool]]:
    folders = await listed(session)
    found: dict[bytes, tuple[Folder, bool]] = {}
    for names, wanted in ((yes, False), (no, True)):
        for name in names:
            chosen = choose(folders, [name]).folders
            if not chosen:
                raise UsageError(f"there is no folder {name!r}; see vedette doctor for their names")
            for folder in chosen:
                known = found.setdefault(folder.path, (folder, wanted))
                if known[1] is not wanted:
                    raise UsageError(f"{folder.name} can not be both of --yes and of --no")
    return list(found.values())


async def _letters(
    session: Session, fetching: Fetching, folder: Folder, last: int, world: World
) -> AsyncIterator[mime.Message]:
    await session.examine(folder.path)
    uids = await fetching.listing(UidSet.since(1), since=None, last=last)
    for part in uids.chunks(uids=STEP):
        async with fetching.turn() as spools:
            for mail in await fetching.mails(part, spools):
                yield await world.reader.read(
                    mail.source,
                    depth=mime.Depth.TEXT,
                    trusted_authserv=(),
                    size=mail.row.size,
                    isolate=isinstance(mail.source, Path),
                    shown=True,
                )
