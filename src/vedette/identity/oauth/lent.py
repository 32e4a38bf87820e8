"""Access tokens that are had anew whenever one asks: kept in memory, one request at a time.

Service accounts, app-only clients and token servers of the host have no refresh token that could
be lost or used up; each process asks for its own. It must not know who is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Final

from vedette.identity.oauth.consent import MARGIN
from vedette.identity.oauth.flights import Flights
from vedette.ports.clock import Clock
from vedette.secret import Secret

#: Tokens in memory: those of all mailboxes that one instance is made for, at 2 KiB each.
MOST: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """An access token for so many seconds; 0: for one login."""

    access: Secret[str]
    lifetime: float


class Shelf:
    """Tokens by key. ``stop`` lets requests under way end."""

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._flights: Flights[Secret[str]] = Flights()
        self._kept: dict[Hashable, tuple[float, float, Secret[str]]] = {}

    async def stop(self) -> None:
        """Let what is under way end, and forget all tokens. Idempotent."""
        await self._flights.stop()
        self._kept.clear()

    async def take(
        self,
        key: Hashable,
        ask: Callable[[], Coroutine[Any, Any, Lent]],
        refused: Secret[str] | None,
    ) -> Secret[str]:
        """Return the token of a key, or one that ``ask`` brings. Raises what that raises."""
        kept = self._kept.get(key)
        if kept is not None:
            since, until, token = kept
            if since <= self._clock.now() < until and token != refused:
                return token
        token = await self._flights.join(key, lambda: self._asked(key, ask))
        if token != refused:
            return token
        # It was on its way before the refusal: once more.
        return await self._flights.join(key, lambda: self._asked(key, ask))

    async def _asked(
        self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, Lent]]
    ) -> Secret[str]:
        lent = await ask()
        now = self._clock.now()
        self._kept.pop(key, None)
        if lent.lifetime > 0:
            until = now + lent.lifetime - min(MARGIN, lent.lifetime / 2)
            self._kept[key] = (now, until, lent.access)
            if len(self._kept) > self._most:
                # The oldest: whoever still needs it asks again.
                del self._kept[next(iter(self._kept))]
        return lent.access
