"""What the server counts against what was told, by account, folder and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from vedette.model.ids import AccountId
from vedette.model.tally import Tally

#: Days of a folder that are kept: whoever comes back from a holiday sees what was found meanwhile.
#: With 50,000 mailboxes of two folders that is some 150 MB.
KEPT_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a folder found, the oldest day first. ``at`` is in seconds since 1970.

    ``path`` is the folder's name on the wire, and ``folder`` the one that people see.
    """

    account: AccountId
    path: bytes
    folder: str
    at: float
    days: tuple[Tally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """One day of one folder, as the last look at that day found it.

    ``day`` is as the server dates its messages (INTERNALDATE). ``server`` are the messages of that
    day that are there and that arrived since the folder is watched. Each of them is in the
    ``ledger``, because its event is stored or was told before under another UID; or it is ``owed``,
    and asked for again; or it is ``missing``: nobody knew of it until this look, which had it
    fetched. ``checked_at`` is in seconds since 1970.
    """

    account: AccountId
    path: bytes
    folder: str
    day: date
    server: int
    ledger: int
    owed: int
    missing: int
    checked_at: float


def counted(look: Look, tally: Tally) -> DayCount:
    """Return one day of a look."""
    return DayCount(
        account=look.account,
        path=look.path,
        folder=look.folder,
        day=tally.day,
        server=tally.server,
        ledger=tally.server - tally.owed - tally.missing,
        owed=tally.owed,
        missing=tally.missing,
        checked_at=look.at,
    )


class Counts(Protocol):
    """What the looks of all instances found, in the state. Every method raises StoreError."""

    async def keep(self, look: Look) -> None:
        """Write what a look found, and drop days that are ``KEPT_DAYS`` before its last one.

        A day of which a later look is known stays as that one found it: who lost a mailbox to
        another instance says nothing about it any more.
        """

    async def days(self, account: AccountId) -> list[DayCount]:
        """Return what is known of an account, by the folder's path and day."""


class Counted(Protocol):
    """A store that keeps counts."""

    @property
    def counts(self) -> Counts:
        """Return what is kept."""


class Completeness(Protocol):
    """The last looks of this instance. It looks at each folder once a day, at no fixed hour."""

    def days(self, account: AccountId) -> Sequence[DayCount]:
        """Return what is known of an account, by folder and day; empty where nobody looked yet."""

    def ask(self, account: AccountId) -> bool:
        """Have an account's folders looked at now; False where it is not watched here."""
