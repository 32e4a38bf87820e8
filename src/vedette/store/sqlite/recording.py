"""What people set through the API, on SQLite.

The methods of the port of records, each one job for the writer's thread; no SQL of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from vedette.model.ids import TenantId
from vedette.ports.audit import AuditEntry
from vedette.ports.clock import Clock
from vedette.ports.records import (
    DataKey,
    Drop,
    Kind,
    Note,
    Put,
    Record,
    RecordQuery,
    SealedValue,
    Touched,
    Written,
)
from vedette.store.bell import Bell
from vedette.store.rows.record import wall
from vedette.store.sqlite import records
from vedette.store.sqlite.writer import Writer


class SqliteRecords:
    """``vedette.ports.records.Records``, on the writer of a store.

    ``on_audit`` is told of each entry of the audit once it is on disk.
    """

    __slots__ = ("_bell", "_clock", "_on_audit", "_writer")

    def __init__(
        self, writer: Writer, clock: Clock, on_audit: Callable[[AuditEntry], None]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._on_audit = on_audit
        self._bell = Bell()

    async def record(
        self, kind: Kind, id_: str, *, tenant: TenantId | None = None
    ) -> Record | None:
        """Return a record, or None."""
        now = self._clock.now()
        read = partial(records.record, kind=kind, id_=id_, tenant=wall(tenant), now=now)
        return await self._writer.run(read, writes=False)

    async def several(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[Record]:
        """Return those of some records of a kind that are there, by id."""
        now = self._clock.now()
        read = partial(records.several, kind=kind, ids=tuple(ids), tenant=wall(tenant), now=now)
        return await self._writer.run(read, writes=False)

    async def records(self, query: RecordQuery) -> list[Record]:
        """Return records of a kind, by id; in steps, between which mail goes first."""
        wall(query.tenant)
        now = self._clock.now()
        found: list[Record] = []
        after: str | None = query.after
        while after is not None and len(found) < query.limit:
            rest = replace(query, after=after, limit=query.limit - len(found))
            read = partial(records.records, query=rest, now=now)
            step, after = await self._writer.run(read, writes=False)
            found += step
        return found

    async def count(self, kind: Kind, tenant: TenantId | None = None) -> int:
        """Return how many counted records of a kind there are."""
        now = self._clock.now()
        read = partial(records.count, kind=kind, tenant=wall(tenant), now=now)
        return await self._writer.run(read, writes=False)

    async def write(
        self,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        """Write all of it or nothing."""
        work = partial(
            records.write,
            changes=tuple(changes),
            now=now,
            notes=tuple(notes),
            tenant=wall(tenant),
        )
        written, revision, entries = await self._writer.run(work, writes=True)
        self._bell.ring(revision)
        for entry in entries:
            self._on_audit(entry)
        return written

    async def touched(self, after: int, *, limit: int = 1000) -> list[Touched]:
        """Return what was written after a revision, by revision."""
        read = partial(records.touched, after=after, limit=limit, now=self._clock.now())
        return await self._writer.run(read, writes=False)

    async def expire(self, now: float, *, limit: int) -> int:
        """Take away what expired, and what is gone for a day, in a bounded step."""
        work = partial(records.expire, now=now, limit=limit)
        gone, revision = await self._writer.run(work, writes=True)
        self._bell.ring(revision)
        return gone

    async def listen(self, after: int | None = None) -> None:
        """Return when something may have been written after a revision, or after a second."""
        await self._bell.wait(after)

    # The secrets, and their keys.

    async def secrets(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[SealedValue]:
        """Return all secrets of some records of a kind, by id and name."""
        now = self._clock.now()
        read = partial(records.secrets, kind=kind, ids=tuple(ids), tenant=wall(tenant), now=now)
        return await self._writer.run(read, writes=False)

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        """Return secrets in the order of (kind, id, name)."""
        return await self._writer.run(
            partial(records.sealed, after=after, limit=limit), writes=False
        )

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        """Put ``new`` in the place of a secret that is still the ``old`` one."""
        return await self._writer.run(partial(records.reseal, old=old, new=new), writes=True)

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        """Return the wrapped keys of a tenant, or of all."""
        read = partial(records.data_keys, tenant=wall(tenant))
        return await self._writer.run(read, writes=False)

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        """Write a key where ``expected`` stands."""
        work = partial(records.put_data_key, key=key, expected=expected)
        return await self._writer.run(work, writes=True)

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        """Take keys of a tenant away."""
        work = partial(records.drop_data_keys, tenant=tenant, below=below)
        return await self._writer.run(work, writes=True)
