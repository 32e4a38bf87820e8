"""One process of the load server: its listener, its connections, one epoll loop.

It takes orders from the conductor over a pipe and ends when that pipe does. The TLS context and
with it the keys of the tickets are made before the processes part, so a session begun with one
is resumed by any.

Must not know: when mail arrives; what a command means.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import time
from collections import deque
from enum import IntEnum, unique
from pathlib import Path

from bench.load.books import Books, Counters
from bench.load.mail import Mill
from bench.load.options import Load
from bench.load.session import Session, Station

#: An order: what, and two numbers.
ORDER = struct.Struct("<III")
#: How much is read at once: a TLS record.
_RECORD = 16_384
#: Connections accepted in one turn of the loop, so that those there are do not wait for a herd.
_ACCEPTED = 16
#: Seconds the loop sleeps at most.
_NAP = 1.0
#: A backlog that a herd fits in.
_BACKLOG = 16_384


@unique
class What(IntEnum):
    """What the conductor orders: tell mailboxes from a to b, drop mailbox a, close for a ms."""

    TELL = 1
    DROP = 2
    RESTART = 3
    TRANSCRIPT = 4


class Peer:
    """One connection."""

    __slots__ = ("greeted", "left", "session", "sock", "waits_to_write")

    def __init__(self, sock: ssl.SSLSocket, session: Session) -> None:
        self.sock = sock
        self.session = session
        self.left = b""
        self.greeted = False
        self.waits_to_write = False


class Worker:
    """A process, as an object."""

    def __init__(
        self,
        number: int,
        load: Load,
        books: Books,
        context: ssl.SSLContext,
        port: int,
        folder: Path,
    ) -> None:
        self._number = number
        self._load = load
        self._books = books
        self._context = context
        self._port = port
        self._folder = folder
        self._counters = Counters()
        self._station = Station(
            load=load,
            books=books,
            mill=Mill(),
            counters=self._counters,
            clock=time.monotonic_ns,
        )
        self._epoll = select.epoll()
        self._peers: dict[int, Peer] = {}
        self._holding: dict[int, Peer] = {}
        self._listeners: dict[int, socket.socket] = {}
        self._opens_at = 0.0
        #: What came and is not looked at before its time, which models the way to the server.
        self._delayed: deque[tuple[float, Peer, bytes]] = deque()

    def run(self, orders: socket.socket) -> None:
        """Serve until the conductor hangs up."""
        self._listen()
        orders.send(b"listening")
        self._epoll.register(orders.fileno(), select.EPOLLIN)
        while True:
            for number, events in self._epoll.poll(self._patience(), 512):
                peer = self._peers.get(number)
                if peer is not None:
                    self._step(peer, events)
                elif number in self._listeners:
                    self._accept(self._listeners[number])
                elif number == orders.fileno():
                    order = orders.recv(ORDER.size)
                    if len(order) < ORDER.size:
                        return
                    self._obey(*ORDER.unpack(order))
            self._on_time()
            self._counters.cpu_ns = time.process_time_ns()
            self._books.note(self._number, self._counters)

    def _patience(self) -> float:
        now = time.monotonic()
        until = [self._delayed[0][0]] if self._delayed else []
        if self._opens_at:
            until.append(self._opens_at)
        return max(0.0, min([*until, now + _NAP]) - now)

    def _listen(self) -> None:
        for host in self._load.addresses:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((host, self._port))
            listener.listen(_BACKLOG)
            listener.settimeout(0)
            self._listeners[listener.fileno()] = listener
            self._epoll.register(listener.fileno(), select.EPOLLIN)
        self._opens_at = 0.0

    def _on_time(self) -> None:
        now = time.monotonic()
        if self._opens_at and now >= self._opens_at:
            self._listen()
        while self._delayed and self._delayed[0][0] <= now:
            _, peer, data = self._delayed.popleft()
            if self._peers.get(peer.sock.fileno()) is peer:
                self._hear(peer, data)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED):
            try:
                raw, _address = listener.accept()
            except BlockingIOError:
                return
            raw.settimeout(0)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                sock = self._context.wrap_socket(
                    raw, server_side=True, do_handshake_on_connect=False
                )
            except OSError:
                self._counters.refused += 1
                raw.close()
                continue
            peer = Peer(sock, Session(self._station))
            self._peers[sock.fileno()] = peer
            self._epoll.register(sock.fileno(), select.EPOLLIN)
            self._counters.accepted += 1
            self._counters.connections += 1

    def _step(self, peer: Peer, events: int) -> None:
        try:
            if not peer.greeted:
                peer.sock.do_handshake()
                self._greet(peer)
            if events & select.EPOLLOUT:
                self._flush(peer)
            self._read(peer)
        except ssl.SSLWantReadError:
            return
        except OSError:
            if not peer.greeted:
                self._counters.refused += 1
            self._end(peer)

    def _read(self, peer: Peer) -> None:
        """Take what came; raise OSError when the client is gone."""
        while True:
            data = peer.sock.read(_RECORD)
            if not data:
                self._end(peer)
                return
            if self._load.round_trip:
                due = time.monotonic() + self._load.round_trip
                self._delayed.append((due, peer, data))
            else:
                self._hear(peer, data)
            if peer.session.ended or (len(data) < _RECORD and not peer.sock.pending()):
                return

    def _greet(self, peer: Peer) -> None:
        peer.greeted = True
        if peer.sock.session_reused:
            self._counters.resumed += 1
        else:
            self._counters.full += 1
        self._flush(peer)

    def _hear(self, peer: Peer, data: bytes) -> None:
        session = peer.session
        known = session.mailbox
        session.feed(data)
        if session.mailbox != known:
            self._holding[session.mailbox] = peer
            self._books.hold(session.mailbox, self._number + 1)
            if session.mailbox == self._load.transcript:
                session.notes = []
        self._write(peer)
        if session.ended:
            self._end(peer)

    def _write(self, peer: Peer) -> None:
        """Write what there is, and end the connection if that fails."""
        try:
            self._flush(peer)
        except OSError:
            self._end(peer)

    def _flush(self, peer: Peer) -> None:
        data = peer.left or peer.session.more()
        try:
            while data:
                sent = peer.sock.write(data)
                data = data[sent:] or peer.session.more()
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            peer.left = data
            if not peer.waits_to_write:
                peer.waits_to_write = True
                self._epoll.modify(peer.sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
            return
        peer.left = b""
        if peer.waits_to_write:
            peer.waits_to_write = False
            self._epoll.modify(peer.sock.fileno(), select.EPOLLIN)

    def _end(self, peer: Peer) -> None:
        number = peer.sock.fileno()
        if self._peers.pop(number, None) is None:
            return
        session = peer.session
        session.left()
        self._counters.connections -= 1
        if self._holding.get(session.mailbox) is peer:
            del self._holding[session.mailbox]
            if self._books.holder(session.mailbox) == self._number + 1:
                self._books.hold(session.mailbox, 0)
            if session.notes is not None:
                self._write_down(session)
        self._epoll.unregister(number)
        peer.sock.close()

    def _obey(self, what: int, a: int, b: int) -> None:
        if what == What.TELL:
            self._tell(a, b)
        elif what == What.RESTART:
            self._restart(a / 1000)
        elif a not in self._holding:
            return
        elif what == What.DROP:
            self._counters.dropped += 1
            self._end(self._holding[a])
        elif what == What.TRANSCRIPT:
            self._write_down(self._holding[a].session)

    def _tell(self, first: int, last: int) -> None:
        if last - first > len(self._holding):
            peers = [peer for number, peer in self._holding.items() if first <= number < last]
        else:
            peers = [self._holding[n] for n in range(first, last) if n in self._holding]
        for peer in peers:
            peer.session.announce()
            if not peer.left:
                self._write(peer)

    def _restart(self, seconds: float) -> None:
        for number, listener in self._listeners.items():
            self._epoll.unregister(number)
            listener.close()
        self._listeners.clear()
        self._opens_at = time.monotonic() + seconds
        for peer in list(self._peers.values()):
            self._end(peer)

    def _write_down(self, session: Session) -> None:
        path = self._folder / f"transcript-{session.mailbox}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(session.notes), encoding="ascii")
        fresh.replace(path)
