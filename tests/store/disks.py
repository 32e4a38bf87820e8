"""Small and read-only disks, where the machine lets a test make one.

The system calls are made here, as ``umount`` wants /proc, which a bare chroot does not have.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Of linux/mount.h: the file system takes no more writes; its settings alone are changed.
_MS_RDONLY, _MS_REMOUNT = 1, 32
# What a disk in memory gives room by.
_PAGE = 4096
# Of umount(2): out of sight at once, gone when the last file on it is closed.
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


class NoDiskError(Exception):
    """The machine does not let this user mount; the message is its own words."""


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """Mount a disk of ``kib`` KiB on ``folder``. Raises NoDiskError."""
    folder.mkdir()
    _mount(folder, 0, f"size={kib}k")
    try:
        yield folder
    finally:
        # Detached: a test that failed may have left a file open.
        if _libc.umount2(os.fsencode(folder), _MNT_DETACH):
            raise OSError(ctypes.get_errno(), "the disk stays mounted", str(folder))


def make_read_only(folder: Path) -> None:
    """Let nobody write on the disk mounted on ``folder``, root included."""
    _mount(folder, _MS_REMOUNT | _MS_RDONLY, "")


def fill(path: Path) -> Path:
    """Write a file until its disk is full, and return it."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        # Others may write meanwhile: what is free is known by trying alone.
        while file.write(bytes(_PAGE)):
            pass
    return path


def _mount(folder: Path, flags: int, options: str) -> None:
    names = (b"tmpfs", os.fsencode(folder), b"tmpfs")
    if _libc.mount(*names, ctypes.c_ulong(flags), options.encode()):
        raise NoDiskError(f"mount: {os.strerror(ctypes.get_errno())}")
