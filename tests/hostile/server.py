"""An IMAP server on a real socket that is honest until a test arms it.

Each connection is a thread, so that a flood is sent as fast as the client takes it. An attack is
a function that writes whatever it likes at one point of a conversation; when it returns, the
server goes on as if nothing had happened. It must not know what the client does about it.
"""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_LINE = re.compile(r"(?P<tag>\S+) (?P<verb>UID \w+|\w+) ?(?P<rest>.*)")

#: A thread that nobody talks to any more ends after so many seconds.
PATIENCE = 200.0

#: A client that takes nothing for so long has stopped reading; the attack is over then (seconds).
STALLED = 20.0

Attack = Callable[["Talk"], None]


class Server:
    """Listens on ``port`` from the moment it is made; use it as a context."""

    def __init__(self, *, capabilities: str = "IMAP4rev1 IDLE") -> None:
        self.capabilities = capabilities
        self.mails: list[bytes] = []
        #: What the server says of the folder instead of the truth.
        self.claimed: int | None = None
        #: How many attacks were begun and came to an end.
        self.fired = 0
        self.logins = 0
        self.failures: list[BaseException] = []
        self._attacks: dict[str, Attack] = {}
        self._talks: list[Talk] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def arm(self, point: str, attack: Attack) -> None:
        """Let the next conversation that comes to ``point`` suffer the attack, once.

        A point is ``greeting`` or a command's verb, before its answer; ``push`` is an IDLE, and an
        IDLE that is under way notices at once.
        """
        self._attacks[point] = attack
        self._wake()

    def disarm(self) -> None:
        """Be honest from here on, also in attacks that stand at every command."""
        self._attacks.clear()

    def deliver(self, mail: bytes) -> None:
        """Let a message arrive."""
        self.mails.append(mail)
        self._wake()

    def drop(self) -> None:
        """End all conversations."""
        for talk in self._talks:
            talk.close()

    def struck(self, point: str) -> Attack | None:
        """Return the attack at a point, and disarm it."""
        return self._attacks.pop(point, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(PATIENCE)
        self.drop()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _wake(self) -> None:
        for talk in self._talks:
            talk.wake()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            talk = Talk(self, sock)
            self._talks.append(talk)
            thread = threading.Thread(target=self._serve, args=(talk,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, talk: Talk) -> None:
        try:
            # A client that leaves in the middle is what most attacks lead to.
            with suppress(OSError):
                talk.run()
        except BaseException as error:  # noqa: BLE001 - told by the test, not by a thread's traceback
            self.failures.append(error)
        finally:
            talk.close()


class Talk:
    """One conversation."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server = server
        self._sock = sock
        sock.settimeout(STALLED)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bell, self._ring = socket.socketpair()
        self._heard = b""
        self._told = 0
        self.tag = ""

    def send(self, data: bytes) -> None:
        """Write octets as they are."""
        self._sock.sendall(data)

    def say(self, *lines: str) -> None:
        """Write lines."""
        self.send("".join(line + "\r\n" for line in lines).encode())

    def flood(self, unit: bytes, octets: int) -> None:
        """Write a unit again and again, so many octets in all, or until the client leaves."""
        piece = unit * max(1, 65_536 // len(unit))
        for _ in range(octets // len(piece) + 1):
            self.send(piece)

    def drip(self, data: bytes) -> None:
        """Write octets one by one, each in a segment of its own where the kernel lets it."""
        view = memoryview(data)
        for index in range(len(data)):
            self._sock.send(view[index : index + 1])

    def wake(self) -> None:
        """Let an IDLE look at what is new."""
        with suppress(OSError):
            self._ring.send(b"!")

    def close(self) -> None:
        """End it, in whatever state it is."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        for each in (self._sock, self._bell, self._ring):
            each.close()

    def run(self) -> None:
        """Hold the conversation."""
        self.strike("greeting")
        self.say(f"* OK [CAPABILITY {self.server.capabilities}] ready")
        while (line := self._line()) is not None:
            found = _LINE.fullmatch(line)
            assert found is not None, f"the client said {line!r}"
            self.tag = found["tag"]
            self._answer(found["verb"], found["rest"])

    def strike(self, point: str) -> None:
        """Suffer the attack that is armed for this point."""
        attack = self.server.struck(point)
        if attack is not None:
            try:
                attack(self)
            finally:
                self.server.fired += 1

    def _answer(self, verb: str, rest: str) -> None:
        self.strike(verb)
        match verb:
            case "LOGIN":
                self.server.logins += 1
                self.say(f"{self.tag} OK [CAPABILITY {self.server.capabilities}] welcome")
                return
            case "LIST":
                self.say('* LIST () "/" INBOX')
            case "EXAMINE":
                self._told = self._count()
                total = len(self.server.mails)
                self.say(f"* {self._told} EXISTS", "* OK [UIDVALIDITY 7] v")
                self.say(f"* OK [UIDNEXT {total + 1}] n")
            case "UID SEARCH":
                uids = self._uids(rest.split("UID ", 1)[1].split(" ", maxsplit=1)[0])
                self.say(("* SEARCH " + " ".join(map(str, uids))).rstrip())
            case "UID FETCH":
                for uid in self._uids(rest.split(" ", 1)[0]):
                    self._row(uid, rest)
            case "IDLE":
                self._idle()
            case _:
                pass  # an OK is the whole answer
        self.say(f"{self.tag} OK done")

    def _idle(self) -> None:
        self.say("+ idling")
        while True:
            self.strike("push")
            if self._count() > self._told:
                self._told = self._count()
                self.say(f"* {self._told} EXISTS")
            if b"\r\n" not in self._heard:
                ready, _, _ = select.select([self._sock, self._bell], [], [], PATIENCE)
                if self._bell in ready:
                    self._bell.recv(4096)
                if self._sock not in ready:
                    continue
            line = self._line()
            assert line in {"DONE", None}, f"the client said {line!r} in IDLE"
            return

    def _count(self) -> int:
        return len(self.server.mails) if self.server.claimed is None else self.server.claimed

    def _row(self, uid: int, rest: str) -> None:
        mail = self.server.mails[uid - 1]
        window = re.search(r"\]<(\d+)\.(\d+)>", rest)
        start, size = (int(window[1]), int(window[2])) if window else (0, len(mail))
        part = mail[start : start + size]
        self.send(
            b'* %d FETCH (UID %d FLAGS () INTERNALDATE "20-Nov-2026 10:00:00 +0000" '
            b"RFC822.SIZE %d BODY[]<%d> {%d}\r\n" % (uid, uid, len(mail), start, len(part))
        )
        self.send(part)
        self.send(b")\r\n")

    def _uids(self, wanted: str) -> list[int]:
        """Resolve a set as servers do: ``n:*`` always holds the last message."""
        last = len(self.server.mails)
        found: set[int] = set()
        for part in wanted.split(","):
            low, _, high = part.partition(":")
            top = last if high == "*" else min(last, int(high or low))
            found.update(range(int(low), top + 1))
            if high == "*" and last:
                found.add(last)
        return sorted(found)

    def _line(self) -> str | None:
        while b"\r\n" not in self._heard:
            data = self._sock.recv(65_536)
            if not data:
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line.decode()
