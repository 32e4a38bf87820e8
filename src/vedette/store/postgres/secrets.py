"""Write and read the sealed secrets of records, and the keys that they are sealed with.

It knows rows and nothing of transactions, nor what is sealed.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.model.ids import TenantId
from vedette.ports.records import DataKey, Kind, SealedValue
from vedette.store.postgres.bulk import touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.records import KINDS
from vedette.store.postgres.statements import sql
from vedette.store.rows import record as rows
from vedette.store.words import printable

_SECRETS = sql("secrets")
_SEALED = sql("sealed")
_RESEAL = sql("reseal")
_DATA_KEYS = sql("data_keys")
_DATA_KEY_PUT = sql("data_key_put")
_DATA_KEY_REPLACE = sql("data_key_replace")
_DATA_KEYS_DROP = sql("data_keys_drop")


async def secrets(
    connection: Connection,
    kind: Kind,
    ids: Sequence[str],
    *,
    tenant: TenantId | None,
    now: float,
) -> list[SealedValue]:
    """Return all secrets of some records of a kind, by id and name."""
    named = [each for each in dict.fromkeys(ids) if rows.is_storable(each)]
    return [rows.sealed(row) for row in await connection.fetch(_SECRETS, kind, named, tenant, now)]


async def sealed(
    connection: Connection, after: tuple[str, str, str], *, limit: int
) -> list[SealedValue]:
    """Return secrets in the order of (kind, id, name)."""
    asked = [*map(printable, after), rows.bounded(limit), KINDS]
    return [rows.sealed(row) for row in await connection.fetch(_SEALED, *asked)]


async def reseal(connection: Connection, old: SealedValue, new: bytes) -> bool:
    """Put a value in the place of a secret that is still the old one."""
    if not rows.is_storable(old.id + old.name + old.tenant):
        return False
    said = await connection.execute(_RESEAL, *rows.sealed_columns(old).values(), new)
    return touched(said) > 0


async def data_keys(connection: Connection, tenant: TenantId | None) -> list[DataKey]:
    """Return the wrapped keys of a tenant, or of all."""
    return [rows.data_key(row) for row in await connection.fetch(_DATA_KEYS, tenant)]


async def put_data_key(connection: Connection, key: DataKey, expected: DataKey | None) -> bool:
    """Write a key where ``expected`` stands."""
    values = rows.key_columns(key).values()
    if expected is None:
        return touched(await connection.execute(_DATA_KEY_PUT, *values)) > 0
    if (key.tenant, key.number) != (expected.tenant, expected.number):
        return False
    asked = [*values, expected.wrapper, expected.wrapped]
    return touched(await connection.execute(_DATA_KEY_REPLACE, *asked)) > 0


async def drop_data_keys(connection: Connection, tenant: TenantId, below: int | None) -> int:
    """Take keys of a tenant away."""
    return touched(await connection.execute(_DATA_KEYS_DROP, tenant, below))
