"""Which Postgres a command is about: an option, the environment, or the configuration."""

from __future__ import annotations

from pathlib import Path

from vedette.cli.place import configuration
from vedette.config.document import load
from vedette.config.environment import STORE, secret
from vedette.config.store import checked, read_store
from vedette.errors import ConfigError
from vedette.secret import Secret


def database_of(config: Path | None, store: str | None) -> Secret[str]:
    """Return the Postgres that is meant: as given, or as the environment or the configuration says.

    Nothing else is read. Raises UsageError for what is no Postgres, ConfigError where none is named.
    """
    given = secret(STORE) if store is None else Secret(store)
    if given is not None:
        return checked(given)
    file = configuration(config)
    found = read_store(load(file).table("store"))
    if found is None:
        raise ConfigError(
            f"{file} names no database: give --store, set {STORE}, or write url under [store]"
        )
    return found.url
