"""What people set through the API, on Postgres.

The methods of the port of records, each one transaction; no SQL of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from vedette.errors import StoreError
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
from vedette.secret import Secret
from vedette.store.bell import Bell
from vedette.store.postgres import records, secrets
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.ear import Ear
from vedette.store.postgres.tenancy import Tenancy, tenancy
from vedette.store.postgres.transaction import Transactions
from vedette.store.rows.record import is_storable, key_columns, wall

T = TypeVar("T")


class PostgresRecords:
    """``vedette.ports.records.Records``, on the connections of a store: ``start``, ``stop``.

    ``on_audit`` is told of each entry of the audit that it appended, once it is on disk.
    """

    __slots__ = ("_bell", "_clock", "_ear", "_on_audit", "_tenancy", "_transactions")

    def __init__(
        self,
        transactions: Transactions,
        url: Secret[str],
        clock: Clock,
        on_audit: Callable[[AuditEntry], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._on_audit = on_audit
        self._bell = Bell()
        self._ear = Ear(url, self._bell.ring)
        self._tenancy: Tenancy | None = None

    async def start(self) -> None:
        """Find the role behind which tenants are. Raises StoreError."""
        self._tenancy = await self._transactions.ask(tenancy)

    async def stop(self) -> None:
        """Listen no more. Idempotent."""
        self._tenancy = None
        await self._ear.stop()

    def _walled(self) -> Tenancy:
        if self._tenancy is None:
            raise StoreError(f"{self._transactions.where} is not open")
        return self._tenancy

    async def _see(self, work: Callable[[Connection], Awaitable[T]], tenant: TenantId | None) -> T:
        """Read, behind the wall of a tenant."""
        if tenant is None:
            return await self._transactions.ask(work)
        within = partial(self._walled().within, tenant=tenant, work=work)
        return await self._transactions.view(within)

    async def _do(self, work: Callable[[Connection], Awaitable[T]], tenant: TenantId) -> T:
        """Write, behind the wall of a tenant."""
        return await self._transactions.run(
            partial(self._walled().within, tenant=tenant, work=work)
        )

    async def record(
        self, kind: Kind, id_: str, *, tenant: TenantId | None = None
    ) -> Record | None:
        """Return a record, or None."""
        now = self._clock.now()
        read = partial(records.record, kind=kind, id_=id_, tenant=wall(tenant), now=now)
        return await self._see(read, tenant)

    async def several(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[Record]:
        """Return those of some records of a kind that are there, by id."""
        now = self._clock.now()
        read = partial(records.several, kind=kind, ids=tuple(ids), tenant=wall(tenant), now=now)
        return await self._see(read, tenant)

    async def records(self, query: RecordQuery) -> list[Record]:
        """Return records of a kind, by id."""
        read = partial(records.records, query=query, now=self._clock.now())
        return await self._see(read, wall(query.tenant))

    async def count(self, kind: Kind, tenant: TenantId | None = None) -> int:
        """Return how many counted records of a kind there are."""
        now = self._clock.now()
        read = partial(records.count, kind=kind, tenant=wall(tenant), now=now)
        return await self._see(read, tenant)

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
            tenancy=self._walled(),
            now=now,
            notes=tuple(notes),
            tenant=wall(tenant),
        )
        written, revision, entries = await self._transactions.run(work)
        self._bell.ring(revision)
        for entry in entries:
            self._on_audit(entry)
        return written

    async def touched(self, after: int, *, limit: int = 1000) -> list[Touched]:
        """Return what was written after a revision, by revision."""
        now = self._clock.now()
        return await self._transactions.ask(
            partial(records.touched, after=after, limit=limit, now=now)
        )

    async def expire(self, now: float, *, limit: int) -> int:
        """Take away what expired, and what is gone for a day, in a bounded step."""
        work = partial(records.expire, now=now, limit=limit)
        gone, revision = await self._transactions.run(work)
        self._bell.ring(revision)
        return gone

    async def listen(self, after: int | None = None) -> None:
        """Return when something may have been written after a revision, or after a second."""
        # Of a store that is closed nobody would end the task.
        self._walled()
        self._ear.open()
        await self._bell.wait(after)

    # The secrets, and their keys.

    async def secrets(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[SealedValue]:
        """Return all secrets of some records of a kind, by id and name."""
        now = self._clock.now()
        read = partial(secrets.secrets, kind=kind, ids=tuple(ids), tenant=wall(tenant), now=now)
        return await self._see(read, tenant)

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        """Return secrets in the order of (kind, id, name)."""
        return await self._transactions.ask(partial(secrets.sealed, after=after, limit=limit))

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        """Put ``new`` in the place of a secret that is still the ``old`` one."""
        # A tenant that can not be stored has none.
        return is_storable(old.tenant) and await self._do(
            partial(secrets.reseal, old=old, new=new), old.tenant
        )

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        """Return the wrapped keys of a tenant, or of all."""
        return await self._see(partial(secrets.data_keys, tenant=wall(tenant)), tenant)

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        """Write a key where ``expected`` stands."""
        key_columns(key)
        work = partial(secrets.put_data_key, key=key, expected=expected)
        return await self._do(work, key.tenant)

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        """Take keys of a tenant away."""
        return await self._do(partial(secrets.drop_data_keys, tenant=tenant, below=below), tenant)
