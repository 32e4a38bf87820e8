"""Which guard a command is about: one of the configuration, a shipped pack, or a file."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from vedette.cli.place import configuration, state_of
from vedette.config.document import load
from vedette.config.environment import state_folder
from vedette.config.guards import SUFFIXES, load_pack, read_guard, shipped
from vedette.config.settings import GuardSettings
from vedette.errors import ConfigError, UsageError
from vedette.guard.judging import Guard
from vedette.service.guards.trial import compiled


def chosen(named: str, config: Path | None) -> GuardSettings:
    """Return a guard by its name or path. Raises ConfigError or UsageError."""
    if named.endswith(SUFFIXES):
        return load_pack(named, Path())
    found = configured(config)
    for each in found:
        if each.pack.name == named:
            return each
    if named in shipped():
        return load_pack(named, Path())
    names = sorted({each.pack.name for each in found}.union(shipped()))
    raise UsageError(f"there is no guard {named!r}; there are {', '.join(names)}")


def ready(settings: GuardSettings, state: Path) -> Guard:
    """Compile a guard with its lists as they are now. Raises ConfigError."""
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        return asyncio.run(
            compiled(
                settings.pack,
                base=settings.base,
                state=state,
                scratch=Path(scratch),
                now=time.time(),
            )
        )


def others_at(mailbox: str, config: Path | None) -> list[GuardSettings]:
    """Return the guards that stand at a mailbox; a URL names none of the configuration."""
    return [] if "://" in mailbox else configured(config)


def remark(text: str) -> None:
    """Tell a person what the output can not say."""
    print(f"note: {text}", file=sys.stderr)


def state_or_none(config: Path | None, state: Path | None) -> Path:
    """Return the state folder; the usual one where there is no configuration."""
    if state is not None:
        return state
    try:
        return state_of(config, None)
    except ConfigError:
        if config is not None:
            raise
        return state_folder()


def configured(config: Path | None) -> list[GuardSettings]:
    """Return the guards of the configuration; none where there is no configuration."""
    try:
        file = configuration(config)
    except ConfigError:
        return []
    tables = load(file).table("guards").tables()
    return [read_guard(table, file.parent) for table in tables]
