"""Records and their rows: what is spelled how, and what can not be stored.

It knows no driver and no SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan
from typing import Any, Final
from unicodedata import normalize

from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import DataKey, Kind, Put, Record, RecordQuery, SealedValue, Touched
from vedette.store.rows.row import Row
from vedette.store.words import printable

#: Lists and objects within each other in a body: no noun of ours has ten, and each reader of JSON
#: (SQLite's ends at 1,000, Postgres's with its stack) has a depth of its own.
DEPTH: Final = 64

#: Code points of an id, a tenant and a secret's name: with four octets each, two of them and a kind
#: fit into a row of an index of Postgres, which has 2,704.
LONGEST: Final = 255

#: The largest number that a column holds.
_MOST: Final = 2**63 - 1

#: Without blanks: what is looked for in a body is spelled as in the body.
_SEPARATORS: Final = (",", ":")


def is_storable(text: str) -> bool:
    """Whether a store holds a text as it is."""
    return printable(text) == text


def bounded(number: int) -> int:
    """Return a number from outside as one that a statement can be asked with."""
    return min(max(number, 0), _MOST)


def wall(tenant: TenantId | None) -> TenantId | None:
    """Return a wall that a statement can be asked with. Raises StoreError for one that can not."""
    if tenant is not None and not is_storable(tenant):
        raise StoreError(f"{printable(tenant)!r} is no tenant: nothing is asked in its name")
    return tenant


def fit(put: Put) -> Record:
    """Return the record of a put as it is stored. Raises StoreError for what can not be."""
    record = put.record
    if not record.id:
        # Pages begin behind an id, the first one behind none.
        raise StoreError("a value can not be stored: an id that is empty")
    _check(id=record.id, tenant=record.tenant)
    for name in put.secrets:
        _check(name=name)
    if record.expires_at is not None and isnan(record.expires_at):
        raise StoreError("a value can not be stored: an instant that is no number")
    return replace(record, body=_spelled(record.body), label=printable(record.label))


def _check(**texts: str) -> None:
    for what, text in texts.items():
        if not is_storable(text):
            raise StoreError(f"a value can not be stored: the {what} {printable(text)!r}")
        if len(text) > LONGEST:
            raise StoreError(
                f"a value can not be stored: the {what} is longer than {LONGEST} signs"
            )


def _spelled(body: str) -> str:
    """Return a JSON object in the one spelling that is stored."""
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            raise StoreError("a value can not be stored: a body that is no JSON object")
        return _dumped(_plain(value, DEPTH))
    except (ValueError, RecursionError) as error:
        raise StoreError("a value can not be stored: a body that is no JSON object") from error


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=_SEPARATORS, allow_nan=False)


def _plain(value: Any, depth: int) -> Any:
    """Return a JSON value with its texts made fit to be stored."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (dict, list)) and not depth:
        raise StoreError(f"a value can not be stored: a body of more than {DEPTH} levels")
    if isinstance(value, dict):
        return {printable(name): _plain(each, depth - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth - 1) for each in value]
    return value


def folded(text: str) -> str:
    """Return a text as a search compares it: composed (Unicode's NFC), and without case."""
    return normalize("NFC", normalize("NFC", printable(text)).casefold())


def columns(record: Record) -> dict[str, Any]:
    """Return the values of a record's row, in the order of its table."""
    return {
        "kind": record.kind,
        "id": record.id,
        "tenant": record.tenant,
        "version": record.version,
        "revision": record.revision,
        "is_counted": record.is_counted,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "expires_at": record.expires_at,
        "label": record.label,
        "folded": folded(record.label),
        "body": record.body,
    }


def record(row: Row) -> Record:
    """Return the record of a row."""
    return Record(
        kind=Kind(row[0]),
        id=row[1],
        tenant=TenantId(row[2]),
        version=row[3],
        revision=row[4],
        is_counted=bool(row[5]),
        created_at=row[6],
        updated_at=row[7],
        expires_at=row[8],
        label=row[9],
        body=row[10],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a record before a write, whoever's it is."""

    tenant: TenantId
    version: int
    is_counted: bool
    created_at: float
    expires_at: float | None = None


def standing(row: Row) -> Standing:
    """Return what a row tells of a record before a write."""
    return Standing(
        tenant=TenantId(row[0]),
        version=row[1],
        is_counted=bool(row[2]),
        created_at=row[3],
        expires_at=row[4],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A member that a body has to have: its name, its value as JSON, and what to look for first.

    ``needle`` stands in the spelling of every body that has it, and in others: looking for it is
    a hundred times as quick as reading JSON.
    """

    name: str
    value: str
    needle: str


def wanted(fields: Mapping[str, str | bool]) -> list[Wanted]:
    """Return what the fields of a query look for, in the order in which they tell most."""
    found = [
        _flag(printable(name), value)
        if isinstance(value, bool)
        else _text(printable(name), printable(value))
        for name, value in fields.items()
    ]
    return sorted(found, key=lambda each: -len(each.needle))


def _flag(name: str, value: bool) -> Wanted:  # noqa: FBT001 - a value, not a switch
    spelled = _dumped(value)
    return Wanted(name=name, value=spelled, needle=f"{_dumped(name)}:{spelled}")


def _text(name: str, value: str) -> Wanted:
    spelled = _dumped(value)
    return Wanted(name=name, value=spelled, needle=spelled)


def after(query: RecordQuery) -> str:
    """Return the id behind which a query begins, as a statement can be asked with it."""
    for at, sign in enumerate(query.after):
        if sign == "\0":
            # Every id that goes on with another sign stands behind it.
            return query.after[:at]
        if "\ud800" <= sign <= "\udfff":
            # The last code point in front of those that are half of a character.
            return query.after[:at] + "\ud7ff"
    return query.after


def touched(row: Row) -> Touched:
    """Return what a row of the feed tells."""
    return Touched(
        revision=row[0], kind=Kind(row[1]), id=row[2], tenant=TenantId(row[3]), is_gone=bool(row[4])
    )


def sealed(row: Row) -> SealedValue:
    """Return the secret of a row."""
    return SealedValue(
        kind=Kind(row[0]), id=row[1], name=row[2], tenant=TenantId(row[3]), value=bytes(row[4])
    )


def sealed_columns(secret: SealedValue) -> dict[str, Any]:
    """Return the values of a secret's row."""
    return {
        "kind": secret.kind,
        "id": secret.id,
        "name": secret.name,
        "tenant": secret.tenant,
        "value": secret.value,
    }


def key_columns(key: DataKey) -> dict[str, Any]:
    """Return the values of a data key's row. Raises StoreError for what can not be stored."""
    _check(tenant=key.tenant, wrapper=key.wrapper)
    return {
        "tenant": key.tenant,
        "number": key.number,
        "wrapper": key.wrapper,
        "wrapped": key.wrapped,
        "created_at": key.created_at,
    }


def data_key(row: Row) -> DataKey:
    """Return the data key of a row."""
    return DataKey(
        tenant=TenantId(row[0]),
        number=row[1],
        wrapper=row[2],
        wrapped=bytes(row[3]),
        created_at=row[4],
    )
