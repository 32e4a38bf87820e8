"""What a TLS engine costs by itself: OpenSSL in CPython's ``ssl`` beside rustls in ``pyrtls``.

Run it as ``uv run --with pyrtls python -m bench.tls_engines [links]``; pyrtls is no dependency.
Both engines connect to the same server in the same run: a handshake, a greeting, a command and
its answer. Nothing of Vedette is measured.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import resource
import selectors
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from tests.support.authority import Authority

LINKS = 500
HOST = "127.0.0.1"
GREETING = b"* OK ready\r\n"
NOOP = b"a NOOP\r\n"
#: Larger than any flight of this handshake.
FLIGHT = 16 * 1024


class Talking(Protocol):
    """An open link, as far as this benchmark talks over it."""

    def send(self, data: bytes, /) -> int:
        """Send ``data``, which always fits."""

    def recv(self, count: int, /) -> bytes:
        """Return what came, up to ``count`` octets."""


class Rustls:
    """A socket under a rustls connection, driven as an event loop would drive it."""

    __slots__ = ("_engine", "_sock")

    def __init__(self, sock: socket.socket, engine: Any) -> None:
        self._sock = sock
        self._engine = engine
        self._flush()

    def send(self, data: bytes, /) -> int:
        """Encrypt and send."""
        count = int(self._engine.write(data))
        self._flush()
        return count

    def recv(self, count: int, /) -> bytes:
        """Take records until they hold octets for us; handshakes are done on the way."""
        while True:
            came = self._sock.recv(FLIGHT)
            if not came:
                raise ConnectionError("the server of the benchmark hung up")
            self._engine.read_tls(came)
            state = self._engine.process_new_packets()
            self._flush()
            if state.plaintext_bytes_to_read:
                plain = bytearray(min(count, state.plaintext_bytes_to_read))
                self._engine.read_into(plain)
                return bytes(plain)

    def _flush(self) -> None:
        flight = bytearray(FLIGHT)
        while self._engine.writable():
            count = self._engine.write_tls_into(flight)
            self._sock.sendall(memoryview(flight)[:count])


def openssl(port: int, ca_file: Path) -> Callable[[], Talking]:
    """Return what opens a link with ``ssl``; all but the first resume one session."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    kept: list[ssl.SSLSession] = []

    def connect() -> Talking:
        raw = socket.create_connection((HOST, port))
        link = context.wrap_socket(raw, server_hostname=HOST, session=kept[0] if kept else None)
        if not kept:
            talk(link)
            if link.session is not None:
                kept.append(link.session)
        return link

    return connect


def rustls(port: int, ca_file: Path) -> Callable[[], Talking]:
    """Return what opens a link with ``pyrtls``; it keeps sessions by itself."""
    engine = importlib.import_module("pyrtls")
    config = engine.ClientConfig(
        platform_verifier=False, custom_roots=[ca_file.read_text(encoding="ascii")]
    )
    return lambda: Rustls(
        socket.create_connection((HOST, port)), engine.ClientConnection(config, HOST)
    )


def talk(link: Talking) -> None:
    """Read the greeting, send a command, read its answer."""
    for command in (NOOP, b""):
        left = len(GREETING)
        while left:
            left -= len(link.recv(left))
        if command:
            link.send(command)


class Peer:
    """The server's end of one link: a handshake, a greeting, and as many octets for every line."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self._greeted = False

    def step(self) -> bool:
        """Go on as far as the socket lets; return whether the link lives."""
        try:
            if not self._greeted:
                self.sock.do_handshake()
                self.sock.send(GREETING)
                self._greeted = True
            while self.sock.recv(4096):
                self.sock.send(GREETING)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        return False


def serve(certificate: Path, ready: Connection) -> None:
    """Accept and serve until the parent ends this process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server((HOST, 0), backlog=4096)
    listener.settimeout(0)
    ready.send(listener.getsockname()[1])
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                with contextlib.suppress(BlockingIOError):
                    raw, _address = listener.accept()
                    raw.settimeout(0)
                    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sock = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                    selector.register(sock, selectors.EVENT_READ, Peer(sock))
            elif not key.data.step():
                selector.unregister(key.fileobj)
                key.data.sock.close()


def resident() -> int:
    """Return this process's resident memory in octets."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def measure(connect: Callable[[], Talking], links: int) -> dict[str, float]:
    """Open the links one after another and take the numbers."""
    first = connect()
    if not isinstance(first, ssl.SSLSocket):
        talk(first)
    before, cpu = resident(), time.process_time()
    held = []
    for _ in range(links):
        held.append(connect())
        talk(held[-1])
    spent = time.process_time() - cpu
    cost = resident() - before
    del held, first
    gc.collect()
    return {
        "kib_per_link": round(cost / links / 1024, 1),
        "cpu_ms_per_link": round(spent * 1000 / links, 3),
    }


def main() -> None:
    """Run both engines in processes of their own, and print a line for each."""
    links = int(sys.argv[1]) if len(sys.argv) > 1 else LINKS
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        leaf = authority.issue(HOST, filler=20)
        ours, theirs = spawn.Pipe()
        server = spawn.Process(target=serve, args=(leaf.path, theirs), daemon=True)
        server.start()
        port = ours.recv()
        for engine in (openssl, rustls):
            with spawn.Pool(1) as pool:
                figures = pool.apply(run, (engine.__name__, port, authority.ca_file, links))
            print(json.dumps({"engine": engine.__name__, "links": links, **figures}))
        server.terminate()


def run(name: str, port: int, ca_file: Path, links: int) -> dict[str, float]:
    """Measure one engine in this process."""
    return measure({"openssl": openssl, "rustls": rustls}[name](port, ca_file), links)


if __name__ == "__main__":
    main()
