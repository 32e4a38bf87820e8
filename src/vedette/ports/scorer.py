"""A scorer: somebody with an opinion about mail, as evidence for guards and never more.

Opinions have names and are numbers from 0 to 1, the higher the more unwanted. A pack maps them
to a few points; it must not know who has them, and a scorer knows no pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vedette import mime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message for scorers.

    ``source`` are its octets, or the file that holds them, or the first part of either: ``size``
    is the whole length in octets, 0 where it is not known.
    """

    message: mime.Message
    source: bytes | Path
    size: int = 0


class Scorer(Protocol):
    """Has opinions. Whoever asks sets the deadline, and takes a failure for no opinion."""

    @property
    def name(self) -> str:
        """What it is called in packs; its opinion of the whole message has this name too."""

    def speaks_as(self, name: str) -> bool:
        """Tell whether it may have an opinion of this name."""

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Return its opinions by name; none where it has none. Raises VedetteError."""

    async def close(self) -> None:
        """Release what asking needs. Idempotent."""
