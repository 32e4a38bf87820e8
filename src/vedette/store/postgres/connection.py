"""Open connections to the database with the settings that our promises need.

It knows the switches of Postgres and of its client, and nothing of the tables.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from vedette.errors import StoreError
from vedette.secret import Secret

#: What the functions of this package are given: a connection inside of its transaction.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

#: ``xid8`` came with 13; what the project of Postgres itself keeps up begins here.
OLDEST: Final = 14

#: Connections of one instance: commits and settlements have one each, and eight do more work than
#: two cores of a database can. None is kept open for its own sake: the client would try to restore
#: a number of them for ever while the database is away, and say so each time.
MOST: Final = 8

#: Seconds in which a connection is made, or the try is given up.
CONNECT: Final = 10.0

#: Seconds for one statement, by our clock. The server's own limit is shorter, so that it ends
#: what nobody waits for any more.
ANSWER: Final = 30.0

_SETTINGS: Final = {
    "application_name": "vedette",
    # Milliseconds. An instance that stands still within a transaction (a paused machine) holds
    # rows that others wait for: the server ends it before its shards can be taken over.
    "idle_in_transaction_session_timeout": "10000",
    "statement_timeout": "25000",
    "lock_timeout": "15000",
    # A plan for a handful of rows is not worth compiling.
    "jit": "off",
    # A plan is kept that was made when a day's tables were empty, and a look through an empty
    # table is as cheap as its index: with the mail of that day it takes fifty times as long.
    "enable_seqscan": "off",
    # A commit survives the loss of power; what need not says so for its own transaction.
    "synchronous_commit": "on",
    # A line that is dead is known within half a minute, also while nothing is sent on it.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}


async def open_pool(url: Secret[str]) -> Pool:
    """Open connections to ``url``; TLS is as the URL says (``sslmode``, ``sslrootcert``, …).

    Raises what the client raises, and StoreError for a server that is too old.
    """
    pool = await asyncpg.create_pool(
        url.reveal(),
        min_size=0,
        max_size=MOST,
        timeout=CONNECT,
        command_timeout=ANSWER,
        server_settings=_SETTINGS,
        reset=_reset,
    )
    try:
        async with pool.acquire() as connection:
            _judge(connection, spelled(url))
    except BaseException:
        pool.terminate()
        raise
    return pool


async def connect(url: Secret[str]) -> asyncpg.Connection[asyncpg.Record]:
    """Open one connection, for a command that asks once. Raises as ``open_pool`` does."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        url.reveal(), timeout=CONNECT, command_timeout=ANSWER, server_settings=_SETTINGS
    )
    try:
        _judge(connection, spelled(url))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _reset(_connection: Any) -> None:
    """Give a connection back as it is, without the four statements of the client's own.

    Nothing of ours outlives its transaction, and one whose end was not heard is cut off.
    """


def _judge(connection: Any, where: str) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST:
        raise StoreError(f"{where} is Postgres {version.major}: Vedette needs {OLDEST} or newer")


def spelled(url: Secret[str]) -> str:
    """Return the place that a URL names, without user and password, for a person to read."""
    try:
        parts = urlsplit(url.reveal())
        host, port = parts.hostname, parts.port
    except ValueError:
        return "the database"
    name = parts.path.removeprefix("/")
    where = f"{host or 'localhost'}{f':{port}' if port else ''}"
    return f"the database {name} on {where}" if name else f"the database on {where}"
