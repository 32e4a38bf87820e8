"""The store that the settings ask for, opened by no one yet.

Postgres is an extra: its client is imported when the settings name a database, and nobody else
pays for it. It must not know what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType

from vedette.app.guards.trusting import State
from vedette.config.settings import Settings
from vedette.errors import ConfigError, StoreError
from vedette.model.ids import EndpointId
from vedette.ports.audit import AuditEntry
from vedette.ports.clock import Clock
from vedette.store.sqlite.store import SqliteStore


def kept(
    settings: Settings,
    clock: Clock,
    *,
    on_distrust: Callable[[StoreError], None],
    on_audit: Callable[[AuditEntry], None],
    on_due: Callable[[Sequence[EndpointId]], None],
) -> State:
    """Return the store of a service. Raises ConfigError when its client is not installed.

    ``on_due`` is told of endpoints that something is due at, which another instance committed.
    """
    if settings.store is None:
        return SqliteStore(settings.state, clock, on_distrust=on_distrust, on_audit=on_audit)
    there = settings.store
    store: State = postgres("store").PostgresStore(
        there.url,
        clock,
        instance=there.instance,
        on_audit=on_audit,
        on_due=on_due,
        migrates=there.migrates,
    )
    return store


def postgres(name: str) -> ModuleType:
    """Import a module of the store on Postgres. Raises ConfigError that says what to install."""
    try:
        return import_module(f"vedette.store.postgres.{name}")
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "asyncpg":
            # A module of ours: a defect, and no fault of whoever installed us.
            raise
        raise ConfigError(
            "a store on Postgres needs vedette[postgres]: pip install 'vedette[postgres]'"
        ) from error
