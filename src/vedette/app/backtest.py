"""Tries a guard on the mail that is in a mailbox: what it would do, and with what.

Folders are opened read-only, bodies are peeked at, and nothing is written anywhere: the guard's
limits count as they would, so that a pack that would trip says so beforehand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from vedette import mime
from vedette.app.clock import SystemClock, dice
from vedette.config.settings import AccountSettings
from vedette.engine.discovery import discover
from vedette.engine.fetching import Fetching
from vedette.engine.guarding import UNJUDGED
from vedette.engine.ingest import Mail
from vedette.engine.login import log_in
from vedette.engine.world import World
from vedette.errors import FolderError
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.verdict import Verdict
from vedette.imap import UidSet, read_date_time
from vedette.model.folder import Folder
from vedette.net.dial import SocketDialer
from vedette.reader import MessageReader
from vedette.service.trial import Thinks
from vedette.store.sqlite import SqliteStore

#: Messages of one FETCH, as in a watch.
STEP = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message of the mailbox and what the guard would do with it."""

    folder: str
    uid: int
    arrived: datetime | None
    sender: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which messages: those since a day, and the last so many of each folder."""

    since: date | None = None
    last: int | None = None


async def backtest(
    settings: AccountSettings, guard: Guard, span: Span, scratch: Path, think: Thinks
) -> AsyncIterator[Judged]:
    """Yield the messages of the watched folders, folder by folder, oldest first.

    Raises LinkError as a watch does. ``scratch`` is a folder for large messages;
    ``think`` has the opinions of models.
    """
    account, clock = settings.account, SystemClock()
    reader = MessageReader()
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
    session = await log_in(account, settings.target, world)
    try:
        fetching = Fetching(session, account, world)
        for folder in _judged((await discover(session, account)).folders):
            try:
                await session.examine(folder.path)
            except FolderError:
                # A folder that can not be opened is not watched either.
                continue
            uids = await fetching.listing(UidSet.since(1), since=span.since, last=span.last)
            for part in uids.chunks(uids=STEP):
                async with fetching.turn() as spools:
                    for mail in await fetching.mails(part, spools):
                        letter = await _letter(mail, world, settings)
                        yield _one(mail, folder, guard, letter, think(letter))
    finally:
        await session.logout()
        await reader.stop()


async def _letter(mail: Mail, world: World, settings: AccountSettings) -> mime.Message:
    return await world.reader.read(
        mail.source,
        depth=mime.Depth.TEXT,
        trusted_authserv=settings.account.trusted_authserv,
        size=mail.row.size,
        isolate=isinstance(mail.source, Path),
        shown=True,
    )


def _one(
    mail: Mail, folder: Folder, guard: Guard, message: mime.Message, opinions: Mapping[str, float]
) -> Judged:
    row = mail.row
    evidence = Evidence(
        message=message, size=row.size or 0, flags=row.flags or (), opinions=opinions
    )
    address = message.from_[0].address if message.from_ else ""
    return Judged(
        folder=folder.name,
        uid=row.uid or 0,
        arrived=None if row.internal_date is None else read_date_time(row.internal_date),
        sender=address.rpartition("@")[2],
        verdict=guard.full(evidence),
    )


def _judged(folders: Sequence[Folder]) -> list[Folder]:
    return [each for each in folders if each.special_use not in UNJUDGED]
