"""The audit on Postgres: one chain for all instances, and whoever changes it is found out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from tests.store.bundle import ACME, ANNA, StillClock
from tests.store.conformance_records import NOTED, fresh, record
from tests.store.still_database import execute
from tests.support.postgres import Postgres
from vedette.errors import StoreError
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.ratchet import ChangeId
from vedette.secret import Secret
from vedette.store.chain import PAGE, following
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

#: More than two pages of verification, and the last one not full.
MANY = 2 * PAGE + 7


class Instances:
    """Stores on one database, each with what it was told of the audit."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = Secret(url)
        self._stack = stack
        self.told: dict[str, list[AuditEntry]] = {}

    async def start(self, name: str) -> PostgresStore:
        told = self.told[name] = []
        store = PostgresStore(self._url, StillClock(), instance=name, on_audit=told.append)
        await store.start()
        self._stack.push_async_callback(store.stop)
        return store


@pytest.fixture
async def instances(postgres: Postgres, database: str) -> AsyncIterator[Instances]:
    async with AsyncExitStack() as stack:
        yield Instances(postgres.url(database), stack)


@pytest.fixture
async def store(instances: Instances) -> PostgresStore:
    return await instances.start("one")


async def note(store: PostgresStore, number: int) -> AuditEntry:
    return await store.audit(actor="cli", what="guard.test", detail=f'{{"n": {number}}}', now=1.0)


async def tamper(store: PostgresStore, statement: str) -> None:
    """Change the trail as the owner of the database can."""
    await execute(store, "ALTER TABLE audit DISABLE TRIGGER USER")
    await execute(store, statement)
    await execute(store, "ALTER TABLE audit ENABLE TRIGGER USER")


async def test_two_instances_append_to_one_chain_at_once(instances: Instances) -> None:
    """Numbers without a hole, digests in a chain; each instance is told of its own entries."""
    one, two = await instances.start("one"), await instances.start("two")

    written = await asyncio.gather(*(note((one, two)[number % 2], number) for number in range(60)))

    trail = await two.audit_trail()
    assert [entry.seq for entry in trail] == list(range(1, 61))
    assert sorted(written, key=lambda entry: entry.seq) == trail
    assert await one.verify_audit() == Trail(entries=60, head=trail[-1].digest)
    assert {len(told) for told in instances.told.values()} == {30}


async def test_a_step_that_comes_to_nothing_takes_no_number(instances: Instances) -> None:
    """Two instances withdraw one consent at the same time: it is done, and audited, once."""
    one, two = await instances.start("one"), await instances.start("two")
    await one.consent(ANNA, version="1", now=1.0, by="anna")

    done = await asyncio.gather(
        *(store.withdraw_consent(ANNA, now=2.0, by="anna") for store in (one, two) * 4)
    )

    assert sorted(done) == [False] * 7 + [True]
    assert [entry.what for entry in await one.audit_trail()] == [
        "consent.given",
        "consent.withdrawn",
    ]


async def test_an_instance_that_is_cut_off_leaves_no_hole(
    postgres: Postgres, database: str, instances: Instances
) -> None:
    """What it had begun is rolled back with its number; the others go on in the same chain."""
    one, two = await instances.start("one"), await instances.start("two")
    await note(one, 1)
    async with postgres.asking(database) as dying:
        await dying.execute("BEGIN; SELECT last FROM audit_chain FOR UPDATE")
        await dying.execute("UPDATE audit_chain SET last = last + 1")
        waiting = asyncio.ensure_future(note(two, 2))
        dying.terminate()

    assert (await waiting).seq == 2
    assert (await two.verify_audit()).broken_at is None


@pytest.mark.parametrize(
    "change", ["actor = 'me'", "what = 'x'", "detail = '{}'", "at = 2.0", r"digest = '\x00'"]
)
async def test_an_edited_row_of_the_trail_is_found(store: PostgresStore, change: str) -> None:
    """Every part of it is in its digest, and its digest in the next one's."""
    for number in range(5):
        await note(store, number)
    await tamper(store, f"UPDATE audit SET {change} WHERE seq = 3")

    found = await store.verify_audit()
    assert (found.entries, found.broken_at) == (2, 3)


async def test_a_row_with_a_new_digest_breaks_the_next(store: PostgresStore) -> None:
    """To change one is to change all that come after."""
    for number in range(5):
        await note(store, number)
    forged = following(2, b"", at=1.0, actor="cli", what="guard.test", detail='{"n": 9}')
    await tamper(
        store,
        f"""UPDATE audit SET detail = '{{"n": 9}}', previous = '',
            digest = '\\x{forged.digest.hex()}' WHERE seq = 3""",
    )

    assert (await store.verify_audit()).broken_at == 3


@pytest.mark.parametrize("seq", [1, 3, 5])
async def test_a_missing_row_of_the_trail_is_found(store: PostgresStore, seq: int) -> None:
    """At the beginning, in the middle, and at the end; what comes after does not hide it."""
    for number in range(5):
        await note(store, number)
    await tamper(store, f"DELETE FROM audit WHERE seq = {seq}")
    assert (await store.verify_audit()).broken_at == seq

    assert (await note(store, 6)).seq == 6
    assert (await store.verify_audit()).broken_at == seq


async def test_a_long_trail_is_read_while_another_instance_appends(instances: Instances) -> None:
    """A break on the last page is found, and none where there is none."""
    one, two = await instances.start("one"), await instances.start("two")

    async def read() -> list[Trail]:
        return [await one.verify_audit() for _ in range(20)]

    async def append() -> None:
        for number in range(MANY):
            await note(two, number)

    found, _ = await asyncio.gather(read(), append())
    assert {each.broken_at for each in found} == {None}
    assert (await one.verify_audit()).entries == MANY
    await tamper(one, f"DELETE FROM audit WHERE seq = {MANY}")
    assert (await two.verify_audit()).broken_at == MANY


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_postgres_refuses_to_change_the_trail(store: PostgresStore, statement: str) -> None:
    """By a slip of ours, too: only who takes the trigger away can."""
    entry = await note(store, 1)
    with pytest.raises(StoreError, match="append-only"):
        await execute(store, statement)

    assert await store.verify_audit() == Trail(entries=1, head=entry.digest)


async def test_what_is_refused_or_only_read_tells_nothing(
    store: PostgresStore, instances: Instances
) -> None:
    """Each entry is told once, when it is on disk, whatever decided it."""
    await store.consent(ANNA, version="1", now=1.0, by="a person")
    await note(store, 1)
    assert not await store.withdraw(ChangeId(9), now=3.0, by="a person")

    assert instances.told["one"] == await store.audit_trail()
    assert [each.what for each in instances.told["one"]] == ["consent.given", "guard.test"]


async def test_notes_of_two_instances_about_records_are_one_chain(instances: Instances) -> None:
    """However many there are of one write; each instance is told of its own."""
    stores = [await instances.start("one"), await instances.start("two")]
    notes = [replace(NOTED, detail=f'{{"n": {number}}}') for number in range(PAGE + 7)]
    await asyncio.gather(
        *(
            store.records.write([fresh(record(f"r{at}"))], now=1.0, notes=notes, tenant=ACME)
            for at, store in enumerate(stores)
        ),
        *(note(stores[number % 2], number) for number in range(10)),
    )

    trail = await stores[0].verify_audit()
    assert (trail.entries, trail.broken_at) == (2 * len(notes) + 10, None)
    for told in instances.told.values():
        of_records = [each.detail for each in told if each.what == NOTED.what]
        assert of_records == [each.detail for each in notes]
