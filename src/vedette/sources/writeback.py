"""What is written back into the host's table: how its mailboxes are, in three clocks.

Each account has one newest word at a time, which waits for the others' to be written together; a
word that came to nothing waits on. Nobody waits for any of it. Nothing is written at the stop: a
restart is no news of a mailbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from vedette.backoff import Backoff
from vedette.model.ids import AccountId
from vedette.ports.clock import Dice
from vedette.sources.database import Database, Order, SourceError
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Statement
from vedette.sources.value import Value

_log = structlog.stdlib.get_logger(__name__)

#: Accounts of one round: a second's worth of statements.
ROUND: Final = 500
#: A person reads this much of an error in a table, and a server may write megabytes.
MAX_WORDS: Final = 500
#: Waits after a round that failed, in seconds.
AFTER_FAILURE: Final = Backoff(first=2.0, ceiling=60.0)

#: The words of ``:state``.
CONNECTED: Final = "connected"
FAILED: Final = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What is to be said, or was said, of an account. Instants are in seconds since 1970.

    ``state`` is None where only the heartbeat is news.
    """

    key: Value
    state: str | None = None
    error: str | None = None
    error_at: float | None = None
    heartbeat_at: float | None = None


class WriteBack:
    """Writes what it is told of accounts; the methods that tell it return at once."""

    def __init__(self, settings: SourceSettings, database: Database, *, dice: Dice) -> None:
        self._name = settings.name
        self._settings = settings.write
        self._patience = settings.timeout
        self._database = database
        self._dice = dice
        self._said: dict[AccountId, _Word] = {}
        self._due: dict[AccountId, _Word] = {}
        self._woken = asyncio.Event()
        self._failures = 0
        self._is_refused = False

    def failed(self, account: AccountId, key: Value, words: str, at: float) -> None:
        """Note an error; the same one again moves its time once in a heartbeat."""
        if self._settings.on_error is None:
            return
        words = words[:MAX_WORDS]
        last = self._newest(account)
        is_known = last is not None and last.state == FAILED and last.error == words
        if is_known and last is not None and at - (last.error_at or 0.0) < self._settings.heartbeat:
            return
        heartbeat = None if last is None else last.heartbeat_at
        self._add(
            account,
            _Word(key=key, state=FAILED, error=words, error_at=at, heartbeat_at=heartbeat),
        )

    def connected(self, account: AccountId, key: Value, at: float) -> None:
        """Note that it is connected, which is a proof of life at once."""
        last = self._newest(account)
        is_known = last is not None and last.state == CONNECTED
        if is_known and last is not None and not self._is_old(last, at):
            return
        self._add(account, _Word(key=key, state=CONNECTED, heartbeat_at=at))

    def proved(self, account: AccountId, key: Value, at: float) -> None:
        """Note a proof of life, where the one that was written is old."""
        last = self._newest(account)
        if self._settings.on_heartbeat is None or (last is not None and not self._is_old(last, at)):
            return
        waiting = self._due.get(account)
        if waiting is not None:
            self._due[account] = replace(waiting, heartbeat_at=at)
        else:
            self._add(account, _Word(key=key, heartbeat_at=at))

    def inherit(self, before: WriteBack) -> None:
        """Go on from another that does not run: with what it said, and what it had still to say."""
        self._said = {**before._said, **self._said}
        self._due = {**before._due, **self._due}
        if self._due:
            self._woken.set()

    def forget(self, accounts: Iterable[AccountId]) -> None:
        """Let go of rows that are not there any more."""
        for account in accounts:
            self._said.pop(account, None)
            self._due.pop(account, None)

    async def run(self) -> None:
        """Write what is due, round by round, for as long as the task is not cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._due:
                await asyncio.sleep(self._settings.pace)
                if self._due:
                    await asyncio.sleep(await self._round())

    def _newest(self, account: AccountId) -> _Word | None:
        return self._due.get(account) or self._said.get(account)

    def _is_old(self, last: _Word, at: float) -> bool:
        return at - (last.heartbeat_at or 0.0) >= self._settings.heartbeat

    def _add(self, account: AccountId, word: _Word) -> None:
        self._due[account] = word
        self._woken.set()

    async def _round(self) -> float:
        """Write some of what is due; return the seconds to wait where that failed."""
        some = [(account, self._due.pop(account)) for account in list(self._due)[:ROUND]]
        try:
            async with asyncio.timeout(self._patience):
                refused = await self._database.write(self._orders(some))
        except asyncio.CancelledError:
            # Whoever goes on from here says it: once more does no harm.
            self._put_back(some)
            raise
        except (SourceError, TimeoutError) as error:
            self._put_back(some)
            self._failures += 1
            if self._failures == 1:
                why = str(error) or f"no answer within {self._patience:g} s"
                _log.warning("source.write_failed", source=self._name, error=why)
            return AFTER_FAILURE.wait(self._failures, self._dice())
        if self._failures:
            _log.info("source.write_recovered", source=self._name, failures=self._failures)
            self._failures = 0
        for account, word in some:
            before = self._said.get(account)
            is_beat = word.state is None and before is not None
            self._said[account] = (
                replace(before, heartbeat_at=word.heartbeat_at) if is_beat and before else word
            )
        self._tell(refused)
        return 0.0

    def _put_back(self, some: Sequence[tuple[AccountId, _Word]]) -> None:
        for account, word in some:
            # What came meanwhile is newer.
            self._due.setdefault(account, word)

    def _orders(self, some: Sequence[tuple[AccountId, _Word]]) -> list[Order]:
        """Return the statements, those of one kind in a row."""
        settings = self._settings
        kinds: list[tuple[Statement | None, list[_Word]]] = [
            (settings.on_error, [word for _, word in some if word.state == FAILED]),
            (settings.on_connected, [word for _, word in some if word.state == CONNECTED]),
            (
                settings.on_heartbeat,
                [
                    word
                    for _, word in some
                    if word.state != FAILED and word.heartbeat_at is not None
                ],
            ),
        ]
        return [
            Order(statement=statement, values=_values(word))
            for statement, words in kinds
            if statement is not None
            for word in words
        ]

    def _tell(self, refused: Sequence[str]) -> None:
        """Say once that rows are refused, until a round passes without."""
        if refused and not self._is_refused:
            _log.warning(
                "source.write_refused", source=self._name, rows=len(refused), error=refused[0]
            )
        self._is_refused = bool(refused)


def _values(word: _Word) -> dict[str, Value]:
    return {
        "id": word.key,
        "state": word.state or CONNECTED,
        "error": word.error,
        "error_at": word.error_at,
        "heartbeat_at": word.heartbeat_at,
    }
