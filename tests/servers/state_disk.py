"""Disks for the state of a service, with real faults; a skip where this machine lets nobody mount.

::

    ext4 on a loop device ── its image ── on a small disk in memory, with ballast

When the small disk is full, the kernel can not write what the ext4 was given: the next sync
fails with EIO, as on a dying disk. An ext4 that notes an error goes read-only below whoever
has files open on it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.store.disks import NoDiskError, fill, small_disk

_libc = ctypes.CDLL(None, use_errno=True)

#: MiB: the file system, and what of it can really be written.
_SIZE, _REAL = 64, 12
#: No journal, so that the only writes are ours; whatever is wrong makes it read-only.
_FORMAT = ("mkfs.ext4", "-q", "-F", "-O", "^has_journal")
_OPTIONS = b"errors=remount-ro"
_MNT_DETACH = 2


@contextmanager
def small(folder: Path, kib: int) -> Iterator[Path]:
    """Mount a disk of ``kib`` KiB on ``folder``."""
    try:
        with small_disk(folder, kib) as mounted:
            yield mounted
    except NoDiskError as reason:
        pytest.skip(str(reason))


class LoopDisk:
    """A disk on ``folder`` that can be broken and repaired."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder = folder
        self._store = store
        self._image = store / "image"
        self._ballast = store / "ballast"
        self._device = ""

    def make(self) -> None:
        """Format and mount it. Raises NoDiskError."""
        for program in ("mkfs.ext4", "e2fsck", "losetup"):
            if shutil.which(program) is None:
                raise NoDiskError(f"{program} is not there")
        with self._image.open("wb") as image:
            image.truncate(_SIZE * 1024 * 1024)
        _call(*_FORMAT, str(self._image))
        self.folder.mkdir()
        self.mount()

    def mount(self) -> None:
        """Take it up. Raises NoDiskError."""
        self._device = _call("losetup", "--find", "--show", str(self._image)).strip()
        names = (os.fsencode(self._device), os.fsencode(self.folder), b"ext4")
        if _libc.mount(*names, ctypes.c_ulong(0), _OPTIONS):
            words = os.strerror(ctypes.get_errno())
            _call("losetup", "--detach", self._device)
            self._device = ""
            raise NoDiskError(f"mount of a loop device: {words}")

    def unmount(self) -> None:
        """Let it go. Idempotent."""
        if self._device:
            _libc.umount2(os.fsencode(self.folder), _MNT_DETACH)
            _call("losetup", "--detach", self._device)
            self._device = ""

    def fail_to_sync(self) -> None:
        """From now on nothing new reaches the disk, and a sync says so."""
        fill(self._ballast)

    def go_read_only(self) -> None:
        """Let the file system find an error, as where blocks make no sense. Raises NoDiskError."""
        name = Path(self._device).name
        try:
            Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("a test\n")
        except OSError as error:
            raise NoDiskError(f"no file system can be told to fail: {error}") from error

    def repair(self) -> None:
        """Do what a person does: unmount, check, mount."""
        self.unmount()
        self._ballast.unlink(missing_ok=True)
        # 1 is "errors were corrected" (e2fsck(8)).
        _call("e2fsck", "-f", "-y", str(self._image), fine=(0, 1))
        self.mount()


@contextmanager
def loop_disk(folder: Path) -> Iterator[LoopDisk]:
    """Mount a disk with faults on ``folder``."""
    try:
        with small_disk(folder.with_name("below"), _REAL * 1024) as below:
            disk = LoopDisk(folder, below)
            try:
                disk.make()
                yield disk
            finally:
                disk.unmount()
    except NoDiskError as reason:
        pytest.skip(str(reason))


def _call(*words: str, fine: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode not in fine:
        raise NoDiskError(f"{words[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout
