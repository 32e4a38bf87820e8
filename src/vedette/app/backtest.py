"""Tries a guard on the mail that is in a mailbox, for a command: over a session of its own.

Folders are opened read-only, bodies are peeked at, and nothing is written anywhere. What the guard
makes of the mail is ``service.guards.backtest``'s, as it is for the API.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from vedette.app.guards.recorded import Recorded, guarding_of
from vedette.app.visit import visit
from vedette.config.settings import AccountSettings, GuardSettings
from vedette.engine.guarding import Post
from vedette.errors import FolderError
from vedette.guard.judging import Guard
from vedette.secret import Secret
from vedette.service.guards.backtest import Bench, Judged, Span
from vedette.service.guards.trial import Thinks

#: Octets of the key of digests that end with the command.
_KEY = 32


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
    key = Secret(secrets.token_hex(_KEY))
    post = Post(guard=tried.guard, key=key, folders=tried.folders)
    guards = guarding_of(settings.account, tried.others, tried.known, post)
    async with visit(settings, scratch, guards=guards) as visiting:
        bench = Bench(visiting=visiting, post=post, think=tried.think)
        folders = await bench.folders()
        if (lack := await bench.acquaint()) is not None:
            remark(lack)
        for folder in folders:
            try:
                await visiting.session.examine(folder.path)
            except FolderError:
                # A folder that can not be opened is not watched either.
                continue
            async with aclosing(visiting.letters(since=span.since, last=span.last)) as letters:
                async for mail, message in letters:
                    yield bench.judged(folder, mail, message)
