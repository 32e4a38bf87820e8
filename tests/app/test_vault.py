"""A state has one key for its secrets: the first start makes it, and every other start needs it."""

from __future__ import annotations

import io
import sqlite3
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from vedette.app.clock import SystemClock
from vedette.app.vault import tidy_once, unlocked
from vedette.config.settings import SecretsSettings, Settings
from vedette.errors import SecretDamagedError, SecretError
from vedette.identity.keysource import FILE, KeyFile, KeyVariable
from vedette.identity.rotation import RESTS
from vedette.identity.vault import Vault
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record, SealedValue
from vedette.secret import Secret
from vedette.store.sqlite.store import SqliteStore
from vedette.telemetry.log import LogPolicy, configure

ANNA = TenantId("anna")
KEY = bytes(range(100, 132)).hex()


@asynccontextmanager
async def state(folder: Path) -> AsyncIterator[SqliteStore]:
    """Open a real state for one process."""
    store = SqliteStore(folder, SystemClock())
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def keep(store: SqliteStore, vault: Vault, text: str) -> SealedValue:
    """Set a secret beside a record."""
    sealed = await vault.seal(Kind.ACCOUNT, ANNA, "post", "password", Secret(text))
    record = Record(kind=Kind.ACCOUNT, id="post", tenant=ANNA, body="{}")
    await store.records.write(
        [Put(record=record, expected=0, secrets={"password": sealed})], now=1.0
    )
    (value,) = await store.records.secrets(Kind.ACCOUNT, ["post"])
    return value


async def test_a_restart_opens_what_was_sealed(tmp_path: Path) -> None:
    """With the key that the first start made in the state folder, and never in the database."""
    settings = Settings(state=tmp_path)
    async with state(tmp_path) as store:
        await keep(store, await unlocked(settings, store.records, SystemClock()), "hunter2")
    async with state(tmp_path) as store:
        vault = await unlocked(settings, store.records, SystemClock())
        (value,) = await store.records.secrets(Kind.ACCOUNT, ["post"])

        assert (await vault.open(value)).reveal() == "hunter2"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("column", ["id", "tenant", "name", "kind"])
async def test_a_row_that_is_moved_in_the_database_opens_nothing(
    tmp_path: Path, column: str
) -> None:
    """To another record, tenant, name or kind, by whoever can write there: even beside its own key."""
    settings = Settings(state=tmp_path)
    async with state(tmp_path) as store:
        vault = await unlocked(settings, store.records, SystemClock())
        await keep(store, vault, "hunter2")
        await vault.seal(Kind.ACCOUNT, TenantId("bert"), "other", "password", Secret("his"))
    moved = {"id": "other", "tenant": "bert", "name": "token", "kind": "app"}[column]
    with closing(sqlite3.connect(tmp_path / "vedette.db")) as database, database:
        changed = database.execute(f"UPDATE secret SET {column} = ?", (moved,))
        assert changed.rowcount == 1
    async with state(tmp_path) as store:
        vault = await unlocked(settings, store.records, SystemClock())
        [value] = await store.records.sealed(("", "", ""))

        with pytest.raises(SecretDamagedError, match="was changed, or is from another place"):
            await vault.open(value)
        opened = await vault.open_all([value])
        assert (opened.secrets, list(opened.failed)) == ({}, [value.id])


async def test_workers_of_one_machine_share_the_key(tmp_path: Path) -> None:
    """It lies in the folder that they share."""
    async with state(tmp_path) as store:
        await unlocked(Settings(state=tmp_path), store.records, SystemClock())
        second = Settings(state=tmp_path / "worker-2", shared=tmp_path)

        await unlocked(second, store.records, SystemClock())
    assert not (tmp_path / "worker-2").exists()


async def test_a_machine_with_another_key_does_not_start(tmp_path: Path) -> None:
    """Nor one without; and neither makes a key."""
    async with state(tmp_path / "one") as store:
        await unlocked(Settings(state=tmp_path / "one"), store.records, SystemClock())
        other = Settings(state=tmp_path / "two")

        with pytest.raises(SecretError, match=r"two/secrets\.key is missing.*copy it"):
            await unlocked(other, store.records, SystemClock())
        assert not (tmp_path / "two").exists()
        with pytest.raises(SecretError, match=r"sealed under the key with the fingerprint"):
            await unlocked(
                replace(
                    other, secrets=SecretsSettings(key=KeyVariable(name="K", text=Secret(KEY)))
                ),
                store.records,
                SystemClock(),
            )


async def test_a_rotation_of_a_real_state(tmp_path: Path) -> None:
    """The file's key is changed for another; then the old one is of no use."""
    new = KeyVariable(name="K", text=Secret(KEY))
    old = KeyFile(path=tmp_path / FILE)
    async with state(tmp_path) as store:
        await keep(
            store, await unlocked(Settings(state=tmp_path), store.records, SystemClock()), "hunter2"
        )
        both = Settings(state=tmp_path, secrets=SecretsSettings(key=new, old=(old,)))
        vault = await unlocked(both, store.records, SystemClock())
        await vault.rotation.rewrap()
        await vault.rotation.renew()
        (value,) = await store.records.secrets(Kind.ACCOUNT, ["post"])

        alone = Settings(state=tmp_path, secrets=SecretsSettings(key=new))
        vault = await unlocked(alone, store.records, SystemClock())
        assert (await vault.open(value)).reveal() == "hunter2"
        with pytest.raises(SecretError):
            await unlocked(Settings(state=tmp_path), store.records, SystemClock())


class Later:
    """A wall clock that is ahead."""

    @staticmethod
    def now() -> float:
        return SystemClock.now() + RESTS


async def test_old_data_keys_go_by_themselves(tmp_path: Path) -> None:
    """An hour after a renewal nobody has to think of them."""
    settings = Settings(state=tmp_path)
    async with state(tmp_path) as store:
        vault = await unlocked(settings, store.records, SystemClock())
        await keep(store, vault, "hunter2")
        await vault.rotation.renew()
        assert {key.number for key in await store.records.data_keys()} == {1, 2}

        async def later() -> Vault:
            return await unlocked(settings, store.records, Later())

        await tidy_once(store.records, later)

        assert {key.number for key in await store.records.data_keys()} == {2}


async def test_a_state_without_secrets_gets_no_key(tmp_path: Path) -> None:
    """A service that only watches what its file says needs none."""
    async with state(tmp_path) as store:

        async def never() -> Vault:
            raise AssertionError

        await tidy_once(store.records, never)


async def test_keys_that_can_not_be_tidied_stop_nothing(tmp_path: Path, log: io.StringIO) -> None:
    """It is told, and tried again."""
    async with state(tmp_path) as store:
        await unlocked(Settings(state=tmp_path), store.records, SystemClock())

        async def locked() -> Vault:
            raise SecretError("the key is gone")

        await tidy_once(store.records, locked)
    assert "keys.untidy" in log.getvalue()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what is logged, at the level that shows tracebacks."""
    stream = io.StringIO()
    configure(LogPolicy(level="debug"), stream)
    yield stream
    configure(LogPolicy())


def everything(folder: Path) -> bytes:
    """Return what all files of a state hold."""
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def test_planted_secrets_are_seen_nowhere(tmp_path: Path, log: io.StringIO) -> None:
    """Not in the database, a log line, a repr, nor a traceback that shows every local value."""
    drawn: list[bytes] = []

    def entropy(octets: int) -> bytes:
        drawn.append((len(drawn) + 1).to_bytes(1, "big") * octets)
        return drawn[-1]

    planted = ["canary-password", "canary-token", KEY]
    secrets = SecretsSettings(key=KeyVariable(name="K", text=Secret(KEY)))
    seen = [repr(Settings(state=tmp_path, secrets=secrets))]
    async with state(tmp_path) as store:
        vault = await unlocked(
            Settings(state=tmp_path, secrets=secrets), store.records, SystemClock()
        )
        vault = Vault(store.records, vault._keys.ring, SystemClock(), entropy)
        value = await keep(store, vault, "canary-password")
        opened = await vault.open_all([value])
        seen += [repr(each) for each in (vault, vault._keys.ring, opened, value)]
        too_long = Secret("canary-token" * 10_000)
        for failing in (
            vault.open(replace(value, tenant=TenantId("bert"))),
            vault.open(replace(value, value=value.value[:-1])),
            vault.open(replace(value, id="other")),
            vault.seal(Kind.APP, ANNA, "a", "token", too_long),
        ):
            with pytest.raises(SecretError) as caught:
                await failing
            shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
            # The first frame is this test's, which knows what it planted.
            del shown.stack[0]
            seen += list(shown.format())
            structlog.get_logger().error("x", exc_info=caught.value, found=opened, value=value)
    seen += [log.getvalue()]
    files = everything(tmp_path)

    data_key = drawn[0]
    assert len(data_key) == 32
    for each in [*planted, data_key.hex(), repr(data_key)[2:-1]]:
        assert all(each not in text for text in seen)
        assert each.encode() not in files
    assert data_key not in files
    assert bytes.fromhex(KEY) not in files
    assert "canary" not in "".join(seen)
