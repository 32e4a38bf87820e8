"""A small IMAP server in memory, for what no fixed dialog can say: arrivals at any moment.

It is as plain as a server may be, and wilful where a test wants it: it may keep silent about
what arrives outside of IDLE, and it calls ``at_point`` at every moment at which something can
happen to the client. It knows nothing of the engine.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.clock import START
from tests.support.dialog import header, mail
from tests.support.wire import Wire, WireDialer
from vedette.errors import NetworkError

_LINE = re.compile(r"(?P<tag>\S+) (?P<verb>UID \w+|\w+) ?(?P<rest>.*)")


@dataclass(slots=True, kw_only=True)
class Box:
    """A folder: its messages by UID, each the number of a mail, and when each arrived."""

    uid_validity: int = 7
    uid_next: int = 1
    mails: dict[int, int] = field(default_factory=dict)
    dates: dict[int, float] = field(default_factory=dict)

    def add(self, number: int, date: float) -> int:
        uid, self.uid_next = self.uid_next, self.uid_next + 1
        self.mails[uid], self.dates[uid] = number, date
        return uid

    def reset(self) -> None:
        """Give every message a new UID, under a new UIDVALIDITY."""
        old = [(self.mails[uid], self.dates[uid]) for uid in sorted(self.mails)]
        self.uid_validity += 1
        self.uid_next, self.mails, self.dates = 1, {}, {}
        for number, date in old:
            self.add(number, date)


class ScriptedServer:
    """Serves INBOX to every wire of its dialer.

    ``tells`` is whether it announces, with the next answer, what came outside of IDLE.
    """

    def __init__(self, *, tells: bool = True, capabilities: str = "IMAP4rev1 IDLE") -> None:
        self.box = Box()
        self.tells = tells
        self.capabilities = capabilities
        self.points: list[str] = []
        self.at_point: Callable[[int], object] = lambda _index: None
        self.arrived_at: dict[int, float] = {}
        self.talks: list[Talk] = []
        self.greets = True
        #: What a login is refused with, or None.
        self.refusal: str | None = None
        #: Whether LOGOUT is answered; who says goodbye waits for it.
        self.says_goodbye = True
        #: What LIST tells; all names open the one box.
        self.folders = ["INBOX"]
        #: Seconds from a command to its answer.
        self.latency = 0.0
        #: UIDs that the next FETCH leaves out although they are there (S8).
        self.withheld: set[int] = set()
        self.dialer = WireDialer(self._accept)
        self._numbers = 0

    @property
    def open_talks(self) -> list[Talk]:
        return [talk for talk in self.talks if talk.wire.is_open]

    def deliver(self) -> int:
        """Let one more message arrive; return its number, which no other has."""
        self._numbers += 1
        now = asyncio.get_running_loop().time()
        self.arrived_at[self._numbers] = now
        self.box.add(self._numbers, START + now)
        for talk in self.open_talks:
            talk.arrival()
        return self._numbers

    def remove(self, uid: int) -> None:
        """Let another client remove a message."""
        sequence = sorted(self.box.mails).index(uid) + 1
        del self.box.mails[uid], self.box.dates[uid]
        for talk in self.open_talks:
            talk.removal(sequence)

    def drop(self) -> None:
        """Reset every connection."""
        for talk in self.open_talks:
            talk.wire.end(NetworkError("connection reset by peer"))

    def point(self, name: str) -> None:
        self.points.append(name)
        self.at_point(len(self.points) - 1)

    def _accept(self, wire: Wire) -> None:
        self.talks.append(Talk(self, wire))


class Talk:
    """One connection."""

    def __init__(self, server: ScriptedServer, wire: Wire) -> None:
        self.wire = wire
        self._server = server
        self._rest = b""
        self._idle_tag: str | None = None
        self._selected = False
        self._told = 0
        self._served: dict[str, Callable[[str], None]] = {
            "EXAMINE": self._examine,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "LIST": lambda _rest: self._say(*[f'* LIST () "/" {name}' for name in server.folders]),
        }
        wire.on_data = self._hear
        if server.greets:
            self._say(f"* OK [CAPABILITY {server.capabilities}] ready")
        server.point("greeting")

    def arrival(self) -> None:
        if self._idle_tag is not None:
            self._tell()

    def removal(self, sequence: int) -> None:
        if self._selected and sequence <= self._told:
            self._told -= 1
            if self._idle_tag is not None or self._server.tells:
                self._say(f"* {sequence} EXPUNGE")

    def _tell(self) -> None:
        count = len(self._server.box.mails)
        if self._selected and count > self._told:
            self._told = count
            self._say(f"* {count} EXISTS")

    def _say(self, *lines: str | bytes) -> None:
        octets = [line if isinstance(line, bytes) else line.encode() for line in lines]
        self.wire.feed(b"".join(line + b"\r\n" for line in octets))

    def _hear(self, data: bytes) -> None:
        if self._server.latency:
            asyncio.get_running_loop().call_later(self._server.latency, self._take, data)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line == b"DONE":
                self._done()
            else:
                found = _LINE.fullmatch(line.decode())
                assert found is not None, f"the client said {line!r}"
                self._serve(found["tag"], found["verb"], found["rest"])

    def _serve(self, tag: str, verb: str, rest: str) -> None:
        server = self._server
        server.point(f"before {verb}")
        if verb == "LOGIN":
            welcome = f"OK [CAPABILITY {server.capabilities}] welcome"
            self._say(f"{tag} {server.refusal or welcome}")
        elif verb == "IDLE":
            if server.tells:
                self._tell()
            else:
                self._told = len(server.box.mails)
            self._idle_tag = tag
            self._say("+ idling")
        elif verb != "LOGOUT" or server.says_goodbye:
            serve = self._served.get(verb)
            if serve is not None:
                serve(rest)
            server.point(f"before the answer to {verb}")
            if server.tells:
                self._tell()
            self._say(f"{tag} OK done")
        server.point(f"after {verb}")

    def _done(self) -> None:
        self._server.point("before DONE")
        tag, self._idle_tag = self._idle_tag, None
        self._server.point("before the answer to DONE")
        self._say(f"{tag} OK Idle completed")
        self._server.point("after DONE")

    def _examine(self, _rest: str) -> None:
        box = self._server.box
        self._selected = True
        self._told = len(box.mails)
        self._say(f"* {self._told} EXISTS", f"* OK [UIDVALIDITY {box.uid_validity}] valid")
        self._server.point("after the EXISTS of EXAMINE")
        self._say(f"* OK [UIDNEXT {box.uid_next}] next")

    def _search(self, rest: str) -> None:
        uids = self._uids(rest.split(" ", 2)[1])
        self._say(f"* SEARCH {' '.join(map(str, uids))}".rstrip())

    def _fetch(self, rest: str) -> None:
        box = self._server.box
        only_header = "HEADER.FIELDS" in rest
        withheld, self._server.withheld = self._server.withheld, set()
        for uid in self._uids(rest.split(" ", 1)[0]):
            if uid in withheld:
                continue
            number = box.mails[uid]
            data = header(number) if only_header else mail(number)
            section = b"[HEADER.FIELDS (MESSAGE-ID)]" if only_header else b"[]<0>"
            date = datetime.fromtimestamp(box.dates[uid], UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
            row = b'* %d FETCH (UID %d INTERNALDATE "%b" RFC822.SIZE %d BODY%b {%d}\r\n%b)' % (
                sorted(box.mails).index(uid) + 1,
                uid,
                date.encode(),
                len(mail(number)),
                section,
                len(data),
                data,
            )
            self._say(row)

    def _uids(self, numbers: str) -> list[int]:
        """Resolve a set as servers do: ``n:*`` always holds the last message (S1)."""
        uids = sorted(self._server.box.mails)
        found: set[int] = set()
        for part in numbers.split(","):
            low, _, high = part.partition(":")
            if high == "*":
                found.update(uid for uid in uids if uid >= int(low))
                found.update(uids[-1:])
            else:
                found.update(uid for uid in uids if int(low) <= uid <= int(high or low))
        return sorted(found)
