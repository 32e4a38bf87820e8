"""The use case of finding a mailbox by its address, a few at a time.

Each question goes out to servers that the asker names, so there is a bound for all of them. It must
not know who may know (``identity.autoconfig``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vedette.errors import ThrottledError
from vedette.identity.autoconfig.discovery import Inquiry, discover
from vedette.identity.autoconfig.proposal import Discovery
from vedette.service.caller import Caller

#: Addresses that are looked for at once: each is six questions at most.
AT_ONCE: Final = 16
#: Seconds after which to ask again: none takes longer than eight.
AGAIN: Final = 5

_WRITE: Final = "accounts:write"


class Discovering:
    """Finds mailboxes."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._going = 0

    def believe(self, ispdb: str | None) -> None:
        """Ask another database of providers from now on, or none."""
        self._inquiry = replace(self._inquiry, ispdb=ispdb)

    async def find(self, caller: Caller, address: str) -> Discovery:
        """Find the mailbox of an address. Raises UsageError, ThrottledError."""
        caller.needs(_WRITE)
        if self._going >= AT_ONCE:
            raise ThrottledError(
                f"{AT_ONCE} mailboxes are looked for already; try again", retry_after=AGAIN
            )
        self._going += 1
        try:
            return await discover(address, self._inquiry)
        finally:
            self._going -= 1
