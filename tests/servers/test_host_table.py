"""A daemon of one's own is replaced: its table, its key, its scan endpoint, and the guide's own words.

The SQL and the configuration are those of ``docs/guides/host-table.md``, on a real Postgres, a real
Dovecot and the real ``vedette serve``.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests.house.tree import ROOT, Snippet, snippets
from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres
from tests.support.service import PATIENCE, Service
from vedette.secret import Secret
from vedette.sources.cipher import Cipher, CipherSettings, KeyForm, derive, read_layout

pytestmark = pytest.mark.server

GUIDE: Final = ROOT / "docs" / "guides" / "host-table.md"
ENCRYPTION_KEY: Final = "an-encryption-key-of-more-than-32-characters"
ADMIN_SECRET: Final = "s3cret-of-the-backend"

#: The table as the daemon's application has it, with columns that are none of our business.
TABLE: Final = """
CREATE TABLE mail_connections (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, email text NOT NULL,
  title text, imap_host text, imap_port int, "passwordEncrypted" text NOT NULL DEFAULT '',
  is_active boolean NOT NULL DEFAULT true, auth_method text NOT NULL DEFAULT 'app_password',
  oauth_access_token text, oauth_refresh_token text, oauth_token_expiry timestamptz,
  last_connect_error text, last_connect_error_at timestamptz,
  last_idle_heartbeat_at timestamp(3), "nextScanAt" timestamptz,
  "pausedAt" timestamptz, "pausedReason" text, consent_at timestamptz, consent_version text,
  consent_ip_address inet, folder_scan_state jsonb NOT NULL DEFAULT '{}',
  last_full_sweep_at timestamptz
)
"""


class Backend:
    """The application's own endpoint: it takes whoever knows the secret, and notes the account."""

    def __init__(self) -> None:
        self.scans: list[dict[str, Any]] = []
        self.refused = 0

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve; yield the address of the endpoint."""
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                known = self.headers.get("x-admin-secret") == ADMIN_SECRET
                if known and self.path == "/api/mail/scan-internal":
                    backend.scans.append(json.loads(body))
                else:
                    backend.refused += 1
                self.send_response(200 if known else 401)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/mail/scan-internal"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def of(self, account: str) -> int:
        return sum(each["account"] == account for each in self.scans)


class Application:
    """The host application: it has the table and the key."""

    def __init__(self, server: Postgres, database: str) -> None:
        self.server = server
        self.database = database
        self.role = f"reader_{secrets.token_hex(4)}"
        settings = CipherSettings(
            key=derive(Secret(ENCRYPTION_KEY), KeyForm.FIRST32),
            layout=read_layout("iv:tag:ciphertext"),
        )
        self._cipher = Cipher(settings)

    @property
    def url(self) -> str:
        """What the application's environment has."""
        return f"postgres://{self.role}@127.0.0.1:{self.server.port}/{self.database}"

    async def run(self, statement: str, *values: object) -> list[Any]:
        async with self.server.asking(self.database) as connection:
            return list(await connection.fetch(statement, *values))

    async def install(self) -> None:
        """Make the table, and do what the guide says."""
        async with self.server.asking(self.database) as connection:
            await connection.execute(TABLE)
            for snippet in (each for each in snippets("sql") if _is_of_guide(each)):
                text = snippet.text.replace("ROLE vedette", f"ROLE {self.role}")
                await connection.execute(text.replace("TO vedette", f"TO {self.role}"))

    def sealed(self, password: str) -> str:
        return str(self._cipher.seal(Secret(password), nonce=secrets.token_bytes(12)))

    async def add(self, user: str, port: int, *, password: str) -> str:
        """Add a mailbox; return the id of its row."""
        (row,) = await self.run(
            "INSERT INTO mail_connections (user_id, email, imap_host, imap_port, consent_version, "
            "\"passwordEncrypted\") VALUES (gen_random_uuid(), $1, 'localhost', $2, '1', $3) "
            "RETURNING id",
            user,
            port,
            password,
        )
        return str(row["id"])

    async def row(self, id_: str) -> Any:
        return (await self.run("SELECT * FROM mail_connections WHERE id = $1::uuid", id_))[0]


def _is_of_guide(snippet: Snippet) -> bool:
    return snippet.name.startswith(str(GUIDE.relative_to(ROOT)))


@pytest.fixture
async def application(postgres: Postgres) -> AsyncIterator[Application]:
    database = await postgres.make()
    made = Application(postgres, database)
    await made.install()
    yield made
    await postgres.drop(database)
    async with postgres.asking("postgres") as connection:
        await connection.execute(f"DROP ROLE {made.role}")


def configured(folder: Path, backend: str, dovecot: Dovecot) -> Path:
    """Write the guide's configuration, for the servers of a test."""
    snippet, *_ = [each for each in snippets("toml") if _is_of_guide(each)]
    text = (
        snippet.text.replace("/var/lib/vedette", str(folder / "state"))
        .replace("http://127.0.0.1:3015/api/mail/scan-internal", backend)
        .replace("the secret that the backend asks for", ADMIN_SECRET)
    )
    inside = f'\n[sources.app.mail]\nprivate = true\ntls.ca_file = "{dovecot.ca_file}"\n'
    file = folder / "vedette.toml"
    file.write_text(text + inside)
    return file


async def until(condition: Callable[[], Any], what: str, *, within: float = PATIENCE) -> None:
    """Wait for a condition, which may have to ask the database."""
    try:
        async with asyncio.timeout(within):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise AssertionError(f"not within {within:g} s: {what}") from error


@pytest.mark.timeout(240)
async def test_a_daemon_of_ones_own_is_replaced_by_the_guides_own_words(
    application: Application, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Inserted, connected, scanned, locked out in the server's words, mended, caught up, removed."""
    backend = Backend()
    broken = await application.add(f"{user}-b", dovecot.tls_port, password="not:sealed:here")
    with backend.running() as address:
        file = configured(tmp_path, address, dovecot)
        environ = {"DATABASE_URL": application.url, "ENCRYPTION_KEY": ENCRYPTION_KEY}
        with Service(["serve", "--config", str(file)], folder=tmp_path, env=environ) as service:
            service.until_logged('"source.listening"')

            # A row is inserted: connected by the notification, far sooner than by the next reading.
            anna = await application.add(
                user, dovecot.tls_port, password=application.sealed("pass")
            )
            service.until_connected()
            assert f'"account": "{anna}"' in service.err
            await until(lambda: _is_alive(application, anna), "the first heartbeat")

            # Mail comes: the backend is told, with its secret.
            dovecot.deliver(user, letter(new_token()))
            await until(lambda: backend.of(anna) == 1, "the first scan")

            # The password is broken in the table: the server's own words are in the row.
            await _set_password(application, anna, application.sealed("wrong"))
            await until(lambda: _has_error(application, anna), "the error in the row")
            row = await application.row(anna)
            assert "Authentication failed" in row["last_connect_error"]
            assert _is_recent(row["last_connect_error_at"])
            dovecot.deliver(user, letter(new_token()))

            # It is mended: the error is cleared, and what came meanwhile is delivered.
            await _set_password(application, anna, application.sealed("pass"))
            await until(lambda: backend.of(anna) == 2, "the mail of the gap")
            await until(lambda: _is_clear(application, anna), "the cleared error")

            # A row that can not be opened was told in itself, and held up nobody.
            why = (await application.row(broken))["last_connect_error"]
            assert "password: is no hex" in why

            # The row is deleted: the session is closed.
            await application.run("DELETE FROM mail_connections WHERE id = $1::uuid", anna)
            await until(lambda: not dovecot.session_pids(user), "the logout")

        assert backend.refused == 0
        assert not any(each in service.err for each in ("s3cret", ENCRYPTION_KEY, "wrong"))
        assert "Traceback" not in service.err


async def _set_password(application: Application, id_: str, password: str) -> None:
    await application.run(
        'UPDATE mail_connections SET "passwordEncrypted" = $2 WHERE id = $1::uuid', id_, password
    )


async def _has_error(application: Application, id_: str) -> bool:
    return (await application.row(id_))["last_connect_error"] is not None


async def _is_clear(application: Application, id_: str) -> bool:
    return not await _has_error(application, id_)


async def _is_alive(application: Application, id_: str) -> bool:
    beat = (await application.row(id_))["last_idle_heartbeat_at"]
    return beat is not None and _is_recent(beat.replace(tzinfo=UTC))


def _is_recent(instant: datetime) -> bool:
    return abs(datetime.now(UTC) - instant) < timedelta(minutes=4)
