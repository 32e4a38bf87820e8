"""A conversation that is kept waiting: the server is slow, or silent for a while.

It must not know why, nor what is done afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.sim.imap.estate import Estate


class Hold:
    """While ``is_on``, nothing is read and nothing is said. ``advance`` goes on with one thing."""

    __slots__ = ("_advance", "_estate", "_resume", "_silent", "_turn")

    def __init__(
        self, estate: Estate, advance: Callable[[Callable[[], None] | None], None]
    ) -> None:
        self._estate = estate
        self._advance = advance
        self._resume: Callable[[], None] | None = None
        self._silent = False
        self._turn = 0  # a timer of an earlier hold means nothing

    @property
    def is_on(self) -> bool:
        """Whether the conversation waits."""
        return self._resume is not None

    def delay(self, resume: Callable[[], None]) -> None:
        """Be slow."""
        self._begin(self._estate.span(self._estate.conduct.slow_by), resume)

    def silence(self, resume: Callable[[], None]) -> None:
        """Be silent, until the time or the conduct ends it."""
        self._silent = True
        self._begin(self._estate.span(self._estate.conduct.silent_for), resume)

    def reconsider(self) -> None:
        """End a silence that the conduct has no more."""
        conduct = self._estate.conduct
        if self._silent and not (
            conduct.silent or conduct.done_unanswered or conduct.greeting_silent
        ):
            self._end(self._turn)

    def _begin(self, seconds: float, resume: Callable[[], None]) -> None:
        self._turn += 1
        turn = self._turn
        self._resume = resume
        self._estate.later(seconds, lambda: self._end(turn))

    def _end(self, turn: int) -> None:
        if self._turn != turn or self._resume is None:
            return
        resume, self._resume = self._resume, None
        self._silent = False
        self._advance(resume)
