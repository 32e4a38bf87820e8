"""Instances that share a Postgres share the key of its secrets, and change it while they run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.cluster import Cluster
from vedette.app.clock import SystemClock
from vedette.app.vault import unlocked
from vedette.config.settings import SecretsSettings, Settings
from vedette.errors import SecretError
from vedette.identity.keysource import FILE, KeyFile
from vedette.identity.vault import Vault
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record, Records
from vedette.secret import Secret

pytestmark = pytest.mark.server

ANNA = TenantId("anna")


@pytest.fixture
async def both(cluster: Cluster) -> AsyncIterator[tuple[Records, Records]]:
    """Run two instances on one database, on machines that share no folder."""
    one, two = cluster.make("one"), cluster.make("two")
    await one.start()
    await two.start()
    yield one.records, two.records
    await two.stop()
    await one.stop()


async def unlock(records: Records, folder: Path, secrets: SecretsSettings | None = None) -> Vault:
    settings = Settings(state=folder, secrets=secrets or SecretsSettings())
    return await unlocked(settings, records, SystemClock())


async def keep(records: Records, vault: Vault, id_: str, text: str) -> None:
    sealed = await vault.seal(Kind.ACCOUNT, ANNA, id_, "password", Secret(text))
    record = Record(kind=Kind.ACCOUNT, id=id_, tenant=ANNA, body="{}")
    await records.write([Put(record=record, expected=0, secrets={"password": sealed})], now=1.0)


async def texts(records: Records, vault: Vault, *ids: str) -> list[str]:
    return [
        (await vault.open(value)).reveal() for value in await records.secrets(Kind.ACCOUNT, ids)
    ]


async def test_of_two_first_starts_one_has_the_key(
    both: tuple[Records, Records], tmp_path: Path
) -> None:
    """Each machine made a key of its own; the second is refused before it seals anything."""
    starts = await asyncio.gather(
        unlock(both[0], tmp_path / "one"),
        unlock(both[1], tmp_path / "two"),
        return_exceptions=True,
    )

    assert sorted(isinstance(each, Vault) for each in starts) == [False, True]
    (refused,) = [each for each in starts if isinstance(each, BaseException)]
    assert isinstance(refused, SecretError)
    assert "copy it" in str(refused)


async def test_an_instance_opens_what_another_sealed(
    both: tuple[Records, Records], tmp_path: Path
) -> None:
    """With a copy of its key; the first secret of both at once is under one data key."""
    first = await unlock(both[0], tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / FILE).write_bytes((tmp_path / "one" / FILE).read_bytes())
    (tmp_path / "two" / FILE).chmod(0o600)
    second = await unlock(both[1], tmp_path / "two")

    await asyncio.gather(keep(both[0], first, "a", "one"), keep(both[1], second, "b", "two"))

    assert await texts(both[0], first, "a", "b") == ["one", "two"]
    assert await texts(both[1], second, "a", "b") == ["one", "two"]
    assert len(await both[0].data_keys(ANNA)) == 1


async def test_keys_are_changed_beside_an_instance_that_goes_on(
    both: tuple[Records, Records], tmp_path: Path
) -> None:
    """It knows the old key and the new one, and seals all the while."""
    old, new = KeyFile(path=tmp_path / "old"), KeyFile(path=tmp_path / "new")
    first = await unlock(both[0], tmp_path, SecretsSettings(key=old))
    await keep(both[0], first, "a", "one")
    # As `openssl rand -hex 32` would.
    new.path.write_text("".join(f"{number:02x}" for number in range(7, 39)))
    new.path.chmod(0o600)
    secrets = SecretsSettings(key=new, old=(old,))
    beside = await unlock(both[1], tmp_path, replace(secrets, key=old, old=(new,)))
    changing = await unlock(both[0], tmp_path, secrets)

    await asyncio.gather(
        changing.rotation.renew(),
        *(keep(both[1], beside, f"b{number}", "two") for number in range(20)),
    )
    await changing.rotation.rewrap()

    alone = await unlock(both[0], tmp_path, SecretsSettings(key=new))
    ids = [value.id for value in await both[0].sealed(("", "", ""), limit=100)]
    assert await texts(both[0], alone, *ids) == ["one", *["two"] * 20]
    with pytest.raises(SecretError, match="copy it"):
        await unlock(both[1], tmp_path, SecretsSettings(key=old))
