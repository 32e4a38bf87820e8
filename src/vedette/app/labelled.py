"""Reads the mail of named folders of a mailbox, for training: read-only, bodies are peeked at.

What is read is reduced to numbers at once; nothing of a message is written anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

from vedette import mime
from vedette.app.visit import visit
from vedette.config.settings import AccountSettings
from vedette.engine.discovery import listed
from vedette.engine.session import Session
from vedette.errors import UsageError
from vedette.model.folder import Folder
from vedette.sync.selection import choose


async def labelled(
    settings: AccountSettings, yes: Sequence[str], no: Sequence[str], *, last: int, scratch: Path
) -> AsyncGenerator[tuple[mime.Message, bool], None]:
    """Yield the last messages of folders, and whether they are wanted: those of ``no`` are.

    Raises LinkError as a watch does, and UsageError for a folder that is not there. ``scratch``
    is a folder for large messages.
    """
    async with visit(settings, scratch) as visiting:
        for folder, wanted in await _folders(visiting.session, yes, no):
            await visiting.session.examine(folder.path)
            async with aclosing(visiting.letters(last=last)) as letters:
                async for _, message in letters:
                    yield message, wanted


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
