"""What a look at a folder found: columns and nouns, both ways. It must not know any database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeAlias

from vedette.errors import StoreError
from vedette.model.ids import AccountId
from vedette.ports.completeness import KEPT_DAYS, DayCount, Look
from vedette.store.words import printable

#: account, path, day, folder, server, owed, missing, checked_at.
Columns: TypeAlias = tuple[str, bytes, str, str, int, int, int, float]


def rows(look: Look) -> list[Columns]:
    """Return a row for each day. Raises StoreError for an account that no store can hold."""
    if "\0" in look.account or look.account != printable(look.account):
        raise StoreError("a count can not be stored: the id of its account is no text")
    return [
        (
            look.account,
            look.path,
            each.day.isoformat(),
            printable(look.folder),
            each.server,
            each.owed,
            each.missing,
            look.at,
        )
        for each in look.days
    ]


def last_dropped(look: Look) -> str:
    """Return the last day that is not kept any more; every day is behind the empty one."""
    newest = max((each.day for each in look.days), default=date.min)
    if newest.toordinal() <= KEPT_DAYS:
        return ""
    return (newest - timedelta(days=KEPT_DAYS)).isoformat()


def count_of(account: AccountId, row: Any) -> DayCount:
    """Return what a row says: path, day, folder, server, owed, missing, checked_at."""
    path, day, folder, server, owed, missing, checked_at = row
    return DayCount(
        account=account,
        path=bytes(path),
        folder=folder,
        day=date.fromisoformat(day),
        server=server,
        ledger=server - owed - missing,
        owed=owed,
        missing=missing,
        checked_at=checked_at,
    )
