"""What a server keeps: folders, the messages in them, and the record of all that ever arrived.

A folder that is renumbered or deleted is let go of; who has it open keeps it as it was. It
must not know sessions: it tells its viewers what changed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final, Protocol

from tests.sim.imap.letter import Letter

DELIMITER: Final = "/"


@unique
class Origin(Enum):
    """How a message came to have its UID."""

    DELIVERED = "delivered"
    SLIPPED_IN = "delivered by the server itself, at a bad moment"
    MOVED = "moved from another folder"
    COPIED = "copied from another folder"
    APPENDED = "appended by a client"
    RENUMBERED = "the folder was renumbered"
    RENAMED = "the folder has another name"


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One message under one UID; times are the world's. ``visible_at`` None: never shown."""

    user: str
    folder: str
    uid_validity: int
    uid: int
    token: str
    origin: Origin
    appended_at: float
    visible_at: float | None = None
    gone_at: float | None = None


@unique
class Change(Enum):
    """What a client may do to a message over a session."""

    COPIED = "copied"
    MOVED = "moved"
    FLAGGED = "flagged"
    EXPUNGED = "expunged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One message that a session changed. ``made`` is what came of a copy or a move.

    ``others`` are the messages with its octets that there are then beside it, or without it.
    ``sign`` is what became of ``flags``: added, taken off, or set in place of all others.
    """

    at: float
    change: Change
    arrival: Arrival
    others: int
    made: Arrival | None = None
    flags: tuple[str, ...] = ()
    sign: str = ""


@dataclass(slots=True, kw_only=True)
class Mail:
    """A message in a folder. ``flags`` is a dict for its order; the values mean nothing.

    ``labels`` are Gmail's, beside that of the folder.
    """

    uid: int
    letter: Letter
    internal_date: float
    arrival: Arrival
    modseq: int
    flags: dict[str, None] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)

    def like(self, other: Mail) -> None:
        """Take over the flags and labels of a message."""
        self.flags, self.labels = dict(other.flags), dict(other.labels)


class Viewer(Protocol):
    """Who has a folder open."""

    def arrived(self, mail: Mail, *, told: bool) -> None:
        """Learn that a message can be seen now; ``told`` is False for what is kept silent."""

    def departed(self, uid: int) -> None:
        """Learn that a message is gone."""

    def flagged(self, uid: int) -> None:
        """Learn that somebody changed the flags of a message."""

    def upheaval(self, reason: str) -> None:
        """Learn that the folder is not what it was: renumbered, renamed or deleted."""


class Folder:
    """One folder under one UIDVALIDITY. ``mails`` and ``uids`` hold what can be seen."""

    __slots__ = ("hidden", "mails", "modseq", "name", "noted", "serial", "uid_next",
                 "uid_validity", "uids", "use", "vanished", "viewers")  # fmt: skip

    def __init__(self, name: str, *, uid_validity: int, serial: int, use: str | None) -> None:
        self.name = name
        self.uid_validity = uid_validity
        self.uid_next = 1
        self.modseq = 1
        self.use = use
        self.serial = serial
        self.mails: dict[int, Mail] = {}
        self.uids: list[int] = []
        self.hidden: dict[int, Mail] = {}
        #: (modseq, uid) of each departure, rising by modseq.
        self.vanished: list[tuple[int, int]] = []
        self.viewers: list[Viewer] = []
        #: (MESSAGES, UIDNEXT) as a STATUS last told them; a stale answer repeats them.
        self.noted = (0, 1)

    def take(self, letter: Letter, arrival: Arrival, *, internal_date: float) -> Mail:
        """Give a message the next UID; it can not be seen yet."""
        self.modseq += 1
        mail = Mail(
            uid=self.uid_next,
            letter=letter,
            internal_date=internal_date,
            arrival=arrival,
            modseq=self.modseq,
        )
        self.hidden[mail.uid] = mail
        self.uid_next += 1
        return mail

    def show(self, mail: Mail, now: float, *, told: bool = True) -> None:
        """Let a message be seen, and tell the viewers."""
        if self.hidden.pop(mail.uid, None) is None:
            return
        self.modseq += 1
        mail.modseq = self.modseq
        mail.arrival.visible_at = now
        self.mails[mail.uid] = mail
        if not self.uids or mail.uid > self.uids[-1]:
            self.uids.append(mail.uid)
        else:
            insort(self.uids, mail.uid)
        for viewer in self.viewers:
            viewer.arrived(mail, told=told)

    def remove(self, uid: int, now: float) -> Mail | None:
        """Expunge a message that can be seen, and tell the viewers."""
        mail = self.mails.pop(uid, None)
        if mail is None:
            return None
        del self.uids[bisect_left(self.uids, uid)]
        self.modseq += 1
        self.vanished.append((self.modseq, uid))
        mail.arrival.gone_at = now
        for viewer in self.viewers:
            viewer.departed(uid)
        return mail

    def flag(self, uid: int, flags: dict[str, None]) -> None:
        """Set the flags of a message, and tell the viewers."""
        mail = self.mails[uid]
        self.modseq += 1
        mail.modseq = self.modseq
        mail.flags = flags
        for viewer in self.viewers:
            viewer.flagged(uid)

    def unsettle(self, reason: str) -> None:
        """Tell the viewers that nothing is as it was."""
        for viewer in tuple(self.viewers):
            viewer.upheaval(reason)
