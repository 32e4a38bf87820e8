"""Writes into records that logins are refused, once for each account, some at a time.

A provider that refuses thousands at once (a password policy, an outage that answers NO) makes no storm
of writes: they wait here, and go to the store in batches with a pause between. What a crash leaves
unwritten is told anew when the account is watched again, for it is parked from its health. Accounts
that others keep have no record here: their story alone says it. It must not know what a refusal is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from vedette.engine.part import OnCrash, Part
from vedette.errors import SecretError, StoreError
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock
from vedette.ports.records import Kind, Note, Put, Record, Records
from vedette.secret import Secret
from vedette.service.accounts.parking import parking
from vedette.telemetry.counters import Counter

_log = structlog.stdlib.get_logger(__name__)

PARKED: Final = Counter(
    "vedette_accounts_parked_total",
    "Accounts whose record was paused because their logins were refused.",
)

#: Accounts of one transaction: a row and a note each, some 10 ms of a disk.
BATCH: Final = 50
#: Seconds between two batches: 500 accounts a second at most, and mail gets in between.
PAUSE: Final = 0.1
#: Seconds before what failed is tried again.
AGAIN: Final = 5.0
#: How often a batch is tried on what others write meanwhile; the rest waits for the next one.
_TRIES: Final = 3


class Parking(Part):
    """Is told of each account that is parked, and writes it down."""

    def __init__(
        self,
        records: Records,
        unlock: Callable[[], Awaitable[Vault]],
        clock: Clock,
        *,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("parking", on_crash=on_crash)
        self._records = records
        self._unlock = unlock
        self._clock = clock
        #: One entry for each account: the last word counts.
        self._waiting: dict[AccountId, Account] = {}
        self._stirred = asyncio.Event()

    def take(self, account: Account) -> None:
        """Take note that an account is not tried any more, as it is watched."""
        self._waiting[account.id] = account
        self._stirred.set()

    async def _open(self) -> None:
        self.spawn(self._run(), "run")

    async def _run(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._waiting:
                batch = list(self._waiting.values())[:BATCH]
                try:
                    await self._write(batch)
                except (StoreError, SecretError) as error:
                    _log.warning("accounts.not_parked", accounts=len(batch), error=str(error))
                    await asyncio.sleep(AGAIN)
                    continue
                for each in batch:
                    if self._waiting.get(each.id) is each:
                        del self._waiting[each.id]
                await asyncio.sleep(PAUSE)

    async def _write(self, batch: list[Account]) -> None:
        """Park those of some accounts that are to be; one that is changed meanwhile is left out."""
        left = {each.id: each for each in batch}
        for _ in range(_TRIES):
            changes = await self._changes(left)
            if not changes:
                return
            puts, notes = [put for put, _ in changes], [note for _, note in changes]
            written = await self._records.write(puts, now=self._clock.now(), notes=notes)
            if written.refusal is None:
                PARKED.inc(by=len(puts))
                _log.warning("accounts.parked", accounts=len(puts))
                return
        # Somebody changes them all the time: whoever comes in between does not hold up the others.
        for put, note in await self._changes(left):
            await self._records.write([put], now=self._clock.now(), notes=[note])

    async def _changes(self, accounts: dict[AccountId, Account]) -> list[tuple[Put, Note]]:
        """Return the writes that park accounts, by what is registered now."""
        records = await asyncio.gather(
            *(self._records.record(Kind.ACCOUNT, each) for each in accounts)
        )
        # The secrets after the record: what changes in between has another version then.
        found = [each for each in records if each is not None]
        secrets = await self._secrets(found)
        now, changes = self._clock.now(), []
        for record in found:
            beside = secrets.get(record.id)
            if beside is None:
                continue
            change = parking(record, beside, accounts[AccountId(record.id)], now=now)
            changes += [] if change is None else [change]
        return changes

    async def _secrets(self, records: list[Record]) -> dict[str, dict[str, Secret[str]]]:
        """Return the secrets beside records; an account whose secrets can not be opened lacks."""
        opened: dict[str, dict[str, Secret[str]]] = {each.id: {} for each in records}
        if not opened:
            return {}
        sealed = await self._records.secrets(Kind.ACCOUNT, list(opened))
        if not sealed:
            return opened
        result = await (await self._unlock()).open_all(sealed)
        opened |= {id_: dict(each) for id_, each in result.secrets.items()}
        return {id_: each for id_, each in opened.items() if id_ not in result.failed}
