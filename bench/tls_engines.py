"""What a TLS engine costs by itself: OpenSSL in CPython's ``ssl`` beside rustls in ``pyrtls``.

Run it as ``uv run --with pyrtls python -m bench.tls_engines [links]``; pyrtls is no dependency.
Both engines connect to the same server in the same run: a handshake, a greeting, a command and
its answer. The server is the one of ``bench.link_memory``; nothing of Vedette is measured.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bench.link_memory import GREETING, NOOP, resident, serve
from tests.support.authority import Authority

LINKS = 500
HOST = "127.0.0.1"
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
