"""What a host table needs of a database, whichever it is.

Each make has a file of its own that imports its library at its top, and is imported by name when
such a source is configured: a service without one neither needs the library nor pays for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from logging import CRITICAL, getLogger
from typing import Final, Protocol

from vedette.errors import ConfigError, StoreError
from vedette.ports.address import AddressGuard
from vedette.sources.location import Make
from vedette.sources.row import Row
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Statement
from vedette.sources.value import Value

#: Rows that are read, and made accounts of, before others have a turn of the loop: 40 microseconds
#: each where all are new.
BATCH: Final = 200

#: The names that a statement that writes back may use.
NAMES: Final = frozenset({"id", "state", "error", "error_at", "heartbeat_at"})
#: Those that one may use that hands tokens back.
TOKEN_NAMES: Final = frozenset({"id", "before", "refresh_token", "access_token", "expires_at"})
#: Those of all that are instants.
INSTANTS: Final = frozenset({"error_at", "heartbeat_at", "expires_at"})


class SourceError(StoreError):
    """A host table could not be read or written; what was known of it stands."""

    code = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows; ``columns`` are all that the query yields, also where there is no row."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A statement to run with the values of one row. Instants are in seconds since 1970."""

    statement: Statement
    values: Mapping[str, Value]


class Database(Protocol):
    """A database. Connections are opened for what they are needed for, and closed after it.

    Every method raises SourceError. The caller sets the deadline.
    """

    def read(self, query: str) -> AsyncGenerator[Batch]:
        """Yield what a query finds, at least one batch, in a session that can not write."""

    async def write(self, orders: Sequence[Order]) -> Sequence[str]:
        """Run statements; return what was said of those that were refused, each for itself."""

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Call ``heard`` once it listens, and at each notification; return when it is deaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """The extra that a make needs, and the loggers of its library.

    They fall silent: what they say is in what they raise, and at debug some would write rows.
    """

    module: str
    extra: str | None = None
    loggers: tuple[str, ...] = ()


_LIBRARIES: Final = {
    Make.POSTGRES: _Library(
        module="vedette.sources.postgres", extra="postgres", loggers=("asyncpg",)
    ),
    Make.MYSQL: _Library(module="vedette.sources.mysql", extra="mysql", loggers=("aiomysql",)),
    Make.SQLITE: _Library(module="vedette.sources.sqlite"),
}


def open_database(settings: SourceSettings, guard: AddressGuard) -> Database:
    """Return the database of a source; nothing is dialled yet.

    Raises ConfigError, with what to install, where its library is not there.
    """
    library = _LIBRARIES[settings.location.database]
    for name in library.loggers:
        getLogger(name).setLevel(CRITICAL)
    try:
        module = import_module(library.module)
    except ImportError as error:
        if library.extra is None or (error.name or "").startswith("vedette"):
            # A module of ours: a defect, and no fault of whoever installed us.
            raise
        wanted = f"vedette[{library.extra}]"
        raise ConfigError(
            f"the source {settings.name} needs {wanted}: pip install '{wanted}'"
        ) from error
    made: Database = module.database(settings, guard)
    return made
