"""The server's side of one connection: lines in, answers out. No socket, no clock but an argument.

Every answer that can be is ready before it is asked for. Mail is announced in IDLE, with the
answer to any other command, or at once where NOTIFY asked for it.

Must not know: TLS, processes, other connections.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from bench.load.books import Books, Counters
from bench.load.mail import Mill
from bench.load.options import Load
from bench.load.rows import Items, items

#: A command without end is not one.
_LONGEST = 65_536
#: Rows are made as the socket takes them, so many octets at a time.
_CHUNK = 65_536

_FETCH = re.compile(rb"([0-9:,*]+) (\(.*\)|[^ ]+)")
_UIDS = re.compile(rb"(?:UID )?([0-9]+)(?::([0-9]+|\*))?")
_ASKED = re.compile(rb"(?:RETURN \([A-Z ]*\) )?(?:CHARSET [^ ]+ )?(.*)", re.IGNORECASE)
_PUSHED = re.compile(rb"\(SELECTED(?:-DELAYED)? \(MessageNew(?: (\(.*?\)))?[ )]", re.IGNORECASE)
_NUMBER = re.compile(rb"([0-9]+)(?:@|$)")
_FLAGS = rb"(\Answered \Flagged \Deleted \Seen \Draft)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What the sessions of one worker share."""

    load: Load
    books: Books
    mill: Mill
    counters: Counters
    clock: Callable[[], int]


class Session:
    """One connection after its handshake. ``out`` is what is to be written, then ``more``."""

    __slots__ = (
        "_announced",
        "_idle",
        "_inbound",
        "_pushed",
        "_rows",
        "_selected",
        "_sign_in",
        "_station",
        "ended",
        "mailbox",
        "notes",
        "out",
        "watching",
    )

    def __init__(self, station: Station) -> None:
        self._station = station
        self._inbound = b""
        self._announced = 0
        self._idle = b""
        self._pushed: Items | None = None
        self._rows: Iterator[bytes] | None = None
        self._selected = False
        self._sign_in = b""
        self.out = b"* OK [CAPABILITY " + station.load.capabilities + b"] ready\r\n"
        self.mailbox = -1
        self.watching = False
        self.ended = False
        #: The conversation, where it is written down: (instant, who, what).
        self.notes: list[tuple[int, str, str]] | None = None

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        self._station.counters.reads += 1
        if self.notes is not None:
            self.notes.append((self._station.clock(), "C", data[:400].decode("latin-1")))
        if self._inbound:
            data = self._inbound + data
        lines = data.split(b"\r\n")
        self._inbound = lines.pop()
        for line in lines:
            self._line(line)
        self.ended = self.ended or len(self._inbound) > _LONGEST
        self._count_watching()

    def announce(self) -> None:
        """Tell of what arrived, if the client listens; else it is told with the next answer."""
        count = self._count()
        listens = bool(self._idle) or self._pushed is not None
        if self._selected and listens and count > self._announced:
            self._tell(count)

    def more(self) -> bytes:
        """Return what is to be written next, and forget it; nothing when all is written."""
        if self._rows is not None:
            pieces, length = [self.out], 0
            for row in self._rows:
                pieces.append(row)
                length += len(row)
                if length >= _CHUNK:
                    break
            else:
                self._rows = None
            self.out = b"".join(pieces)
        data, self.out = self.out, b""
        self._station.counters.octets += len(data)
        if self.notes is not None and data:
            self.notes.append((self._station.clock(), "S", data[:120].decode("latin-1")))
        return data

    def left(self) -> None:
        """Learn that the connection is over."""
        self._idle, self._pushed, self._selected = b"", None, False
        self._count_watching()

    def _count_watching(self) -> None:
        watching = bool(self._idle) or (self._pushed is not None and self._selected)
        if watching is not self.watching:
            self.watching = watching
            self._station.counters.watching += 1 if watching else -1

    def _tell(self, count: int) -> None:
        station, mailbox = self._station, self.mailbox
        fresh = range(self._announced + 1, count + 1)
        now = station.clock()
        for uid in fresh:
            station.books.stamp(mailbox, uid, now)
        self._announced = count
        station.counters.announced += len(fresh)
        self.out += b"* %d EXISTS\r\n" % count
        if self._pushed is not None:
            self._send(self._pushed, iter(fresh))

    def _send(self, wanted: Items, uids: Iterator[int]) -> None:
        station, mailbox = self._station, self.mailbox
        books, mill, size = station.books, station.mill, station.load.size
        counters = station.counters

        def rows(before: Iterator[bytes] | None, after: list[bytes]) -> Iterator[bytes]:
            if before is not None:
                yield from before
            for uid in uids:
                counters.messages += wanted.wants_octets
                yield wanted.row(mailbox, uid, books, mill, size)
            yield from after

        self._rows = rows(self._rows, [])

    def _say(self, answer: bytes) -> None:
        """Write after whatever rows are still to be made."""
        if self._rows is None:
            self.out += answer
            return

        def then(before: Iterator[bytes]) -> Iterator[bytes]:
            yield from before
            yield answer

        self._rows = then(self._rows)

    def _line(self, line: bytes) -> None:
        if self._idle:
            if line.upper() == b"DONE":
                self._say(self._idle + b" OK done\r\n")
                self._idle = b""
            return
        if self._sign_in:
            tag, self._sign_in = self._sign_in, b""
            self._signed_in(tag, line)
            return
        tag, _, rest = line.partition(b" ")
        verb, _, arguments = rest.partition(b" ")
        verb = verb.upper()
        if verb == b"UID":
            verb, _, arguments = arguments.partition(b" ")
            verb = b"UID " + verb.upper()
        known = self._verbs.get(verb)
        if known is not None:
            known(self, tag, arguments)
            return
        self._say(tag + b" BAD unknown\r\n")

    def _done(self, tag: bytes, _arguments: bytes = b"") -> None:
        if self._selected and self.mailbox >= 0:
            count = self._count()
            if count > self._announced:
                self._tell(count)
        self._say(tag + b" OK done\r\n")

    def _capability(self, tag: bytes, _arguments: bytes) -> None:
        self._say(
            b"* CAPABILITY " + self._station.load.capabilities + b"\r\n" + tag + b" OK done\r\n"
        )

    def _login(self, tag: bytes, arguments: bytes) -> None:
        self._enter(tag, arguments.replace(b'"', b"").partition(b" ")[0])

    def _authenticate(self, tag: bytes, arguments: bytes) -> None:
        _, _, response = arguments.partition(b" ")
        if response:
            self._signed_in(tag, response)
            return
        self._sign_in = tag
        self._say(b"+ \r\n")

    def _signed_in(self, tag: bytes, response: bytes) -> None:
        try:
            words = base64.b64decode(response).split(b"\0")
        except ValueError:
            words = []
        self._enter(tag, words[1] if len(words) == 3 else b"")

    def _enter(self, tag: bytes, user: bytes) -> None:
        found = _NUMBER.search(user)
        if found is None or int(found[1]) >= self._station.load.mailboxes:
            self._say(tag + b" NO [AUTHENTICATIONFAILED] no such user\r\n")
            return
        self.mailbox = int(found[1])
        self._station.counters.logins += 1
        code = b"[CAPABILITY " + self._station.load.capabilities + b"]"
        self._say(tag + b" OK " + code + b" welcome\r\n")

    def _select(self, tag: bytes, arguments: bytes) -> None:
        if self.mailbox < 0:
            self._say(tag + b" BAD log in first\r\n")
            return
        self._station.counters.selects += 1
        self._selected = _is_inbox(arguments)
        count = self._announced = self._count() if self._selected else 0
        self._say(
            b"* FLAGS " + _FLAGS + b"\r\n* OK [PERMANENTFLAGS " + _FLAGS + b"] .\r\n"
            b"* %d EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT %d] .\r\n"
            b"%b OK [READ-WRITE] done\r\n" % (count, count + 1, tag)
        )

    def _count(self) -> int:
        return self._station.books.count(self.mailbox)

    def _start_idle(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b"+ idling\r\n")
        self._idle = tag
        self.announce()

    def _notify(self, tag: bytes, arguments: bytes) -> None:
        found = _PUSHED.search(arguments)
        self._pushed = None
        if found is not None and self._station.load.notify:
            self._pushed = items(found[1] or b"(UID FLAGS)", by_uid=True)
        self._done(tag)

    def _fetch(self, tag: bytes, arguments: bytes, *, by_uid: bool = False) -> None:
        found = _FETCH.match(arguments)
        if found is None or self.mailbox < 0:
            self._say(tag + b" BAD what?\r\n")
            return
        self._station.counters.fetches += 1
        self._send(items(found[2], by_uid=by_uid), iter(self._numbers(found[1])))
        self._done(tag)

    def _uid_fetch(self, tag: bytes, arguments: bytes) -> None:
        self._fetch(tag, arguments, by_uid=True)

    def _numbers(self, text: bytes) -> list[int] | range:
        """Return the messages of a set; numbers and UIDs are the same here."""
        if b"," not in text:
            return self._span(text)
        return [number for part in text.split(b",") for number in self._span(part)]

    def _span(self, text: bytes) -> range:
        count = self._announced
        first, _, last = text.partition(b":")
        low, high = (count if word == b"*" else int(word) for word in (first, last or first))
        low, high = min(low, high), max(low, high)
        return range(max(1, low), min(high, count) + 1)

    def _search(self, tag: bytes, arguments: bytes) -> None:
        asked = _ASKED.match(arguments)
        criteria = asked[1] if asked is not None else b"ALL"
        found = _UIDS.match(criteria)
        uids = self._numbers(found[0].removeprefix(b"UID ")) if found else self._span(b"1:*")
        if b"RETURN" in arguments[:8].upper():
            # The tag says whose answer it is (RFC 9051 section 7.3.4).
            shown = b" ALL %d:%d" % (uids[0], uids[-1]) if uids else b""
            self._say(b'* ESEARCH (TAG "%b") UID%b\r\n' % (tag, shown))
        else:
            self._say(b"* SEARCH%b\r\n" % b"".join(b" %d" % uid for uid in uids))
        self._done(tag)

    def _list(self, tag: bytes, arguments: bytes) -> None:
        if arguments.endswith(b'""'):
            self._say(b'* LIST (\\Noselect) "/" ""\r\n')
        else:
            self._say(b'* LIST () "/" INBOX\r\n')
            if self._station.load.notify:
                self._say(b'* LIST () "/" Other\r\n')
        self._say(tag + b" OK done\r\n")

    def _lsub(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b'* LSUB () "/" INBOX\r\n' + tag + b" OK done\r\n")

    def _status(self, tag: bytes, arguments: bytes) -> None:
        name = arguments.partition(b" (")[0]
        count = self._count() if _is_inbox(name) else 0
        self._say(
            b"* STATUS %b (MESSAGES %d UIDNEXT %d UIDVALIDITY 7 UNSEEN %d RECENT 0)\r\n"
            b"%b OK done\r\n" % (name, count, count + 1, count, tag)
        )

    def _namespace(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b'* NAMESPACE (("" "/")) NIL NIL\r\n' + tag + b" OK done\r\n")

    def _id(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b'* ID ("name" "load")\r\n' + tag + b" OK done\r\n")

    def _logout(self, tag: bytes, _arguments: bytes) -> None:
        self._say(b"* BYE bye\r\n" + tag + b" OK done\r\n")
        self.ended = True

    _verbs: ClassVar[dict[bytes, Callable[[Session, bytes, bytes], None]]] = {
        b"CAPABILITY": _capability,
        b"LOGIN": _login,
        b"AUTHENTICATE": _authenticate,
        b"SELECT": _select,
        b"EXAMINE": _select,
        b"IDLE": _start_idle,
        b"NOTIFY": _notify,
        b"FETCH": _fetch,
        b"UID FETCH": _uid_fetch,
        b"SEARCH": _search,
        b"UID SEARCH": _search,
        b"LIST": _list,
        b"LSUB": _lsub,
        b"STATUS": _status,
        b"NAMESPACE": _namespace,
        b"ID": _id,
        b"LOGOUT": _logout,
        b"NOOP": _done,
        b"CHECK": _done,
        b"ENABLE": _done,
        b"UNSELECT": _done,
        b"CLOSE": _done,
        b"STORE": _done,
        b"UID STORE": _done,
        b"SUBSCRIBE": _done,
    }


def _is_inbox(name: bytes) -> bool:
    return name.strip(b'" ').upper().startswith(b"INBOX")
