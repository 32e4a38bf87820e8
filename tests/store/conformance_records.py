"""What every store promises of records: versions, limits, walls, the feed, the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.store.bundle import ACME, Whole
from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.audit import Trail
from vedette.ports.records import (
    Drop,
    Kind,
    Note,
    Put,
    Record,
    RecordQuery,
    Refusal,
    Touched,
    Written,
)

ZETA = TenantId("zeta")
DAY = 86_400.0
STALE = Written(refusal=Refusal.STALE)
NOTED = Note(actor="key:1", what="account.created", detail='{"id": "a"}')


def record(
    id_: str,
    *,
    kind: Kind = Kind.ACCOUNT,
    tenant: TenantId = ACME,
    body: str = "{}",
    label: str = "",
    is_counted: bool = False,
    expires_at: float | None = None,
) -> Record:
    return Record(
        kind=kind,
        id=id_,
        tenant=tenant,
        body=body,
        label=label,
        is_counted=is_counted,
        expires_at=expires_at,
    )


def fresh(it: Record, *, limit: int | None = None, **secrets: bytes | None) -> Put:
    return Put(record=it, expected=0, secrets=secrets, limit=limit)


def drop(id_: str, *, tenant: TenantId = ACME, expected: int | None = None) -> Drop:
    return Drop(kind=Kind.ACCOUNT, id=id_, tenant=tenant, expected=expected)


async def write(store: Whole, *changes: Put | Drop, now: float = 1000.0) -> Written:
    return await store.records.write(changes, now=now)


async def one(store: Whole, it: Record, *, now: float = 1000.0, **secrets: bytes) -> Record:
    """Write a new record and return it as it is kept."""
    (kept,) = (await write(store, Put(record=it, expected=0, secrets=secrets), now=now)).records
    return kept


async def listed(store: Whole, query: RecordQuery | None = None) -> list[str]:
    found = await store.records.records(query or RecordQuery(kind=Kind.ACCOUNT))
    return [each.id for each in found]


def told(feed: Iterable[Touched]) -> list[tuple[str, bool]]:
    return [(each.id, each.is_gone) for each in feed]


class RecordContract:
    """Records alone; their secrets are another class."""

    # Versions.

    async def test_a_record_is_kept_as_it_was_put(self, store: Whole) -> None:
        """With its version, its revision and the instants of its writes."""
        it = record("a", body='{"title":"A"}', label="Anna", is_counted=True, expires_at=5000.0)
        kept = await one(store, it, now=900.0)

        assert kept == replace(it, version=1, revision=1, created_at=900.0, updated_at=900.0)
        assert await store.records.record(Kind.ACCOUNT, "a") == kept
        assert await store.records.record(Kind.ENDPOINT, "a") is None
        assert await store.records.record(Kind.ACCOUNT, "b") is None

    async def test_a_write_replaces_the_version_that_it_names(self, store: Whole) -> None:
        """And no other; the record keeps the instant at which it was made."""
        first = await one(store, record("a"), now=900.0)
        second = replace(first, body='{"n":2}', label="new")
        (kept,) = (await write(store, Put(record=second, expected=1), now=950.0)).records

        assert kept == replace(second, version=2, revision=2, updated_at=950.0)
        assert await write(store, Put(record=second, expected=1)) == STALE
        assert await write(store, Put(record=second, expected=3)) == STALE
        assert await write(store, Put(record=second, expected=10**30)) == STALE
        assert await store.records.record(Kind.ACCOUNT, "a") == kept

    async def test_an_id_is_taken_once_for_each_kind(self, store: Whole) -> None:
        """Whoever's it is: nothing more is told of it."""
        await one(store, record("a"))
        await one(store, record("a", kind=Kind.ENDPOINT))

        assert await write(store, fresh(record("a"))) == STALE
        assert await write(store, fresh(record("a", tenant=ZETA))) == STALE
        assert await write(store, Put(record=record("a", tenant=ZETA), expected=1)) == STALE
        assert await write(store, Put(record=record("b"), expected=1)) == STALE

    async def test_a_record_is_dropped_at_the_version_that_is_named(self, store: Whole) -> None:
        """Or at any; of what is not there it is told. The id is free then."""
        await one(store, record("a"))
        assert await write(store, drop("a", expected=2)) == STALE
        assert await write(store, drop("a", tenant=ZETA)) == STALE
        assert await write(store, drop("a", expected=1)) == Written()

        assert await store.records.record(Kind.ACCOUNT, "a") is None
        assert await write(store, drop("a")) == STALE
        again = await one(store, record("a", tenant=ZETA))
        assert (again.version, again.revision) == (3, 3)
        assert await write(store, drop("a", tenant=ZETA)) == Written()

    async def test_an_id_that_is_taken_anew_has_no_version_of_before(self, store: Whole) -> None:
        """Dropped or expired, however often it was written: an old version changes nothing of it."""
        first = await one(store, record("a"))
        changed = await write(store, Put(record=first, expected=first.version))
        await write(store, drop("a"))
        second = await one(store, record("a", expires_at=2000.0), now=1000.0)
        third = await one(store, record("a"), now=3000.0)

        seen = [first.version, changed.records[0].version, second.version]
        assert third.version > max(seen)
        assert sorted(set(seen)) == seen
        for version in seen:
            assert await write(store, Put(record=third, expected=version), now=3000.0) == STALE
            assert await write(store, drop("a", expected=version), now=3000.0) == STALE

    async def test_all_of_a_write_is_done_or_nothing(self, store: Whole) -> None:
        """It is told which change was refused; not even a revision is used up."""
        await one(store, record("a"))
        changes = fresh(record("b")), drop("a"), fresh(record("c")), fresh(record("b"))

        assert await write(store, *changes) == replace(STALE, refused=3)
        assert await listed(store) == ["a"]
        assert told(await store.records.touched(0)) == [("a", False)]
        done = await write(store, *changes[:3])
        assert [(each.id, each.revision) for each in done.records] == [("b", 2), ("c", 4)]
        assert await listed(store) == ["b", "c"]

    async def test_changes_of_one_write_follow_each_other(self, store: Whole) -> None:
        """Each sees what those before it did, its secrets as well."""
        await one(store, record("a"), old=b"1")
        done = await write(
            store,
            Put(record=record("a"), expected=1, secrets={"new": b"2"}),
            drop("a", expected=2),
            fresh(record("a", tenant=ZETA)),
            Put(record=record("a", tenant=ZETA, label="x"), expected=4, secrets={"last": b"3"}),
            fresh(record("b")),
            drop("b"),
        )

        assert [each.version for each in done.records] == [2, 4, 5, 6]
        held = await store.records.secrets(Kind.ACCOUNT, ["a", "b"])
        assert [(each.name, each.tenant) for each in held] == [("last", ZETA)]
        assert told(await store.records.touched(0)) == [("a", False), ("b", True)]

    async def test_of_writers_at_the_same_time_one_comes_first(self, store: Whole) -> None:
        """All others are told that they are stale."""
        await one(store, record("a"))
        done = await asyncio.gather(
            *(write(store, Put(record=record("a", label=str(n)), expected=1)) for n in range(9))
        )

        assert [each.refusal for each in done].count(None) == 1
        kept = await store.records.record(Kind.ACCOUNT, "a")
        assert kept is not None
        assert kept.version == 2

    # Limits.

    async def test_a_limit_counts_what_a_tenant_has_of_a_kind(self, store: Whole) -> None:
        """Those that are counted; what was counted before may always be written again."""
        for each in ("a", "b"):
            assert not (await write(store, fresh(record(each, is_counted=True), limit=2))).refusal
        await one(store, record("e", kind=Kind.ENDPOINT, is_counted=True))
        await one(store, record("z", tenant=ZETA, is_counted=True))
        free = await one(store, record("free"))
        full = Written(refusal=Refusal.LIMIT, current=2)

        assert await write(store, fresh(record("c", is_counted=True), limit=2)) == full
        again = Put(record=record("a", is_counted=True), expected=1, limit=1)
        assert not (await write(store, again)).refusal
        counted = Put(record=replace(free, is_counted=True), expected=free.version, limit=2)
        assert await write(store, counted) == full
        second = await store.records.record(Kind.ACCOUNT, "b")
        assert second is not None
        uncounted = Put(record=replace(second, is_counted=False), expected=second.version, limit=2)
        assert not (await write(store, uncounted, counted)).refusal
        assert await store.records.count(Kind.ACCOUNT, ACME) == 2
        assert await store.records.count(Kind.ACCOUNT) == 3

    async def test_a_limit_counts_the_changes_before(self, store: Whole) -> None:
        """Of a batch that is one too long nothing is written."""
        await one(store, record("a", is_counted=True))
        batch = [fresh(record(each, is_counted=True), limit=3) for each in "bcd"]

        full = Written(refusal=Refusal.LIMIT, refused=2, current=3)
        assert await write(store, *batch) == full
        assert await store.records.count(Kind.ACCOUNT, ACME) == 1
        assert not (await write(store, drop("a"), *batch)).refusal

    async def test_two_that_create_at_the_limit_do_not_both(self, store: Whole) -> None:
        """However many come at the same time, the limit is exact."""
        await one(store, record("a", is_counted=True))
        done = await asyncio.gather(
            *(write(store, fresh(record(f"n{n}", is_counted=True), limit=3)) for n in range(8))
        )

        refused = [each for each in done if each.refusal]
        assert refused == [Written(refusal=Refusal.LIMIT, current=3)] * 6
        assert await store.records.count(Kind.ACCOUNT, ACME) == 3

    # Walls.

    async def test_what_is_another_tenants_is_not_there(self, store: Whole) -> None:
        """Neither read, nor found, nor counted, nor written; with and without a name."""
        await one(store, record("a", is_counted=True), password=b"1")
        await one(store, record("b", tenant=TenantId("")))
        it = store.records

        assert await it.record(Kind.ACCOUNT, "a", tenant=ACME) is not None
        for wall in (ZETA, TenantId("")):
            assert await it.record(Kind.ACCOUNT, "a", tenant=wall) is None
            assert "a" not in await listed(store, RecordQuery(kind=Kind.ACCOUNT, tenant=wall))
            assert await it.count(Kind.ACCOUNT, wall) == 0
            assert await it.secrets(Kind.ACCOUNT, ["a"], tenant=wall) == []
            for change in (
                drop("a"),
                drop("a", tenant=wall),
                Put(record=record("a"), expected=1),
                fresh(record("a", tenant=wall)),
                fresh(record("new")),
            ):
                assert await it.write([change], now=1.0, tenant=wall) == STALE
        assert await listed(store) == ["a", "b"]

    async def test_behind_its_wall_a_tenant_writes_its_own(self, store: Whole) -> None:
        """All kinds of changes, with secrets and notes."""
        await one(store, record("a"), password=b"1")
        await one(store, record("b"))
        done = await store.records.write(
            [
                Put(record=record("a", label="x"), expected=1, secrets={"password": b"2"}),
                drop("b"),
                fresh(record("c"), token=b"3"),
            ],
            now=1.0,
            notes=[NOTED],
            tenant=ACME,
        )

        assert [each.id for each in done.records] == ["a", "c"]
        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, tenant=ACME)) == ["a", "c"]
        held = await store.records.secrets(Kind.ACCOUNT, ["a", "b", "c"], tenant=ACME)
        assert [each.value for each in held] == [b"2", b"3"]
        assert told(await store.records.touched(2)) == [("a", False), ("b", True), ("c", False)]
        assert [each.what for each in await store.audit_trail()] == ["account.created"]

    # The audit.

    async def test_the_audit_tells_of_a_write_with_it(self, store: Whole) -> None:
        """In the same chain, each note as it came; a write that is refused leaves none."""
        await store.audit(actor="cli", what="first", detail="{}", now=1.0)
        await store.records.write([fresh(record("a"))], now=2.0, notes=[NOTED, NOTED])
        await store.records.write([fresh(record("a"))], now=3.0, notes=[NOTED])

        first, *entries = await store.audit_trail()
        assert [(each.actor, each.what, each.detail, each.at) for each in entries] == [
            ("key:1", "account.created", '{"id": "a"}', 2.0)
        ] * 2
        assert entries[0].previous == first.digest
        assert await store.verify_audit() == Trail(entries=3, head=entries[1].digest)

    async def test_a_note_that_can_not_be_stored_takes_its_write_along(self, store: Whole) -> None:
        """Nothing is written that the audit does not tell of."""
        with pytest.raises(StoreError):
            await store.records.write(
                [fresh(record("a"))], now=1.0, notes=[NOTED, replace(NOTED, actor="\udc80")]
            )

        assert await listed(store) == []
        assert await store.audit_trail() == []
