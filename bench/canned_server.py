"""An IMAP server that sends prepared letters as fast as it can: for the way of a message.

It runs in a child process, so that only the client is measured, knows just what a
watch sends, and tells the parent when a message was announced and when a client
has gone back to IDLE. It is no test of correctness: real servers are.
"""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.letters import letter

CAPABILITIES = b"IMAP4rev1 LITERAL+ SASL-IR IDLE ESEARCH AUTH=PLAIN"
FETCH = re.compile(rb"UID FETCH ([0-9:,*]+) .*?(?:<([0-9]+)\.([0-9]+)>)?\)")
SEARCH = re.compile(rb"UID SEARCH (?:RETURN \(ALL\) )?UID ([0-9:,*]+)")
#: Different letters; more would only fill memory.
LETTERS = 500
#: Octets of one write.
PIECE = 1024 * 1024


class Mailbox:
    """One connection: ``count`` messages, UIDs 1 to count."""

    def __init__(
        self, house: House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.house = house
        self.reader = reader
        self.writer = writer
        self.count = 0
        self.idle_tag = b""
        self.user = ""
        self.busy = False

    def deliver(self, count: int) -> None:
        """Announce ``count`` more messages."""
        self.count += count
        self.busy = True
        self.writer.write(b"* %d EXISTS\r\n" % self.count)

    async def talk(self) -> None:
        """Answer until the client leaves."""
        self.writer.write(b"* OK [CAPABILITY " + CAPABILITIES + b"] ready\r\n")
        while line := await self.reader.readline():
            await self.command(line.rstrip(b"\r\n"))
            await self.writer.drain()

    async def command(self, line: bytes) -> None:
        """Answer one line."""
        write = self.writer.write
        if line == b"DONE":
            write(self.idle_tag + b" OK done\r\n")
            self.idle_tag = b""
            return
        tag, _, rest = line.partition(b" ")
        verb = rest.split(b" ", 1)[0]
        if verb == b"IDLE":
            self.idle_tag = tag
            write(b"+ idling\r\n")
            if self.busy:
                self.busy = False
                self.house.rested()
            return
        if verb == b"UID":
            await self.answer(tag, rest)
        elif verb == b"AUTHENTICATE":
            self.user = base64.b64decode(rest.split(b" ")[-1]).split(b"\0")[1].decode()
            self.house.boxes[self.user] = self
        elif verb in {b"EXAMINE", b"SELECT"}:
            write(
                b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT %d] .\r\n"
                % (self.count, self.count + 1)
            )
        elif verb == b"LIST":
            write(b'* LIST () "/" INBOX\r\n')
        write(tag + b" OK [CAPABILITY " + CAPABILITIES + b"] done\r\n")

    async def answer(self, tag: bytes, rest: bytes) -> None:
        """Answer a UID SEARCH or a UID FETCH but for its tagged line."""
        write = self.writer.write
        if found := SEARCH.match(rest):
            uids = list(self.uids(found[1]))
            write(b'* ESEARCH (TAG "%b") UID' % tag)
            write(b" ALL %d:%d\r\n" % (uids[0], uids[-1]) if uids else b"\r\n")
        elif found := FETCH.match(rest):
            for uid in self.uids(found[1]):
                write(self.house.row(uid, int(found[2] or 0), int(found[3] or 2**31)))
                if self.writer.transport.get_write_buffer_size() > PIECE:
                    await self.writer.drain()

    def uids(self, words: bytes) -> Iterator[int]:
        """Return the UIDs of a set that exist."""
        for word in words.split(b","):
            low, _, high = word.partition(b":")
            last = self.count if high == b"*" else int(high or low)
            yield from range(int(low), min(last, self.count) + 1)


class House:
    """All mailboxes of the server, and what the parent wants to know of them."""

    def __init__(self, control: Connection) -> None:
        self.control = control
        self.boxes: dict[str, Mailbox] = {}
        self.letters = [letter(number) for number in range(LETTERS)]
        self.left = 0

    def rested(self) -> None:
        """Tell the parent when every mailbox that had mail is back in IDLE."""
        self.left -= 1
        if self.left == 0:
            self.control.send(("rested", time.monotonic()))

    def deliver(self, users: list[str], count: int) -> None:
        """Let mail arrive in some mailboxes, and tell when."""
        self.left += len(users)
        self.control.send(("announced", time.monotonic()))
        for user in users:
            self.boxes[user].deliver(count)

    def row(self, uid: int, origin: int, length: int) -> bytes:
        """Return a FETCH response; the letter is another one for each UID."""
        whole = self.letters[uid % LETTERS]
        # The id tells messages apart that share a letter; its length stays.
        whole = whole.replace(b"@mailer.example.net>\r\nIn-", b"@m%06d.example.net>\r\nIn-" % uid)
        part = whole[origin : origin + length]
        return (
            b'* %d FETCH (UID %d FLAGS (\\Seen) INTERNALDATE "03-Feb-2026 09:15:03 +0100"'
            b" RFC822.SIZE %d BODY[]<%d> {%d}\r\n%b)\r\n"
        ) % (uid, uid, len(whole), origin, len(part), part)


async def _serve(certificate: Path, control: Connection) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    house = House(control)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Mailbox(house, reader, writer).talk()
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context, backlog=4096)
    control.send(server.sockets[0].getsockname()[1])
    over = asyncio.get_running_loop().create_future()

    def obey() -> None:
        order = control.recv()
        if order is None:
            over.set_result(None)
        else:
            house.deliver(*order)

    asyncio.get_running_loop().add_reader(control.fileno(), obey)
    await over
    os._exit(0)  # the connections are of no interest any more


def serve(certificate: Path, control: Connection) -> None:
    """Serve until the parent says ``None``; ``(users, count)`` lets mail arrive."""
    asyncio.run(_serve(certificate, control))


@dataclass(frozen=True, slots=True)
class CannedServer:
    """A running server: its port, and the way to let mail arrive."""

    port: int
    control: Connection

    async def deliver(self, users: list[str], count: int) -> float:
        """Announce ``count`` messages to each of ``users``; return the instant (monotonic)."""
        self.control.send((users, count))
        return await self._heard("announced")

    async def rested(self) -> float:
        """Wait until all of them are in IDLE again; return the instant."""
        return await self._heard("rested")

    async def _heard(self, what: str) -> float:
        word, instant = await asyncio.get_running_loop().run_in_executor(None, self.control.recv)
        if word != what:
            raise RuntimeError(f"the server said {word} and not {what}")
        return float(instant)


@contextmanager
def canned_server(certificate: Path) -> Iterator[CannedServer]:
    """Run a server in a child process for the time of a ``with``."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(certificate, theirs))
    child.start()
    try:
        yield CannedServer(port=ours.recv(), control=ours)
    finally:
        ours.send(None)
        child.join(5)
        if child.is_alive():
            child.kill()
