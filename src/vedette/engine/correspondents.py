"""Whom the user of a mailbox wrote to: keyed digests of addresses, in memory and nowhere else.

Neither a log nor a disk ever sees an address, and the digests are of no use without the guards'
key. What is kept is bounded by account. It must not know a session.
"""

from __future__ import annotations

import hmac
from array import array
from bisect import bisect_left
from collections.abc import Iterable

from vedette import mime
from vedette.guard import hosts, proof
from vedette.guard.pack import HOUR, Auth
from vedette.mime.defects import Defect
from vedette.model.ids import AccountId
from vedette.secret import Secret

#: Addresses that are kept of one account: those of 500 messages are a hundred with most people.
MOST = 2_000
#: Octets of a digest. Whoever has not the key meets one of 2,000 by chance once in 10^16 tries.
OCTETS = 8
#: Readings in a row that the end of a link may cut short, until there is a pause of an hour: a
#: folder that ends every link must not keep the others from being watched.
STRIKES = 3


class Notes:
    """The addresses of one reading, as digests under ``key``, the first to come first."""

    __slots__ = ("_found", "_own", "key")

    def __init__(self, key: Secret[str], own: Iterable[str]) -> None:
        self.key = key
        self._found: set[int] = set()
        self._own = {_digest(key, _canonical(each)) for each in own}

    def add(self, sent: mime.Message) -> None:
        """Note to whom a message that the user sent went, and what his own address is."""
        for each in sent.from_:
            if len(self._own) < MOST:
                self._own.add(_digest(self.key, _canonical(each.address)))
        for each in (*sent.to, *sent.cc, *sent.bcc):
            if len(self._found) < MOST and "@" in each.address:
                self._found.add(_digest(self.key, _canonical(each.address)))

    @property
    def digests(self) -> array[int]:
        """All but the user's own addresses, sorted: those are what is forged most."""
        return array("Q", sorted(self._found - self._own))


class _Entry:
    """What is known of one account, and how its readings went. ``at`` is the loop's time."""

    __slots__ = ("at", "digests", "key", "strikes")

    def __init__(self) -> None:
        self.key: Secret[str] | None = None
        self.digests = array("Q")
        self.strikes = 0
        self.at = 0.0


class Correspondents:
    """The correspondents of all accounts of an engine."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[AccountId, _Entry] = {}

    def is_read(self, account: AccountId) -> bool:
        """Whether a reading of this account came to its end."""
        entry = self._entries.get(account)
        return entry is not None and entry.key is not None

    def may_read(self, account: AccountId, now: float) -> bool:
        """Whether a reading may be begun at the loop's time ``now``: not after too many failed."""
        entry = self._entries.get(account)
        return entry is None or entry.strikes < STRIKES or now >= entry.at + HOUR

    def begun(self, account: AccountId, now: float) -> None:
        """Learn that a reading began; what was known holds until it ends."""
        entry = self._entries.setdefault(account, _Entry())
        entry.strikes, entry.at = entry.strikes + 1, now

    def learned(self, account: AccountId, notes: Notes) -> int:
        """Learn what a reading found, in place of what was known; return how many addresses."""
        entry = self._entries.setdefault(account, _Entry())
        entry.key, entry.digests, entry.strikes = notes.key, notes.digests, 0
        return len(entry.digests)

    def forget(self, account: AccountId) -> None:
        """Forget an account: it is not watched any more, or nobody asks for it."""
        self._entries.pop(account, None)

    def count(self, account: AccountId) -> int:
        """Return to how many addresses the user of an account wrote, as far as is known."""
        entry = self._entries.get(account)
        return 0 if entry is None else len(entry.digests)

    def knows(self, account: AccountId, message: mime.Message) -> bool:
        """Tell whether the user wrote to the sender of a message, as far as that is the sender.

        Where a server that the account trusts has judged who sent it (RFC 8601), that must be
        proved. Where none has, it is the word of From alone.
        """
        entry = self._entries.get(account)
        if entry is None or entry.key is None or not entry.digests:
            return False
        if len(message.from_) != 1 or Defect.FROM_AMBIGUOUS in message.defects:
            return False
        digest = _digest(entry.key, _canonical(message.from_[0].address))
        at = bisect_left(entry.digests, digest)
        if at == len(entry.digests) or entry.digests[at] != digest:
            return False
        if message.authentication is None:
            return True
        return not proof.proved(message).isdisjoint({Auth.ALIGNED, Auth.DMARC})


def _canonical(address: str) -> str:
    """Return one spelling of an address: in small letters, and its host as DNS has it."""
    local, _, host = address.rpartition("@")
    return f"{local.lower()}@{hosts.normalise(host) or host.lower()}"


def _digest(key: Secret[str], address: str) -> int:
    octets = address.encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.digest(key.reveal().encode(), octets, "sha256")[:OCTETS], "big")
