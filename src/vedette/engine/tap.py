"""What was said of late on the connections of an account, for somebody who asked to hear it.

A tap is there while it is asked for and some minutes longer; without one a connection pays for a look
at None. It keeps outlines (``vedette.imap.outline``), never octets. It must not know who asks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vedette.errors import ThrottledError
from vedette.imap import Command, Event, Outliner, Tag
from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock

#: Lines of an account: a login with its first sync has some twenty.
LINES: Final = 200
#: Seconds for which somebody may listen at a time.
LONGEST: Final = 3_600.0
#: Seconds for which lines are kept that nobody adds to any more.
KEPT: Final = 900.0
#: Accounts that are listened to at once: their lines are 6 MB at most.
AT_ONCE: Final = 100
#: Events of one turn that are told one by one: a listing of a large folder is thousands.
_TOLD: Final = 50


@unique
class Direction(StrEnum):
    """Who said it."""

    SENT = "sent"
    HEARD = "heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: when, on which connection of the account since the tap was made, and its outline."""

    at: float
    connection: int
    direction: Direction
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The lines of an account, oldest first, and until when there are more (since 1970)."""

    until: float
    lines: tuple[Line, ...]


class Tap:
    """Keeps the last lines of one account until an instant of the loop's clock."""

    __slots__ = ("_clock", "_connections", "_lines", "_outliner", "until")

    def __init__(self, account: Account, clock: Clock) -> None:
        own = account.credentials
        secrets = [each for each in (own.password, own.token) if each is not None]
        self._outliner = Outliner(secrets)
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._connections = 0
        self.until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether lines are still added."""
        return asyncio.get_running_loop().time() < self.until

    def ear(self) -> Ear:
        """Return what one connection is heard with."""
        self._connections += 1
        return Ear(self, self._connections)

    def transcript(self) -> Transcript:
        """Return what was said."""
        left = self.until - asyncio.get_running_loop().time()
        return Transcript(until=self._clock.now() + left, lines=tuple(self._lines))

    def sent(self, connection: int, tag: Tag, command: Command) -> None:
        """Keep the line of a command."""
        self.told(connection, Direction.SENT, self._outliner.sent(tag, command))

    def heard(self, connection: int, events: list[Event]) -> None:
        """Keep the lines of what came."""
        for event in events[:_TOLD]:
            if (text := self._outliner.heard(event)) is not None:
                self.told(connection, Direction.HEARD, text)
        if (left := len(events) - _TOLD) > 0:
            self.told(connection, Direction.HEARD, f"(and {left} more)")

    def told(self, connection: int, direction: Direction, text: str) -> None:
        """Keep a line."""
        line = Line(at=self._clock.now(), connection=connection, direction=direction, text=text)
        self._lines.append(line)


class Ear:
    """One connection of a tap. Each method returns whether somebody still listens."""

    __slots__ = ("_number", "_tap", "tap")

    def __init__(self, tap: Tap, number: int) -> None:
        self.tap = tap
        self._number = number

    def sent(self, tag: Tag, command: Command) -> bool:
        """Hear a command."""
        if self.tap.is_open:
            self.tap.sent(self._number, tag, command)
        return self.tap.is_open

    def heard(self, events: list[Event]) -> bool:
        """Hear what came."""
        if self.tap.is_open:
            self.tap.heard(self._number, events)
        return self.tap.is_open

    def noted(self, direction: Direction, text: str) -> bool:
        """Hear of something that is no command and no response."""
        if self.tap.is_open:
            self.tap.told(self._number, direction, text)
        return self.tap.is_open


class Taps:
    """The taps of one engine."""

    __slots__ = ("_by_account",)

    def __init__(self) -> None:
        # Made when somebody asks: nobody does, as a rule.
        self._by_account: dict[AccountId, Tap] | None = None

    def ask(self, account: Account, seconds: float, clock: Clock) -> Tap:
        """Listen to an account for so many seconds from now on.

        Raises ThrottledError where too many are listened to.
        """
        now = asyncio.get_running_loop().time()
        taps = self._by_account = self._by_account or {}
        self._forget(now)
        tap = taps.get(account.id)
        if tap is None:
            if len(taps) >= AT_ONCE:
                raise ThrottledError(
                    f"{AT_ONCE} accounts are listened to, or were of late; try again",
                    retry_after=KEPT,
                )
            tap = taps[account.id] = Tap(account, clock)
        tap.until = now + min(seconds, LONGEST)
        return tap

    def of(self, account: AccountId) -> Tap | None:
        """Return the tap of an account that is listened to, or was of late."""
        if not self._by_account:
            return None
        self._forget(asyncio.get_running_loop().time())
        return self._by_account.get(account)

    def ear(self, account: AccountId) -> Ear | None:
        """Return what a new connection is heard with; None where nobody listens."""
        tap = self.of(account) if self._by_account else None
        return tap.ear() if tap is not None and tap.is_open else None

    def _forget(self, now: float) -> None:
        taps: Iterable[tuple[AccountId, Tap]] = list((self._by_account or {}).items())
        for account, tap in taps:
            if self._by_account and tap.until + KEPT < now:
                del self._by_account[account]
