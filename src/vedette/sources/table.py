"""A host table as a source of accounts: read now and then, and kept as it was read last.

What is known of it is in memory alone. A reading that fails changes nothing; one in which most
mailboxes are missing is believed when a second one says the same. It must not know which database
it is in, nor what becomes of the accounts.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from vedette.backoff import Backoff
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock, Dice
from vedette.ports.registration import Auth, Pause
from vedette.ports.source import Sourced
from vedette.ports.token import Rotated
from vedette.sources.channel import keep_listening
from vedette.sources.cipher import Cipher
from vedette.sources.database import Batch, Database, SourceError
from vedette.sources.handback import Handback, Place
from vedette.sources.mapping import Reading, RowError
from vedette.sources.row import ColumnsError
from vedette.sources.settings import Column, SourceSettings
from vedette.sources.value import Value
from vedette.sources.writeback import WriteBack

_log = structlog.stdlib.get_logger(__name__)

#: Of the time between two readings, how much is drawn by dice: instances that were started
#: together do not ask together.
JITTER: Final = 0.2
#: Seconds between the beginnings of two readings, whatever is notified: a change shows within a
#: second, and a burst of them is two readings.
SOONEST: Final = 0.5
#: The loss of so many mailboxes at once is ordinary, however many there were.
FEW: Final = 1
#: Refused rows that are told one by one after a reading; the rest are a number.
TOLD: Final = 20
#: The digest of no row.
_NEVER: Final = b""
#: Waits after a reading that failed, in seconds.
AFTER_FAILURE: Final = Backoff(first=2.0, ceiling=60.0)


@dataclass(frozen=True, slots=True)
class _Known:
    """An account, and the digest of the values it was made of; ``key`` is the id in the table.

    ``place`` is where a new refresh token goes back to.
    """

    account: Sourced
    digest: bytes
    key: Value
    place: Place | None = None

    @property
    def is_followed(self) -> bool:
        """Whether there is a connection for it; who gave no consent yet is connected all the same."""
        found = self.account.registration
        is_connected = found.active and found.pause in {None, Pause.CONSENT}
        return self.account.refused is None and is_connected


def _identity(settings: SourceSettings) -> tuple[str, object]:
    """Return what the ids of accounts are made by."""
    return settings.prefix, settings.columns.get(Column.ID)


class TableSource:
    """One table. ``run`` it; whoever follows it asks for ``accounts`` when they ``changed``."""

    def __init__(
        self, settings: SourceSettings, database: Database, *, clock: Clock, dice: Dice
    ) -> None:
        self.settings = settings
        self._database = database
        self._clock = clock
        self._dice = dice
        self._cipher = None if settings.cipher is None else Cipher(settings.cipher)
        # Of this process alone: what it digests may hold passwords.
        self._salt = secrets.token_bytes(16)
        self._known: dict[AccountId, _Known] | None = None
        self._accounts: tuple[Sourced, ...] = ()
        self._news = asyncio.Event()
        self._nudged = asyncio.Event()
        self._flight: asyncio.Task[None] | None = None
        self._began_at = float("-inf")
        self._doubted_at: float | None = None
        self._failures = 0
        self._why = "it was not read yet"
        self.writeback = WriteBack(settings, database, dice=dice)
        hand = settings.write.refresh_token
        self.handback = (
            None if hand is None else Handback(hand, settings, database, self._cipher, dice=dice)
        )

    @property
    def name(self) -> str:
        """What it is called in logs."""
        return self.settings.name

    @property
    def trouble(self) -> str | None:
        """Why it could not be read the last time, in one line for a person."""
        return self._why if self._failures else None

    async def accounts(self) -> Sequence[Sourced]:
        """Return all accounts as they were read last. Raises SourceError before the first time."""
        self._news.clear()
        if self._known is None:
            raise SourceError(f"the source {self.name} can not be told yet: {self._why}")
        return self._accounts

    async def changed(self) -> None:
        """Return when ``accounts`` says something else than at its last call."""
        await self._news.wait()

    def inherit(self, before: TableSource) -> None:
        """Go on from another of the same table, whose settings were others and which does not run.

        Each row is made anew, and one that comes to the same account is that account. What is
        missing is doubted as at any reading, and what was still to be written is written.
        """
        if _identity(self.settings) != _identity(before.settings):
            # The same mailboxes by other ids: those of before go when the others come.
            return
        if before._known is not None:
            self._known = {
                id_: _Known(known.account, _NEVER, known.key, known.place)
                for id_, known in before._known.items()
            }
            self._accounts = before._accounts
            # Of the other nobody may have asked for what it read last.
            self._news.set()
        self.writeback.inherit(before.writeback)
        if self.handback is not None and before.handback is not None:
            self.handback.inherit(before.handback)

    async def run(self) -> None:
        """Read, listen and write back for as long as the task is not cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_reading(), name=f"source {self.name}")
            if self.settings.listen is not None:
                listening = keep_listening(
                    self.settings.name, self.settings.listen, self._database, self.nudge, self._dice
                )
                group.create_task(listening)
            if self.settings.write.is_asked_for:
                group.create_task(self.writeback.run())
            if self.handback is not None:
                group.create_task(self.handback.run())

    def nudge(self) -> None:
        """Have it read soon: something changed in the table."""
        self._nudged.set()

    async def refresh(self) -> None:
        """Read now, or wait for the reading that is under way. Raises SourceError."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._read(), name=f"source {self.name}: reading")
        await asyncio.shield(self._flight)

    async def _keep_reading(self) -> None:
        try:
            while True:
                await self._patiently()
                wait = await self._tried()
                try:
                    async with asyncio.timeout(wait):
                        await self._nudged.wait()
                except TimeoutError:
                    continue
        finally:
            if self._flight is not None:
                self._flight.cancel()

    async def _patiently(self) -> None:
        """Wait until another reading may begin; what is notified until then is in it."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._began_at + SOONEST - now))
        self._nudged.clear()

    async def _tried(self) -> float:
        """Read; return the seconds until the next time."""
        try:
            await self.refresh()
        except SourceError as error:
            self._failures += 1
            self._why = str(error)
            if self._failures == 1:
                _log.warning("source.failed", source=self.name, error=str(error))
                if self._known is None:
                    # Whoever waits for the first reading is told why there is none.
                    self._news.set()
            return min(AFTER_FAILURE.wait(self._failures, self._dice()), self.settings.refresh)
        if self._failures:
            _log.info("source.recovered", source=self.name, failures=self._failures)
            self._failures = 0
        if self._doubted_at is not None:
            return self.settings.second_look
        return self.settings.refresh * (1.0 - JITTER * self._dice())

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        self._began_at = began_at = loop.time()
        found: dict[AccountId, _Known] = {}
        reading: Reading | None = None
        rows = 0
        try:
            async with (
                asyncio.timeout(self.settings.timeout),
                aclosing(self._database.read(self.settings.query)) as batches,
            ):
                async for batch in batches:
                    if reading is None:
                        reading = Reading(self.settings, batch.columns, self._cipher)
                    rows += len(batch.rows)
                    if rows > self.settings.rows:
                        raise SourceError(self._too_many())
                    self._take(reading, batch, found)
                    # A turn for others: 50,000 rows are seconds.
                    await asyncio.sleep(0)
        except TimeoutError as error:
            words = f"no answer to the query within {self.settings.timeout:g} s"
            raise SourceError(self.settings.location.line(words)) from error
        except ColumnsError as error:
            raise SourceError(self.settings.location.line(str(error))) from error
        self._adopt(found, rows=rows, seconds=loop.time() - began_at)

    def _too_many(self) -> str:
        words = f"the query yields more than {self.settings.rows} rows, which rows would allow"
        return self.settings.location.line(words)

    def _take(self, reading: Reading, batch: Batch, found: dict[AccountId, _Known]) -> None:
        """Make accounts of rows; a row that is as it was is the same account as before."""
        before = self._known or {}
        for row in batch.rows:
            try:
                id_ = reading.id(row)
            except RowError as error:
                _log.warning("source.row_refused", source=self.name, error=str(error))
                continue
            digest = self._digest(reading.told(row))
            known = before.get(id_)
            if known is None or known.digest != digest:
                account = reading.account(row)
                if known is not None and known.account == account:
                    # Sealed anew, say: who follows need not look at it.
                    account = known.account
                is_granted = account.registration.grant.auth is Auth.OAUTH2
                place = reading.place(row) if is_granted else None
                known = _Known(account, digest, reading.key(row), place)
            twin = found.get(id_)
            if twin is not None and twin.digest != digest:
                known = self._twice(id_, twin, digest)
            found[id_] = known

    def _twice(self, id_: AccountId, twin: _Known, digest: bytes) -> _Known:
        """Refuse an account of which two rows say different things."""
        both = min(twin.digest, digest) + max(twin.digest, digest)
        before = (self._known or {}).get(id_)
        if before is not None and before.digest == both:
            return before
        words = f"the row {id_!r} of {self.name}: id: two rows have it, and they differ"
        account = Sourced(registration=twin.account.registration, refused=words)
        return _Known(account, both, twin.key)

    def _digest(self, told: tuple[Value, ...]) -> bytes:
        return hashlib.blake2b(repr(told).encode(), key=self._salt, digest_size=16).digest()

    def _adopt(self, found: dict[AccountId, _Known], *, rows: int, seconds: float) -> None:
        """Go over to what was read, and say what is new about it."""
        before = self._known or {}
        lost = [
            id_
            for id_, known in before.items()
            if known.is_followed and (id_ not in found or found[id_].account.refused is not None)
        ]
        if self._is_doubted(lost, before):
            found |= {id_: before[id_] for id_ in lost}
        changed = [
            id_
            for id_, known in found.items()
            if (old := before.get(id_)) is None or old.account is not known.account
        ]
        gone = [id_ for id_ in before if id_ not in found]
        is_first = self._known is None
        self._known = found
        self._tell_refused([each for each in changed if found[each].account.refused])
        self.writeback.forget(gone)
        if self.handback is not None:
            self.handback.forget(gone)
        if changed or gone or is_first:
            self._accounts = tuple(known.account for known in found.values())
            self._news.set()
        _log.info(
            "source.refreshed",
            source=self.name,
            rows=rows,
            accounts=sum(1 for known in found.values() if known.is_followed),
            refused=sum(1 for known in found.values() if known.account.refused is not None),
            changed=len(changed),
            gone=len(gone),
            seconds=round(seconds, 3),
        )

    def _is_doubted(self, lost: Sequence[AccountId], before: dict[AccountId, _Known]) -> bool:
        """Whether to wait for a second look: a broken deploy must not let go of all mailboxes."""
        followed = sum(1 for known in before.values() if known.is_followed)
        is_much = len(lost) > FEW and len(lost) > self.settings.most_gone * followed
        if not is_much or self.settings.second_look == 0:
            self._doubted_at = None
            return False
        now = asyncio.get_running_loop().time()
        if self._doubted_at is None:
            self._doubted_at = now
            _log.warning(
                "source.doubted",
                source=self.name,
                lost=len(lost),
                followed=followed,
                second_look=self.settings.second_look,
            )
            return True
        if now - self._doubted_at < self.settings.second_look:
            return True
        _log.warning("source.believed", source=self.name, lost=len(lost), followed=followed)
        self._doubted_at = None
        return False

    def _tell_refused(self, refused: Sequence[AccountId]) -> None:
        known = self._known or {}
        for id_ in refused[:TOLD]:
            _log.warning(
                "source.row_refused",
                source=self.name,
                account=id_,
                error=known[id_].account.refused,
            )
        if len(refused) > TOLD:
            _log.warning("source.rows_refused", source=self.name, more=len(refused) - TOLD)
        for id_ in refused:
            self.failed(id_, known[id_].account.refused or "", self._clock.now())

    def failed(self, account: AccountId, words: str, at: float) -> None:
        """Have it written into the row that a connection failed, in the server's own words."""
        known = (self._known or {}).get(account)
        if known is not None:
            self.writeback.failed(account, known.key, words, at)

    def connected(self, account: AccountId, at: float) -> None:
        """Have the error of the row cleared: it is connected."""
        known = (self._known or {}).get(account)
        if known is not None:
            self.writeback.connected(account, known.key, at)

    def proved(self, account: AccountId, at: float) -> None:
        """Have the heartbeat of the row written, where the one in it is old enough."""
        known = (self._known or {}).get(account)
        if known is not None:
            self.writeback.proved(account, known.key, at)

    async def rotated(self, account: AccountId, tokens: Rotated) -> None:
        """Have a new refresh token written into the row of the one that it replaced."""
        known = (self._known or {}).get(account)
        if self.handback is not None and known is not None and known.place is not None:
            await self.handback.take(account, known.place, tokens)
