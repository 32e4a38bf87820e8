"""A real MariaDB for one test run: unprivileged, on loopback, with TLS and a data folder of its own.

Must not know: the product.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiomysql

from tests.support import debian
from tests.support.authority import Authority
from tests.support.broker import HOST, Broker
from tests.support.process import Daemon, server_account, wait_until

SERVER: Final = debian.Server(
    name="mariadb",
    packages=("mariadb-server-core",),
    program="/usr/sbin/mariadbd",
    moved=(),
)

USER: Final = "app"
PASSWORD: Final = "s3cret-of-mariadb"

#: Seconds to lay out the data folder in, on a busy machine.
_MAKE: Final = 60.0

#: What a server needs to know before its first start: the tables of its own, and a user of ours.
_LAYOUT: Final = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")


class Mariadb(Broker):
    """A MariaDB process."""

    def __init__(self, authority: Authority) -> None:
        """Make the data folder; raise debian.UnavailableError if it can not be had."""
        super().__init__(SERVER)
        certificate = authority.issue("localhost", folder=self.base)
        server_account().own(certificate.path, certificate.ca_file)
        self._data = self.base / "data"
        self._data.mkdir()
        server_account().own(self._data)
        self._options = [
            "--no-defaults",
            f"--datadir={self._data}",
            f"--lc-messages-dir={self.tree.path('/usr/share/mysql')}",
            f"--character-sets-dir={self.tree.path('/usr/share/mysql/charsets')}",
            f"--socket={self.base}/socket",
            f"--pid-file={self.base}/pid",
            f"--tmpdir={self.base}",
            # No library of it is in the packages.
            "--plugin-dir=/nonexistent",
        ]
        self._serving = [
            f"--bind-address={HOST}",
            f"--port={self.port}",
            f"--ssl-cert={certificate.path}",
            f"--ssl-key={certificate.path}",
            f"--ssl-ca={certificate.ca_file}",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=8M",
        ]
        self._make_data()

    def url(self, database: str, *, scheme: str = "mysql", host: str = HOST) -> str:
        """Return the address of a database."""
        return f"{scheme}://{USER}:{PASSWORD}@{host}:{self.port}/{database}"

    def argv(self) -> Sequence[str]:
        """Return what to run."""
        return [self.tree.path(SERVER.program), *self._options, *self._serving]

    def answers(self) -> bool:
        """Tell whether it serves by now: its greeting has the name in it."""
        return self.says(b"", b"MariaDB")

    async def make(self) -> str:
        """Make a database of a name that no other has; return the name."""
        name = f"test_{secrets.token_hex(6)}"
        async with self.asking("") as cursor:
            await cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name

    @asynccontextmanager
    async def asking(self, database: str) -> AsyncIterator[Any]:
        """Connect to a database for a moment."""
        connection = await aiomysql.connect(
            host=HOST,
            port=self.port,
            user=USER,
            password=PASSWORD,
            db=database,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=30,
        )
        try:
            async with connection.cursor() as cursor:
                yield cursor
        finally:
            await connection.ensure_closed()

    def _make_data(self) -> None:
        """Lay out the data folder as ``mariadb-install-db`` does, without its shell."""
        folder = self.tree.path("/usr/share/mysql")
        words = ["CREATE DATABASE IF NOT EXISTS mysql;", "USE mysql;"]
        words.extend((Path(folder) / name).read_text(encoding="utf-8") for name in _LAYOUT)
        words.append("FLUSH PRIVILEGES;")
        words.append(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';")
        words.append(f"GRANT ALL ON *.* TO '{USER}'@'%';")
        layout = self.write("layout.sql", *words)
        argv = [
            self.tree.path(SERVER.program),
            *self._options,
            "--bootstrap",
            "--skip-grant-tables",
            "--innodb-log-file-size=8M",
        ]
        daemon = Daemon(
            ["/bin/sh", "-c", 'exec "$@" < "$0"', str(layout), *argv],
            environ=self.environ(),
            log=self.base / "output",
        )
        try:
            wait_until(daemon.has_ended, within=_MAKE, what="the layout of MariaDB")
        finally:
            daemon.stop()
