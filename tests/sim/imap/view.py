r"""A folder as one session sees it: its sequence numbers, and what is yet to be told.

A sequence number changes only when the client is told so (RFC 9051 section 7.5.1): a message
that is gone keeps its number here until then. Where the conduct lies, it lies to this view
alone. It must not know commands; it writes the untagged responses of changes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import Final

from tests.sim.imap.estate import Estate
from tests.sim.imap.folder import Folder, Mail
from vedette.demo.arguments import STAR, Arguments, BadSyntaxError, Ranges

SYSTEM_FLAGS: Final = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


class View:
    """One folder, open in one session. ``wake`` is called at each change that is to be told."""

    __slots__ = ("_estate", "_gone", "_stale", "_upheaval", "_wake", "changed", "folder", "fresh",
                 "read_only", "saved", "uids", "vanishing", "veiled")  # fmt: skip

    def __init__(
        self,
        estate: Estate,
        folder: Folder,
        *,
        read_only: bool,
        wake: Callable[[], None],
        upheaval: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.read_only = read_only
        #: What has a sequence number: the UIDs that the client was told the number of.
        self.uids = list(folder.uids)
        #: Arrivals that are to be announced.
        self.fresh: list[int] = []
        #: Messages whose flags others changed.
        self.changed: dict[int, None] = {}
        #: True once QRESYNC is enabled: VANISHED takes the place of EXPUNGE (RFC 7162).
        self.vanishing = False
        #: What was announced and is not handed over yet.
        self.veiled: dict[int, None] = {}
        #: ``$``: the UIDs that the last SEARCH with SAVE found (RFC 5182).
        self.saved: tuple[int, ...] = ()
        self._estate = estate
        self._gone: dict[int, None] = {}
        self._stale: dict[int, None] = {}
        self._wake = wake
        self._upheaval = upheaval
        folder.viewers.append(self)

    def close(self) -> None:
        """See nothing any more. Idempotent."""
        if self in self.folder.viewers:
            self.folder.viewers.remove(self)

    # What the folder tells.

    def arrived(self, mail: Mail, *, told: bool) -> None:
        """Keep an arrival for the next report, unless the conduct has it otherwise."""
        estate, conduct = self._estate, self._estate.conduct
        if not told or estate.chance(conduct.exists_lost):
            insort(self.uids, mail.uid)
        elif estate.chance(conduct.stale_view):
            self._stale[mail.uid] = None
        elif estate.chance(conduct.exists_late):
            self._stale[mail.uid] = None
            estate.later(estate.span(conduct.exists_late_by), lambda: self._found(mail.uid))
        else:
            if estate.chance(conduct.row_veiled):
                self.veiled[mail.uid] = None
                lifted = estate.span(conduct.row_veiled_for)
                estate.later(lifted, lambda: self.veiled.pop(mail.uid, None))
            insort(self.fresh, mail.uid)
            self._wake()

    def departed(self, uid: int) -> None:
        """Keep a departure for the next report; who never heard of it needs no telling."""
        self.changed.pop(uid, None)
        if uid in self._stale:
            del self._stale[uid]
        elif uid in self.fresh:
            self.fresh.remove(uid)
        else:
            self._gone[uid] = None
            self._wake()

    def flagged(self, uid: int) -> None:
        """Keep a change of flags for the next report."""
        if uid not in self._stale and uid not in self.fresh:
            self.changed[uid] = None
            self._wake()

    def upheaval(self, reason: str) -> None:
        """Hear that the folder is not what it was; the session decides what to do."""
        self._upheaval(reason)

    def reconcile(self) -> None:
        """See everything that is there: the server has stopped to lie."""
        self.veiled.clear()
        for uid in tuple(self._stale):
            self._found(uid)

    # What the client is told.

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.fresh or self._gone or self.changed)

    def report(self, *, expunges: bool, flags: bool = True) -> Iterator[str]:
        """Yield the untagged responses of what changed, and take them as told.

        Without ``expunges`` sequence numbers stay, as they must during FETCH, STORE and
        SEARCH by number, and when no command is under way (RFC 9051 section 7.5.1).
        """
        estate, conduct = self._estate, self._estate.conduct
        if expunges and self._gone:
            gone, self._gone = self._gone, {}
            yield from self._expunged(list(gone))
        if self.fresh:
            for uid in self.fresh:
                insort(self.uids, uid)
            self.fresh = []
            yield f"* {len(self.uids)} EXISTS"
            if estate.chance(conduct.exists_repeated):
                yield f"* {len(self.uids)} EXISTS"
        if flags and self.changed:
            changed, self.changed = self.changed, {}
            for uid in changed:
                mail = self.folder.mails.get(uid)
                if mail is not None:
                    yield f"* {self.number(uid)} FETCH (UID {uid} FLAGS {flags_of(mail)})"

    def _expunged(self, uids: list[int]) -> Iterator[str]:
        estate = self._estate
        if self.vanishing:
            for uid in uids:
                del self.uids[bisect_left(self.uids, uid)]
            yield f"* VANISHED {','.join(map(str, sorted(uids)))}"
            return
        for uid in sorted(uids, reverse=True):
            index = bisect_left(self.uids, uid)
            del self.uids[index]
            if estate.chance(estate.conduct.exists_shrinks):
                yield f"* {len(self.uids)} EXISTS"
            else:
                yield f"* {index + 1} EXPUNGE"

    def _found(self, uid: int) -> None:
        if uid in self._stale:
            del self._stale[uid]
            insort(self.fresh, uid)
            self._wake()

    # What commands need.

    def number(self, uid: int) -> int:
        """Return the sequence number of a UID in view."""
        return bisect_left(self.uids, uid) + 1

    def chosen(self, ranges: Ranges | None, *, by_uid: bool) -> list[int]:
        """Return the UIDs of a set, in order. Raises BadSyntaxError for a number beyond the last.

        None is ``$``, which loses what is expunged (RFC 5182 section 2.1).
        UIDs that are not there are left out (RFC 9051 section 6.4.9); messages that are gone,
        but were not told to be, are included. ``n:*`` always includes the last message.
        """
        if ranges is None:
            return [uid for uid in self.saved if uid in self.folder.mails]
        top = (self.uids[-1] if self.uids else 0) if by_uid else len(self.uids)
        found: dict[int, None] = {}
        for first, last in ranges:
            low, high = sorted(top if bound == STAR else bound for bound in (first, last))
            if by_uid:
                start, end = bisect_left(self.uids, low), bisect_left(self.uids, high + 1)
            elif not 1 <= low <= high <= top:
                raise BadSyntaxError(f"expected numbers from 1 to {top}")
            else:
                start, end = low - 1, high
            found.update(dict.fromkeys(self.uids[start:end]))
        return sorted(found)


def read_messages(words: Arguments, *, saves: bool) -> Ranges | None:
    """Read which messages a command is about: a set, or None for ``$`` where that is offered."""
    return None if saves and words.skip(b"$") else words.set()


def flags_of(mail: Mail) -> str:
    """Return a message's flags as a list."""
    return f"({' '.join(sorted(mail.flags))})"
