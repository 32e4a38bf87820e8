"""What people set through the API, in memory: it passes the suite of the real stores.

A write is tried on a copy, change by change, and the copy takes the place of what was there if
nothing was refused: the promises once more, in the fewest words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import (
    DataKey,
    Drop,
    Kind,
    Note,
    Put,
    Record,
    RecordQuery,
    Refusal,
    SealedValue,
    Touched,
    Written,
)
from vedette.store.bell import Bell
from vedette.store.rows.record import fit, folded, key_columns, wall
from vedette.store.words import printable

Key = tuple[Kind, str]
DAY = 86_400.0


def nobody_notes(_notes: Sequence[Note], _now: float) -> None:
    """Keep no audit."""


@dataclass(slots=True, kw_only=True)
class RecordRows:
    """What survives a stop."""

    records: dict[Key, Record] = field(default_factory=dict)
    secrets: dict[Key, dict[str, bytes]] = field(default_factory=dict)
    gone: dict[Key, tuple[Touched, float]] = field(default_factory=dict)
    keys: dict[tuple[TenantId, int], DataKey] = field(default_factory=dict)
    revision: int = 0

    def branch(self) -> RecordRows:
        """Return a copy to try a write on."""
        secrets = {key: dict(each) for key, each in self.secrets.items()}
        return replace(self, records=copy(self.records), secrets=secrets, gone=copy(self.gone))

    def take_away(self, key: Key, now: float) -> None:
        """Take a record away, and tell of it."""
        record = self.records.pop(key)
        self.secrets.pop(key, None)
        self.revision += 1
        kind, id_ = key
        gone = Touched(
            kind=kind, id=id_, tenant=record.tenant, revision=self.revision, is_gone=True
        )
        self.gone[key] = gone, now


def is_over(record: Record, now: float) -> bool:
    return record.expires_at is not None and record.expires_at <= now


class _RefusedError(Exception):
    def __init__(self, refusal: Refusal, current: int = 0) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.current = current


class MemoryRecords:
    """``vedette.ports.records.Records``; ``rows`` may be handed to another, as a restart finds them.

    ``enter`` is called first by every method and may raise; ``note`` keeps what the audit says.
    """

    def __init__(
        self,
        clock: Clock,
        rows: RecordRows | None = None,
        *,
        enter: Callable[[], object] = lambda: None,
        note: Callable[[Sequence[Note], float], None] = nobody_notes,
    ) -> None:
        self.rows = rows or RecordRows()
        self._clock = clock
        self._enter = enter
        self._note = note
        self._bell = Bell()

    def fail(self, error: StoreError, times: int = 1) -> None:
        """Let the next ``times`` calls raise ``error``; nothing of them is written."""
        before = self._enter

        def enter() -> None:
            nonlocal times
            if times:
                times -= 1
                raise error
            before()

        self._enter = enter

    def _living(self, tenant: TenantId | None) -> list[Record]:
        self._enter()
        now = self._clock.now()
        return [
            each
            for each in self.rows.records.values()
            if tenant in {None, each.tenant} and not is_over(each, now)
        ]

    async def record(
        self, kind: Kind, id_: str, *, tenant: TenantId | None = None
    ) -> Record | None:
        found = [each for each in self._living(wall(tenant)) if (each.kind, each.id) == (kind, id_)]
        return found[0] if found else None

    async def several(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[Record]:
        living = {each.id: each for each in self._living(wall(tenant)) if each.kind is kind}
        return [living[id_] for id_ in sorted(set(ids)) if id_ in living]

    async def records(self, query: RecordQuery) -> list[Record]:
        found = sorted(
            (
                each
                for each in self._living(wall(query.tenant))
                if each.kind is query.kind
                and each.id > query.after
                and folded(query.text) in folded(each.label)
                and has_all(json.loads(each.body), query.fields)
            ),
            key=lambda each: each.id,
        )
        return found[: max(query.limit, 0)]

    async def count(self, kind: Kind, tenant: TenantId | None = None) -> int:
        return sum(each.kind is kind and each.is_counted for each in self._living(wall(tenant)))

    async def write(
        self,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        self._enter()
        wall(tenant)
        tried = self.rows.branch()
        over = {key for key, each in tried.records.items() if is_over(each, now)}
        made: list[Record] = []
        for place, change in enumerate(changes):
            try:
                if isinstance(change, Put):
                    made.append(_put(tried, change, over=over, now=now, tenant=tenant))
                else:
                    _drop(tried, change, over=over, now=now, tenant=tenant)
            except _RefusedError as error:
                return Written(refusal=error.refusal, refused=place, current=error.current)
        self._note(notes, now)
        for name in ("records", "secrets", "gone", "revision"):
            setattr(self.rows, name, getattr(tried, name))
        self._bell.ring(self.rows.revision)
        return Written(records=tuple(made))

    async def touched(self, after: int, *, limit: int = 1000) -> list[Touched]:
        self._enter()
        now = self._clock.now()
        told = [gone for gone, _ in self.rows.gone.values()]
        told += [
            Touched(
                kind=each.kind,
                id=each.id,
                tenant=each.tenant,
                revision=each.revision,
                is_gone=is_over(each, now),
            )
            for each in self.rows.records.values()
        ]
        told = sorted((each for each in told if each.revision > after), key=lambda it: it.revision)
        return told[: max(limit, 0)]

    async def expire(self, now: float, *, limit: int) -> int:
        self._enter()
        rows, left = self.rows, max(limit, 0)
        over = [
            (each.expires_at or 0.0, key)
            for key, each in rows.records.items()
            if is_over(each, now)
        ]
        for _, key in sorted(over)[:left]:
            rows.take_away(key, now)
            left -= 1
        old = [key for key, (_, at) in rows.gone.items() if at < now - DAY]
        for key in old[:left]:
            del rows.gone[key]
            left -= 1
        self._bell.ring(rows.revision)
        return max(limit, 0) - left

    async def listen(self, after: int | None = None) -> None:
        await self._bell.wait(after)

    async def secrets(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[SealedValue]:
        living = {(each.kind, each.id) for each in self._living(wall(tenant))}
        return [
            each
            for each in self._sealed()
            if each.kind is kind and each.id in ids and (each.kind, each.id) in living
        ]

    def _sealed(self) -> list[SealedValue]:
        return [
            SealedValue(
                kind=kind,
                id=id_,
                tenant=self.rows.records[kind, id_].tenant,
                name=name,
                value=self.rows.secrets[kind, id_][name],
            )
            for kind, id_ in sorted(self.rows.secrets)
            for name in sorted(self.rows.secrets[kind, id_])
        ]

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        self._enter()
        found = [each for each in self._sealed() if (each.kind, each.id, each.name) > after]
        return found[: max(limit, 0)]

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        self._enter()
        if old not in self._sealed():
            return False
        self.rows.secrets[old.kind, old.id][old.name] = new
        return True

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        self._enter()
        wall(tenant)
        keys = self.rows.keys
        return [keys[at] for at in sorted(keys) if tenant in {None, keys[at].tenant}]

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        self._enter()
        key_columns(key)
        at = key.tenant, key.number
        if expected is not None and at != (expected.tenant, expected.number):
            return False
        if self.rows.keys.get(at) != expected:
            return False
        self.rows.keys[at] = key
        return True

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        self._enter()
        gone = [at for at in self.rows.keys if at[0] == tenant and (below is None or at[1] < below)]
        for at in gone:
            del self.rows.keys[at]
        return len(gone)


def has_all(body: dict[str, Any], fields: Mapping[str, str | bool]) -> bool:
    for name, value in fields.items():
        member = body.get(printable(name))
        wanted = printable(value) if isinstance(value, str) else value
        held = member if isinstance(member, list) and isinstance(value, str) else [member]
        if not any(type(each) is type(wanted) and each == wanted for each in held):
            return False
    return True


def _put(
    rows: RecordRows, put: Put, *, over: set[Key], now: float, tenant: TenantId | None
) -> Record:
    record = fit(put)
    key = record.kind, record.id
    old = None if key in over else rows.records.get(key)
    is_foreign = tenant not in {None, record.tenant} or (old and old.tenant != record.tenant)
    if is_foreign or put.expected != (old.version if old else 0):
        raise _RefusedError(Refusal.STALE)
    if record.is_counted and not (old and old.is_counted) and put.limit is not None:
        counted = sum(
            each.is_counted and (each.kind, each.tenant) == (record.kind, record.tenant)
            for at, each in rows.records.items()
            if at not in over
        )
        if counted >= put.limit:
            raise _RefusedError(Refusal.LIMIT, counted)
    if key in over:
        over.remove(key)
        rows.secrets.pop(key, None)
    rows.revision += 1
    rows.gone.pop(key, None)
    rows.records[key] = replace(
        record,
        version=old.version + 1 if old else rows.revision,
        revision=rows.revision,
        created_at=old.created_at if old else now,
        updated_at=now,
    )
    secrets = rows.secrets.setdefault(key, {})
    for name, value in put.secrets.items():
        secrets.pop(name, None)
        if value is not None:
            secrets[name] = value
    return rows.records[key]


def _drop(
    rows: RecordRows, drop: Drop, *, over: set[Key], now: float, tenant: TenantId | None
) -> None:
    key = drop.kind, drop.id
    old = None if key in over else rows.records.get(key)
    if old is None or old.tenant != drop.tenant or tenant not in {None, drop.tenant}:
        raise _RefusedError(Refusal.STALE)
    if drop.expected not in {None, old.version}:
        raise _RefusedError(Refusal.STALE)
    rows.take_away(key, now)
