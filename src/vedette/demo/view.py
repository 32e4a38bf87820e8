r"""An open mailbox as one conversation sees it: sequence numbers, and what is yet to be told.

Sequence numbers change only when the client is told so (RFC 3501 section 7.4.1): a
message that was expunged elsewhere keeps its number here until then. It must not know
commands; it writes the untagged responses of changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from vedette.demo.arguments import STAR, BadSyntaxError, Ranges
from vedette.demo.mailbox import Mail, Mailbox

#: What can be set on a message; keywords can be made (``\*``).
SYSTEM_FLAGS: Final = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


class View:
    """One mailbox, open in one conversation. ``wake`` is called at each change."""

    __slots__ = ("_arrived", "_expunged", "_flagged", "_recent", "_uids", "box", "read_only",
                 "wake")  # fmt: skip

    def __init__(self, box: Mailbox, *, read_only: bool, wake: Callable[[], None]) -> None:
        self.box = box
        self.read_only = read_only
        self.wake = wake
        self._uids = box.uids()
        self._arrived: list[int] = []
        self._expunged: set[int] = set()
        self._flagged: set[int] = set()
        self._recent: set[int] = set()
        self._claim(box.uids(box.recent_above + 1))
        box.viewers.add(self)

    def __len__(self) -> int:
        return len(self._uids)

    @property
    def recent(self) -> int:
        r"""How many messages this conversation sees as \Recent."""
        return len(self._recent)

    def close(self) -> None:
        """Stop watching the mailbox. Idempotent."""
        self.box.viewers.discard(self)

    def arrived(self, uid: int) -> None:
        """Keep a new message for the next report."""
        self._arrived.append(uid)
        self.wake()

    def expunged(self, uid: int) -> None:
        """Keep a departure for the next report; who never heard of it needs no telling."""
        self._flagged.discard(uid)
        self._recent.discard(uid)
        if self._arrived and uid >= self._arrived[0]:
            self._arrived.remove(uid)
        else:
            self._expunged.add(uid)
        self.wake()

    def flagged(self, uid: int) -> None:
        """Keep a change of flags for the next report."""
        if not (self._arrived and uid >= self._arrived[0]):
            self._flagged.add(uid)
            self.wake()

    def report(self, *, expunges: bool = True) -> Iterator[str]:
        """Yield the untagged responses of what changed, and take them as told.

        Without ``expunges`` sequence numbers stay as they are, as they must during FETCH,
        STORE and SEARCH by number (RFC 3501 section 7.4.1).
        """
        if expunges and self._expunged:
            for uid in sorted(self._expunged, reverse=True):
                index = bisect_left(self._uids, uid)
                del self._uids[index]
                yield f"* {index + 1} EXPUNGE"
            self._expunged.clear()
        if self._arrived:
            self._claim(self._arrived)
            self._uids += self._arrived
            self._arrived = []
            yield f"* {len(self._uids)} EXISTS"
            yield f"* {len(self._recent)} RECENT"
        for uid in sorted(self._flagged):
            mail = self.box.get(uid)
            if mail is not None:
                yield f"* {self.number(uid)} FETCH (UID {uid} FLAGS {self.flags(mail)})"
        self._flagged.clear()

    def number(self, uid: int) -> int:
        """Return the sequence number of a UID that is in view."""
        return bisect_left(self._uids, uid) + 1

    def flags(self, mail: Mail) -> str:
        r"""Return a message's flags as a list, \Recent included."""
        recent = ["\\Recent"] if mail.uid in self._recent else []
        return f"({' '.join([*sorted(mail.flags), *recent])})"

    def is_recent(self, uid: int) -> bool:
        r"""Whether the message is \Recent here."""
        return uid in self._recent

    def mails(self) -> Iterator[tuple[int, Mail]]:
        """Yield every message in view that is still there, with its number."""
        for number, uid in enumerate(self._uids, start=1):
            mail = self.box.get(uid)
            if mail is not None:
                yield number, mail

    def chosen(self, ranges: Ranges, *, by_uid: bool) -> list[int]:
        """Return the UIDs of a set, in order. Raises BadSyntaxError for a number beyond the last.

        UIDs that are not there are left out silently (RFC 3501 section 6.4.8); numbers
        must be there (section 9, seq-number). Messages gone elsewhere are included.
        """
        top = (self._uids[-1] if self._uids else 0) if by_uid else len(self._uids)
        found: set[int] = set()
        for first, last in ranges:
            low, high = sorted(top if bound == STAR else bound for bound in (first, last))
            if by_uid:
                start, end = bisect_left(self._uids, low), bisect_left(self._uids, high + 1)
            elif not 1 <= low <= high <= top:
                raise BadSyntaxError(f"expected numbers from 1 to {top}")
            else:
                start, end = low - 1, high
            found.update(self._uids[start:end])
        return sorted(found)

    def _claim(self, uids: list[int]) -> None:
        """Take messages as recent; EXAMINE leaves them so for others (RFC 3501 section 6.3.2)."""
        fresh = [uid for uid in uids if uid > self.box.recent_above]
        self._recent.update(fresh)
        if fresh and not self.read_only:
            self.box.recent_above = fresh[-1]
