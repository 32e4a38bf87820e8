"""How much a server may say while it answers, or while nothing was asked, and what is kept of it.

A server may send anything at any time, so what comes is counted and only what can be
part of the answer is kept: an object costs up to thirty times its octets. It must not
know what an answer means.
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.engine.link import Link
from vedette.errors import ProtocolError
from vedette.imap import (
    AskStatus,
    Code,
    Command,
    Completed,
    ESearch,
    Event,
    Fetch,
    Kind,
    List,
    ListItem,
    LiteralChunk,
    Malformed,
    Notify,
    Saved,
    Search,
    Select,
    Status,
    UidCopy,
    UidExpunge,
    UidFetch,
    UidLabel,
    UidMove,
    UidSearch,
    UidStore,
)

#: Octets that may come meanwhile, but for what is streamed: a folder of a million messages
#: that another client marks as read is told in 60 MB.
MAX_OCTETS = 64 * 1024 * 1024
#: Responses that may come meanwhile; such a folder that is emptied is told in as many. They
#: take some 4 s of processor time.
MAX_EVENTS = 1_000_000

#: Responses that are kept. A listing has one for each folder, and 10,000 folders are followed
#: at most; a FETCH is asked for 500 messages at most, which may come in some rows each (S11).
MAX_KEPT = 20_000
#: Octets of what is kept: 64 windows of 64 KiB are 4 MiB, a SEARCH of 100,000 UIDs as many.
MAX_KEPT_OCTETS = 16 * 1024 * 1024

#: What a number or a range costs beside its digits, in octets.
_NUMBER, _RANGE = 40, 120

#: What can be part of the answer to a command; all else that comes meanwhile is no answer.
_PARTS: dict[type[Command], tuple[type[Event], ...]] = {
    UidFetch: (Fetch,),
    UidSearch: (Search, ESearch),
    List: (ListItem,),
    Select: (Status,),
    # COPYUID comes in the tagged answer, or in an untagged OK before it (RFC 6851 section 4.3).
    UidCopy: (Status,),
    UidMove: (Status,),
    # What flags a message has now is asked for, not taken from who happens to tell it.
    UidStore: (),
    UidLabel: (),
    UidExpunge: (),
    # Their answers are noted wherever they come; what NOTIFY sends meanwhile is fetched again.
    AskStatus: (),
    Notify: (),
}


class Meter:
    """Counts what comes during one wait or one answer; ``during`` names it for a person."""

    __slots__ = ("_during", "_events", "_link", "_room")

    def __init__(self, link: Link, during: str) -> None:
        self._link = link
        self._during = during
        self._room = link.received + MAX_OCTETS
        self._events = 0

    def count(self, events: list[Event]) -> None:
        """Count what came. Raises ProtocolError above the bounds."""
        self._events += len(events)
        if self._events > MAX_EVENTS:
            raise ProtocolError(
                f"the server sent over {MAX_EVENTS} responses during {self._during}"
            )
        if self._link.received > self._room:
            raise ProtocolError(f"the server sent over {MAX_OCTETS} octets during {self._during}")

    def passed(self, chunk: LiteralChunk) -> None:
        """Leave out what is streamed: that is bounded by who takes it, and kept by nobody here."""
        self._room += len(chunk.data)


@dataclass(slots=True, kw_only=True)
class Reply:
    """The tagged answer to a command, and the untagged data that came before it.

    ``unread`` counts the responses that could not be read.
    """

    kind: Kind
    code: Code | None
    text: str
    data: list[Event]
    unread: int

    @property
    def is_ok(self) -> bool:
        """Whether the server said OK."""
        return self.kind is Kind.OK


class Answer:
    """What is kept of the untagged data before a tagged answer."""

    __slots__ = ("_command", "_parts", "_room", "data", "unread")

    def __init__(self, command: Command) -> None:
        self.data: list[Event] = []
        #: Responses that could not be read; one of them may have been part of the answer.
        self.unread = 0
        self._command = command
        self._parts = _PARTS.get(type(command))
        self._room = MAX_KEPT_OCTETS

    def ended(self, tagged: Completed) -> Reply:
        """Return all of it, now that the tagged answer is here."""
        return Reply(
            kind=tagged.kind,
            code=tagged.code,
            text=tagged.text,
            data=self.data,
            unread=self.unread,
        )

    def keep(self, event: Event) -> bool:
        """Keep what can be part of the answer; tell if it is. Raises ProtocolError above the bounds.

        Of a listing that is too long the rest is left out: no more folders are followed
        anyway, and INBOX is there whether it is listed or not.
        """
        command = self._command
        if isinstance(event, Malformed):
            self.unread += 1
            return True
        if self._parts is not None and not isinstance(event, self._parts):
            return False
        # RFC 9051 section 6.4.9: each row that answers a UID FETCH tells its UID.
        if isinstance(event, Fetch) and not _is_asked_for(event, command):
            return False
        self._room -= _weight(event)
        if len(self.data) < MAX_KEPT and self._room >= 0:
            self.data.append(event)
        elif not isinstance(event, ListItem):
            raise ProtocolError(f"the server's answer to {command.verb} is longer than asked for")
        return True


def _is_asked_for(row: Fetch, command: Command) -> bool:
    if not isinstance(command, UidFetch):
        return True
    if row.uid is None:
        return False
    return isinstance(command.uids, Saved) or row.uid in command.uids


def _weight(event: Event) -> int:
    """Return about how many octets an event holds beyond its own few hundred."""
    match event:
        case Fetch():
            return sum(len(each.data) for each in event.sections if isinstance(each.data, bytes))
        case Search():
            return _NUMBER * len(event.numbers)
        case ESearch():
            return 0 if event.all is None else _RANGE * len(event.all.ranges)
        case ListItem():
            return len(event.name)
        case _:
            return 0
