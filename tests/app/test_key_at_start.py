"""Without its key a state is not served: said in one line, before anybody logs in anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from tests.app.live import Live
from tests.app.settings import service
from tests.support.office import ADMIN, KEY
from tests.support.service import Configuration, vedette
from vedette.app.clock import SystemClock
from vedette.app.engine import Engine
from vedette.app.vault import Safe, unlocked
from vedette.config.settings import SecretsSettings, Settings
from vedette.errors import SecretError
from vedette.identity.keysource import FILE, KeyFile
from vedette.model.ids import AccountId
from vedette.store.sqlite.store import SqliteStore

OTHER = bytes(range(100, 132)).hex()


class Door:
    """A mail server that counts who comes."""

    def __init__(self) -> None:
        self.comers = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._server.close()

    async def _come(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.comers += 1
        writer.close()


def written(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


async def sealed(folder: Path) -> Settings:
    """Return the settings of a state that holds a key's proof."""
    settings = Settings(state=folder)
    store = SqliteStore(folder, SystemClock())
    await store.start()
    await unlocked(settings, store.records, SystemClock())
    await store.stop()
    return settings


async def test_a_start_with_another_key_opens_no_session(tmp_path: Path) -> None:
    """One line that says which key, status 78, no login; a mailbox of the file is no exception."""
    state = tmp_path / "state"
    await sealed(state)
    written(state / FILE, OTHER)
    async with Door() as door:
        configuration = Configuration(
            file=tmp_path / "vedette.toml",
            state=state,
            accounts={
                "a": f'url = "imap+plaintext://anna@127.0.0.1:{door.port}"\npassword = "pass"'
            },
            endpoints={},
            api='listen = "127.0.0.1:0"',
        )
        configuration.write()

        ended = await asyncio.to_thread(vedette, "serve", "--config", str(configuration.file))

        assert door.comers == 0
    assert ended.status == 78, ended.err
    [line] = ended.err.splitlines()
    assert line.startswith("vedette: ")
    assert "sealed under the key with the fingerprint" in line
    assert "copy it" in line


async def test_a_start_without_any_key_makes_none(tmp_path: Path) -> None:
    """A second key would open nothing of what is there."""
    settings = service(tmp_path, ["anna"])
    await sealed(settings.state)
    (settings.state / FILE).unlink()
    async with Door() as door:
        [anna] = settings.accounts
        there = replace(anna, target=replace(anna.target, port=door.port))
        engine = Engine(replace(settings, accounts=(there,)))

        with pytest.raises(SecretError, match="is missing, and the secrets of this state"):
            await engine.start()

        assert (door.comers, engine.supervisor) == (0, None)
    assert not (settings.state / FILE).exists()


async def test_a_state_without_secrets_starts_without_a_key(tmp_path: Path) -> None:
    """And is given none for it."""
    store = SqliteStore(tmp_path, SystemClock())
    await store.start()
    safe = Safe(Settings(state=tmp_path), store, SystemClock())

    await safe.heed(Settings(state=tmp_path))

    assert safe.opened is None
    assert not (tmp_path / FILE).exists()
    await store.stop()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """Run an engine with a registered mailbox, whose password is sealed."""
    made = Live(tmp_path)
    await made.engine.start()
    await made.desk.tenants.create(ADMIN, {"name": "Acme"}, id_="acme")
    await made.register("anna")
    await made.until_watched("anna")
    yield made
    await made.engine.stop()


async def test_settings_with_another_key_are_refused_whole(live: Live, tmp_path: Path) -> None:
    """The service goes on with the key that it has, and with the accounts that it had."""
    other = KeyFile(path=written(tmp_path / "other.key", OTHER))
    settings = live.engine.settings
    before = settings.accounts

    with pytest.raises(SecretError, match="sealed under the key with the fingerprint"):
        await live.engine.apply(replace(settings, secrets=SecretsSettings(key=other)))
    written(settings.state / FILE, OTHER)
    with pytest.raises(SecretError, match="sealed under the key with the fingerprint"):
        await live.engine.apply(settings)

    assert live.engine.settings.accounts == before
    await live.desk.accounts.update(ADMIN, AccountId("anna"), {"title": "Anna"})
    await live.until_watched("anna")
    assert live.password("anna") == "hunter2"


async def test_a_key_is_changed_for_another_while_the_service_runs(
    live: Live, tmp_path: Path
) -> None:
    """New beside old, a rotation, new alone: by a reload each, and every password opens throughout."""
    new = KeyFile(path=written(tmp_path / "new.key", OTHER))
    old = KeyFile(path=live.engine.settings.state / FILE)
    settings = live.engine.settings

    both = replace(settings, secrets=SecretsSettings(key=new, old=(old,)))
    await live.engine.apply(both)
    vault = await live.engine.vault()
    assert (await vault.rotation.rewrap()).failed == ()
    await live.engine.apply(replace(settings, secrets=SecretsSettings(key=new)))
    with pytest.raises(SecretError, match="copy it"):
        await live.engine.apply(settings)

    assert await live.engine.vault() is vault
    await live.engine.registered.load()
    assert live.password("anna") == "hunter2"
    assert KEY.hex() == old.path.read_text()
