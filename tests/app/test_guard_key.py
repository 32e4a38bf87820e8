"""Instances that share a state remember messages under one key, or do not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.memory_store import MemoryStore
from tests.support.trust import HandClock, guard
from vedette.app.engine import Engine
from vedette.app.guards.key import FILE, guard_key, prove
from vedette.config.settings import Settings
from vedette.errors import StoreUnwritableError


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore(HandClock())
    await made.start()
    return made


def folder(tmp_path: Path, name: str) -> Path:
    """Return the state folder of a machine."""
    made = tmp_path / name
    made.mkdir()
    return made


async def test_the_first_key_is_the_one_of_the_state(tmp_path: Path, store: MemoryStore) -> None:
    """It is made at the first start, and holds at the next."""
    one = folder(tmp_path, "one")
    await prove(one, store)
    key = guard_key(one)

    await prove(one, store)
    assert guard_key(one).reveal() == key.reveal()


async def test_a_machine_with_a_copy_of_the_key_may_start(
    tmp_path: Path, store: MemoryStore
) -> None:
    """It knows the same messages again."""
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    await prove(one, store)
    (two / FILE).write_text((one / FILE).read_text())

    await prove(two, store)


async def test_a_machine_with_a_key_of_its_own_is_refused(
    tmp_path: Path, store: MemoryStore
) -> None:
    """In one line that says which file and what to do."""
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    await prove(one, store)
    guard_key(two)

    with pytest.raises(StoreUnwritableError, match=r"two/guard\.key is not the key .* copy it"):
        await prove(two, store)


async def test_a_machine_without_the_key_is_refused_and_makes_none(
    tmp_path: Path, store: MemoryStore
) -> None:
    """A second key would only be in the way of the one that is to be copied there."""
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    await prove(one, store)

    with pytest.raises(StoreUnwritableError, match=r"two/guard\.key is missing"):
        await prove(two, store)
    assert not (two / FILE).exists()


async def test_the_state_tells_nothing_of_the_key(tmp_path: Path, store: MemoryStore) -> None:
    """And two states of one key have nothing in common."""
    one = folder(tmp_path, "one")
    other = MemoryStore(HandClock())
    await other.start()
    await prove(one, store)
    await prove(one, other)

    mine, theirs = await store.fingerprint(), await other.fingerprint()
    assert mine is not None
    assert theirs is not None
    assert mine.salt != theirs.salt
    assert mine.digest != theirs.digest
    assert guard_key(one).reveal() not in mine.digest.hex() + mine.salt.hex()


async def test_a_service_with_another_key_does_not_start(tmp_path: Path) -> None:
    """Where it has guards; where none is, nobody needs a key."""
    settings = Settings(state=tmp_path, guards=(guard(),))
    first = Engine(settings)
    await first.start()
    await first.stop()
    (tmp_path / FILE).unlink()

    with pytest.raises(StoreUnwritableError, match=r"guard\.key is missing"):
        await Engine(settings).start()


async def test_a_service_without_guards_has_no_key(tmp_path: Path) -> None:
    """Machines that only watch share nothing but the database."""
    engine = Engine(Settings(state=tmp_path))
    await engine.start()
    await engine.stop()

    assert not (tmp_path / FILE).exists()
