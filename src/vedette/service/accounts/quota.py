"""Keeps to the limit of a tenant's accounts: pauses the newest, resumes the oldest it paused.

What is decided is in ``pausing.py``; here it is carried out, in bounded steps of which each is
right by itself: a limit is set first and then gone over to, so a step that was not taken is taken
at the next. No account is ever deleted for a limit. It must not know who set the limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record, RecordQuery
from vedette.ports.registration import Pause, Registration
from vedette.service.accounts.pausing import Standing, Turnover, started, stopped, turnover
from vedette.service.accounts.registration import record_of, registration_of
from vedette.service.cabinet import Cabinet, Writing
from vedette.service.caller import Caller
from vedette.service.refusals import NotFoundError, PlanLimitError

#: Records that are read at a time: some hundred KiB.
PAGE: Final = 500
#: Accounts that are written at a time, so that commits of mail get in between.
STEP: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change of the limit would do, with nothing written. ``current`` counts all accounts."""

    current: int
    limit: int | None
    pauses: tuple[AccountId, ...]
    resumes: tuple[AccountId, ...]


class Quota:
    """Goes over to limits."""

    __slots__ = ("_cabinet",)

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def preview(self, tenant: TenantId, limit: int | None) -> Preview:
        """Return who would be paused and resumed under a limit."""
        standings = await self._standings(tenant)
        found = turnover(standings, limit)
        return Preview(
            current=len(standings), limit=limit, pauses=found.pauses, resumes=found.resumes
        )

    async def is_anybody_aside(self, tenant: TenantId) -> bool:
        """Tell whether the limit of a tenant keeps an account paused."""
        aside = {"pause": Pause.PLAN_LIMIT.value}
        query = RecordQuery(kind=Kind.ACCOUNT, tenant=tenant, fields=aside, limit=1)
        return bool(await self._cabinet.records.records(query))

    async def settle(self, caller: Caller, tenant: TenantId, limit: int | None) -> Turnover:
        """Pause and resume what a limit asks for, and return that. It can be done again."""
        found = turnover(await self._standings(tenant), limit)
        # First those that go: their places are taken by those that come back.
        await self._write(caller, found.pauses, self._paused, "account.paused", None)
        await self._write(caller, found.resumes, self._resumed, "account.resumed", limit)
        return found

    async def _standings(self, tenant: TenantId) -> list[Standing]:
        return [
            Standing(
                id=AccountId(record.id),
                created_at=record.created_at,
                is_aside=not record.is_counted,
            )
            async for record in records_of(self._cabinet, Kind.ACCOUNT, tenant)
        ]

    def _paused(self, registration: Registration) -> Registration:
        return stopped(registration, Pause.PLAN_LIMIT, now=self._cabinet.now())

    def _resumed(self, registration: Registration) -> Registration:
        return started(registration, Pause.PLAN_LIMIT, now=self._cabinet.now())

    async def _write(
        self,
        caller: Caller,
        ids: Sequence[AccountId],
        turn: Callable[[Registration], Registration],
        what: str,
        limit: int | None,
    ) -> None:
        for first in range(0, len(ids), STEP):
            step = ids[first : first + STEP]
            try:
                if not await self._together(caller, step, turn, what, limit):
                    await self._singly(caller, step, turn, what, limit)
            except PlanLimitError:
                # Somebody took the places meanwhile: who is aside stays so, and that is the limit.
                return

    async def _together(
        self,
        caller: Caller,
        ids: Sequence[AccountId],
        turn: Callable[[Registration], Registration],
        what: str,
        limit: int | None,
    ) -> bool:
        writings = []
        for id_ in ids:
            record = await self._cabinet.records.record(Kind.ACCOUNT, id_, tenant=caller.tenant)
            if record is not None and (writing := _turned(record, turn, what, limit)) is not None:
                writings.append((writing, record.version))
        return not writings or await self._cabinet.write(caller, writings)

    async def _singly(
        self,
        caller: Caller,
        ids: Sequence[AccountId],
        turn: Callable[[Registration], Registration],
        what: str,
        limit: int | None,
    ) -> None:
        """Write one by one what could not be written together: others write it too."""

        async def decide(record: Record) -> Writing | None:
            return _turned(record, turn, what, limit)

        for id_ in ids:
            try:
                await self._cabinet.change(caller, Kind.ACCOUNT, id_, decide)
            except NotFoundError:
                continue


async def records_of(
    cabinet: Cabinet, kind: Kind, tenant: TenantId | None = None
) -> AsyncIterator[Record]:
    """Yield all records of a kind, page by page."""
    after = ""
    while True:
        query = RecordQuery(kind=kind, tenant=tenant, after=after, limit=PAGE)
        page = await cabinet.records.records(query)
        for record in page:
            yield record
        if len(page) < PAGE:
            return
        after = page[-1].id


def _turned(
    record: Record,
    turn: Callable[[Registration], Registration],
    what: str,
    limit: int | None,
) -> Writing | None:
    before = registration_of(record)
    then = turn(before)
    if then is before:
        return None
    return Writing(
        record=record_of(then, over=record),
        what=what,
        detail={"reason": Pause.PLAN_LIMIT.value},
        limit=limit,
    )
