"""Seats the scorers that the guards' packs ask for: services of the settings, and trained models.

A scorer that can not be had is told of in the log, and has no opinion; guards judge without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from vedette.config.settings import GuardSettings, ScorerSettings, Settings
from vedette.engine.panel import Panel
from vedette.errors import ConfigError
from vedette.guard.pack import Scored
from vedette.net.address import PRIVATE
from vedette.ports.scorer import Scorer
from vedette.scorers.classifier import Classifier, load_model, model_path
from vedette.scorers.rspamd import LOOPBACK, Rspamd

_log = structlog.stdlib.get_logger(__name__)


class Seating:
    """Keeps a panel as the settings want it; what did not change keeps its seat."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._seated: dict[object, Scorer] = {}

    async def apply(self, settings: Settings) -> None:
        """Go over to new settings; a model that was trained anew is read anew."""
        names = asked(settings.guards)
        wanted: dict[object, Scorer] = {}
        for each in settings.scorers:
            wanted[each] = self._seated.get(each) or _service(each)
        services = list(wanted.values())
        for name in sorted(names):
            if any(each.speaks_as(name) for each in services):
                continue
            path = model_path(settings.state, name)
            try:
                key = (name, await asyncio.to_thread(_changed, path))
                if key not in self._seated:
                    wanted[key] = Classifier(name, await asyncio.to_thread(load_model, path))
                else:
                    wanted[key] = self._seated[key]
            except ConfigError as error:
                _log.warning("scorer.missing", scorer=name, error=str(error))
        self._seated = wanted
        await self._panel.seat(list(wanted.values()))

    async def close(self) -> None:
        """Close all of them."""
        self._seated = {}
        await self._panel.seat([])


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


def _changed(path: Path) -> tuple[int, int]:
    """Return what tells one state of a file from another. Raises ConfigError."""
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"{path} can not be read: {error.strerror or error}; train it with vedette guard "
            "train, or name a service under [scorers]"
        ) from error
    return status.st_mtime_ns, status.st_size
