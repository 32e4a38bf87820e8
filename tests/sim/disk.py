"""What survives a process: the rows of the state, and whether the last run ended well."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.memory_journal import JournalRows
from tests.support.memory_store import MemoryStore
from vedette.model.action import JournalEntry
from vedette.model.ids import AccountId, EventId
from vedette.ports.clock import Clock


@dataclass(slots=True, kw_only=True)
class Faults:
    """What the disk does to each group of writes: the chance of each, from 0 to 1.

    ``stop`` stops the process at the very point of its commit, as SIGSTOP does, for ``stop_for``
    seconds. ``latency`` is the mean of one sync in seconds. ``is_full`` refuses every write.
    """

    latency: float = 0.004
    fail: float = 0.0
    lose_reply: float = 0.0
    fail_read: float = 0.0
    stop: float = 0.0
    stop_for: tuple[float, float] = (1.0, 90.0)
    is_full: bool = False


class NotedRows(JournalRows):
    """The rows of the journal, and every state that one ever had."""

    def __init__(self, note: Callable[[JournalEntry], None]) -> None:
        super().__init__()
        self.note = note

    def _put(self, entry: JournalEntry) -> None:
        super()._put(entry)
        self.note(entry)


class Disk:
    """One state folder. ``begun`` and not ``ended_well`` is a run that ended without a word.

    ``true`` is the time of the world, whatever the clock says.
    """

    def __init__(
        self, dice: random.Random, clock: Clock, true: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.dice = dice
        self.faults = Faults()
        self.rows = MemoryStore(clock).state
        #: Every state of every entry of the journal, and when it had it.
        self.steps: list[tuple[float, JournalEntry]] = []
        self.rows.journal = NotedRows(lambda entry: self.steps.append((true(), entry)))
        self.ended_well = True
        #: Events that a commit brought although they were there.
        self.repeated: list[EventId] = []
        #: When each folder got its first cursor, and when it last began with a UIDVALIDITY, on
        #: the loop's clock.
        self.begun: dict[tuple[AccountId, bytes], float] = {}
        self.based: dict[tuple[AccountId, bytes, int], float] = {}
        self._validities: dict[tuple[AccountId, bytes], int] = {}

    def note_cursors(self, now: float) -> None:
        """Note which folders have a cursor that they had not."""
        for key, state in self.rows.folders.items():
            validity = state.cursor.uid_validity
            if self._validities.get(key) != validity:
                self._validities[key] = validity
                self.based[*key, validity] = now
                self.begun.setdefault(key, now)
