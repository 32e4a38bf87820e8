"""The state folder is private, held by one process, and refused in one clear line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.bundle import ANNA, StillClock, cursor, step
from tests.store.disks import NoDiskError, make_read_only, small_disk
from vedette.errors import StoreUnwritableError
from vedette.ports.store import Verdict
from vedette.store.sqlite.place import DATABASE, Place
from vedette.store.sqlite.store import SqliteStore


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def try_to_take(folder: Path) -> str:
    """Take the folder in a process of its own, and return what it was told."""
    code = (
        "import pathlib, sys; from vedette.store.sqlite.place import Place\n"
        "from vedette.errors import StoreError\n"
        "try: Place(pathlib.Path(sys.argv[1])).take()\n"
        "except StoreError as error: print(error)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


async def test_state_is_private(tmp_path: Path) -> None:
    """The folder is for its owner, and so is every file in it, whatever the umask says."""
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "deep" / "state", StillClock())
        await store.start()
        await store.commit(step(None, cursor(1)))
        folder = tmp_path / "deep" / "state"
        assert mode(folder) == 0o700
        files = {path.name: mode(path) for path in folder.iterdir()}
        await store.stop()
    finally:
        os.umask(before)

    assert set(files) == {"lock", DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}
    assert set(files.values()) == {0o600}


async def test_a_second_opener_is_told_who_has_the_folder(tmp_path: Path) -> None:
    """One line names the folder and the process; the first one goes on undisturbed."""
    first = SqliteStore(tmp_path, StillClock())
    await first.start()

    with pytest.raises(StoreUnwritableError) as caught:
        await SqliteStore(tmp_path, StillClock()).start()
    assert str(tmp_path) in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)
    assert "\n" not in str(caught.value)
    await first.commit(step(None, cursor(1)))
    await first.stop()


async def test_another_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    """The lock holds between processes too."""
    first = SqliteStore(tmp_path, StillClock())
    await first.start()
    said = try_to_take(tmp_path)
    await first.stop()

    assert f"in use by process {os.getpid()}" in said


async def test_a_folder_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    """Stop frees the lock, and so does a start that failed."""
    store = SqliteStore(tmp_path, StillClock())
    (tmp_path / DATABASE).write_bytes(b"this is no database, but long enough to be asked" * 50)
    with pytest.raises(Exception, match="damaged"):
        await store.start()
    (tmp_path / DATABASE).unlink()

    await store.start()
    await store.stop()
    place = Place(tmp_path)
    place.take()
    place.take()
    place.release()
    place.release()


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    """A disk that can not be written is named, with the system's words."""
    try:
        with small_disk(tmp_path / "disk", 256) as disk:
            make_read_only(disk)
            with pytest.raises(StoreUnwritableError, match="Read-only file system"):
                Place(disk / "state").take()
    except NoDiskError as error:
        pytest.skip(f"no read-only disk: {error}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A folder without the right to write is named, with the system's words."""
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnwritableError, match="Permission denied"):
        Place(tmp_path / "state").take()
    tmp_path.chmod(0o700)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """The state folder can not be a file."""
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StoreUnwritableError, match=r"state can not be used: File exists"):
        Place(tmp_path / "state").take()


def test_a_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    """Nobody can make us write a process id into a file of his choice."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreUnwritableError):
        Place(tmp_path).take()
    assert (tmp_path / "victim").read_text() == "precious"


async def test_a_database_that_turns_read_only_refuses_commits(tmp_path: Path) -> None:
    """Writes are refused with a clear error, reads go on, and so do writes when they can."""
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    await store.commit(step(None, cursor(1)))
    await store._writer.run(
        lambda connection: connection.execute("PRAGMA query_only = ON"), writes=False
    )
    with pytest.raises(StoreUnwritableError, match="can not be written"):
        await store.commit(step(cursor(1), cursor(2)))

    (state,) = await store.folders(ANNA)
    assert state.cursor == cursor(1)
    assert await store.commit(step(cursor(1), cursor(2))) is Verdict.DONE
    await store.stop()
