"""Keeps the roll of what is registered: all is read once, and then what was touched since.

Whoever asks asks it for the roll as it is now, so that what was written a moment ago, by whichever
instance, is in it. It must not know what the roll is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog

from vedette.errors import StoreError
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record
from vedette.service.accounts.quota import records_of
from vedette.service.accounts.roll import Roll, entry_in
from vedette.service.accounts.tenant import tenant_of
from vedette.service.cabinet import Cabinet
from vedette.service.refusals import NewerError

_log = structlog.stdlib.get_logger(__name__)

#: Records that are read at once.
PAGE: Final = 500
#: Of so many records one is the last that becomes an entry in its turn of the loop: a millisecond.
TURN: Final = 100
#: Seconds between two looks at what was touched where nobody asks: some thousand accounts that are
#: imported are not left to whoever asks next.
PAUSE: Final = 1.0
#: Seconds without a look after which all is read anew: that a record is gone is told for a day.
OUT_OF_TOUCH: Final = 20 * 3_600.0


class Clerk:
    """The roll of the accounts in the records of a state, and which tenants are stopped."""

    __slots__ = ("_cabinet", "_common", "_heard", "_one", "_revision", "roll", "stopped")

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet
        self._one = asyncio.Lock()
        self._common: dict[Any, Any] = {}
        self._heard = float("-inf")
        self._revision = 0
        #: Who is registered, as of the last ``look``.
        self.roll = Roll()
        #: The tenants of whose accounts none is watched.
        self.stopped: frozenset[TenantId] = frozenset()

    async def look(self) -> None:
        """Bring the roll up to what is written by now. Raises StoreError."""
        async with self._one:
            now = self._cabinet.now()
            if 0.0 <= now - self._heard <= OUT_OF_TOUCH:
                await self._catch_up()
            else:
                await self._begin()
            self._heard = now

    async def follow(self) -> None:
        """Look as often as something is written, until it is cancelled."""
        while True:
            try:
                await self.look()
                await asyncio.sleep(PAUSE)
                await self._cabinet.records.listen()
            except StoreError as error:
                _log.warning("roll.unread", error=str(error))
                await asyncio.sleep(PAUSE)

    async def _begin(self) -> None:
        revision = 0
        # First, so that what is written while the rest is read is read again.
        while touched := await self._cabinet.records.touched(revision, limit=PAGE):
            revision = touched[-1].revision
        self._heard, self._common = float("-inf"), {}
        roll, stopped = Roll(), frozenset[TenantId]()
        async for record in records_of(self._cabinet, Kind.TENANT):
            stopped = _heeding(stopped, TenantId(record.id), record)
        async for record in records_of(self._cabinet, Kind.ACCOUNT):
            await self._enter(roll, record)
        self.roll, self.stopped, self._revision = roll, stopped, revision

    async def _catch_up(self) -> None:
        records = self._cabinet.records
        while touched := await records.touched(self._revision, limit=PAGE):
            tenants = [TenantId(each.id) for each in touched if each.kind is Kind.TENANT]
            for id_, record in (await self._read(Kind.TENANT, tenants)).items():
                self.stopped = _heeding(self.stopped, TenantId(id_), record)
            accounts = [each.id for each in touched if each.kind is Kind.ACCOUNT]
            for id_, record in (await self._read(Kind.ACCOUNT, accounts)).items():
                if record is None:
                    self.roll.drop(AccountId(id_))
                else:
                    await self._enter(self.roll, record)
            self._revision = touched[-1].revision

    async def _read(self, kind: Kind, ids: Sequence[str]) -> dict[str, Record | None]:
        """Return records by their ids; None for one that is gone."""
        if not ids:
            return {}
        found = {each.id: each for each in await self._cabinet.records.several(kind, ids)}
        return {id_: found.get(id_) for id_ in ids}

    async def _enter(self, roll: Roll, record: Record) -> None:
        roll.put(entry_in(record, self._common))
        if record.revision % TURN == 0:
            await asyncio.sleep(0)


def _heeding(
    stopped: frozenset[TenantId], id_: TenantId, record: Record | None
) -> frozenset[TenantId]:
    """Return who is stopped when it is known how one tenant is; None: it is gone."""
    try:
        is_stopped = record is not None and tenant_of(record).stopped_at is not None
    except NewerError:
        # Whoever reads one of its accounts is told.
        is_stopped = False
    return stopped | {id_} if is_stopped else stopped - {id_}
