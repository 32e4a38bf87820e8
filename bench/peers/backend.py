"""A daemon that wakes a backend: one connection waits in IDLE; a second one logs in and acts.

It is how protection of mail is commonly built: the watcher only says that something came, and what
acts logs in anew, reads the whole message, marks it as deleted and expunges. Written as straight as
that can be. Must not know: who measures it.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
import ssl
import threading
from pathlib import Path

_DEADLINE = 60.0


class Backend:
    """The watcher and, woken by it, the backend; ``listed`` is the domain whose mail goes."""

    def __init__(self, host: str, port: int, ca_file: Path, user: str, listed: str) -> None:
        self._place = (host, port)
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._user = user
        self._listed = listed.encode()
        raw = socket.create_connection(self._place, timeout=_DEADLINE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watcher = self._context.wrap_socket(raw, server_hostname="localhost")
        self._say(b"", b"* OK")
        self._say(f"a LOGIN {user} pass\r\n".encode(), b"a OK")
        self._say(b"b SELECT INBOX\r\n", b"b OK")
        self._say(b"c IDLE\r\n", b"+ ")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._watcher.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._watcher.close()

    def _say(self, words: bytes, answer: bytes) -> None:
        if words:
            self._watcher.sendall(words)
        heard = b""
        while answer not in heard:
            chunk = self._watcher.recv(4096)
            if not chunk:
                raise ConnectionError("the server hung up")
            heard += chunk

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._watcher.recv(4096):
                if b"EXISTS" in data:
                    # Only its last words may fail: the server hangs up with them.
                    with contextlib.suppress(OSError, imaplib.IMAP4.abort):
                        self._act()

    def _act(self) -> None:
        """Log in, read what is there, and take away what is of a listed sender."""
        client = imaplib.IMAP4_SSL(*self._place, ssl_context=self._context, timeout=_DEADLINE)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client:
            client.login(self._user, "pass")
            client.select("INBOX")
            _, found = client.uid("SEARCH", "UNSEEN")
            for uid in found[0].split():
                _, parts = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
                raw = parts[0][1] if isinstance(parts[0], tuple) else b""
                if self._listed in raw.partition(b"\r\n\r\n")[0]:
                    client.uid("STORE", uid.decode(), "+FLAGS", "(\\Deleted)")
                    client.expunge()
