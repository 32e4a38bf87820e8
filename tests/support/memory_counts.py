"""What looks at folders found, in memory: it passes the suite of the real stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from vedette.model.ids import AccountId
from vedette.ports.completeness import KEPT_DAYS, DayCount, Look
from vedette.store.rows.count import count_of, rows

CountRows = dict[tuple[AccountId, bytes, date], DayCount]


class MemoryCounts:
    """``vedette.ports.completeness.Counts``; ``enter`` is asked before every call."""

    def __init__(self, kept: CountRows, *, enter: Callable[..., object]) -> None:
        self._kept = kept
        self._enter = enter

    async def keep(self, look: Look) -> None:
        self._enter(writes=True)
        for row in rows(look):
            count = count_of(look.account, row[1:])
            before = self._kept.get((look.account, look.path, count.day))
            if before is None or before.checked_at <= look.at:
                self._kept[look.account, look.path, count.day] = count
        newest = max((each.day for each in look.days), default=date.min)
        for account, path, day in list(self._kept):
            is_old = newest - day >= timedelta(days=KEPT_DAYS)
            if is_old and (account, path) == (look.account, look.path):
                del self._kept[account, path, day]

    async def days(self, account: AccountId) -> list[DayCount]:
        self._enter()
        return [self._kept[key] for key in sorted(self._kept) if key[0] == account]

    def prune(self, before: float, limit: int) -> int:
        old = [key for key, each in self._kept.items() if each.checked_at < before][:limit]
        for key in old:
            del self._kept[key]
        return len(old)
