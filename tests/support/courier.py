"""A real Courier IMAP for one test run: the second make of server the product is held against.

Courier's own programs serve every byte of IMAP and TLS. Only the question whether a password
is right, which they ask of a daemon over a Unix socket, is answered here: any user with the
password ``pass``. The path of that socket is compiled into a library; the server gets a copy of
it with a path of its own.

Must not know: the product.
"""

from __future__ import annotations

import imaplib
import re
import shutil
import socket
import socketserver
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import debian
from tests.support.authority import Authority
from tests.support.closed import closed
from tests.support.ports import free_port
from tests.support.process import Account, Daemon, server_account, wait_until
from tests.support.started import Started

SERVER = debian.Server(
    name="courier",
    packages=("courier-imap", "courier-base", "courier-authlib"),
    program="/usr/bin/imapd",
    moved=(),
)

HOST = "127.0.0.1"
PASSWORD = "pass"
_START = 20.0
_ANSWER = 30.0
# A question is one short line of service, kind, user and password.
_LONGEST_QUESTION = 4096
_MOST_LINES = 16
_SOCKET = b"/run/courier/authdaemon/socket\0"
_CAPABILITY = (
    "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
)


class Courier(Started):
    """A Courier IMAP with its mail; a context manager that starts and ends it.

    Any user name logs in with the password ``pass``. ``port`` speaks IMAP without TLS,
    ``tls_port`` IMAP over TLS. Folders other than INBOX live under ``INBOX.``; it has IDLE and
    UIDPLUS, and neither MOVE, CONDSTORE nor SPECIAL-USE.
    """

    host = HOST
    password = PASSWORD

    def __init__(self, *, authority: Authority) -> None:
        """Lay out the folders; raise debian.UnavailableError if Courier can not be had."""
        self._tree = debian.find(SERVER)
        self._account = server_account()
        self.base = Path(tempfile.mkdtemp(prefix="vd-courier-", dir="/tmp"))
        self.port, self.tls_port = free_port(), free_port()
        certificate = authority.issue(folder=self.base)
        self.ca_file = certificate.ca_file
        self._pem = certificate.path
        self.base.chmod(0o755)
        mail = self.base / "mail"
        mail.mkdir()
        self._account.own(self.base, mail, self._pem)
        self._environ = self._lay_out()
        self._gate = _Gate(self.base / "auth", mail, self._account)
        self._daemons: list[Daemon] = []

    def start(self) -> None:
        """Start the server and return once both ports answer; raise RuntimeError if not."""
        login = [self._tree.path("/usr/lib/courier/courier/imaplogin")]
        session = [self._tree.path(SERVER.program), "Maildir"]
        tls = [self._tree.path("/usr/bin/couriertls"), "-server", "-tcpd"]
        self._daemons = [
            self._listen(self.port, [*login, *session], {}),
            self._listen(self.tls_port, [*tls, *login, *session], {"IMAP_TLS": "1"}),
        ]
        try:
            wait_until(self._greets, within=_START, what="courier to greet")
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"courier did not start: {self.log()[-2000:]}") from error

    def kill(self) -> None:
        """End the server and all its sessions without a word."""
        for daemon in self._daemons:
            daemon.kill()
        self._daemons = []

    def close(self) -> None:
        """End it and remove its folders."""
        self.kill()
        self._gate.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def log(self) -> str:
        """Return what the server has said so far."""
        output = self.base / "output"
        return output.read_text(errors="replace") if output.exists() else ""

    @contextmanager
    def client(self, user: str | None) -> Iterator[imaplib.IMAP4]:
        """Connect as another mail program, logged in unless ``user`` is None."""
        with closed(imaplib.IMAP4(HOST, self.port, timeout=_ANSWER)) as client:
            if user is not None:
                client.login(user, PASSWORD)
            yield client

    def deliver(
        self, user: str, raw: bytes, *, folder: str = "INBOX", at: int | None = None
    ) -> None:
        """Deliver a message into the Maildir, as a mail system does.

        ``at`` says when, in nanoseconds since the epoch; its file is named after it.
        """
        maildir = self._gate.home(user) / "Maildir"
        if folder != "INBOX":
            maildir /= folder.removeprefix("INBOX")
        name = f"{_stamp(at or time.time_ns())}.{uuid.uuid4().hex}.localhost"
        fresh = maildir / "tmp" / name
        fresh.write_bytes(raw)
        self._account.own(fresh)
        fresh.rename(maildir / "new" / name)

    def append(self, user: str, folder: str, raw: bytes, *, flags: str = "") -> None:
        """Store a message with APPEND, creating the folder if need be."""
        with self.client(user) as client:
            answer, words = client.append(f'"{folder}"', flags, "", raw)
            if answer == "NO" and b"TRYCREATE" in words[0]:
                client.create(f'"{folder}"')
                answer, words = client.append(f'"{folder}"', flags, "", raw)
            if answer != "OK":
                raise RuntimeError(f"APPEND to {folder}: {words!r}")

    def _listen(self, port: int, program: list[str], more: dict[str, str]) -> Daemon:
        argv = [
            self._tree.path("/usr/sbin/couriertcpd"),
            f"-address={HOST}",
            "-maxprocs=200",
            "-maxperip=200",
            "-nodnslookup",
            str(port),
            *program,
        ]
        return Daemon(argv, environ=self._environ | more, log=self.base / "output")

    def _greets(self) -> bool:
        if any(daemon.has_ended() for daemon in self._daemons):
            raise TimeoutError("courier ended at once")
        try:
            with socket.create_connection((HOST, self.tls_port), timeout=1):
                pass
            with socket.create_connection((HOST, self.port), timeout=1) as probe:
                return probe.recv(4) == b"* OK"
        except OSError:
            return False

    def _lay_out(self) -> dict[str, str]:
        """Copy the library with the path of the socket rewritten; return the environment."""
        folder = self.base / "lib"
        folder.mkdir()
        library = self._tree.library("libcourierauth.so.0")
        if library is None:
            raise debian.UnavailableError("courier: its libcourierauth.so.0 is not where expected")
        own = str(self.base / "auth").encode() + b"\0"
        (folder / "libcourierauth.so.0").write_bytes(_with_socket(library.read_bytes(), own))
        return {
            "LD_LIBRARY_PATH": ":".join([str(folder), *self._tree.library_folders()]),
            "IMAP_CAPABILITY": _CAPABILITY,
            "IMAP_CAPABILITY_TLS": f"{_CAPABILITY} AUTH=PLAIN",
            "IMAP_KEYWORDS": "1",
            # STARTTLS would change to the user ``courier``, whom only root could become.
            "IMAP_STARTTLS": "NO",
            "IMAP_TLS_REQUIRED": "0",
            # Without a file monitor an idle session looks for new mail this often, in seconds.
            "IMAP_IDLE_TIMEOUT": "1",
            "IMAP_ENHANCEDIDLE": "0",
            "IMAP_USELOCKS": "0",
            "IMAP_UMASK": "022",
            "TLS_CERTFILE": str(self._pem),
            "TLS_TRUSTCERTS": str(self.ca_file),
            "TLS_VERIFYPEER": "NONE",
            "TLS_PRIORITY": "NORMAL",
            "MAILDIRPATH": "Maildir",
        }


def _stamp(at: int) -> str:
    """Return what the name of a file in a Maildir begins with: whole seconds, then the rest.

    Courier takes the number at the beginning for the order of messages, and keeps the difference
    of two numbers in 32 bits. Of nanoseconds that is 2.1 s: messages that lay further apart were
    looked for in the wrong place, not found, and shown again under new UIDs.
    """
    seconds, rest = divmod(at, 1_000_000_000)
    return f"{seconds}.M{rest:09}"


def _with_socket(library: bytes, path: bytes) -> bytes:
    """Return the library with another path for the socket; leading slashes are the padding."""
    path = path.rjust(len(_SOCKET), b"/")
    if len(path) == len(_SOCKET):
        # A compiler may store the path as it is, or as two halves of 16 bytes that share one,
        # which is how a string of 31 bytes is copied with two loads.
        for old, new in ((_SOCKET, path), (_halved(_SOCKET), _halved(path))):
            if old in library:
                return library.replace(old, new)
    raise debian.UnavailableError("courier: its library names no socket that can be replaced")


def _halved(text: bytes) -> bytes:
    return text[:16] + text[15:]


class _Gate:
    """Answer Courier's question whether a password is right, and where the mail is."""

    def __init__(self, path: Path, mail: Path, account: Account) -> None:
        gate = self

        class Question(socketserver.StreamRequestHandler):
            timeout = _ANSWER

            def handle(self) -> None:
                # Some lines about the connection, then "AUTH 18" and as many bytes.
                for _ in range(_MOST_LINES):
                    words = self.rfile.readline(_LONGEST_QUESTION).split()
                    if words[:1] == [b"AUTH"]:
                        size = min(int(words[1]), _LONGEST_QUESTION)
                        self.wfile.write(gate.answer(self.rfile.read(size)))
                        return

        self._mail, self._account = mail, account
        self._lock = threading.Lock()
        self._server = socketserver.ThreadingUnixStreamServer(str(path), Question)
        self._server.daemon_threads = True
        account.own(path)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def answer(self, question: bytes) -> bytes:
        """Answer lines of service, kind (``login``), user and password."""
        lines = question.decode(errors="replace").split("\n")
        if len(lines) < 4 or lines[3] != PASSWORD:
            return b"FAIL\n"
        user = lines[2]
        if re.fullmatch(r"[\w.@+-]+", user) is None:
            return b"FAIL\n"
        home = self.home(user)
        fields = {
            "UID": self._account.uid,
            "GID": self._account.gid,
            "HOME": home,
            "ADDRESS": user,
            "MAILDIR": "Maildir",
        }
        return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b".\n"

    def home(self, user: str) -> Path:
        """Return the user's home, with an empty Maildir where there was none."""
        home = self._mail / user
        folders = [home, home / "Maildir", *(home / "Maildir" / n for n in ("tmp", "new", "cur"))]
        with self._lock:
            for folder in folders:
                if not folder.exists():
                    folder.mkdir()
                    self._account.own(folder)
        return home

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_ANSWER)
