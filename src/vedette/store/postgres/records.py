"""Write and read records, their secrets, and the keys of the secrets.

Who writes holds the row of the last revision from the beginning on: so writes follow each other,
whichever instance they come from, a later revision is committed later, and what a write counted is
so until it ends. Each is decided whole (``vedette.store.plan``) before a row is written; what is
written for a tenant is written behind its wall. It knows rows and nothing of transactions: each
call is within that of its caller.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.audit import AuditEntry
from vedette.ports.records import Drop, Kind, Note, Put, Record, RecordQuery, Touched, Written
from vedette.store.chain import Mark
from vedette.store.plan import TOLD, Counted, Key, Plan, keys, limited, plan
from vedette.store.postgres import audit
from vedette.store.postgres.bulk import arrays
from vedette.store.postgres.bulk import touched as rows_touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.postgres.tenancy import Tenancy
from vedette.store.rows import record as rows
from vedette.store.rows.record import Standing

_RECORD = sql("record")
_NAMED = sql("records_named")
_RECORDS = {True: sql("records_of_all"), False: sql("records_of_tenant")}
_COUNT = {True: sql("record_count_of_all"), False: sql("record_count_of_tenant")}
_HOLD = sql("record_hold")
_STANDING = sql("record_standing")
_PUT = sql("records_put")
_DROP = sql("records_drop")
_GONE_PUT = sql("records_gone_put")
_GONE_DROP = sql("records_gone_drop")
_GONE_PURGE = sql("records_gone_purge")
_EXPIRED = sql("records_expired")
_REVISION_SET = sql("record_revision_set")
_TOUCHED = sql("records_touched")
_SECRETS_PUT = sql("secrets_put")
_SECRETS_DROP = sql("secrets_drop")

#: What this Vedette has a word for: a newer one that writes beside it may have more.
KINDS: Final = [kind.value for kind in Kind]


async def record(
    connection: Connection, kind: Kind, id_: str, *, tenant: TenantId | None, now: float
) -> Record | None:
    """Return a record, or None."""
    if not rows.is_storable(id_):
        return None
    row = await connection.fetchrow(_RECORD, kind, id_, tenant, now)
    return None if row is None else rows.record(row)


async def several(
    connection: Connection,
    kind: Kind,
    ids: Sequence[str],
    *,
    tenant: TenantId | None,
    now: float,
) -> list[Record]:
    """Return those of some records that are there, by id."""
    asked = [each for each in ids if rows.is_storable(each)]
    found = await connection.fetch(_NAMED, kind, asked, tenant, now)
    return [rows.record(row) for row in found]


async def records(connection: Connection, query: RecordQuery, *, now: float) -> list[Record]:
    """Return records of a kind, by id."""
    wanted = rows.wanted(query.fields)
    found = await connection.fetch(
        _RECORDS[query.tenant is None],
        query.kind,
        query.tenant,
        rows.after(query),
        now,
        rows.folded(query.text),
        wanted[0].needle if wanted else "",
        [each.name for each in wanted],
        [each.value for each in wanted],
        [each.needle for each in wanted],
        rows.bounded(query.limit),
    )
    return [rows.record(row) for row in found]


async def count(connection: Connection, kind: Kind, tenant: TenantId | None, *, now: float) -> int:
    """Return how many counted records of a kind there are."""
    found: int = await connection.fetchval(_COUNT[tenant is None], kind, tenant, now)
    return found


async def write(
    connection: Connection,
    changes: Sequence[Put | Drop],
    *,
    tenancy: Tenancy,
    now: float,
    notes: Sequence[Note],
    tenant: TenantId | None,
) -> tuple[Written, int, list[AuditEntry]]:
    """Write all of it or nothing; return what became of it, the last revision, and the entries."""
    revision = await _hold(connection)
    made = plan(
        changes,
        standing=await _standing(connection, keys(changes)),
        counts=await _counts(connection, limited(changes), now),
        revision=revision,
        now=now,
        tenant=tenant,
    )
    if made.written.refusal is not None:
        return made.written, 0, []
    # Whoever's they are: what expired, and what is told of an id that is taken anew.
    await _named(connection, _DROP, made.buried)
    await _named(connection, _GONE_DROP, made.puts)
    if tenant is not None:
        await tenancy.enter(connection, tenant)
    await _do(connection, made, now)
    if tenant is not None:
        await tenancy.leave(connection)
    if made.revision > revision:
        await connection.execute(_REVISION_SET, made.revision)
    if not notes:
        return made.written, made.revision, []
    # The chain last: others decide meanwhile, and who holds it never waits for a revision.
    marks = [Mark(actor=each.actor, what=each.what, detail=each.detail, at=now) for each in notes]
    entries = await audit.extend(connection, marks)
    return made.written, made.revision, entries


async def _hold(connection: Connection) -> int:
    last: int | None = await connection.fetchval(_HOLD)
    if last is None:
        raise StoreError("the last revision of the records is not there: restore a backup")
    return last


async def _standing(connection: Connection, named: Sequence[Key]) -> dict[Key, Standing]:
    asked = [key for key in named if rows.is_storable(key[1])]
    found = await connection.fetch(_STANDING, *_columns(asked))
    return {(Kind(row[5]), row[6]): rows.standing(row) for row in found}


async def _counts(
    connection: Connection, groups: Sequence[Counted], now: float
) -> dict[Counted, int]:
    return {group: await count(connection, *group, now=now) for group in groups}


def _columns(named: Collection[Key]) -> tuple[list[Kind], list[str]]:
    return [kind for kind, _ in named], [id_ for _, id_ in named]


async def _named(connection: Connection, statement: str, named: Collection[Key]) -> None:
    if named:
        await connection.execute(statement, *_columns(named))


async def _do(connection: Connection, made: Plan, now: float) -> None:
    await _named(connection, _DROP, made.dropped)
    if made.puts:
        columns = arrays(rows.columns(each) for each in made.puts.values())
        await connection.execute(_PUT, *columns)
    if made.gone:
        whose = [tenant for tenant, _ in made.gone.values()]
        revisions = [revision for _, revision in made.gone.values()]
        await connection.execute(_GONE_PUT, *_columns(made.gone), whose, revisions, now)
    await _put_secrets(connection, made)


async def _put_secrets(connection: Connection, made: Plan) -> None:
    put, gone = [], []
    for key, secrets in made.secrets.items():
        for name, value in secrets.items():
            it = {"kind": key[0], "id": key[1], "name": name}
            if value is None:
                gone.append(it)
            else:
                put.append({**it, "tenant": made.puts[key].tenant, "value": value})
    if gone:
        await connection.execute(_SECRETS_DROP, *arrays(gone))
    if put:
        await connection.execute(_SECRETS_PUT, *arrays(put))


async def touched(connection: Connection, after: int, *, limit: int, now: float) -> list[Touched]:
    """Return what was written after a revision, by revision.

    Each statement sees all that was committed before it, and what comes later has a higher number.
    """
    found = await connection.fetch(_TOUCHED, rows.bounded(after), rows.bounded(limit), KINDS, now)
    return [rows.touched(row) for row in found]


async def expire(connection: Connection, now: float, *, limit: int) -> tuple[int, int]:
    """Take away what expired or is gone for a day; return how many, and the last revision."""
    bound = rows.bounded(limit)
    revision = 0
    # Nobody is kept waiting where nothing expired; where something did, it is looked up again.
    old = await connection.fetch(_EXPIRED, now, bound)
    if old:
        revision = await _hold(connection)
        old = await connection.fetch(_EXPIRED, now, bound)
        kinds, ids, whose = ([row[column] for row in old] for column in range(3))
        revisions = list(range(revision + 1, revision + len(old) + 1))
        await connection.execute(_DROP, kinds, ids)
        await connection.execute(_GONE_PUT, kinds, ids, whose, revisions, now)
        revision += len(old)
        await connection.execute(_REVISION_SET, revision)
    left = rows.bounded(bound - len(old))
    return len(old) + rows_touched(
        await connection.execute(_GONE_PURGE, now - TOLD, left)
    ), revision
