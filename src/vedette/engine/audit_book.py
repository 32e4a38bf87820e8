"""When each folder is held against the ledger, and what came of it the last time.

It is in memory: a look costs two questions, and a service that begins anew looks anew within a
day. What was found is in the state as well (``ports.completeness.Counts``), for whoever asks
another instance. It must not know a session, nor the state.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter

from vedette.model.ids import AccountId
from vedette.ports.clock import Dice
from vedette.ports.completeness import DayCount, Look, counted
from vedette.telemetry.counters import Counter, Gauge

#: Seconds between two looks at a folder. With 50,000 mailboxes of two folders that is one look a
#: second, and a message that was lost is known the next day at the latest.
PERIOD = 86_400.0
#: Seconds after which a folder in which something was missing is looked at again: what was asked
#: for has come by then, or is reported as missing (``sync.gaps``).
AGAIN = 600.0
#: Looks at the same time: each is some milliseconds of the loop and of the store.
AT_ONCE = 4

CHECKS = Counter(
    "vedette_completeness_checks_total",
    "Folders that were held against the ledger, by what was found.",
    label="outcome",
    values=("complete", "incomplete", "failed"),
)
MISSING = Counter(
    "vedette_completeness_missing_total",
    "Messages that a look at the server found and nobody had known of; each was then asked for.",
)
GAP = Gauge(
    "vedette_completeness_gap_messages",
    "Messages that were missing at the last look, of all folders of this instance.",
)


class _Entry:
    """One folder: when it is due, on the loop's clock, and what the last look found, if any."""

    __slots__ = ("due", "look", "name", "path")

    def __init__(self, due: float, path: bytes, name: str) -> None:
        self.due = due
        self.path = path
        self.name = name
        self.look: Look | None = None


_path = attrgetter("path")


class AuditBook:
    """``ports.completeness.Completeness`` of one engine.

    ``dice`` spreads the looks over the ``period``, so that a start with thousands of mailboxes is
    not followed by as many looks at once.
    """

    __slots__ = ("_accounts", "_asked", "_dice", "_period", "under_way")

    def __init__(self, dice: Dice = lambda: 0.5, *, period: float = PERIOD) -> None:
        self._dice = dice
        self._period = period
        # By path. Most accounts have one or two folders, of which a dict would be the largest part.
        self._accounts: dict[AccountId, tuple[_Entry, ...]] = {}
        # Asked for before anything is known of their folders: the first look is at once.
        self._asked: set[AccountId] = set()
        #: How many looks are under way.
        self.under_way = 0

    def is_due(self, account: AccountId, path: bytes, name: str, now: float) -> bool:
        """Tell whether a folder is to be looked at now; one that is new gets its first instant."""
        entry = self._entry(account, path)
        if entry is None:
            wait = 0.0 if account in self._asked else self._dice() * self._period
            entry = _Entry(now + wait, path, name)
            entries = self._accounts.get(account, ())
            place = bisect_left(entries, path, key=_path)
            self._accounts[account] = (*entries[:place], entry, *entries[place:])
        return entry.due <= now and self.under_way < AT_ONCE

    def unsettled(self, account: AccountId, path: bytes) -> date | None:
        """Return the oldest day on which the last look at a folder missed something, or None.

        The next look begins there, whatever day it is by then: else nobody would ever say that it
        is well again.
        """
        entry = self._entry(account, path)
        if entry is None or entry.look is None:
            return None
        return min((each.day for each in entry.look.days if each.missing), default=None)

    def enter(self, look: Look, *, now: float) -> None:
        """Write down what a look found, and when to look again after ``now``."""
        entry = self._entry(look.account, look.path)
        if entry is None:
            # The account is let go of meanwhile.
            return
        missing = sum(each.missing for each in look.days)
        CHECKS.inc("incomplete" if missing else "complete")
        MISSING.inc(by=missing)
        GAP.add(missing - _missing(entry))
        entry.look = look
        self._put_off(entry, now, AGAIN if missing else self._period)

    def failed(self, account: AccountId, path: bytes, *, now: float) -> None:
        """Note that a folder could not be looked at."""
        CHECKS.inc("failed")
        entry = self._entry(account, path)
        if entry is not None:
            self._put_off(entry, now, AGAIN)

    def forget(self, account: AccountId) -> None:
        """Drop what is known of an account that is not watched any more."""
        self._asked.discard(account)
        for entry in self._accounts.pop(account, ()):
            GAP.add(-_missing(entry))

    def ask(self, account: AccountId) -> None:
        """Have the folders of an account looked at at its next turn."""
        self._asked.add(account)
        for entry in self._accounts.get(account, ()):
            entry.due = 0.0

    def days(self, account: AccountId) -> Sequence[DayCount]:
        """Return what the last looks found, by folder and day."""
        entries = sorted(self._accounts.get(account, ()), key=lambda entry: entry.name)
        return list(_counts(entries))

    def _entry(self, account: AccountId, path: bytes) -> _Entry | None:
        entries = self._accounts.get(account, ())
        place = bisect_left(entries, path, key=_path)
        return entries[place] if place < len(entries) and entries[place].path == path else None

    def _put_off(self, entry: _Entry, now: float, wait: float) -> None:
        # By up to a quarter: folders that were looked at together do not stay together for ever.
        entry.due = now + wait * (0.875 + self._dice() / 4)


def _missing(entry: _Entry) -> int:
    return 0 if entry.look is None else sum(each.missing for each in entry.look.days)


def _counts(entries: Iterable[_Entry]) -> Iterable[DayCount]:
    for entry in entries:
        if entry.look is not None:
            for each in entry.look.days:
                yield counted(entry.look, each)
