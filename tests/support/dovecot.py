"""A real Dovecot for one test run: unprivileged, on loopback, with folders of its own.

It is the truth the product is compared with: ``holdings`` is what the server has. Every method
blocks for some ten milliseconds; a test that must keep its loop running calls it through
``asyncio.to_thread``.

Must not know: the product.
"""

from __future__ import annotations

import imaplib
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import debian, dovecot_config
from tests.support.authority import Authority, Certificate
from tests.support.closed import closed
from tests.support.dovecot_config import PASSWORD, PASSWORDS, Options, Place, Ports
from tests.support.ports import free_port
from tests.support.process import Daemon, server_account, wait_until
from tests.support.started import Started

SERVER = debian.Server(
    name="dovecot",
    packages=("dovecot-core", "dovecot-imapd", "dovecot-lmtpd"),
    program="/usr/sbin/dovecot",
    moved=("/usr/lib/dovecot", "/usr/bin/doveconf"),
)

HOST = "127.0.0.1"
# A loaded machine of two cores starts it in well under a second; the rest is patience.
_START = 20.0
_ANSWER = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Holding:
    """One message as the server holds it."""

    folder: str
    uid_validity: int
    uid: int
    message_id: str


class Dovecot(Started):
    """A Dovecot process with its mail; a context manager that starts and ends it.

    Any user name logs in with the password ``pass``. ``port`` speaks IMAP (with STARTTLS),
    ``tls_port`` IMAP over TLS, ``lmtp_port`` LMTP; ``ca_file`` signs for ``localhost``,
    ``127.0.0.1`` and ``::1``.
    """

    host = HOST
    password = PASSWORD

    def __init__(self, options: Options | None = None, *, authority: Authority) -> None:
        """Lay out the folders and write the configuration; raise debian.UnavailableError if we can not."""
        self._tree = debian.find(SERVER)
        self._environ = self._tree.environ()
        self.version = self._ask_version()
        # Straight under /tmp: the path of a Unix socket ends at 107 bytes.
        self.base = Path(tempfile.mkdtemp(prefix="vd-dovecot-", dir="/tmp"))
        self.ports = Ports(host=HOST, imap=free_port(), imaps=free_port(), lmtp=free_port())
        self.certificate: Certificate = authority.issue(folder=self.base)
        self._config = self._lay_out(options or Options())
        self._passwords = self.base / PASSWORDS
        self._daemon: Daemon | None = None

    @property
    def port(self) -> int:
        """The port of plain IMAP and STARTTLS."""
        return self.ports.imap

    @property
    def tls_port(self) -> int:
        """The port of IMAP over TLS."""
        return self.ports.imaps

    @property
    def lmtp_port(self) -> int:
        """The port of LMTP."""
        return self.ports.lmtp

    @property
    def ca_file(self) -> Path:
        """The authority a client must trust."""
        return self.certificate.ca_file

    @property
    def process_group(self) -> int:
        """The id of the process group that the server is."""
        if self._daemon is None:
            raise RuntimeError("dovecot is not running")
        return self._daemon.pid

    def start(self) -> None:
        """Start the server and return once it greets; raise RuntimeError with its log if not."""
        argv = [self._tree.path(SERVER.program), "-F", "-c", str(self._config)]
        self._daemon = Daemon(argv, environ=self._environ, log=self.base / "output")
        try:
            wait_until(self._greets, within=_START, what="dovecot to greet")
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"dovecot did not start: {self.log()[-2000:]}") from error

    def stop(self) -> None:
        """End it in order; clients get BYE."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    def kill(self) -> None:
        """End it without a word to anyone."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    def restart(self) -> None:
        """Stop and start on the same ports with the same mail."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it and remove its folders."""
        self.kill()
        shutil.rmtree(self.base, ignore_errors=True)

    def log(self) -> str:
        """Return what the server has logged so far."""
        texts = [self.base / "log", self.base / "output"]
        return "".join(text.read_text(errors="replace") for text in texts if text.exists())

    @contextmanager
    def client(self, user: str | None) -> Iterator[imaplib.IMAP4]:
        """Connect as another mail program, logged in unless ``user`` is None."""
        with closed(imaplib.IMAP4(HOST, self.port, timeout=_ANSWER)) as client:
            if user is not None:
                client.login(user, PASSWORD)
            yield client

    def append(self, user: str, folder: str, raw: bytes, *, flags: str = "") -> None:
        """Store a message with APPEND, creating the folder if need be."""
        with self.client(user) as client:
            answer, words = client.append(_quoted(folder), flags, "", raw)
            if answer == "NO" and b"TRYCREATE" in words[0]:
                client.create(_quoted(folder))
                answer, words = client.append(_quoted(folder), flags, "", raw)
            if answer != "OK":
                raise RuntimeError(f"APPEND to {folder}: {words!r}")

    def deliver(self, user: str, raw: bytes, *, folder: str = "INBOX") -> None:
        """Deliver a message by LMTP, as a mail system does."""
        self.deliver_many(user, [raw], folder=folder)

    def deliver_many(self, user: str, messages: Sequence[bytes], *, folder: str = "INBOX") -> None:
        """Deliver messages one after another over one LMTP connection."""
        address = user if folder == "INBOX" else f"{user}+{folder}"
        with smtplib.LMTP(HOST, self.lmtp_port, timeout=_ANSWER) as client:
            for raw in messages:
                client.sendmail("sender@example.org", [address], raw)

    def doveadm(self, *words: str) -> str:
        """Run doveadm with the server's configuration and return what it prints."""
        argv = [self._tree.path("/usr/bin/doveadm"), "-c", str(self._config), *words]
        done = subprocess.run(
            argv,
            env=self._environ,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_ANSWER,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"doveadm {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def move(self, user: str, source: str, target: str, query: str = "ALL") -> None:
        """Move messages under the feet of whoever watches."""
        self.doveadm("move", "-u", user, target, "mailbox", source, *query.split())

    def expunge(self, user: str, folder: str, query: str = "ALL") -> None:
        """Remove messages for good."""
        self.doveadm("expunge", "-u", user, "mailbox", folder, *query.split())

    def permit(self, user: str, folder: str, *rights: str) -> None:
        """Leave the user these rights to a folder (``lookup``, ``read``, …); the server obeys ``rights``."""
        self.doveadm("acl", "set", "-u", user, folder, "owner", *rights)

    def uid_validity(self, user: str, folder: str) -> int:
        """Return the folder's UIDVALIDITY."""
        text = self.doveadm("mailbox", "status", "-u", user, "uidvalidity", folder)
        return int(text.rpartition("uidvalidity=")[2])

    def set_password(self, user: str, password: str) -> None:
        """Give the user a password, and end the sessions of the old one; only with ``own_passwords``."""
        known = self._passwords.read_text().splitlines() if self._passwords.exists() else []
        kept = [line for line in known if line.partition(":")[0] != user]
        fresh = self._passwords.with_suffix(".new")
        fresh.write_text("\n".join([*kept, f"{user}:{{PLAIN}}{password}", ""]))
        server_account().own(fresh)
        fresh.replace(self._passwords)
        if self.session_pids(user):
            self.doveadm("kick", user)

    def reset_uid_validity(self, user: str, folder: str) -> int:
        """Give the folder another, higher UIDVALIDITY, as after a restored backup; return it."""
        fresh = max(self.uid_validity(user, folder) + 1, int(time.time()) + 1)
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(fresh), folder)
        return fresh

    def holdings(self, user: str) -> list[Holding]:
        """Return every message of the user as the server holds it, in order."""
        status = self.doveadm("mailbox", "status", "-u", user, "uidvalidity", "*")
        validity = {
            name: int(value) for name, value in re.findall(r"(?m)^(.*) uidvalidity=(\d+)$", status)
        }
        # Record by record, field by field: a folder or an id may hold any other separator.
        text = self.doveadm(
            "-f", "pager", "fetch", "-u", user, "mailbox uid hdr.message-id", "mailbox", "*"
        )
        found = []
        for record in text.split("\f"):
            fields = dict(re.findall(r"(?m)^(mailbox|uid|hdr\.message-id): ?(.*)$", record))
            if "uid" in fields:
                found.append(
                    Holding(
                        folder=fields["mailbox"],
                        uid_validity=validity[fields["mailbox"]],
                        uid=int(fields["uid"]),
                        message_id=fields["hdr.message-id"].strip(),
                    )
                )
        return sorted(found)

    def session_pids(self, user: str) -> list[int]:
        """Return the pids of the ``imap`` processes that serve this user now."""
        head, *lines = self.doveadm("-f", "tab", "who", "-1", user).splitlines()
        rows = [dict(zip(head.split("\t"), line.split("\t"), strict=False)) for line in lines]
        return sorted(int(row["pid"]) for row in rows if row["username"] == user)

    def _greets(self) -> bool:
        if self._daemon is None or self._daemon.has_ended():
            raise TimeoutError("dovecot ended at once")
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as probe:
                return probe.recv(4) == b"* OK"
        except OSError:
            return False

    def _ask_version(self) -> tuple[int, int]:
        argv = [self._tree.path(SERVER.program), "--version"]
        try:
            done = subprocess.run(
                argv, env=self._environ, capture_output=True, text=True, timeout=_ANSWER, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise debian.UnavailableError(f"dovecot: does not run here: {error}") from error
        major, minor = done.stdout.split(".")[:2]
        return int(major), int(minor)

    def _lay_out(self, options: Options) -> Path:
        account = server_account()
        folders = [self.base / name for name in ("run", "state", "mail")]
        for folder in folders:
            folder.mkdir()
        self.base.chmod(0o755)
        account.own(self.base, *folders, self.certificate.path)
        place = Place(
            base=self.base,
            libexec=self._tree.path("/usr/lib/dovecot"),
            plugins=self._tree.path("/usr/lib/dovecot/modules"),
            environ=self._environ,
            account=account,
        )
        config = self.base / "dovecot.conf"
        config.write_text(
            dovecot_config.write(self.version, options, self.ports, place, self.certificate)
        )
        oauth = dovecot_config.write_oauth(self.version, options)
        if oauth is not None:
            (self.base / "oauth2.conf").write_text(oauth)
        return config


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
