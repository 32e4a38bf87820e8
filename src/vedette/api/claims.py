"""A claim of an idempotency key, and that its request had an effect: in one transaction with the effect.

Whoever claims a key writes a record; the first write of its request bears a mark on it along, so
that after a crash it is known whether there was an effect, and a request whose claim was taken over
meanwhile can have none any more. What is not written as records (an order to a mail server, a guard's
journal) leaves no mark. It must not know what requests do, or how keys are sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from vedette.api.problems import ProblemError, refuse
from vedette.model.ids import TenantId
from vedette.ports.records import Drop, Note, Put, Record, Records, Written

#: Seconds for which an answer is kept, as others of the field keep it, and that there was an effect.
KEPT: Final = 86_400.0
#: Seconds for which a claim stands that is not renewed: a crash keeps nobody waiting for longer.
CLAIM: Final = 10.0


@dataclass(slots=True, kw_only=True)
class Claim:
    """A claim of a request that is under way; ``record`` is as it was written last.

    ``lock`` is held by whoever writes it.
    """

    record: Record
    had_effect: bool = False
    is_open: bool = True
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def marked(self, now: float) -> Put:
        """Return the write that says that there was an effect."""
        body = json.dumps(json.loads(self.record.body) | {"effect": True})
        marked = replace(self.record, body=body, expires_at=now + KEPT)
        return Put(record=marked, expected=self.record.version)


#: The claim of the request that is answered by this task, and by those that it began.
CURRENT: Final[ContextVar[Claim | None]] = ContextVar("claim", default=None)


class Marking:
    """Records whose writes mark the claim of the request that makes them."""

    __slots__ = ("_records",)

    def __init__(self, records: Records) -> None:
        self._records = records

    def __getattr__(self, name: str) -> Any:
        """Leave everything but writing to the records themselves."""
        return getattr(self._records, name)

    async def write(
        self,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        """Write, with the mark. Raises StoreError, and a problem where the claim is another's now."""
        claim = CURRENT.get()
        if claim is None or not claim.is_open:
            return await self._records.write(changes, now=now, notes=notes, tenant=tenant)
        async with claim.lock:
            return await self._marked(claim, changes, now=now, notes=notes, tenant=tenant)

    async def _marked(
        self,
        claim: Claim,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note],
        tenant: TenantId | None,
    ) -> Written:
        mark = claim.marked(now)
        if tenant not in {None, claim.record.tenant}:
            # The wall of the write is not that of the claim: the mark goes before.
            self._mark(claim, await self._records.write([mark], now=now), 0)
            return await self._records.write(changes, now=now, notes=notes, tenant=tenant)
        written = await self._records.write([*changes, mark], now=now, notes=notes, tenant=tenant)
        if written.refusal is not None and written.refused < len(changes):
            return written
        self._mark(claim, written, len(changes))
        return replace(written, records=written.records[:-1])

    @staticmethod
    def _mark(claim: Claim, written: Written, place: int) -> None:
        if written.refusal is not None and written.refused == place:
            raise taken_over()
        claim.record, claim.had_effect = written.records[-1], True


def marking(records: Records) -> Records:
    """Return records that mark claims."""
    return cast("Records", Marking(records))


def taken_over() -> ProblemError:
    """Return the problem of a request that was too slow to keep its key."""
    return refuse(
        "in_progress",
        "this request was so slow that another with its idempotency key took its place: ask again",
        Retry_After="1",
    )
