"""Bring a database to the newest shape, one numbered step after the other.

Each step runs in a transaction of its own that also notes its number, so a crash leaves the old
shape or the new one. Steps only add: what an older Vedette reads stays, until a later step says
with ``-- min_reader: N`` that a Vedette which knows fewer than N steps can not go on. So instances
of two versions work on one database while they are exchanged. Steps of several instances wait for
each other; no step waits long for a table, so that none stands in the way of the mail.

It knows the migration files and nothing of what they make.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

import asyncpg

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError, StoreVersionError
from vedette.secret import Secret
from vedette.store.postgres.connection import Connection, connect, spelled
from vedette.store.postgres.faults import translate

_PACKAGE: Final = "vedette.store.postgres.migrations"
_MIN_READER: Final = "-- min_reader:"

#: "VDTT" in ASCII: what steps of several instances wait for (an advisory lock's number).
LOCK: Final = 0x56445454

#: How long a step waits for a table that somebody uses; who comes after it waits as long.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '2s'"
#: A step may rewrite more than a statement of the service may touch.
_STEP_TIMEOUT: Final = "SET LOCAL statement_timeout = '10min'"
_STEP_SECONDS: Final = 660.0

#: Seconds for a connection to be closed.
_END: Final = 5.0

#: Tries of one step, and seconds between two of them: about two minutes in all.
TRIES: Final = 40
PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``reader`` is how many steps a Vedette has to know that reads what it leaves."""

    number: int
    name: str
    text: str
    reader: int

    @property
    def checksum(self) -> str:
        """The digest of the text: a step that was run is never changed."""
        return sha256(self.text.encode()).hexdigest()


def _load() -> tuple[Step, ...]:
    folder = files(_PACKAGE)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    steps: list[Step] = []
    for number, name in enumerate(names, 1):
        if not name.startswith(f"{number:04d}_"):
            raise ValueError(f"the migration {name} should have number {number:04d}")
        text = folder.joinpath(name).read_text("utf-8")
        before = steps[-1].reader if steps else 1
        steps.append(Step(number=number, name=name, text=text, reader=_reader(text, before)))
    return tuple(steps)


def _reader(text: str, before: int) -> int:
    said = next((line for line in text.split("\n") if line.startswith(_MIN_READER)), None)
    return before if said is None else int(said.removeprefix(_MIN_READER))


STEPS: Final = _load()


async def version(connection: Connection, *, known: int = len(STEPS)) -> int:
    """Return the number of the shape: 0 for an empty database.

    A newer one is returned as well if who knows ``known`` steps can read it. Raises
    StoreVersionError if not, and StoreError for a database that is not ours.
    """
    # One statement, one moment: another instance may be making these tables.
    tables = await connection.fetch(
        "SELECT count(*) FILTER (WHERE relname = 'schema_version'), count(*) FROM pg_class "
        "WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
    )
    ours, others = tables[0]
    if not ours and others:
        raise StoreError(
            f"the database has {others} tables that are not Vedette's: give it one of its own"
        )
    if not ours:
        return 0
    row = await connection.fetchrow(
        "SELECT version, min_reader FROM schema_version ORDER BY version DESC LIMIT 1"
    )
    if row is None:
        return 0
    if row["min_reader"] > known:
        raise StoreVersionError(
            f"the state has version {row['version']} and this Vedette knows {known}: "
            "run the newer Vedette that wrote it"
        )
    return int(row["version"])


async def upgrade(url: Secret[str]) -> tuple[int, int]:
    """Bring a database to the newest shape; return the number of the shape before and after.

    Raises StoreError and its kinds.
    """
    try:
        connection = await connect(url)
        try:
            before = await version(connection)
            return before, await migrate(connection)
        finally:
            await connection.close(timeout=_END)
    except Exception as error:
        raise translate(error, spelled(url)) from error


async def migrate(connection: Connection) -> int:
    """Run the steps that are missing and return the number of the shape.

    Raises what the client raises, and what ``version`` raises.
    """
    at = await version(connection)
    for step in STEPS[at:]:
        crashpoint(Crashpoint.MIGRATING)
        await _patiently(connection, step)
    return max(at, len(STEPS))


async def _patiently(connection: Connection, step: Step) -> None:
    for left in range(TRIES - 1, -1, -1):
        try:
            await _run(connection, step)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if not left:
                raise
            await asyncio.sleep(PAUSE)
        else:
            return


async def _run(connection: Connection, step: Step) -> None:
    async with connection.transaction():
        await connection.execute(f"{_LOCK_TIMEOUT}; {_STEP_TIMEOUT}")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        if await version(connection) >= step.number:
            # Another instance was quicker.
            return
        await connection.execute(step.text, timeout=_STEP_SECONDS)
        await connection.execute(
            "INSERT INTO schema_version (version, at, min_reader, checksum) "
            "VALUES ($1, now(), $2, $3)",
            step.number,
            step.reader,
            step.checksum,
        )
