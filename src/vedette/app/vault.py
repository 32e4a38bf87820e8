"""Opens the vault of a state, at a start and for commands that need a secret, and tidies its keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from vedette.config.settings import Settings
from vedette.errors import SecretError, StoreError
from vedette.identity.datakeys import Keep
from vedette.identity.keyloading import keyring
from vedette.identity.keysource import FILE, KeyFile, KeySource
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring
from vedette.ports.clock import Clock
from vedette.ports.records import Recorded

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks for data keys that were superseded: they rest for as long.
TIDIES: Final = 3600.0


async def unlocked(settings: Settings, records: Keep, clock: Clock) -> Vault:
    """Return the vault. The first start of a state makes its key, where that is a file.

    Raises SecretError in one line where the key can not be had or is another than the state's.
    """
    is_first = not await records.data_keys()
    vault = Vault(records, await _ring(settings, makes=is_first), clock)
    await vault.prove()
    return vault


async def _ring(settings: Settings, *, makes: bool) -> Keyring:
    return await keyring(_source(settings), settings.secrets.old, makes=makes)


def _source(settings: Settings) -> KeySource:
    folder = settings.shared or settings.state
    return settings.secrets.key or KeyFile(path=folder / FILE)


async def tidy_keys(records: Keep, vault: Callable[[], Awaitable[Vault]]) -> None:
    """Go on every hour with a renewal of data keys, until the old ones are gone. Never returns."""
    while True:
        await asyncio.sleep(TIDIES)
        await tidy_once(records, vault)


async def tidy_once(records: Keep, vault: Callable[[], Awaitable[Vault]]) -> None:
    """Seal anew what is under an old data key, and take away those that rested.

    A state without secrets is left alone, and gets no key for it.
    """
    try:
        if not await records.data_keys():
            return
        done = await (await vault()).rotation.settle()
    except (StoreError, SecretError) as error:
        # The next hour tries again: nothing is lost but tidiness.
        _log.warning("keys.untidy", error=str(error))
        return
    if done.dropped or done.resealed or done.failed:
        _log.info(
            "keys.tidied",
            dropped=done.dropped,
            resealed=done.resealed,
            resting=done.resting,
            unread=done.unread,
        )


class Safe:
    """The one vault of a service, its engine's and its API's: opened for the first secret that there is.

    A start on a state with secrets opens it (``heed``) before anything else. ``opened`` is the vault from then on.
    """

    def __init__(self, settings: Settings, store: Recorded, clock: Clock) -> None:
        self.opened: Vault | None = None
        self._settings = settings
        self._store = store
        self._clock = clock
        self._one = asyncio.Lock()

    async def __call__(self) -> Vault:
        """Return the vault. Raises SecretError and StoreError."""
        async with self._one:
            if self.opened is None:
                self.opened = await unlocked(self._settings, self._store.records, self._clock)
        return self.opened

    async def heed(self, settings: Settings) -> None:
        """Make sure that settings have the key of this state, where it holds secrets; go over to it.

        What a file holds is read each time; a command is run, and a variable read, where
        ``[secrets]`` is another. Raises SecretError, in one line, and StoreError: then the key of
        before stays.
        """
        async with self._one:
            if await self._store.records.data_keys():
                is_other = settings.secrets != self._settings.secrets
                if self.opened is None:
                    self.opened = await unlocked(settings, self._store.records, self._clock)
                elif is_other or isinstance(_source(settings), KeyFile):
                    await self.opened.adopt(await _ring(settings, makes=False))
            self._settings = settings
