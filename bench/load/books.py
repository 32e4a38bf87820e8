"""What all processes of a load server share: messages per mailbox, who serves it, and counters.

One mapped file of 64-bit numbers. Each has one writer, so no lock is needed: ``conductor``
writes counts and the first stamps, the worker that holds a mailbox the later stamps, and each
worker its own counters. The process that started the server reads all of it.

Must not know: the protocol.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, fields
from pathlib import Path

from bench.load.mail import UNANNOUNCED

#: Stamps kept per mailbox: more may not be on the way to one client at a time.
RING = 64
#: Numbers of one mailbox: its count, its holder, and (instant, size) of the last messages.
_ROW = 2 + 2 * RING
#: Processes at most.
_WORKERS = 16


@dataclass(slots=True, kw_only=True)
class Counters:
    """What a worker counts; ``watching`` and ``connections`` are the numbers of this moment.

    ``watching`` are connections in IDLE, or told of new mail by NOTIFY. ``cpu_ns`` is the
    processor time of the process.
    """

    cpu_ns: int = 0
    accepted: int = 0
    full: int = 0
    resumed: int = 0
    refused: int = 0
    connections: int = 0
    watching: int = 0
    logins: int = 0
    selects: int = 0
    announced: int = 0
    fetches: int = 0
    messages: int = 0
    octets: int = 0
    reads: int = 0
    dropped: int = 0


_NAMES = tuple(field.name for field in fields(Counters))


class Books:
    """The mapped file. ``create`` makes it, then others open it by its path."""

    def __init__(self, path: Path, mailboxes: int, *, create: bool = False) -> None:
        """Open the file; raise OSError if it can not be."""
        self.mailboxes = mailboxes
        length = 8 * (_WORKERS * len(_NAMES) + mailboxes * _ROW)
        with path.open("w+b" if create else "r+b") as file:
            if create:
                file.truncate(length)
            self._map = mmap.mmap(file.fileno(), length)
        self._cells = memoryview(self._map).cast("Q")
        self._base = _WORKERS * len(_NAMES)

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._map.close()

    def count(self, mailbox: int) -> int:
        """Return how many messages a mailbox has, which is also its highest UID."""
        return self._cells[self._base + mailbox * _ROW]

    def holder(self, mailbox: int) -> int:
        """Return the worker that serves a mailbox, counted from 1; 0 is none."""
        return self._cells[self._base + mailbox * _ROW + 1]

    def hold(self, mailbox: int, worker: int) -> None:
        """Note who serves a mailbox."""
        self._cells[self._base + mailbox * _ROW + 1] = worker

    def fill(self, preloaded: int) -> None:
        """Begin every mailbox with so many messages."""
        for mailbox in range(self.mailboxes):
            self._cells[self._base + mailbox * _ROW] = preloaded

    def add(self, mailbox: int, now_ns: int, size: int) -> int:
        """Let a message arrive, which nobody was told of yet; return its UID."""
        at = self._base + mailbox * _ROW
        uid = self._cells[at] + 1
        slot = at + 2 + 2 * (uid % RING)
        self._cells[slot] = now_ns + UNANNOUNCED
        self._cells[slot + 1] = size
        # Last, as whoever sees the count may ask for the message.
        self._cells[at] = uid
        return uid

    def stamp(self, mailbox: int, uid: int, now_ns: int) -> None:
        """Note when a message was announced."""
        self._cells[self._base + mailbox * _ROW + 2 + 2 * (uid % RING)] = now_ns

    def facts(self, mailbox: int, uid: int) -> tuple[int, int]:
        """Return when a message was announced and how large it is; (0, 0) if it was there before."""
        at = self._base + mailbox * _ROW
        if uid + RING <= self._cells[at]:
            return 0, 0
        slot = at + 2 + 2 * (uid % RING)
        return self._cells[slot], self._cells[slot + 1]

    def note(self, worker: int, counters: Counters) -> None:
        """Write a worker's counters."""
        start = worker * len(_NAMES)
        for offset, name in enumerate(_NAMES):
            self._cells[start + offset] = getattr(counters, name)

    def counters(self, worker: int) -> Counters:
        """Return a worker's counters."""
        start = worker * len(_NAMES)
        cells = self._cells[start : start + len(_NAMES)]
        return Counters(**dict(zip(_NAMES, cells, strict=True)))

    def total(self) -> Counters:
        """Return the sum over all workers."""
        each = [self.counters(worker) for worker in range(_WORKERS)]
        return Counters(**{name: sum(getattr(one, name) for one in each) for name in _NAMES})
