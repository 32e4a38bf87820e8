"""Opens the vault of a state, at a start and for commands that need a secret."""

from __future__ import annotations

from vedette.config.settings import Settings
from vedette.identity.datakeys import Keep
from vedette.identity.keyloading import keyring
from vedette.identity.keysource import FILE, KeyFile
from vedette.identity.vault import Vault
from vedette.ports.clock import Clock


async def unlocked(settings: Settings, records: Keep, clock: Clock) -> Vault:
    """Return the vault. The first start of a state makes its key, where that is a file.

    Raises SecretError in one line where the key can not be had or is another than the state's.
    """
    folder = settings.shared or settings.state
    source = settings.secrets.key or KeyFile(path=folder / FILE)
    is_first = not await records.data_keys()
    vault = Vault(records, await keyring(source, settings.secrets.old, makes=is_first), clock)
    await vault.prove()
    return vault
