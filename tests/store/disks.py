"""Small and read-only disks, where the machine lets a test make one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoDiskError(Exception):
    """The machine does not let this user mount; the message is its own words."""


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """Mount a disk of ``kib`` KiB on ``folder``. Raises NoDiskError."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        # Lazily: a test that failed may have left a file open.
        subprocess.run(["umount", "-l", str(folder)], timeout=20, check=True)


def make_read_only(folder: Path) -> None:
    """Let nobody write on the disk mounted on ``folder``, root included."""
    _run("mount", "-o", "remount,ro", str(folder))


def fill(path: Path) -> Path:
    """Write a file until its disk is full, and return it."""
    path.touch()
    state = os.statvfs(path)
    with path.open("wb") as file:
        file.write(bytes(state.f_bavail * state.f_frsize))
    return path


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError as error:
        raise NoDiskError(str(error)) from error
    if done.returncode:
        raise NoDiskError(done.stderr.strip())
