"""Both ends of a link under test: scripted servers in threads, and a receiver that remembers.

A script is a plain function over a blocking socket, so that it reads as the
server's half of a conversation. It knows nothing of what the client expects.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vedette.errors import LinkError, NetworkError
from vedette.net.dial import SocketDialer
from vedette.net.tls import close_lost
from vedette.ports.link import Encryption, Proxy, Target, TlsPolicy

# Nothing on loopback takes this long (seconds); a wait that does has failed.
PATIENCE = 60.0

Script = Callable[[socket.socket], None]


@dataclass(slots=True)
class Server:
    """A listening server; ``failures`` are what its scripts raised."""

    port: int
    accepted: int = 0
    failures: list[BaseException] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def talk(self, raw: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
        """Hold one conversation, after the handshake if ``tls`` is given."""
        try:
            if tls is None:
                script(raw)
            else:
                with secured(raw, tls) as sock:
                    self.sockets.append(sock)
                    script(sock)
        except OSError as error:
            self.failures.append(error)
        finally:
            raw.close()

    def hang_up(self) -> None:
        """End every conversation that still goes on."""
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def secured(sock: socket.socket, tls: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """Serve TLS on ``sock`` while the block runs; it is closed at its end, whatever ends it.

    What is left to the collector is collected, and complained of, during some later test.
    """
    try:
        over = tls.wrap_socket(sock, server_side=True)
    except OSError as error:
        close_lost(error)
        raise
    with over:
        yield over


@contextlib.contextmanager
def serve(
    script: Script,
    *,
    tls: ssl.SSLContext | None = None,
    address: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Server]:
    """Run ``script`` in a thread for each connection, after the handshake if ``tls`` is given."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=128)
    server = Server(port=listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            raw.settimeout(PATIENCE)
            server.accepted += 1
            server.sockets.append(raw)
            threads.append(
                threading.Thread(target=server.talk, args=(raw, script, tls), daemon=True)
            )
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join(PATIENCE)
        listener.close()
        server.hang_up()
        for thread in threads:
            thread.join(PATIENCE)


def reset(sock: socket.socket) -> None:
    """Close with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # An SSLSocket shares the descriptor; either close sends the RST.
    sock.close()


def silent(sock: socket.socket) -> None:
    """Say nothing until the client leaves."""
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass


def echo(sock: socket.socket) -> None:
    """Greet, then send back all that comes."""
    sock.sendall(b"* OK ready\r\n")
    with contextlib.suppress(OSError):
        while data := sock.recv(65536):
            sock.sendall(data)


def line(sock: socket.socket) -> bytes:
    """Read one line, byte by byte, so that what follows stays in the socket."""
    received = bytearray()
    while not received.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            break
        received += byte
    return bytes(received)


class Collector:
    """A receiver that keeps everything; its waits have a deadline."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.chunks: list[int] = []
        self.lost: list[LinkError | None] = []
        self._changed = asyncio.Event()

    def data_received(self, data: memoryview) -> None:
        self.data += data
        self.chunks.append(len(data))
        self._changed.set()

    def connection_lost(self, error: LinkError | None) -> None:
        self.lost.append(error)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def received(self, text: bytes) -> None:
        await self.until(lambda: text in self.data)

    async def end(self) -> LinkError | None:
        await self.until(lambda: bool(self.lost))
        return self.lost[0]


class Names:
    """A resolver with one answer for every name; it counts the questions."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    async def resolve(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self._addresses


class NoNames:
    """A resolver that nobody may ask."""

    async def resolve(self, name: str) -> Sequence[str]:
        raise NetworkError(f"{name} was looked up here")


class LostNames:
    """A resolver that never answers; ``asked`` is set when it is."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def resolve(self, _name: str) -> Sequence[str]:
        self.asked.set()
        await asyncio.Event().wait()
        return ()


def target(
    port: int,
    *,
    host: str = "127.0.0.1",
    encryption: Encryption = Encryption.NONE,
    policy: TlsPolicy | None = None,
    proxy: Proxy | None = None,
) -> Target:
    """Name a server on loopback, in plaintext unless said otherwise."""
    return Target(
        host=host,
        port=port,
        encryption=encryption,
        policy=policy or TlsPolicy(),
        proxy=proxy,
        private=True,
    )


def tls_target(port: int, ca_file: Path, *, host: str = "mail.example.org") -> Target:
    """Name a server on loopback behind implicit TLS, of the tests' authority."""
    policy = TlsPolicy(ca_file=str(ca_file))
    return target(port, host=host, encryption=Encryption.IMPLICIT, policy=policy)


def dialer(*addresses: str) -> SocketDialer:
    """Make a dialer for which every name means these addresses."""
    return SocketDialer(resolver=Names(*(addresses or ("127.0.0.1",))))


@contextlib.contextmanager
def blackhole(address: str, port: int) -> Iterator[None]:
    """Listen with a full queue, so that the kernel drops every further SYN."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=0)
    fillers = []
    try:
        for _ in range(3):
            filler = socket.socket(family)
            filler.setblocking(False)  # noqa: FBT003 - the socket's own signature
            filler.connect_ex((address, port))
            fillers.append(filler)
        yield
    finally:
        for filler in fillers:
            filler.close()
        listener.close()
