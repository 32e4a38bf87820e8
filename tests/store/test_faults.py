"""What SQLite and the system say becomes one error of ours, in one line that helps."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from tests.store.disks import NoDiskError, fill, small_disk
from vedette.errors import StoreError, StoreFullError, StoreUnwritableError, StoreVersionError
from vedette.store.sqlite.faults import is_distrust, is_private, translate


def said(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("as SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (said(sqlite3.SQLITE_FULL), StoreFullError, "free some"),
        (said(sqlite3.SQLITE_IOERR), StoreError, "could not be read or written"),
        (said(sqlite3.SQLITE_IOERR_FSYNC), StoreError, "failed to sync"),
        (said(sqlite3.SQLITE_READONLY_DBMOVED), StoreUnwritableError, "can not be written"),
        (said(sqlite3.SQLITE_CANTOPEN), StoreUnwritableError, "can not be written"),
        (said(sqlite3.SQLITE_PERM), StoreUnwritableError, "can not be written"),
        (said(sqlite3.SQLITE_CORRUPT_INDEX, sqlite3.DatabaseError), StoreError, "restore a backup"),
        (said(sqlite3.SQLITE_NOTADB, sqlite3.DatabaseError), StoreError, "restore a backup"),
        (said(sqlite3.SQLITE_BUSY), StoreError, "could not be read or written"),
        (said(sqlite3.SQLITE_TOOBIG, sqlite3.DataError), StoreError, "can not be stored"),
        (said(sqlite3.SQLITE_CONSTRAINT_NOTNULL), StoreError, "can not be stored"),
        (sqlite3.ProgrammingError("type 'set'"), StoreError, "can not be stored: type 'set'"),
        (OSError(errno.ENOSPC, "No space"), StoreFullError, "free some"),
        (OSError(errno.EDQUOT, "Quota"), StoreFullError, "free some"),
        (OSError(errno.EACCES, "Permission denied"), StoreUnwritableError, "Permission denied"),
        (OverflowError("too large"), StoreError, "can not be stored: too large"),
        (StoreVersionError("newer"), StoreVersionError, "newer"),
    ],
)
def test_a_failure_becomes_one_of_ours(
    tmp_path: Path, error: Exception, kind: type[StoreError], words: str
) -> None:
    """The kind decides the exit status, the words tell a person what to do."""
    ours = translate(error, tmp_path)

    assert type(ours) is kind
    assert words in str(ours)
    assert "\n" not in str(ours)
    assert ours is not error


def test_an_error_of_a_full_disk_is_full_whatever_its_name(tmp_path: Path) -> None:
    """Where the shared-memory file can not grow, SQLite reports an input/output error."""
    try:
        with small_disk(tmp_path / "disk", 256) as disk:
            fill(disk / "ballast")
            assert type(translate(said(sqlite3.SQLITE_IOERR_SHMSIZE), disk)) is StoreFullError
    except NoDiskError as error:
        pytest.skip(f"no small disk: {error}")


def test_a_folder_that_is_gone_is_not_called_full(tmp_path: Path) -> None:
    """The free space of nothing is not asked for."""
    error = translate(said(sqlite3.SQLITE_IOERR), tmp_path / "gone")

    assert type(error) is StoreError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (said(sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.IntegrityError), True),
        (sqlite3.IntegrityError("without a code"), True),
        (said(sqlite3.SQLITE_TOOBIG, sqlite3.DataError), True),
        (OverflowError("too large"), True),
        (ValueError("a lone surrogate"), True),
        (said(sqlite3.SQLITE_FULL), False),
        (said(sqlite3.SQLITE_NOMEM), False),
        (said(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), False),
        (sqlite3.OperationalError("without a code"), False),
        (sqlite3.ProgrammingError("type 'set' is not supported"), True),
        (OSError(errno.EIO, "I/O"), False),
    ],
)
def test_only_a_wrong_value_is_private(error: Exception, *, expected: bool) -> None:
    """Everything else concerns every job of the transaction."""
    assert is_private(error) is expected


def test_only_a_failed_sync_ends_all_trust() -> None:
    """An error of a read, or a full disk, does not."""
    assert is_distrust(said(sqlite3.SQLITE_IOERR_FSYNC))
    assert is_distrust(said(sqlite3.SQLITE_IOERR_DIR_FSYNC))
    assert not is_distrust(said(sqlite3.SQLITE_IOERR_READ))
    assert not is_distrust(OSError(errno.EIO, "I/O"))
