"""The process that owns a load server: starts its workers, lets mail arrive and connections drop.

Run as ``python -m bench.load.conductor JSON``; it is told what to do in lines of JSON on its
standard input and ends, with its workers, when that ends, so nothing outlives who started it.

Must not know: connections.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load.books import Books
from bench.load.options import Load
from bench.load.worker import ORDER, What, Worker

#: A worker that has not read so many orders is not going to.
_SEND = 30.0
#: Seconds within which an ended server is gone.
_FAREWELL = 10.0


@dataclass(slots=True)
class Stream:
    """Something that happens at a rate, to mailboxes of a range, as often as ``left`` says."""

    rate: float
    first: int
    last: int
    size: int
    left: int
    due: float


class Conductor:
    """Keeps the count of every mailbox; nobody else changes one."""

    def __init__(self, load: Load, books: Books, workers: list[socket.socket]) -> None:
        self._load = load
        self._books = books
        self._workers = workers
        self._dice = random.Random(1)
        self._streams: dict[str, Stream] = {}

    def run(self) -> None:
        """Obey the lines of standard input until it ends."""
        poll = select.poll()
        poll.register(sys.stdin.fileno(), select.POLLIN)
        inbound = b""
        while True:
            wait = self._wait()
            if poll.poll(None if wait is None else wait * 1000):
                chunk = os.read(sys.stdin.fileno(), 65_536)
                if not chunk:
                    return
                *lines, inbound = (inbound + chunk).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            self._play()

    def _wait(self) -> float | None:
        if not self._streams:
            return None
        return max(0.0, min(stream.due for stream in self._streams.values()) - time.monotonic())

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "deliver":
                self._deliver(order["first"], order["last"], order["size"])
            case "stream":
                self._streams.pop(order["name"], None)
                if order["rate"] > 0:
                    self._streams[order["name"]] = Stream(
                        order["rate"],
                        order["first"],
                        order["last"],
                        order["size"],
                        order["count"],
                        time.monotonic(),
                    )
            case "drop":
                self._order(What.DROP, order["first"], 0, order["first"])
            case "restart":
                self._all(What.RESTART, int(order["seconds"] * 1000), 0)
            case "transcript":
                self._all(What.TRANSCRIPT, order["first"], 0)
            case unknown:
                raise ValueError(f"no such order: {unknown}")

    def _play(self) -> None:
        """Let happen what is due; times between two of a stream are exponential."""
        now = time.monotonic()
        for name, stream in list(self._streams.items()):
            while stream.due <= now and stream.left:
                mailbox = self._dice.randrange(stream.first, stream.last)
                if name == "drops":
                    self._order(What.DROP, mailbox, 0, mailbox)
                else:
                    self._deliver(mailbox, mailbox + 1, stream.size)
                stream.left -= 1
                stream.due += self._dice.expovariate(stream.rate)
            if not stream.left:
                del self._streams[name]

    def _deliver(self, first: int, last: int, size: int) -> None:
        now = time.monotonic_ns()
        for mailbox in range(first, last):
            self._books.add(mailbox, now, size or self._load.size)
        if last - first == 1:
            self._order(What.TELL, first, last, first)
        else:
            self._all(What.TELL, first, last)

    def _order(self, what: What, a: int, b: int, mailbox: int) -> None:
        """Tell the worker that serves a mailbox; what nobody serves is seen at the next SELECT."""
        holder = self._books.holder(mailbox)
        if holder:
            self._workers[holder - 1].sendall(ORDER.pack(what, a, b))

    def _all(self, what: What, a: int, b: int) -> None:
        for worker in self._workers:
            worker.sendall(ORDER.pack(what, a, b))


def _context(folder: Path, load: Load) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    if not load.tickets:
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


def main() -> None:
    """Start the workers, say on which port, obey, and end them."""
    load, folder = Load.from_json(sys.argv[1]), Path(sys.argv[2])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    books = Books(folder / "books", load.mailboxes, create=True)
    books.fill(load.preloaded)
    context = _context(folder, load)
    # Bound and not listening, it keeps the port while no worker listens.
    claim = socket.socket()
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    claim.bind((load.addresses[0], load.port))
    port = claim.getsockname()[1]
    pipes: list[socket.socket] = []
    children: list[int] = []
    for number in range(load.processes):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = os.fork()
        if child == 0:
            ours.close()
            for pipe in pipes:
                pipe.close()
            try:
                Worker(number, load, books, context, port, folder).run(theirs)
            finally:
                os._exit(0)
        theirs.close()
        ours.settimeout(_SEND)
        pipes.append(ours)
        children.append(child)
    for pipe in pipes:
        if not pipe.recv(16):
            raise SystemExit("a worker can not listen")
    print(json.dumps({"port": port, "workers": children}), flush=True)
    try:
        Conductor(load, books, pipes).run()
    finally:
        for pipe in pipes:
            pipe.close()
        _gone(children)


def _gone(children: list[int]) -> None:
    """Wait for the workers, and kill one that does not end."""
    deadline = time.monotonic() + _FAREWELL
    while children:
        children = [child for child in children if os.waitpid(child, os.WNOHANG)[0] == 0]
        if children and time.monotonic() > deadline:
            for child in children:
                os.kill(child, 9)
                os.waitpid(child, 0)
            return
        time.sleep(0.01)


if __name__ == "__main__":
    main()
