"""Copy the write-ahead log back into the database, when it has grown and with every error told.

SQLite would do so by itself after a commit, and keep to itself what comes of it: the commit is
on disk, and "done" is all that it says. A sync that failed then would be made again as if
nothing had been (see ``vedette.store.sqlite.faults``), so it is done here.

The length of the log's file is what says how much is in it: a log that begins anew is cut to
``BOUND`` by ``PRAGMA journal_size_limit`` (sqlite.org/pragma.html#pragma_journal_size_limit), so
a longer file is one whose log has grown past it since. It knows nothing of transactions.
"""

from __future__ import annotations

import os
import sqlite3
from threading import Event, Thread
from typing import Final

#: Octets of a frame with a page in it, and of what stands before the first
#: (sqlite.org/fileformat2.html#walformat). 4,096 is what SQLite gives a new database.
_FRAME: Final = 24 + 4096
_HEADER: Final = 32

#: Octets of log from which on it is copied back. 1,000 pages is SQLite's own choice: reads look
#: through the log's index first, and a start after a crash reads the whole of it.
BOUND: Final = _HEADER + 1000 * _FRAME

#: Octets by which a log has to grow before the next try, while somebody reads what is in it: a
#: tenth, as each try costs two syncs, and short readers should find one between them.
_STEP: Final = BOUND // 10


class Checkpoints:
    """Belongs to the thread that writes. ``make`` after each commit; ``attach`` when it opens."""

    __slots__ = ("_changes", "_due", "_log")

    def __init__(self) -> None:
        self._log = ""
        self._due = BOUND
        self._changes = -1

    def attach(self, connection: sqlite3.Connection) -> None:
        """Learn where the log of a new connection lies. Raises sqlite3.Error."""
        (_, _, database) = connection.execute("PRAGMA database_list").fetchone()
        self._log = f"{database}-wal"
        # What a run before left in the log counts from the first commit on.
        self._changes = connection.total_changes

    def make(self, connection: sqlite3.Connection) -> None:
        """Copy back what nobody reads any more, if the log has grown and is due.

        Outside of a transaction. Raises sqlite3.Error and OSError.
        """
        # A number in memory: what changed nothing made nothing grow, and costs no system call.
        changes, self._changes = self._changes, connection.total_changes
        if changes == self._changes:
            return
        try:
            length = os.stat(self._log).st_size  # noqa: PTH116 - after each commit, in half the time
        except FileNotFoundError:
            return
        if length <= BOUND:
            self._due = BOUND
        elif length > self._due:
            # First, so that a failure is not met again with the very next commit.
            self._due = length + _STEP
            copy_back(connection)


def copy_back(connection: sqlite3.Connection) -> None:
    """Copy back what nobody reads any more. Raises sqlite3.Error."""
    # PASSIVE waits for nobody. That a reader holds some of it back is no error.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def leave_open(connection: sqlite3.Connection) -> None:
    """Keep a connection from being closed for as long as the process lives.

    A close makes a checkpoint: it would sync the log once more, be told "done", copy pages into
    the database whose log the disk does not have, and so damage what was whole. A thread that
    never ends is the one holder that the end of the interpreter does not take the object from.
    """
    Thread(target=_hold, args=(connection,), name="store, in doubt", daemon=True).start()


def _hold(_connection: sqlite3.Connection) -> None:
    Event().wait()
