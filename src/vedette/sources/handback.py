"""Hands tokens back: a refresh token that a provider replaced goes into the row that it came from.

Each account has one newest token, which waits for the others' to be written together; one that could
not be written waits on. Whoever got it has stored it before (``identity.oauth.refresh``): nothing is
lost here, and a row that is behind is written again. It must not know how tokens are had.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from vedette.backoff import Backoff
from vedette.model.ids import AccountId
from vedette.ports.clock import Dice
from vedette.ports.token import Rotated
from vedette.secret import Secret
from vedette.sources.cipher import Cipher
from vedette.sources.database import Database, Order, SourceError
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Statement
from vedette.sources.value import Value

_log = structlog.stdlib.get_logger(__name__)

#: Accounts of one round: a second's worth of statements.
ROUND: Final = 500
#: Seconds that a login waits for its token to be in the table: most take a round of writing. After
#: that it goes on, for the token is stored all the same.
PATIENCE: Final = 5.0
#: Waits after a round that failed, in seconds.
AFTER_FAILURE: Final = Backoff(first=2.0, ceiling=60.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token goes back to: the row's id, what is sealed into it, and the token in it."""

    key: Value
    aad: str
    before: Value


@dataclass(frozen=True, slots=True)
class _Due:
    """A token on its way."""

    place: Place
    rotated: Rotated
    written: asyncio.Event


class Handback:
    """Writes tokens back for as long as it runs."""

    def __init__(
        self,
        statement: Statement,
        settings: SourceSettings,
        database: Database,
        cipher: Cipher | None,
        *,
        dice: Dice,
    ) -> None:
        self._statement = statement
        self._settings = settings
        self._database = database
        self._cipher = cipher
        self._dice = dice
        self._due: dict[AccountId, _Due] = {}
        #: What was written last; the table may not have been read since.
        self._written: dict[AccountId, Secret[str]] = {}
        self._woken = asyncio.Event()
        self._failures = 0

    async def take(self, account: AccountId, place: Place, rotated: Rotated) -> None:
        """Have a token written; return when it is, or after some seconds all the same."""
        if self._written.get(account) == rotated.refresh:
            return
        waiting = self._due.get(account)
        if waiting is None or waiting.rotated.refresh != rotated.refresh:
            written = asyncio.Event() if waiting is None else waiting.written
            waiting = self._due[account] = _Due(place, rotated, written)
            self._woken.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await waiting.written.wait()
        except TimeoutError:
            _log.info("source.token_late", source=self._settings.name, account=account)

    def inherit(self, before: Handback) -> None:
        """Go on from another of the same table that does not run."""
        self._written = {**before._written, **self._written}
        self._due = {**before._due, **self._due}
        if self._due:
            self._woken.set()

    def forget(self, accounts: Sequence[AccountId]) -> None:
        """Let go of rows that are not there any more."""
        for account in accounts:
            self._due.pop(account, None)
            self._written.pop(account, None)

    async def run(self) -> None:
        """Write what is due, round by round, for as long as the task is not cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._due:
                wait = await self._round()
                await asyncio.sleep(wait)

    async def _round(self) -> float:
        """Write some of what is due; return the seconds to wait before the next."""
        some = [(account, self._due[account]) for account in list(self._due)[:ROUND]]
        try:
            async with asyncio.timeout(self._settings.timeout):
                refused = await self._database.write([self._order(each) for _, each in some])
        except (SourceError, TimeoutError) as error:
            why = str(error) or f"no answer within {self._settings.timeout:g} s"
            return self._failed(why, len(some))
        for account, each in some:
            if self._due.get(account) is each:
                del self._due[account]
            self._written[account] = each.rotated.refresh
            each.written.set()
        if refused:
            # Not tried again by itself: what the row refuses now it refuses in a second.
            self._failed(refused[0], len(refused))
        elif self._failures:
            _log.info("source.tokens_written", source=self._settings.name)
            self._failures = 0
        return self._settings.write.pace

    def _failed(self, why: str, rows: int) -> float:
        """Say once that tokens are not written, until they are; return the seconds to wait."""
        self._failures += 1
        if self._failures == 1:
            _log.warning(
                "source.tokens_unwritten", source=self._settings.name, rows=rows, error=why
            )
        return AFTER_FAILURE.wait(self._failures, self._dice())

    def _order(self, due: _Due) -> Order:
        place, rotated = due.place, due.rotated
        return Order(
            statement=self._statement,
            values={
                "id": place.key,
                "before": place.before,
                "refresh_token": self._sealed(rotated.refresh, place.aad),
                "access_token": self._sealed(rotated.access, place.aad),
                "expires_at": rotated.expires_at,
            },
        )

    def _sealed(self, token: Secret[str], aad: str) -> str | bytes:
        """Return a token as the application has it in its table."""
        if self._cipher is None:
            return token.reveal()
        nonce = secrets.token_bytes(self._cipher.nonce)
        return self._cipher.seal(token, nonce=nonce, aad=aad)
