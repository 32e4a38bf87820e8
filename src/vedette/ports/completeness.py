"""What the server counts against what was told, by account, folder and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from vedette.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """One day of one folder, as the last look found it.

    ``day`` is as the server dates its messages (INTERNALDATE). ``server`` are the messages of that
    day that are there and that arrived since the folder is watched. Each of them is in the
    ``ledger``, because its event is stored or was told before under another UID; or it is ``owed``,
    and asked for again; or it is ``missing``: nobody knew of it until this look, which had it
    fetched. ``checked_at`` is in seconds since 1970.
    """

    account: AccountId
    folder: str
    day: date
    server: int
    ledger: int
    owed: int
    missing: int
    checked_at: float


class Completeness(Protocol):
    """The last looks of this instance. It looks at each folder once a day, at no fixed hour."""

    def days(self, account: AccountId) -> Sequence[DayCount]:
        """Return what is known of an account, by folder and day; empty where nobody looked yet."""

    def ask(self, account: AccountId) -> bool:
        """Have an account's folders looked at now; False where it is not watched here."""
