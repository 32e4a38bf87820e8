"""IDLE (RFC 2177), and every way in which it was seen to go wrong.

It must not know the other commands, nor when octets leave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tests.sim.imap.conduct import Ending
from tests.sim.imap.talk import RefusedError, Talk
from vedette.demo.arguments import BadSyntaxError


class Driver(Protocol):
    """What an IDLE needs of its session."""

    def advance(self, first: Callable[[], None] | None = None) -> None:
        """Do one thing, then all that the octets allow, and send what came of it."""

    def end(self, ending: Ending, reason: str) -> None:
        """End the session."""

    def close_answer(self, verb: str, line: str) -> None:
        """Send a tagged answer, and before it what changed meanwhile."""


class Idling:
    """The IDLEs of one session, one after the other. ``is_mute``: this one tells nothing."""

    __slots__ = ("_armed", "_driver", "_talk", "_turn", "is_mute", "is_on")

    def __init__(self, talk: Talk, driver: Driver) -> None:
        self.is_on = False
        self.is_mute = False
        self._talk = talk
        self._driver = driver
        self._turn = 0  # a timer of an earlier IDLE means nothing
        #: For which conduct the timers run: when it ends, how often it says that it is there.
        self._armed: tuple[float | None, float | None] = (None, None)

    def begin(self) -> None:
        """Begin one. Raises BadSyntaxError or RefusedError where the conduct has none."""
        talk, conduct, estate = self._talk, self._talk.conduct, self._talk.estate
        if talk.chance(conduct.idle_refused):
            if talk.chance(0.5):
                raise BadSyntaxError("Command not supported")
            raise RefusedError("IDLE is not available")
        talk.moment()
        self.is_on = True
        self._turn += 1
        turn = self._turn
        self.is_mute = talk.chance(conduct.idle_mute)
        if talk.chance(conduct.plus_late):
            estate.later(estate.span(conduct.plus_late_by), lambda: self._plus(turn))
        elif not talk.chance(conduct.plus_missing):
            if not self.is_mute and talk.chance(conduct.plus_last):
                talk.report(expunges=True)
            talk.say("+ idling")
        self._armed = (None, None)
        self._arm()

    def stop(self) -> None:
        """End it: the client said a line, or the session is over."""
        self.is_on = False

    def complete(self) -> None:
        """Answer it."""
        self._driver.close_answer("IDLE", f"{self._talk.tag} OK Idle completed.")

    def reconsider(self) -> None:
        """Act by a new conduct."""
        if not self._talk.conduct.idle_mute:
            self.is_mute = False
        if self.is_on:
            self._arm()

    def _arm(self) -> None:
        estate, conduct, turn = self._talk.estate, self._talk.conduct, self._turn
        ends, still = self._armed
        if conduct.idle_ends_after is not None and conduct.idle_ends_after != ends:
            estate.later(conduct.idle_ends_after, lambda: self._expired(turn))
        if conduct.still_here is not None and conduct.still_here != still:
            estate.later(conduct.still_here, lambda: self._still_here(turn))
        self._armed = (conduct.idle_ends_after, conduct.still_here)

    def _is_current(self, turn: int) -> bool:
        return self.is_on and self._turn == turn

    def _plus(self, turn: int) -> None:
        if self._is_current(turn):
            self._driver.advance(lambda: self._talk.say("+ idling"))

    def _expired(self, turn: int) -> None:
        conduct = self._talk.conduct
        if not self._is_current(turn) or conduct.idle_ends_after is None:
            return
        if conduct.idle_ending is Ending.OK:
            self.is_on = False
            self._driver.advance(self.complete)
        else:
            self._driver.end(conduct.idle_ending, "IDLE terminated.")

    def _still_here(self, turn: int) -> None:
        interval = self._talk.conduct.still_here
        if not self._is_current(turn) or interval is None:
            return
        self._driver.advance(lambda: self._talk.say("* OK Still here"))
        self._talk.estate.later(interval, lambda: self._still_here(turn))
