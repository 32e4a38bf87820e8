"""Scorers for tests: one with a fixed opinion, one that fails, one that never answers.

Must not know: any one test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from vedette import mime
from vedette.errors import NetworkError
from vedette.ports.scorer import Letter


class Opinionated:
    """Thinks the same of every message."""

    def __init__(self, name: str = "learned", **opinions: float) -> None:
        self.name = name
        self.given = opinions or {name: 1.0}
        self.asked = 0
        self.is_closed = False

    def speaks_as(self, name: str) -> bool:
        """Tell whether an opinion is its own."""
        return name in self.given or name == self.name

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Return what it thinks."""
        del letter
        self.asked += 1
        return self.given

    async def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


class Broken(Opinionated):
    """Fails, until it is told to be well again."""

    is_well = False

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Raise NetworkError."""
        given = await super().opinions(letter)
        if self.is_well:
            return given
        raise NetworkError("nobody listens")


class Silent(Opinionated):
    """Never answers."""

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Wait for ever."""
        given = await super().opinions(letter)
        await asyncio.Event().wait()
        return given


def letter(raw: bytes = b"Subject: hi\r\n\r\nhello\r\n") -> Letter:
    """Return a message as scorers get it."""
    return Letter(message=mime.read(raw), source=raw, size=len(raw))
