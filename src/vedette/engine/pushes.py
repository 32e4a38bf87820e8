"""Messages that a server sends by itself as they arrive (NOTIFY with items, RFC 5465 section 5.2).

What came so needs no question: no round trip lies between the announcement and the
message. A server may agree and send nothing (catalogue I15), so what was announced is
waited for only as long as it may be under way. It must not know cursors.
"""

from __future__ import annotations

from vedette.imap import Fetch

#: Seconds of silence after which an announced message is asked for. It leaves the server
#: together with its announcement, so only a lost segment can come between.
PATIENCE = 0.5

#: Seconds after which it is asked for although the server keeps talking of other things:
#: a first window of 64 KiB at 13 KiB/s.
AT_MOST = 5.0

#: Messages that wait to be taken. One step of a folder takes as many; more are fetched.
MAX_ROWS = 64

#: Announced messages in a row that did not come, after which none is waited for: one may have
#: been moved away before it was sent.
MAX_MISSES = 3

#: Octets of theirs: a window of 64 KiB for each, which is what was asked for.
MAX_OCTETS = MAX_ROWS * 64 * 1024


class Pushes:
    """The rows of one session that came unasked and wait to be taken, oldest first.

    All instants are loop time, in seconds.
    """

    __slots__ = ("_misses", "_room", "_rows", "_since")

    def __init__(self) -> None:
        self._misses = 0
        self._room = MAX_OCTETS
        self._rows: list[Fetch] = []
        self._since: float | None = None

    def announced(self, now: float) -> None:
        """Learn that a message was announced: its row may be on its way."""
        if self._since is None:
            self._since = now

    def keep(self, row: Fetch) -> None:
        """Keep a row that holds a message; one too large for memory is left to be fetched."""
        held = [section.data for section in row.sections]
        octets = sum(len(data) for data in held if isinstance(data, bytes))
        whole = bool(held) and all(isinstance(data, bytes) for data in held)
        if whole and len(self._rows) < MAX_ROWS and octets <= self._room:
            self._room -= octets
            self._rows.append(row)

    def deadline(self, announced: int, heard: float) -> float | None:
        """Return when to stop waiting for ``announced`` messages; None: nothing is awaited.

        ``heard`` is when the last octet came.
        """
        if self._since is None or not len(self._rows) < announced <= MAX_ROWS:
            return None
        return min(heard + PATIENCE, self._since + AT_MOST)

    def missed(self) -> bool:
        """Note that what was awaited did not come; return whether to wait for no more."""
        self._misses += 1
        return self._misses >= MAX_MISSES

    def take(self) -> list[Fetch]:
        """Return the rows, once."""
        if self._rows:
            self._misses = 0
        rows, self._rows, self._since = self._rows, [], None
        self._room = MAX_OCTETS
        return rows
