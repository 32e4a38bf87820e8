"""The state folder: made private, held by one process, with the paths inside it.

It knows files and locks and nothing of what is written in them.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from vedette.errors import StoreUnwritableError
from vedette.store.sqlite.faults import translate

#: The name of the database in the state folder.
DATABASE: Final = "vedette.db"

_LOCK: Final = "lock"

#: Enough for any process id and a newline.
_PID_BYTES: Final = 32


class Place:
    """One state folder. ``take`` makes and locks it, ``release`` lets it go; both idempotent.

    The lock is ``flock`` on a file that stays: it ends with the process, however
    that dies. A child made by a bare fork would share it; one made by exec does not.
    Where the state itself is elsewhere, the folder ``has_database`` not, and is held all the same.
    """

    __slots__ = ("_descriptor", "folder", "has_database")

    def __init__(self, folder: Path, *, has_database: bool = True) -> None:
        self.folder = folder
        self.has_database = has_database
        self._descriptor: int | None = None

    @property
    def database(self) -> Path:
        """Where the database is."""
        return self.folder / DATABASE

    def take(self) -> None:
        """Make the folder (0700) and its database file (0600), and hold the lock.

        Raises StoreUnwritableError with the holder's process id when another has it,
        or with the system's words; StoreFullError when there is no space.
        """
        if self._descriptor is not None:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(
                self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
        except OSError as error:
            raise translate(error, self.folder) from error
        try:
            self._hold(descriptor)
            if self.has_database:
                self._make_database()
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError):
                raise translate(error, self.folder) from error
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process have the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _hold(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _PID_BYTES, 0).decode("ascii", "replace").strip()
            raise StoreUnwritableError(
                f"the state folder {self.folder} is in use by process {holder or 'unknown'}: "
                "stop it, or choose another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def _make_database(self) -> None:
        # SQLite gives its -wal and -shm files the mode of the database.
        with suppress(FileExistsError):
            os.close(
                os.open(
                    self.database,
                    os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW,
                    0o600,
                )
            )
            # A new name is on disk only after its folder was synced.
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
