r"""What the server keeps: a maildrop for each user, mailboxes in it, mail in those.

All in memory. UIDs only rise and are never given twice; a mailbox that is deleted and
made again gets a new UIDVALIDITY (RFC 3501 section 2.3.1.1). Viewers are told of every
change at once. It must not know the protocol, sockets or time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from vedette.secret import Secret

#: Between the levels of a name.
DELIMITER: Final = "/"
#: Octets in one maildrop: far above any demonstration, far below what hurts the machine.
QUOTA: Final = 64 * 1024 * 1024
#: Mailboxes in one maildrop, so that a loop of CREATE ends.
MAX_MAILBOXES: Final = 1000


class OverQuotaError(Exception):
    """The maildrop holds as much as it may."""


@dataclass(slots=True, kw_only=True)
class Mail:
    r"""One message in one mailbox. ``date`` is its INTERNALDATE in epoch seconds.

    ``flags`` hold what was set, as it was spelt first (``\Seen``, keywords).
    """

    uid: int
    octets: bytes
    date: float
    flags: set[str] = field(default_factory=set)


class Viewer(Protocol):
    """A conversation that has a mailbox open."""

    def arrived(self, uid: int) -> None:
        """Learn of a new message."""

    def expunged(self, uid: int) -> None:
        """Learn that a message is gone."""

    def flagged(self, uid: int) -> None:
        """Learn that a message's flags changed."""


class Mailbox:
    r"""One mailbox. ``name`` is its wire name; ``use`` a special use such as ``\Junk``.

    ``recent_above``: messages above this UID were shown to no conversation yet.
    """

    __slots__ = ("_drop", "_mails", "_uids", "name", "recent_above", "uid_next", "uid_validity",
                 "use", "viewers")  # fmt: skip

    def __init__(self, drop: Maildrop, name: str, uid_validity: int, use: str | None) -> None:
        self._drop = drop
        self._mails: dict[int, Mail] = {}
        self._uids: list[int] = []
        self.name = name
        self.uid_validity = uid_validity
        self.use = use
        self.uid_next = 1
        self.recent_above = 0
        self.viewers: set[Viewer] = set()

    def __len__(self) -> int:
        return len(self._uids)

    def __iter__(self) -> Iterator[Mail]:
        return (self._mails[uid] for uid in self._uids)

    @property
    def last_uid(self) -> int:
        """The highest UID that is there; 0 in an empty mailbox."""
        return self._uids[-1] if self._uids else 0

    def get(self, uid: int) -> Mail | None:
        """Return a message that is still there."""
        return self._mails.get(uid)

    def uids(self, first: int = 1, last: int | None = None) -> list[int]:
        """Return the UIDs from ``first`` to ``last``, in order."""
        end = len(self._uids) if last is None else bisect_right(self._uids, last)
        return self._uids[bisect_left(self._uids, first) : end]

    def append(self, octets: bytes, *, date: float, flags: Iterable[str] = ()) -> Mail:
        """Put a message in and tell the viewers. Raises OverQuotaError."""
        self._drop.charge(len(octets))
        mail = Mail(uid=self.uid_next, octets=octets, date=date, flags=set(flags))
        self.uid_next += 1
        self._mails[mail.uid] = mail
        self._uids.append(mail.uid)
        for viewer in tuple(self.viewers):
            viewer.arrived(mail.uid)
        return mail

    def expunge(self, uid: int) -> None:
        """Take a message out and tell the viewers; one that is gone is no error."""
        mail = self._mails.pop(uid, None)
        if mail is None:
            return
        del self._uids[bisect_left(self._uids, uid)]
        self._drop.charge(-len(mail.octets))
        for viewer in tuple(self.viewers):
            viewer.expunged(uid)

    def flag(self, mail: Mail, flags: set[str], *, silent_to: Viewer | None = None) -> None:
        """Set a message's flags, and tell the viewers but ``silent_to``, if they changed."""
        if mail.flags == flags:
            return
        mail.flags = flags
        for viewer in tuple(self.viewers):
            if viewer is not silent_to:
                viewer.flagged(mail.uid)


class Maildrop:
    """All mailboxes of one user; INBOX is always among them."""

    __slots__ = ("_next_validity", "_size", "mailboxes", "password", "user")

    def __init__(self, user: str, password: Secret[str], *, uid_validity: int) -> None:
        self.user = user
        self.password = password
        self.mailboxes: dict[str, Mailbox] = {}
        self._next_validity = uid_validity
        self._size = 0
        self.create("INBOX")

    def get(self, name: str) -> Mailbox | None:
        """Return the mailbox of a name; INBOX in any case (RFC 3501 section 5.1)."""
        return self.mailboxes.get(canonical(name))

    def create(self, name: str, *, use: str | None = None) -> Mailbox:
        """Make a mailbox and those above it that are missing; ValueError if it is there."""
        name = canonical(name)
        if name in self.mailboxes:
            raise ValueError(name)
        levels = name.split(DELIMITER)
        for depth in range(1, len(levels)):
            above = canonical(DELIMITER.join(levels[:depth]))
            if above not in self.mailboxes:
                self._add(above, None)
        return self._add(name, use)

    def delete(self, mailbox: Mailbox) -> None:
        """Drop a mailbox and its mail. The caller has seen that nobody has it open."""
        for uid in mailbox.uids():
            mailbox.expunge(uid)
        del self.mailboxes[mailbox.name]

    def children(self, mailbox: Mailbox) -> bool:
        """Whether there are mailboxes below this one."""
        return any(name.startswith(mailbox.name + DELIMITER) for name in self.mailboxes)

    def charge(self, octets: int) -> None:
        """Count octets in (or out, when negative). Raises OverQuotaError, nothing counted."""
        if self._size + octets > QUOTA:
            raise OverQuotaError(f"more than {QUOTA} octets in one maildrop")
        self._size += octets

    def _add(self, name: str, use: str | None) -> Mailbox:
        mailbox = Mailbox(self, name, self._next_validity, use)
        self._next_validity += 1
        self.mailboxes[name] = mailbox
        return mailbox


def canonical(name: str) -> str:
    """Return the one spelling of a name: INBOX ignores case, also as the first level."""
    head, slash, tail = name.partition(DELIMITER)
    return f"INBOX{slash}{tail}" if head.upper() == "INBOX" else name
