"""Translate what SQLite and the file system say into our own errors, in one place.

It decides three things about a failure: which error it is, whether it concerns
one operation or the whole transaction, and whether the disk may be trusted again.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from vedette.errors import StoreError, StoreFullError, StoreUnwritableError

#: The low byte of an extended result code is the primary one (sqlite.org/rescode.html).
_PRIMARY: Final = 0xFF

#: Failures of one statement's own values; the transaction goes on without it.
_PRIVATE: Final = frozenset(
    {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH}
)

#: After these the kernel may have dropped the pages it could not write, and a
#: second fsync would say "done" for nothing (the "fsyncgate" of 2018).
_DISTRUST: Final = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_UNWRITABLE: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def _code(error: BaseException) -> int:
    # Errors that the module raises itself (a closed connection) carry no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code


def is_private(error: Exception) -> bool:
    """Whether the failure is of one operation's values, not of the transaction or the disk."""
    if isinstance(error, sqlite3.IntegrityError):
        return True
    if isinstance(error, sqlite3.Error) and _code(error):
        return _code(error) & _PRIMARY in _PRIVATE
    # A value that Python itself can not bind: too large an integer, a lone surrogate, a set.
    return not isinstance(error, (sqlite3.OperationalError, sqlite3.InternalError, OSError))


def is_distrust(error: Exception) -> bool:
    """Whether a sync failed, after which nothing this process writes may be believed."""
    return isinstance(error, sqlite3.Error) and _code(error) in _DISTRUST


def translate(error: Exception, folder: Path) -> StoreError:
    """Return the error of our own tree for a failure in ``folder``."""
    if isinstance(error, StoreError):
        # A new one each time: a traceback belongs to one caller.
        return type(error)(str(error))
    if isinstance(error, OSError):
        return _of_system(error, folder)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, folder)
    return StoreError(f"a value can not be stored: {error}")


def _of_system(error: OSError, folder: Path) -> StoreError:
    words = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return _full(folder, words)
    return StoreUnwritableError(f"the state folder {folder} can not be used: {words}")


def _of_sqlite(error: sqlite3.Error, folder: Path) -> StoreError:
    code = _code(error)
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _exhausted(folder)):
        return _full(folder, str(error))
    if primary in _UNWRITABLE:
        return StoreUnwritableError(f"the state in {folder} can not be written: {error}")
    if primary in _DAMAGED:
        return StoreError(f"the state in {folder} is damaged ({error}): restore a backup")
    if is_private(error):
        return StoreError(f"a value can not be stored: {error}")
    if code in _DISTRUST:
        return StoreError(
            f"the disk under {folder} failed to sync ({error}): check it, then start again"
        )
    return StoreError(f"the state in {folder} could not be read or written: {error}")


def _full(folder: Path, words: str) -> StoreFullError:
    return StoreFullError(
        f"no space is left for the state in {folder} ({words}): free some, Vedette goes on by itself"
    )


def _exhausted(folder: Path) -> bool:
    # Where the shared-memory file can not grow, SQLite says IOERR and not FULL.
    # 64 KiB: two of its 32 KiB steps (sqlite.org/walformat.html, "The WAL-Index File Format").
    try:
        # The reserve of root (f_bfree - f_bavail) is not ours, even where we are root.
        state = os.statvfs(folder)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < 64 * 1024
