"""Tries a guard on the mail that is in a mailbox: what it would do, and with what.

It has the same evidence as a guard at its post: whom the user wrote to is read first, as a watch
does, and whom people let it leave alone is in the state. Folders are opened read-only, bodies are
peeked at, and nothing is written anywhere: the guard's limits count as they would, so that a pack
that would trip says so beforehand. Scorers that are services are not asked.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from vedette import mime
from vedette.app.guards.recorded import Recorded, guarding_of
from vedette.app.visit import Visit, visit
from vedette.config.settings import AccountSettings, GuardSettings
from vedette.engine.batch import Mail
from vedette.engine.discovery import discover
from vedette.engine.guarding import Guarding, Post
from vedette.engine.judgement import Case, facts_of, is_left_alone
from vedette.engine.letterbook import Letterbook
from vedette.errors import FolderError
from vedette.guard.judging import Guard
from vedette.guard.pack import WROTE_TO
from vedette.guard.verdict import Verdict
from vedette.imap import read_date_time
from vedette.model.folder import Folder
from vedette.secret import Secret
from vedette.service.guards.trial import Thinks

#: Octets of the key of digests that end with the command.
_KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message of the mailbox and what the guard would do with it.

    ``is_left`` says that it would do nothing, because a person let it leave the sender alone.
    """

    folder: str
    uid: int
    arrived: datetime | None
    sender: str
    verdict: Verdict
    is_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which messages: those since a day, and the last so many of each folder."""

    since: date | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is tried: a guard, and what it is to have beside the mail.

    ``folders`` are those of its post, all of them if empty; ``think`` has the opinions of models;
    ``others`` are the guards of the configuration, and ``known`` is what the state tells.
    """

    guard: Guard
    think: Thinks
    folders: tuple[str, ...] = ()
    others: Iterable[GuardSettings] = ()
    known: Recorded = field(default_factory=Recorded)


async def backtest(
    settings: AccountSettings,
    tried: Tried,
    span: Span,
    scratch: Path,
    *,
    remark: Callable[[str], None],
) -> AsyncGenerator[Judged, None]:
    """Yield the messages of the watched folders, folder by folder, oldest first.

    Raises LinkError as a watch does, and ConsentError before anything is connected. ``scratch`` is
    a folder for large messages; ``remark`` is told what the guard lacks that it would have.
    """
    account = settings.account
    key = Secret(secrets.token_hex(_KEY))
    post = Post(guard=tried.guard, key=key, folders=tried.folders)
    guards = guarding_of(account, tried.others, tried.known, post)
    async with visit(settings, scratch, guards=guards) as visiting:
        folders = (await discover(visiting.session, account)).folders
        await _acquaint(visiting, post, remark)
        for folder in _judged(folders, visiting, guards, post):
            try:
                await visiting.session.examine(folder.path)
            except FolderError:
                # A folder that can not be opened is not watched either.
                continue
            async with aclosing(visiting.letters(since=span.since, last=span.last)) as letters:
                async for mail, message in letters:
                    yield _one(mail, folder, message, visiting, post, tried)


async def _acquaint(visiting: Visit, post: Post, remark: Callable[[str], None]) -> None:
    """Read to whom the user wrote, if the guard asks for it."""
    account, known = visiting.account, visiting.world.correspondents
    letterbook = Letterbook(account, visiting.world, visiting.session)
    while letterbook.is_first:
        await letterbook.turn()
    if WROTE_TO in post.facts and not known.count(account.id):
        remark(
            f"{post.name} asks to whom the user wrote, and there is no folder of sent mail that "
            "tells: every sender is judged as a stranger"
        )


def _judged(
    folders: Iterable[Folder], visiting: Visit, guards: Guarding, post: Post
) -> list[Folder]:
    """Return the folders in which the guard would judge."""
    return [
        folder
        for folder in folders
        if any(each.guard is post.guard for each in guards.of(visiting.account, folder))
    ]


def _one(
    mail: Mail, folder: Folder, message: mime.Message, visiting: Visit, post: Post, tried: Tried
) -> Judged:
    row, account = mail.row, visiting.account.id
    case = Case(
        folder=folder,
        # The verdict does not rest on which message it is.
        uid_validity=0,
        keys=(),
        row=row,
        message=message,
        opinions=tried.think(message),
    )
    facts = facts_of(message, account, (post,), visiting.world.correspondents)
    address = message.from_[0].address if message.from_ else ""
    return Judged(
        folder=folder.name,
        uid=row.uid or 0,
        arrived=None if row.internal_date is None else read_date_time(row.internal_date),
        sender=address.rpartition("@")[2],
        verdict=post.guard.full(case.evidence(facts)),
        is_left=is_left_alone(post.name, account, message, tried.known.standing),
    )
