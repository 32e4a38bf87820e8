"""Tries a guard on the mail that is in a mailbox: what it would do, and with what.

Folders are opened read-only, bodies are peeked at, and nothing is written anywhere: the guard's
limits count as they would, so that a pack that would trip says so beforehand.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from vedette import mime
from vedette.app.visit import visit
from vedette.config.settings import AccountSettings
from vedette.engine.discovery import discover
from vedette.engine.guarding import UNJUDGED
from vedette.engine.ingest import Mail
from vedette.errors import FolderError
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.verdict import Verdict
from vedette.imap import read_date_time
from vedette.model.folder import Folder
from vedette.service.trial import Thinks


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
) -> AsyncGenerator[Judged, None]:
    """Yield the messages of the watched folders, folder by folder, oldest first.

    Raises LinkError as a watch does. ``scratch`` is a folder for large messages;
    ``think`` has the opinions of models.
    """
    async with visit(settings, scratch) as visiting:
        session = visiting.session
        for folder in _judged((await discover(session, settings.account)).folders):
            try:
                await session.examine(folder.path)
            except FolderError:
                # A folder that can not be opened is not watched either.
                continue
            async with aclosing(visiting.letters(since=span.since, last=span.last)) as letters:
                async for mail, message in letters:
                    yield _one(mail, folder, guard, message, think(message))


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
