"""A cheap TLS IMAP server for load: many mailboxes, one message pattern, one process.

It knows just the commands that a watch sends, keeps a count per mailbox instead
of messages, and is no test of correctness: real servers are. It runs in a child
process, so that only the client is measured.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import selectors
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

CAPABILITIES = b"IMAP4rev1 LITERAL+ SASL-IR IDLE ESEARCH AUTH=PLAIN"
FETCH = re.compile(rb"UID FETCH ([0-9]+)(?::([0-9]+|\*))? .*?(?:<([0-9]+)\.([0-9]+)>)?\)")
SEARCH = re.compile(rb"UID SEARCH (?:RETURN \(ALL\) )?UID ([0-9]+)(?::([0-9]+|\*))?")


class Mailbox:
    """One connection's mailbox: ``count`` messages of ``size`` octets, UIDs 1 to count."""

    __slots__ = ("count", "idle_tag", "inbound", "outbound", "size", "sock", "want")

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self.inbound = b""
        self.outbound = b"* OK [CAPABILITY " + CAPABILITIES + b"] ready\r\n"
        self.count = 0
        self.size = 2_000
        self.idle_tag = b""
        self.want = selectors.EVENT_READ

    def deliver(self, size: int) -> None:
        """Let one message arrive."""
        self.count += 1
        self.size = size
        if self.idle_tag:
            self.outbound += b"* %d EXISTS\r\n" % self.count

    def step(self) -> bool:
        """Go on as far as the socket lets; False when the connection is over."""
        self.want = selectors.EVENT_READ
        try:
            self.sock.do_handshake()
            self._flush()
            while chunk := self.sock.recv(65_536):
                self.inbound += chunk
                while b"\r\n" in self.inbound:
                    line, self.inbound = self.inbound.split(b"\r\n", 1)
                    self._command(line)
                self._flush()
        except ssl.SSLWantReadError:
            return True
        except ssl.SSLWantWriteError:
            self.want |= selectors.EVENT_WRITE
            return True
        except OSError:
            return False
        return False

    def _flush(self) -> None:
        while self.outbound:
            sent = self.sock.send(self.outbound[:65_536])
            self.outbound = self.outbound[sent:]

    def _command(self, line: bytes) -> None:
        if line == b"DONE":
            self.outbound += self.idle_tag + b" OK done\r\n"
            self.idle_tag = b""
            return
        tag, _, rest = line.partition(b" ")
        verb = rest.split(b" ", 1)[0].upper()
        if verb == b"IDLE":
            self.idle_tag = tag
            self.outbound += b"+ idling\r\n"
            return
        if verb == b"UID":
            self._uid(rest)
        elif verb in {b"EXAMINE", b"SELECT"}:
            self.outbound += b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT %d] .\r\n" % (
                self.count,
                self.count + 1,
            )
        elif verb == b"LIST":
            self.outbound += b'* LIST () "/" INBOX\r\n'
        elif verb == b"CAPABILITY":
            self.outbound += b"* CAPABILITY " + CAPABILITIES + b"\r\n"
        elif verb == b"LOGOUT":
            self.outbound += b"* BYE bye\r\n"
        code = b"[CAPABILITY " + CAPABILITIES + b"] " if verb == b"AUTHENTICATE" else b""
        self.outbound += tag + b" OK " + code + b"done\r\n"

    def _uid(self, rest: bytes) -> None:
        found = FETCH.match(rest)
        if found:
            for uid in self._uids(found[1], found[2]):
                self.outbound += self._row(uid, int(found[3] or 0), int(found[4] or 2**31))
            return
        found = SEARCH.match(rest)
        if found:
            uids = list(self._uids(found[1], found[2]))
            both = b"* ESEARCH UID ALL %d:%d\r\n" % (uids[0], uids[-1]) if uids else b"* SEARCH\r\n"
            self.outbound += both

    def _uids(self, first: bytes, last: bytes | None) -> range:
        low = int(first)
        if last == b"*":
            return range(min(low, self.count), self.count + 1) if self.count else range(0)
        return range(low, min(int(last or first), self.count) + 1)

    def _row(self, uid: int, origin: int, length: int) -> bytes:
        head = b"From: a@example.org\r\nSubject: load %d\r\nMessage-ID: <%d@load>\r\n\r\n" % (
            uid,
            uid,
        )
        line = b"All the world is a stage, and all the men and women merely players.\r\n"
        body = (head + line * (self.size // len(line) + 1))[: self.size]
        part = body[origin : origin + length]
        return (
            b'* %d FETCH (UID %d FLAGS () INTERNALDATE "20-Nov-2026 10:00:00 +0000"'
            b" RFC822.SIZE %d BODY[]<%d> {%d}\r\n%b)\r\n"
        ) % (uid, uid, self.size, origin, len(part), part)


def serve(certificate: Path, control: Connection) -> None:
    """Serve until the parent says ``None``; a number lets a message of that size arrive at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.settimeout(0)
    control.send(listener.getsockname()[1])
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(control, selectors.EVENT_READ)
    mailboxes: set[Mailbox] = set()
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                with contextlib.suppress(BlockingIOError):
                    mailboxes.add(_accept(listener, context, selector))
            elif key.fileobj is control:
                size = control.recv()
                if size is None:
                    return
                for mailbox in mailboxes:
                    mailbox.deliver(size)
                    _step(mailbox, selector, mailboxes)
            else:
                _step(key.data, selector, mailboxes)


def _accept(
    listener: socket.socket, context: ssl.SSLContext, selector: selectors.BaseSelector
) -> Mailbox:
    raw, _address = listener.accept()
    raw.settimeout(0)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    mailbox = Mailbox(context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False))
    selector.register(mailbox.sock, selectors.EVENT_READ, mailbox)
    return mailbox


def _step(mailbox: Mailbox, selector: selectors.BaseSelector, mailboxes: set[Mailbox]) -> None:
    if mailbox.step():
        selector.modify(mailbox.sock, mailbox.want, mailbox)
    else:
        selector.unregister(mailbox.sock)
        mailbox.sock.close()
        mailboxes.discard(mailbox)


@dataclass(frozen=True, slots=True)
class LoadServer:
    """A running server: its port, and the way to let mail arrive in every mailbox."""

    port: int
    control: Connection

    def deliver(self, size: int) -> None:
        """Let one message of ``size`` octets arrive in every connected mailbox."""
        self.control.send(size)


@contextmanager
def load_server(certificate: Path) -> Iterator[LoadServer]:
    """Run a server in a child process for the time of a ``with``."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(certificate, theirs))
    child.start()
    try:
        yield LoadServer(port=ours.recv(), control=ours)
    finally:
        ours.send(None)
        child.join(5)
        if child.is_alive():
            child.kill()
