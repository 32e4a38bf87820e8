"""Seats the scorers that the guards' packs ask for: services of the settings, and trained models.

A model that is trained anew while the service runs is noticed and used; one that can not be read
leaves the last good one in its seat. A scorer that can not be had has no opinion, and the log says
so once; guards judge without it. It must not know what an opinion is worth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import structlog

from vedette.config.settings import GuardSettings, ScorerSettings, Settings
from vedette.engine.panel import Panel
from vedette.engine.part import Part
from vedette.errors import ConfigError
from vedette.guard.pack import Scored
from vedette.net.address import PRIVATE
from vedette.ports.scorer import Scorer
from vedette.scorers.classifier import Classifier, load_model, model_path
from vedette.scorers.rspamd import LOOPBACK, Rspamd

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks at the files of models: one stat(2) each, and training takes longer.
LOOK = 10.0

#: Time of change, inode and size of a model's file; None while it is not there.
Stamp: TypeAlias = tuple[int, int, int] | None


class Seating(Part):
    """Keeps a panel as the settings want it; what did not change keeps its seat."""

    def __init__(self, panel: Panel) -> None:
        super().__init__("scorers")
        self._panel = panel
        self._state = Path()
        self._services: dict[ScorerSettings, Scorer] = {}
        #: The models that are asked for, and the last good one of each.
        self._names: frozenset[str] = frozenset()
        self._models: dict[str, Classifier] = {}
        #: The state of each file when it was last read, well or not.
        self._seen: dict[str, Stamp] = {}
        #: One at a time changes the seats.
        self._changing = asyncio.Lock()

    async def apply(self, settings: Settings) -> None:
        """Go over to new settings; a model that was trained anew is read anew."""
        async with self._changing:
            before = self._services
            self._services = {each: before.get(each) or _service(each) for each in settings.scorers}
            self._state = settings.state
            self._names = frozenset(
                name
                for name in asked(settings.guards)
                if not any(each.speaks_as(name) for each in self._services.values())
            )
            # Who asks for it again later is told again that it is missing.
            self._models = {name: self._models[name] for name in self._names & {*self._models}}
            self._seen = {name: self._seen[name] for name in self._names & {*self._seen}}
            await self._read()
            await self._sit()

    async def look(self) -> None:
        """Notice models that were trained anew."""
        async with self._changing:
            if await self._read():
                await self._sit()

    async def _open(self) -> None:
        self.spawn(self._run(), "models")

    async def _close(self) -> None:
        async with self._changing:
            self._names = frozenset()
            await self._panel.seat([])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def _read(self) -> bool:
        """Read the models whose files are others than before; return whether one is new."""
        is_new = False
        for name in sorted(self._names):
            path = model_path(self._state, name)
            stamp = await asyncio.to_thread(_stamp, path)
            if name in self._seen and self._seen[name] == stamp:
                continue
            self._seen[name] = stamp
            try:
                model = await asyncio.to_thread(_model, name, path, stamp)
            except ConfigError as error:
                if name in self._models:
                    _log.warning("scorer.kept", scorer=name, error=str(error))
                else:
                    _log.warning("scorer.missing", scorer=name, error=str(error))
                continue
            _log.info("scorer.read", scorer=name)
            self._models[name] = model
            is_new = True
        return is_new

    async def _sit(self) -> None:
        models = [self._models[name] for name in sorted(self._models)]
        await self._panel.seat([*self._services.values(), *models])


def asked(guards: Sequence[GuardSettings]) -> set[str]:
    """Return the names of the opinions that packs ask for."""
    return {
        symbol.test.scorer
        for guard in guards
        for symbol in guard.pack.symbols
        if isinstance(symbol.test, Scored)
    }


def _service(settings: ScorerSettings) -> Scorer:
    return Rspamd(
        settings.url,
        name=settings.name,
        groups=settings.groups,
        networks=PRIVATE if settings.private else LOOPBACK,
    )


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _model(name: str, path: Path, stamp: Stamp) -> Classifier:
    """Read a model. Raises ConfigError that says what to do."""
    if stamp is None:
        raise ConfigError(
            f"{path} is not there; train it with vedette guard train, or name a service under "
            "[scorers]"
        )
    return Classifier(name, load_model(path))
