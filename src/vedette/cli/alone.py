"""What a command does where no service runs: it opens the state itself, as the configuration says.

It must not know what is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from vedette.cli.place import configuration, state_of
from vedette.client.carrier import Carrier
from vedette.config import environment
from vedette.config.accounts import read_account
from vedette.config.api import read_api
from vedette.config.document import Table, load
from vedette.config.endpoints import read_endpoint
from vedette.config.secrets import read_secrets
from vedette.config.settings import GuardSettings, Settings
from vedette.config.store import checked, read_store
from vedette.errors import ConfigError
from vedette.telemetry.log import LogPolicy, Style, configure

T = TypeVar("T")


def carrier(config: Path | None, state: Path | None) -> Carrier:
    """Return what carries requests to an API over the state itself.

    Raises ConfigError, and UsageError where a service runs on the state and serves no API.
    """
    # What the API logs is for a service's log; an error is told by the command.
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    alone: Carrier = import_module("vedette.api.alone").AloneCarrier(settings_of(config, state))
    return alone


def settings_of(config: Path | None, state: Path | None) -> Settings:
    """Return what a command has to know of the configuration to open the state. Raises ConfigError.

    Accounts, endpoints and guards of the file are shown; one whose secret, or pack, is not here is not.
    """
    if state is not None and config is None:
        return Settings(state=state)
    file = configuration(config)
    document = load(file)
    given = None if state is not None else environment.secret(environment.STORE)
    store = read_store(document.table("store"), given=None if given is None else checked(given))
    return Settings(
        state=state_of(config, state),
        store=None if state is not None else store,
        secrets=read_secrets(document.table("secrets"), file.parent),
        api=read_api(document.table("api"), file.parent),
        accounts=_read(document.table("accounts"), read_account),
        endpoints=_read(document.table("endpoints"), read_endpoint),
        guards=_guards(document.table("guards"), file.parent),
    )


def _guards(tables: Table, beside: Path) -> tuple[GuardSettings, ...]:
    if not tables.keys:
        return ()
    # It imports what reads packs, which few commands ask for.
    read: Callable[[Table, Path], GuardSettings] = import_module("vedette.config.guards").read_guard
    return _read(tables, lambda table: read(table, beside))


def _read(tables: Table, read: Callable[[Table], T]) -> tuple[T, ...]:
    """Return what can be read; of what can not be, a note is printed."""
    found = []
    for table in tables.tables():
        try:
            found.append(read(table))
        except ConfigError as error:
            print(f"note: {error}", file=sys.stderr)
    return tuple(found)
