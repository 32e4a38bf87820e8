"""The three databases, real, each with a table of mailboxes of its own, behind one face.

It must not know what is tested.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from tests.sources.given import settings
from tests.support.mariadb import Mariadb
from tests.support.postgres import Postgres
from vedette.net.address import PRIVATE, AddressGuard
from vedette.secret import Secret
from vedette.sources.database import Database, open_database
from vedette.sources.location import read_location

INSIDE = AddressGuard(allow=PRIVATE)


class Home(Protocol):
    """A database with nothing in it, and how to get at it."""

    @property
    def kind(self) -> str:
        """Return its name."""

    def url(self) -> str:
        """Return the address of the database."""

    async def run(self, *statements: str) -> Sequence[Sequence[Any]]:
        """Run statements as its owner; return the rows of the last."""


class PostgresHome:
    """A database of a Postgres."""

    kind = "postgres"

    def __init__(self, server: Postgres, name: str) -> None:
        self.server = server
        self.name = name

    def url(self) -> str:
        return self.server.url(self.name)

    async def run(self, *statements: str) -> Sequence[Sequence[Any]]:
        async with self.server.asking(self.name) as connection:
            for each in statements[:-1]:
                await connection.execute(each)
            return [tuple(each) for each in await connection.fetch(statements[-1])]


class MariadbHome:
    """A database of a MariaDB."""

    kind = "mysql"

    def __init__(self, server: Mariadb, name: str) -> None:
        self.server = server
        self.name = name

    def url(self) -> str:
        return self.server.url(self.name)

    async def run(self, *statements: str) -> Sequence[Sequence[Any]]:
        async with self.server.asking(self.name) as cursor:
            for each in statements:
                await cursor.execute(each)
            return list(await cursor.fetchall())


class SqliteHome:
    """A file."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "the app's #1.db"

    def url(self) -> str:
        return f"sqlite://{str(self.path).replace('#', '%23').replace(' ', '%20')}"

    async def run(self, *statements: str) -> Sequence[Sequence[Any]]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            for each in statements[:-1]:
                connection.execute(each)
            return connection.execute(statements[-1]).fetchall()
        finally:
            connection.close()


def database(url: str, *, guard: AddressGuard = INSIDE, text: str = "", **place: Any) -> Database:
    """Return the database behind a URL, under what stands in ``[sources.app]``."""
    location = replace(read_location(Secret(url)), **place)
    return open_database(settings(text, location=location), guard)
