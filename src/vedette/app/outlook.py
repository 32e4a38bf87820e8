"""How all accounts are doing: those of this instance as they are, those of others as they noted.

What others note is read page by page, and after the first time only what is new: of tens of
thousands of accounts some hundred in a second. It must not know who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.ports.ownership import Notices

#: Seconds for which what others noted is told again: a note is on disk within one.
FRESH: Final = 1.0
#: Accounts that are read at once: some milliseconds.
PAGE: Final = 500


class Outlook:
    """The ``Healths`` of an engine. ``own`` says how an account of this instance is doing.

    ``notices`` is None where there are no other instances.
    """

    __slots__ = ("_mark", "_noted", "_notices", "_own", "_read_at", "_reading")

    def __init__(
        self, own: Callable[[AccountId], Health | None], notices: Notices | None = None
    ) -> None:
        self._own = own
        self._notices = notices
        self._noted: dict[AccountId, Health] = {}
        self._mark = ""
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    def get(self, account: AccountId, /) -> Health | None:
        """Return how an account is doing, or None."""
        own = self._own(account)
        return self._noted.get(account) if own is None else own

    async def refresh(self) -> None:
        """Read what others noted, if that was not done of late. Raises StoreError."""
        if self._notices is None:
            return
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= FRESH:
                self._mark = await self._read(self._notices)
                self._read_at = now

    async def _read(self, notices: Notices) -> str:
        """Read what is new; return the mark for the next time."""
        after, mark = "", None
        while True:
            page = await notices.healths_since(self._mark, after=after, limit=PAGE)
            self._noted.update((each.account, each) for each in page.healths)
            mark = page.mark if mark is None else mark
            if len(page.healths) < PAGE:
                return mark
            after = page.healths[-1].account
