"""The reader of a simulated process: it reads here and now, and its workers die at times."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vedette import mime
from vedette.engine.ingest import COUNTED_ABOVE
from vedette.ports.reader import ReaderKilledError, ReaderUnavailableError


@dataclass(slots=True, kw_only=True)
class Workers:
    """The chance, from 0 to 1, that a worker dies of a message, or that there is none."""

    killed: float = 0.0
    unavailable: float = 0.0


class SimulatedReader:
    """``vedette.ports.reader.Reader``; only what is read in a worker can fail."""

    def __init__(self, workers: Workers, dice: random.Random) -> None:
        self._workers = workers
        self._dice = dice

    async def read(
        self,
        source: bytes | Path,
        *,
        depth: mime.Depth,
        trusted_authserv: Collection[str],
        size: int | None,
        isolate: bool = False,
        shown: bool = False,
    ) -> mime.Message:
        if isolate or isinstance(source, Path) or len(source) > COUNTED_ABOVE:
            draw = self._dice.random()
            if draw < self._workers.killed:
                raise ReaderKilledError("the worker died of it (simulated)")
            if draw < self._workers.killed + self._workers.unavailable:
                raise ReaderUnavailableError("no worker can be started (simulated)")
        octets = _octets(source)
        return mime.read(
            octets, depth=depth, trusted_authserv=trusted_authserv, size=size, shown=shown
        )


def _octets(source: bytes | Path) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
