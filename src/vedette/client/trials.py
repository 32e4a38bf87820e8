"""Guards that are tried on a message, or on the mail of a mailbox. It must not know how they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vedette.client.shape import UNSET, Text, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class TestWish:
    """A message to be judged: as text, or in base64."""

    message: Text = UNSET
    base64: Text = UNSET
    authserv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a guard found in a message."""

    symbol: str
    score: float
    field: str | None
    matched: str | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a guard would do with a message."""

    guard: str
    version: str
    verdict: str
    wanted: str
    kind: str | None
    score: float
    hits: tuple[Hit, ...]
    capped_by: tuple[Hit, ...]
    route: str | None
    failed: Any
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestWish:
    """On which mail a guard is tried; one of ``since`` (a day) and ``last`` is needed.

    ``folders``: names or special uses; without any, those that are watched. ``text`` or ``pack`` is
    tried in the place of what is posted.
    """

    account: str
    folders: tuple[str, ...] = ()
    since: Text = UNSET
    last: Whole = UNSET
    text: Text = UNSET
    pack: Text = UNSET
    next: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A message of the mailbox that the guard would do something with; ``id`` is that of ``Message``."""

    id: str
    folder: str
    uid: int
    arrived: datetime | None
    sender: str
    verdict: str
    wanted: str
    score: float
    allowed: bool
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many messages were judged, and what would be done with them."""

    judged: int = 0
    moved: int = 0
    marked: int = 0
    capped: int = 0
    left: int = 0
    unread: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            judged=self.judged + other.judged,
            moved=self.moved + other.moved,
            marked=self.marked + other.marked,
            capped=self.capped + other.capped,
            left=self.left + other.left,
            unread=self.unread + other.unread,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A stretch of a backtest. ``next`` is where to go on; None: all is judged."""

    guard: str
    version: str
    share: float
    tally: Tally
    items: tuple[Judged, ...]
    remarks: tuple[str, ...]
    next: str | None
