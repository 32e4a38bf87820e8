"""The state of a service, opened for a command that looks: in its folder, or in its database."""

from __future__ import annotations

from pathlib import Path

from vedette.app.state import postgres
from vedette.cli.place import configuration, state_of
from vedette.config.document import load
from vedette.config.environment import STORE, secret, state_folder
from vedette.config.store import checked, read_store
from vedette.errors import ConfigError
from vedette.ports.state import StateView
from vedette.secret import Secret
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.reader import read_only


def view(config: Path | None, state: Path | None) -> StateView:
    """Open the state for reading: the folder that is given, or what the configuration names.

    Nothing else of the configuration is read: whoever looks need not have the passwords of the
    mailboxes. Raises StoreError, and ConfigError where no state is named.
    """
    url = None if state is not None else _database(config)
    if url is None:
        return read_only(state_of(config, state))
    found: StateView = postgres("reader").read_only(url)
    return found


def view_or_none(config: Path | None, state: Path | None) -> StateView | None:
    """Open the state as ``view`` does; None where no service ran yet, or none is configured."""
    try:
        if state is None and _database(config) is not None:
            return view(config, None)
        folder = state_of(config, state)
    except ConfigError:
        if config is not None:
            raise
        folder = state_folder()
    return read_only(folder) if (folder / DATABASE).is_file() else None


def _database(config: Path | None) -> Secret[str] | None:
    given = secret(STORE)
    if given is not None:
        return checked(given)
    found = read_store(load(configuration(config)).table("store"))
    return None if found is None else found.url
