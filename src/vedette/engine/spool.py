"""Large literals on their way to disk: one temporary file each, gone when it was read.

A message above the first window never sits in memory whole. The files are
private to this user and bounded by the account's largest message.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from vedette.errors import ProtocolError, StoreError
from vedette.imap import Fetch, LiteralChunk, Streamed


class Spools:
    """The spool files of one FETCH, by the key of their literal. Use it as a context."""

    __slots__ = ("_files", "_folder", "_limit", "_paths", "_room", "_sizes")

    def __init__(self, folder: str, *, limit: int) -> None:
        """Write below ``folder``; all files of this FETCH together hold ``limit`` octets."""
        self._folder = folder
        self._limit = limit
        self._room = limit
        self._files: dict[int, BinaryIO] = {}
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            # What a full disk did not take is thrown away here anyway.
            with suppress(OSError):
                file.close()
        for path in self._paths.values():
            path.unlink(missing_ok=True)

    def take(self, chunk: LiteralChunk) -> None:
        """Append a chunk of a literal to its file. Raises ProtocolError."""
        self.append(chunk.key, chunk.data)

    def append(self, key: int, data: bytes) -> None:
        """Append octets to the file of ``key``, made at the first call.

        Raises ProtocolError above the limit, and StoreError when the disk takes no more.
        """
        self._room -= len(data)
        if self._room < 0:
            raise ProtocolError(f"the server sent over {self._limit} octets in one FETCH")
        try:
            self._file(key).write(data)
        except OSError as error:
            raise _unwritten(self._folder, error) from error
        self._sizes[key] = self._sizes.get(key, 0) + len(data)

    def holds(self, row: Fetch) -> bool:
        """Tell whether all that was streamed of a row is here.

        Of a row that came unasked the first octets may have passed before anybody took them.
        """
        return all(
            self._sizes.get(section.data.key) == section.data.size
            for section in row.sections
            if isinstance(section.data, Streamed)
        )

    def path(self, key: int) -> Path:
        """Return the file of a literal, with everything written. Raises StoreError."""
        try:
            self._files[key].flush()
        except OSError as error:
            raise _unwritten(self._folder, error) from error
        return self._paths[key]

    def _file(self, key: int) -> BinaryIO:
        file = self._files.get(key)
        if file is None:
            handle, name = tempfile.mkstemp(prefix="vedette-", suffix=".eml", dir=self._folder)
            file = self._files[key] = os.fdopen(handle, "wb")
            self._paths[key] = Path(name)
        return file

    def drop(self, key: int, count: int) -> None:
        """Remove the first ``count`` octets of a file; rare, and bounded by the limit."""
        path = self.path(key)
        self._files[key].close()
        whole = path.with_suffix(".whole")
        with path.open("rb") as source, whole.open("xb") as target:
            source.seek(count)
            shutil.copyfileobj(source, target)
        whole.replace(path)
        self._files[key] = path.open("ab")


def _unwritten(folder: str, error: OSError) -> StoreError:
    return StoreError(f"a large message can not be kept in {folder}: {error.strerror}")


def emptied(folder: Path) -> Path:
    """Return an empty folder for large messages; what a crash left there is removed."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob("vedette-*"):
        left.unlink(missing_ok=True)
    return folder
