"""What an idle TLS link costs: RSS per stream, idle and after a megabyte was received over each.

Run it as ``python -m bench.link_memory [streams [at once]]``. A cheap TLS server runs in a
child process, so that only the client's memory is measured. It also prints the
rate of handshakes, and how long an event waits on the loop while they run.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
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
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from tests.support.authority import Authority
from vedette.errors import LinkError
from vedette.net.dial import SocketDialer
from vedette.net.stream import SocketStream
from vedette.ports.link import Target, TlsPolicy

STREAMS = 1000
MEGABYTE = 1024 * 1024

# Links that are dialled at the same time: a paced start, and a server's restart.
AT_ONCE = 16

GREETING = b"* OK ready\r\n"
NOOP = b"a NOOP\r\n"
MORE = b"a MORE\r\n"


class Peer:
    """The server's end of one link: a handshake, a greeting, and an answer to every line."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self.greeted = False
        self.left = 0

    def step(self) -> int:
        """Go on as far as the socket lets; return what to wait for."""
        try:
            if not self.greeted:
                self.sock.do_handshake()
                self.sock.send(GREETING)
                self.greeted = True
            while True:
                while self.left:
                    self.left -= self.sock.send(bytes(min(self.left, 16384)))
                line = self.sock.recv(4096)
                if not line:
                    return 0
                self.left = MEGABYTE if line == MORE else len(GREETING)
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except OSError:
            return 0


def serve(certificate: Path, ready: Connection) -> None:
    """Accept and serve until the parent ends this process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
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
                continue
            events = key.data.step()
            if events:
                selector.modify(key.fileobj, events, key.data)
            else:
                selector.unregister(key.fileobj)
                key.data.sock.close()


class Counter:
    """A receiver that counts and keeps nothing."""

    __slots__ = ("received", "stream")

    def __init__(self) -> None:
        self.received = 0
        self.stream: SocketStream | None = None

    def data_received(self, data: memoryview) -> None:
        """Count, and answer the greeting as every session does.

        The first write after the TLS tickets makes OpenSSL give its write buffer back.
        """
        if self.received == 0 and self.stream is not None:
            self.stream.write(NOOP)
        self.received += len(data)

    def connection_lost(self, error: LinkError | None) -> None:
        """Fail the benchmark: its server never hangs up."""
        raise SystemExit(f"a link was lost: {error}")


async def until(counters: Sequence[Counter], received: int) -> None:
    """Wait until every stream has received so many bytes."""
    async with asyncio.timeout(300):
        while any(counter.received < received for counter in counters):  # noqa: ASYNC110 - the counters are kept free of events, which would cost memory
            await asyncio.sleep(0.01)


def resident() -> int:
    """Return this process's resident memory in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


async def lag(delays: list[float]) -> None:
    """Note how much later than asked for the loop comes round, every millisecond."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        delays.append(time.perf_counter() - began - 0.001)


async def measure(port: int, ca_file: str, streams: int, at_once: int) -> dict[str, float]:
    """Open the streams and take the numbers."""
    dialer = SocketDialer()
    target = Target(host="127.0.0.1", port=port, policy=TlsPolicy(ca_file=ca_file), private=True)
    counters = [Counter() for _ in range(streams + 1)]
    counters[0].stream = await dialer.dial(target, counters[0])
    await until(counters[:1], 2 * len(GREETING))
    counters = counters[1:]
    before = resident()
    queue = iter(counters)

    async def connect() -> None:
        for counter in queue:
            counter.stream = await dialer.dial(target, counter)

    delays: list[float] = []
    watch = asyncio.create_task(lag(delays))
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(connect())
    took = time.perf_counter() - began
    watch.cancel()
    await until(counters, 2 * len(GREETING))
    idle = resident() - before
    for start in range(0, streams, 50):
        for counter in counters[start : start + 50]:
            assert counter.stream is not None
            counter.stream.write(MORE)
        await until(counters[start : start + 50], MEGABYTE)
    after = resident() - before
    delays.sort()
    return {
        "streams": streams,
        "at_once": at_once,
        "resumed": sum(c.stream is not None and c.stream.peer.resumed for c in counters),
        "idle_kib_per_stream": round(idle / streams / 1024, 1),
        "after_1_mb_kib_per_stream": round(after / streams / 1024, 1),
        "handshakes_per_second": round(streams / took),
        "loop_delay_p50_ms": round(delays[len(delays) // 2] * 1000, 2),
        "loop_delay_p99_ms": round(delays[len(delays) * 99 // 100] * 1000, 2),
    }


def main() -> None:
    """Run the server and the client, and print the numbers as JSON."""
    given = [int(number) for number in sys.argv[1:]]
    streams, at_once = (*given, *(STREAMS, AT_ONCE)[len(given) :])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        leaf = authority.issue("127.0.0.1", filler=20)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(
            target=serve, args=(leaf.path, theirs), daemon=True
        )
        server.start()
        print(
            json.dumps(asyncio.run(measure(ours.recv(), str(authority.ca_file), streams, at_once)))
        )
        server.terminate()


if __name__ == "__main__":
    main()
