"""The breaker of a guard: better a letter too many in the inbox than too few.

It counts what a guard does with the mail of one account. When that is more than the pack's
limits allow, it trips: from then on the guard only marks, until a person sets it back. It must
not know a clock: instants are arguments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from vedette.guard.pack import HOUR, Limits

#: Messages that an account must have had before a share of them means anything.
ENOUGH = 20


class Breaker:
    """The state of one guard for the accounts that it is posted to, in memory.

    ``reason`` says why it tripped; empty while it holds.
    """

    __slots__ = ("_books", "_tripped")

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._tripped: dict[str, str] = {}

    def reason(self, account: str) -> str:
        """Return why the breaker of an account tripped, or ``""``."""
        return self._tripped.get(account, "")

    def reset(self, account: str) -> None:
        """Let the guard act again."""
        self._tripped.pop(account, None)
        self._books.pop(account, None)

    def trip(self, account: str, reason: str) -> None:
        """Let the guard only mark from here on."""
        self._tripped.setdefault(account, reason)

    def judged(
        self, account: str, *, symbols: Iterable[str], acts: bool, limits: Limits, now: float
    ) -> str:
        """Count one message; return why the breaker tripped, if it did so by this one."""
        book = self._books.get(account)
        if book is None or book.window != limits.window:
            book = self._books[account] = _Book(limits.window)
        book.add(frozenset(symbols), acts=acts, now=now)
        if account in self._tripped:
            return ""
        reason = book.excess(limits)
        if reason:
            self._tripped[account] = reason
        return reason


class _Book:
    """The last messages of one account, and the instants of the last hour's actions."""

    __slots__ = ("_acted", "_acts", "_counts", "_recent", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self._recent: deque[tuple[frozenset[str], bool]] = deque()
        self._counts: dict[str, int] = {}
        self._acts = 0
        self._acted: deque[float] = deque()

    def add(self, symbols: frozenset[str], *, acts: bool, now: float) -> None:
        if len(self._recent) >= self.window:
            gone, did = self._recent.popleft()
            self._acts -= did
            for name in gone:
                self._counts[name] -= 1
                if not self._counts[name]:
                    del self._counts[name]
        self._recent.append((symbols, acts))
        self._acts += acts
        for name in symbols:
            self._counts[name] = self._counts.get(name, 0) + 1
        if acts:
            self._acted.append(now)
        while self._acted and self._acted[0] <= now - HOUR:
            self._acted.popleft()

    def excess(self, limits: Limits) -> str:
        if len(self._acted) > limits.actions_per_hour:
            return f"more than {limits.actions_per_hour} actions in an hour"
        total = len(self._recent)
        if total < min(ENOUGH, limits.window):
            return ""
        if self._acts > limits.share * total:
            return f"{self._acts} of the last {total} messages would have been acted on"
        name = max(self._counts, key=lambda each: self._counts[each], default="")
        if name and self._counts[name] > limits.symbol_share * total:
            return f"{name} holds for {self._counts[name]} of the last {total} messages"
        return ""
