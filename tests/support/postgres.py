"""A real Postgres 15 for one test run: unprivileged, on loopback, with a data folder of its own.

One server serves a whole test process; each test has a database of its own, made from a template
in some ten milliseconds. A test that kills, stops or pauses a server makes one for itself.
``start``, ``stop``, ``restart``, ``kill``, ``pause`` and ``resume`` block; what asks the server
is asynchronous.

Must not know: the product.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg

from tests.support import debian
from tests.support.authority import Authority
from tests.support.fault_proxy import FaultProxy
from tests.support.ports import free_port
from tests.support.process import Daemon, server_account, wait_until
from tests.support.started import Started

# It finds its files by the place of its programs, so that an unpacked copy runs where it is.
SERVER = debian.Server(
    name="postgres",
    packages=("postgresql-15",),
    program="/usr/lib/postgresql/15/bin/postgres",
    moved=(),
)

HOST = "127.0.0.1"
USER = "vedette"
# It starts in a tenth of a second; after a kill it reads its log first, on a busy machine.
_START = 60.0
# initdb takes half a second here.
_MAKE = 60.0
# A fast shutdown ends the sessions and writes a checkpoint.
_STOP = 30.0
# Seconds for one question of a test.
_ANSWER = 30.0

_CONFIG = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
fsync = {durable}
full_page_writes = {durable}
# In the data folder: nothing of a killed server stays in /dev/shm.
dynamic_shared_memory_type = mmap
# A plan for the few rows of a test is not worth compiling; nor are its libraries needed so.
jit = off
# UTC needs no time zones of the system.
timezone = 'GMT'
log_timezone = 'GMT'
lc_messages = 'C'
log_line_prefix = '%m [%p] %d '
"""


class Postgres(Started):
    """A Postgres server with its data; a context manager that starts and ends it.

    Anyone on loopback is the superuser ``vedette``, without a password. With ``durable`` it
    syncs as it does by default, so that what it answered survives ``kill``; without, it is quick.
    With an ``authority`` it offers TLS with a certificate of it.
    """

    host = HOST

    def __init__(self, *, durable: bool = False, authority: Authority | None = None) -> None:
        """Make the data folder; raise debian.UnavailableError if the server can not be had."""
        self._tree = debian.find(SERVER)
        self.port = free_port()
        self.base = Path(tempfile.mkdtemp(prefix="vd-postgres-", dir="/tmp"))
        self._data = self.base / "data"
        self._log = self.base / "output"
        self._daemon: Daemon | None = None
        server_account().own(self.base)
        self._make_data(durable=durable)
        if authority is not None:
            self._show(authority.issue(folder=self.base).path)

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgres://{USER}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start it and return once it answers; raise RuntimeError with its log if not."""
        argv = [self._program("postgres"), "-D", str(self._data)]
        self._daemon = Daemon(argv, environ=self._tree.environ(), log=self._log)
        try:
            wait_until(self._answers, within=_START, what="postgres to answer")
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"postgres did not start: {self.log()[-2000:]}") from error

    def stop(self) -> None:
        """End it in order: sessions are cut off, what was written is checkpointed."""
        if self._daemon is None:
            return
        daemon = self._daemon
        # SIGINT is the fast shutdown; at SIGTERM it would wait for its clients to go.
        with suppress(ProcessLookupError):
            os.kill(daemon.pid, signal.SIGINT)
        with suppress(TimeoutError):
            wait_until(daemon.has_ended, within=_STOP, what="postgres to end")
        self.kill()

    def restart(self) -> None:
        """End it in order and start it again on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End every process at once by SIGKILL, as a power cut would; ``start`` recovers."""
        if self._daemon is None:
            return
        daemon, self._daemon = self._daemon, None
        # The first is stopped before it can have more of them, or mourn one; each of them leads
        # a group of its own.
        with suppress(ProcessLookupError):
            os.kill(daemon.pid, signal.SIGSTOP)
        pids = _family(daemon.pid)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        daemon.kill()
        wait_until(
            lambda: not any(_is_alive(pid) for pid in pids), within=_STOP, what="postgres to die"
        )

    def pause(self) -> None:
        """Stop every process where it is: connections stay and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let every process go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        with suppress(RuntimeError):
            self.resume()
        self.stop()
        self._free_memory()
        shutil.rmtree(self.base, ignore_errors=True)

    def proxy(self) -> FaultProxy:
        """Return a line to it, of which a test can ask for faults."""
        return FaultProxy(HOST, self.port)

    def log(self) -> str:
        """Return what it has written of itself."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def make(self, *, template: str = "template1") -> str:
        """Make a database of a name that no other has; return the name.

        It is a copy of ``template``, to which nobody may be connected: a database that ``make``
        returned before, say, with the tables already in it.
        """
        name = f"test_{secrets.token_hex(6)}"
        async with self.asking("postgres") as connection:
            # Copying the files takes half as long as writing them to the log page by page.
            await connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
            )
        return name

    async def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        async with self.asking("postgres") as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    async def cut(self, database: str) -> int:
        """Cut off every connection to a database; return how many there were."""
        async with self.asking("postgres") as connection:
            cut = await connection.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = $1 AND backend_type = 'client backend'",
                database,
            )
        return len(cut)

    @asynccontextmanager
    async def asking(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        """Connect to a database for a moment."""
        connection = await asyncpg.connect(
            host=HOST,
            port=self.port,
            user=USER,
            database=database,
            timeout=_ANSWER,
            command_timeout=_ANSWER,
            ssl=False,
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=_ANSWER)

    def _program(self, name: str) -> str:
        return self._tree.path(str(Path(SERVER.program).with_name(name)))

    def _make_data(self, *, durable: bool) -> None:
        words = ["-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        argv = [self._program("initdb"), "-D", str(self._data), *words]
        # It runs in the foreground and ends; as root it refuses, so it is nobody there.
        daemon = Daemon(argv, environ=self._tree.environ(), log=self._log)
        try:
            wait_until(daemon.has_ended, within=_MAKE, what="initdb to end")
        finally:
            daemon.stop()
        if not (self._data / "PG_VERSION").exists():
            log = self.log()
            shutil.rmtree(self.base, ignore_errors=True)
            raise debian.UnavailableError(f"postgres: initdb failed: {log.strip()[-300:]}")
        with (self._data / "postgresql.conf").open("a") as config:
            config.write(
                _CONFIG.format(host=HOST, port=self.port, durable="on" if durable else "off")
            )

    def _show(self, certificate: Path) -> None:
        # It refuses a key that anybody else may read.
        certificate.chmod(0o600)
        server_account().own(certificate)
        with (self._data / "postgresql.conf").open("a") as config:
            config.write(f"ssl = on\nssl_cert_file = '{certificate}'\n")
            config.write(f"ssl_key_file = '{certificate}'\n")

    def _answers(self) -> bool:
        if self._daemon is None or self._daemon.has_ended():
            raise TimeoutError("postgres ended at once")
        # A connection is accepted while it recovers, too; what counts is the file's last line.
        with suppress(OSError, IndexError):
            status = (self._data / "postmaster.pid").read_text().splitlines()[7].strip()
            if status == "ready":
                with socket.create_connection((HOST, self.port), timeout=1):
                    return True
        return False

    def _signal(self, number: signal.Signals) -> None:
        if self._daemon is None:
            raise RuntimeError("postgres is not running")
        for pid in _family(self._daemon.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _free_memory(self) -> None:
        """Free the segment by which a killed server would have been known to the next."""
        with suppress(OSError, IndexError, subprocess.SubprocessError):
            words = (self._data / "postmaster.pid").read_text().splitlines()[6].split()
            subprocess.run(
                ["ipcrm", "-m", words[1]], capture_output=True, timeout=_ANSWER, check=False
            )


def _family(first: int) -> list[int]:
    """Return a process and its children; Postgres has no grandchildren."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [first, *(pid for pid in pids if _standing(pid)[1] == first)]


def _is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie that waits for whoever reaps it."""
    return _standing(pid)[0] not in "ZX"


def _standing(pid: int) -> tuple[str, int]:
    """Return the state letter of a process and its parent; X and 0 for one that is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X", 0
    # The name stands in brackets and may hold anything; fields count from behind it.
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)
