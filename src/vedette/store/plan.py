"""What a write of records comes to: decided whole, before a row of it is written.

The store reads what stands under the keys that a write names, and how many counted records there
are where it has a limit; whether it is refused, and what is to be written, follows from that. It
knows no driver and no SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from vedette.model.ids import TenantId
from vedette.ports.records import Drop, Kind, Put, Record, Refusal, Written
from vedette.store.rows import record as rows
from vedette.store.rows.record import Standing

#: Seconds for which it is told that a record is gone: a day, as the port promises.
TOLD: Final = 86_400.0

Key: TypeAlias = tuple[Kind, str]
Counted: TypeAlias = tuple[Kind, TenantId]


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to be written, and what is to be answered; nothing is, where it is refused.

    ``buried`` are rows that go for having expired, whoever's they are; ``dropped`` those that are
    taken away; both before ``puts`` are written, and each with its secrets. ``gone`` are the
    revisions of what was taken away and not put again.
    """

    written: Written = field(default_factory=Written)
    revision: int = 0
    buried: set[Key] = field(default_factory=set)
    dropped: set[Key] = field(default_factory=set)
    puts: dict[Key, Record] = field(default_factory=dict)
    secrets: dict[Key, dict[str, bytes | None]] = field(default_factory=dict)
    gone: dict[Key, tuple[TenantId, int]] = field(default_factory=dict)


def keys(changes: Sequence[Put | Drop]) -> list[Key]:
    """Return what a write names, each key once."""
    return list(dict.fromkeys(_key(change) for change in changes))


def limited(changes: Sequence[Put | Drop]) -> list[Counted]:
    """Return of which kinds of which tenants a write has a limit."""
    return list(
        dict.fromkeys(
            (change.record.kind, change.record.tenant)
            for change in changes
            if isinstance(change, Put) and change.limit is not None and change.record.is_counted
        )
    )


def plan(
    changes: Sequence[Put | Drop],
    *,
    standing: Mapping[Key, Standing],
    counts: Mapping[Counted, int],
    revision: int,
    now: float,
    tenant: TenantId | None,
) -> Plan:
    """Decide changes in their order; the first that is refused refuses all.

    ``revision`` is the last that was given. Raises StoreError for a value that can not be stored.
    """
    return _Planner(standing, counts, revision, now, tenant).plan(changes)


def _key(change: Put | Drop) -> Key:
    it = change.record if isinstance(change, Put) else change
    return it.kind, it.id


class _Planner:
    """The changes before, laid over what stands."""

    __slots__ = ("_counts", "_now", "_plan", "_revision", "_standing", "_tenant")

    def __init__(
        self,
        standing: Mapping[Key, Standing],
        counts: Mapping[Counted, int],
        revision: int,
        now: float,
        tenant: TenantId | None,
    ) -> None:
        self._now = now
        self._tenant = tenant
        self._revision = revision
        self._counts = dict(counts)
        self._plan = Plan()
        self._standing = dict(standing)
        for key, each in standing.items():
            if each.expires_at is not None and each.expires_at <= now:
                del self._standing[key]
                self._plan.buried.add(key)

    def plan(self, changes: Sequence[Put | Drop]) -> Plan:
        records: list[Record] = []
        for place, change in enumerate(changes):
            if isinstance(change, Put):
                made = self._put(change, place)
                if isinstance(made, Written):
                    return Plan(written=made)
                records.append(made)
            elif not self._drop(change):
                return Plan(written=Written(refusal=Refusal.STALE, refused=place))
        plan = self._plan
        plan.written = Written(records=tuple(records))
        plan.revision = self._revision
        # What expired goes only where something takes its place: the rest is for `expire`.
        plan.buried &= {*plan.puts, *plan.gone}
        return plan

    def _put(self, put: Put, place: int) -> Record | Written:
        record = rows.fit(put)
        key = record.kind, record.id
        old = self._standing.get(key)
        if not self._is_within(record.tenant) or put.expected != (old.version if old else 0):
            return Written(refusal=Refusal.STALE, refused=place)
        if old is not None and old.tenant != record.tenant:
            return Written(refusal=Refusal.STALE, refused=place)
        was_counted = old is not None and old.is_counted
        group = record.kind, record.tenant
        if record.is_counted and not was_counted and put.limit is not None:
            current = self._counts.get(group, 0)
            if current >= put.limit:
                return Written(refusal=Refusal.LIMIT, refused=place, current=current)
        self._revision += 1
        made = replace(
            record,
            # Not from 1: an id that is taken anew must not have a version that it had before. None
            # that it had is above the revision of its last write, for each write has one of its own.
            version=old.version + 1 if old else self._revision,
            revision=self._revision,
            created_at=old.created_at if old else self._now,
            updated_at=self._now,
        )
        self._count(group, record.is_counted - was_counted)
        self._stand(key, made)
        self._plan.puts[key] = made
        self._plan.gone.pop(key, None)
        self._plan.secrets.setdefault(key, {}).update(put.secrets)
        return made

    def _drop(self, drop: Drop) -> bool:
        key = drop.kind, drop.id
        old = self._standing.get(key)
        if old is None or old.tenant != drop.tenant or not self._is_within(drop.tenant):
            return False
        if drop.expected not in {None, old.version}:
            return False
        self._revision += 1
        self._count((drop.kind, drop.tenant), -old.is_counted)
        del self._standing[key]
        self._plan.puts.pop(key, None)
        self._plan.secrets.pop(key, None)
        self._plan.dropped.add(key)
        self._plan.gone[key] = drop.tenant, self._revision
        return True

    def _is_within(self, tenant: TenantId) -> bool:
        return self._tenant in {None, tenant}

    def _count(self, group: Counted, more: int) -> None:
        self._counts[group] = self._counts.get(group, 0) + more

    def _stand(self, key: Key, record: Record) -> None:
        self._standing[key] = Standing(
            tenant=record.tenant,
            version=record.version,
            is_counted=record.is_counted,
            created_at=record.created_at,
            # One that is written as expired already stands for the changes behind it all the same.
        )
