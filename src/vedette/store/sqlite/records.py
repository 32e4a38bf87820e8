"""Write and read records, their secrets, and the keys of the secrets.

Each write is decided whole (``vedette.store.plan``) before a row is written: nobody else writes
here meanwhile. It knows rows and nothing of transactions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from vedette.model.ids import TenantId
from vedette.ports.audit import AuditEntry
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
from vedette.store.chain import Mark
from vedette.store.plan import TOLD, Counted, Key, Plan, keys, limited, plan
from vedette.store.rows import record as rows
from vedette.store.rows.record import Standing
from vedette.store.sqlite import audit
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_RECORD = sql("record")
_NAMED = sql("records_named")
_RECORDS = {True: sql("records_of_all"), False: sql("records_of_tenant")}
_UNTIL = {True: sql("records_until_of_all"), False: sql("records_until_of_tenant")}
_COUNT = {True: sql("record_count_of_all"), False: sql("record_count_of_tenant")}
_STANDING = sql("record_standing")
_PUT = sql("record_put")
_DROP = sql("record_drop")
_GONE_PUT = sql("record_gone_put")
_GONE_DROP = sql("record_gone_drop")
_GONE_PURGE = sql("record_gone_purge")
_EXPIRED = sql("record_expired")
_REVISION = sql("record_revision")
_REVISION_SET = sql("record_revision_set")
_TOUCHED = sql("record_touched")
_SECRET_PUT = sql("secret_put")
_SECRET_DROP = sql("secret_drop")
_SECRETS = sql("secrets")
_SEALED = sql("sealed")
_RESEAL = sql("reseal")
_DATA_KEYS = sql("data_keys")
_DATA_KEY_PUT = sql("data_key_put")
_DATA_KEY_REPLACE = sql("data_key_replace")
_DATA_KEYS_DROP = sql("data_keys_drop")

#: Records whose bodies are looked into in one step: some milliseconds of the one writer. Labels
#: are looked at ten times as quickly.
LOOKED: Final = 2_000

#: What this Vedette has a word for: a newer one that wrote here may have had more.
_KINDS: Final = json.dumps([kind.value for kind in Kind])


def record(
    connection: sqlite3.Connection, kind: Kind, id_: str, *, tenant: TenantId | None, now: float
) -> Record | None:
    """Return a record, or None."""
    if not rows.is_storable(id_):
        return None
    asked = {"kind": kind, "id": id_, "tenant": tenant, "now": now}
    row = connection.execute(_RECORD, asked).fetchone()
    return None if row is None else rows.record(row)


def several(
    connection: sqlite3.Connection,
    kind: Kind,
    ids: Sequence[str],
    *,
    tenant: TenantId | None,
    now: float,
) -> list[Record]:
    """Return those of some records that are there, by id."""
    named = json.dumps([each for each in dict.fromkeys(ids) if rows.is_storable(each)])
    asked = {"kind": kind, "ids": named, "tenant": tenant, "now": now}
    return [rows.record(row) for row in connection.execute(_NAMED, asked)]


def records(
    connection: sqlite3.Connection, query: RecordQuery, *, now: float
) -> tuple[list[Record], str | None]:
    """Return records of a kind, by id, and behind which id to go on: None where all was looked at.

    It looks at as many as cost some milliseconds.
    """
    wanted = rows.wanted(query.fields)
    asked: dict[str, Any] = {
        "kind": query.kind,
        "tenant": query.tenant,
        "after": rows.after(query),
        "looked": LOOKED if wanted else LOOKED * 10,
    }
    of_all = query.tenant is None
    until = connection.execute(_UNTIL[of_all], asked).fetchone()
    asked |= {
        # No text is behind a blob ("Sort Order", sqlite.org/datatype3.html).
        "until": until[0] if until else b"",
        "text": rows.folded(query.text),
        "needle": wanted[0].needle if wanted else "",
        "fields": json.dumps([_field(each) for each in wanted]),
        "limit": rows.bounded(query.limit),
        "now": now,
    }
    found = [rows.record(row) for row in connection.execute(_RECORDS[of_all], asked)]
    return found, until[0] if until else None


def _field(wanted: rows.Wanted) -> dict[str, Any]:
    return {"name": wanted.name, "value": json.loads(wanted.value), "needle": wanted.needle}


def count(
    connection: sqlite3.Connection, kind: Kind, tenant: TenantId | None, *, now: float
) -> int:
    """Return how many counted records of a kind there are."""
    asked = {"kind": kind, "tenant": tenant, "now": now}
    (found,) = connection.execute(_COUNT[tenant is None], asked).fetchone()
    return int(found)


def write(
    connection: sqlite3.Connection,
    changes: Sequence[Put | Drop],
    *,
    now: float,
    notes: Sequence[Note],
    tenant: TenantId | None,
) -> tuple[Written, int, list[AuditEntry]]:
    """Write all of it or nothing; return what became of it, the last revision, and the entries."""
    made = plan(
        changes,
        standing=_standing(connection, keys(changes)),
        counts=_counts(connection, limited(changes), now),
        revision=_revision(connection),
        now=now,
        tenant=tenant,
    )
    if made.written.refusal is not None:
        return made.written, 0, []
    _do(connection, made, now)
    entries = [
        audit.append(connection, Mark(actor=each.actor, what=each.what, detail=each.detail, at=now))
        for each in notes
    ]
    return made.written, made.revision, entries


def _standing(connection: sqlite3.Connection, named: Sequence[Key]) -> dict[Key, Standing]:
    found: dict[Key, Standing] = {}
    for kind, id_ in named:
        if not rows.is_storable(id_):
            continue
        row = connection.execute(_STANDING, {"kind": kind, "id": id_}).fetchone()
        if row is not None:
            found[kind, id_] = rows.standing(row)
    return found


def _counts(
    connection: sqlite3.Connection, groups: Sequence[Counted], now: float
) -> dict[Counted, int]:
    return {group: count(connection, *group, now=now) for group in groups}


def _revision(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(_REVISION).fetchone()
    return int(last)


def _do(connection: sqlite3.Connection, made: Plan, now: float) -> None:
    for kind, id_ in made.buried | made.dropped:
        connection.execute(_DROP, {"kind": kind, "id": id_})
    for (kind, id_), it in made.puts.items():
        connection.execute(_GONE_DROP, {"kind": kind, "id": id_})
        connection.execute(_PUT, rows.columns(it))
        for name, value in made.secrets[kind, id_].items():
            secret = {"kind": kind, "id": id_, "name": name}
            if value is None:
                connection.execute(_SECRET_DROP, secret)
            else:
                connection.execute(_SECRET_PUT, {**secret, "tenant": it.tenant, "value": value})
    for (kind, id_), (tenant, revision) in made.gone.items():
        gone = {"kind": kind, "id": id_, "tenant": tenant, "revision": revision, "at": now}
        connection.execute(_GONE_PUT, gone)
    connection.execute(_REVISION_SET, {"revision": made.revision})


def touched(connection: sqlite3.Connection, after: int, *, limit: int, now: float) -> list[Touched]:
    """Return what was written after a revision, by revision."""
    asked = {
        "after": rows.bounded(after),
        "limit": rows.bounded(limit),
        "now": now,
        "kinds": _KINDS,
    }
    return [rows.touched(row) for row in connection.execute(_TOUCHED, asked)]


def expire(connection: sqlite3.Connection, now: float, *, limit: int) -> tuple[int, int]:
    """Take away what expired or is gone for a day; return how many, and the last revision."""
    asked = {"now": now, "limit": rows.bounded(limit)}
    old = connection.execute(_EXPIRED, asked).fetchall()
    revision = _revision(connection)
    for number, (kind, id_, tenant) in enumerate(old, revision + 1):
        connection.execute(_DROP, {"kind": kind, "id": id_})
        gone = {"kind": kind, "id": id_, "tenant": tenant, "revision": number, "at": now}
        connection.execute(_GONE_PUT, gone)
    revision += len(old)
    if old:
        connection.execute(_REVISION_SET, {"revision": revision})
    left = {"before": now - TOLD, "limit": rows.bounded(limit - len(old))}
    return len(old) + connection.execute(_GONE_PURGE, left).rowcount, revision


# The secrets, and their keys.


def secrets(
    connection: sqlite3.Connection,
    kind: Kind,
    ids: Sequence[str],
    *,
    tenant: TenantId | None,
    now: float,
) -> list[SealedValue]:
    """Return all secrets of some records of a kind, by id and name."""
    named = json.dumps([each for each in dict.fromkeys(ids) if rows.is_storable(each)])
    asked = {"kind": kind, "ids": named, "tenant": tenant, "now": now}
    return [rows.sealed(row) for row in connection.execute(_SECRETS, asked)]


def sealed(
    connection: sqlite3.Connection, after: tuple[str, str, str], *, limit: int
) -> list[SealedValue]:
    """Return secrets in the order of (kind, id, name)."""
    asked = dict(zip(("kind", "id", "name"), map(printable, after), strict=True))
    found = connection.execute(_SEALED, {**asked, "limit": rows.bounded(limit), "kinds": _KINDS})
    return [rows.sealed(row) for row in found]


def reseal(connection: sqlite3.Connection, old: SealedValue, new: bytes) -> bool:
    """Put a value in the place of a secret that is still the old one."""
    if not rows.is_storable(old.id + old.name + old.tenant):
        return False
    asked = {**rows.sealed_columns(old), "new": new}
    return connection.execute(_RESEAL, asked).rowcount > 0


def data_keys(connection: sqlite3.Connection, tenant: TenantId | None) -> list[DataKey]:
    """Return the wrapped keys of a tenant, or of all."""
    return [rows.data_key(row) for row in connection.execute(_DATA_KEYS, {"tenant": tenant})]


def put_data_key(connection: sqlite3.Connection, key: DataKey, expected: DataKey | None) -> bool:
    """Write a key where ``expected`` stands."""
    values = rows.key_columns(key)
    if expected is None:
        return connection.execute(_DATA_KEY_PUT, values).rowcount > 0
    if (key.tenant, key.number) != (expected.tenant, expected.number):
        return False
    values |= {"old_wrapper": expected.wrapper, "old_wrapped": expected.wrapped}
    return connection.execute(_DATA_KEY_REPLACE, values).rowcount > 0


def drop_data_keys(connection: sqlite3.Connection, tenant: TenantId, below: int | None) -> int:
    """Take keys of a tenant away."""
    return connection.execute(_DATA_KEYS_DROP, {"tenant": tenant, "below": below}).rowcount
