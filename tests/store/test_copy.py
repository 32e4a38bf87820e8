"""An installation goes from SQLite to Postgres whole, or not at all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.bundle import (
    ANNA,
    FILE,
    HOOK,
    INBOX,
    cursor,
    entry,
    intend,
    posting,
    settled,
    step,
    take,
)
from tests.store.installation import ACCOUNT, LOOSER, NOW, Move, live, told
from tests.support.postgres import Postgres
from vedette.model.ids import AccountId
from vedette.ports.ratchet import ChangeState
from vedette.ports.records import Put
from vedette.ports.store import Verdict
from vedette.secret import Secret
from vedette.store.postgres import intake
from vedette.store.postgres.schema import migrate as migrate_postgres
from vedette.store.postgres.transaction import Transactions
from vedette.store.sqlite import contents
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.schema import migrate

pytestmark = pytest.mark.server

#: Tables of one side that the other does not have, each for a reason.
LEFT_OUT = {
    "shard": "who writes is not what was written",
    "clock": "each instance has a clock of its own",
    "uptime": "one row, which is set",
    "record_revision": "one row, which is set",
    "sqlite_sequence": "SQLite's own",
}
MADE_UP = {
    "schema_version": "of the database",
    "instance": "who is there now",
    "shard": "who may write now",
    "clock": "each instance has a clock of its own",
    "uptime": "one row, which is set",
    "audit_chain": "one row, which is set",
    "record_revision": "one row, which is set",
    "lane": "counted from the deliveries",
    "redating": "steps of the clock, which no instance has seen",
}


@pytest.fixture
def move(tmp_path: Path, postgres: Postgres, database: str) -> Move:
    return Move(tmp_path / "state", postgres.url(database))


async def test_a_copy_tells_what_the_state_told(move: Move) -> None:
    """Every question has the same answer; what was claimed is due, as after every restart."""
    async with move.before() as store:
        await live(store)
    async with move.before() as store:
        before = await told(store)

    await move.run()

    async with move.after() as store:
        after = await told(store)
        assert {name: after[name] for name in before} == before


async def test_a_copy_proves_its_counts_table_by_table(move: Move) -> None:
    """What each side holds is counted by itself; no table of a live installation is empty."""
    async with move.before() as store:
        await live(store)
        head = await store.audit_head()

    proof = await move.run()

    with sqlite3.connect(move.folder / DATABASE) as connection:
        rows = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in contents.TABLES
        }
    connection.close()
    assert proof.rows == rows
    assert min(rows.values()) > 0
    assert proof.octets == 800 + 3 * len(b"{}")
    assert (proof.audit, proof.was_done) == (head, False)


async def test_work_goes_on_where_it_stood(move: Move) -> None:
    """The cursor moves from where it was; an ordered endpoint takes what stood first in its lane."""
    async with move.before() as store:
        await live(store)
    await move.run()

    async with move.after() as store:
        stale = step(cursor(6), cursor(8), posting("e", HOOK, time=NOW))
        assert await store.commit(stale) is Verdict.STALE
        known = step(
            cursor(7, modseq=9, since=3.5),
            cursor(8, modseq=9, since=3.5),
            posting("a", HOOK, time=NOW),
            posting("e", FILE, time=NOW),
        )
        assert await store.commit(known) is Verdict.DONE
        first = await take(store, FILE, ordered=True, now=NOW + 1)
        assert [each.event for each in first] == ["a"]
        await store.settle([settled(each) for each in first])
        assert [each.event for each in await take(store, FILE, ordered=True, now=NOW + 1)] == ["b"]
        retried = await take(store, HOOK, now=NOW + 61, limit=9)
        assert [(each.event, each.attempt) for each in retried] == [("d", 1), ("b", 2)]
        assert await store.begin_read(ANNA, INBOX, 7, 9) == 1


async def test_no_number_is_given_twice_after_a_copy(move: Move) -> None:
    """Of actions, requests and the audit: what comes next comes behind."""
    async with move.before() as store:
        await live(store)
        last = (await store.audit_head()).entries
    await move.run()

    async with move.after() as store:
        await intend(store, entry(77, b"new"))
        assert (await store.pending(ANNA))[-1].origin.uid == 77
        change = await store.request(replace(LOOSER, guard="third"), delay=1.0, now=NOW)
        assert change.id == 3
        assert (await store.audit_head()).entries == last + 1
        assert (await store.verify_audit()).broken_at is None
        put = Put(record=replace(ACCOUNT, id="new"), expected=0)
        (kept,) = (await store.records.write([put], now=NOW)).records
        assert kept.revision == 5


async def test_a_loosening_waits_on_after_a_copy(move: Move) -> None:
    """Neither its instant nor the seconds that it has to run get fewer on the way."""
    async with move.before() as store:
        await live(store)
        (before,) = await store.changes()
    await move.run()

    async with move.after() as store:
        (after,) = await store.changes()
        assert replace(after, left=0.0) == replace(before, left=0.0)
        assert after.left >= before.left
        assert after.state is ChangeState.WAITING


async def test_a_copy_of_nothing_is_a_database_with_nothing(move: Move) -> None:
    """A state that was only started."""
    async with move.before():
        pass

    assert set((await move.run()).rows.values()) == {0}


async def test_a_second_copy_finds_the_first_one_done(move: Move) -> None:
    """Who did not see the end of a copy tries again, and writes nothing."""
    async with move.before() as store:
        await live(store)
    first = await move.run()
    again = await move.run()

    assert again == replace(first, was_done=True)


async def test_the_state_folder_is_left_as_it_was(move: Move) -> None:
    """Its service may be started on it again if the move is given up."""
    async with move.before() as store:
        await live(store)
    was = (move.folder / DATABASE).read_bytes()
    await move.run()

    assert (move.folder / DATABASE).read_bytes() == was
    async with move.before() as store:
        assert (await store.verify_audit()).broken_at is None


async def test_an_audit_that_was_broken_is_broken_in_the_same_place(move: Move) -> None:
    """A copy washes nothing clean."""
    async with move.before() as store:
        await live(store)
    with sqlite3.connect(move.folder / DATABASE) as connection:
        connection.execute("DROP TRIGGER audit_is_not_cut")
        connection.execute("DELETE FROM audit WHERE seq = 2")
    connection.close()

    assert (await move.run()).audit.broken_at == 2
    async with move.after() as moved:
        assert (await moved.verify_audit()).broken_at == 2


async def test_a_copy_of_many_rows_goes_page_by_page(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page holds more rows or octets than its bound, and none is lost between two."""
    async with move.before() as store:
        for account in range(40):
            who = AccountId(f"account-{account:02}")
            await store.commit(
                step(
                    None,
                    cursor(50),
                    *(
                        posting(f"{who}/{uid}", HOOK, account=who, time=NOW + uid, body=b"x" * 1000)
                        for uid in range(50)
                    ),
                    account=who,
                )
            )
    pages: list[int] = []
    put = intake.put

    async def seen(connection: object, table: str, columns: object, rows: list[object]) -> None:
        pages.append(len(rows))
        await put(connection, table, columns, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "put", seen)
    monkeypatch.setattr(contents, "OCTETS", 100_000)
    proof = await move.run()

    assert (proof.rows["event"], proof.rows["payload"], proof.octets) == (2000, 2000, 2_000_000)
    assert max(pages) == 1000
    assert pages.count(100) == 20


async def test_no_table_is_forgotten_by_a_copy(
    tmp_path: Path, postgres: Postgres, database: str
) -> None:
    """Each is taken along whole, with every column, or left out for a reason."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    tables = {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    assert tables == set(contents.TABLES) | set(LEFT_OUT)
    target = Transactions(Secret(postgres.url(database)))
    await target.start()
    await target.ask(migrate_postgres)
    async with postgres.asking(database) as other:
        there = {
            row[0]
            for row in await other.fetch(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = 'public'::regnamespace"
            )
        }
        assert there == set(contents.TABLES) | set(MADE_UP)
        for table, statement in contents.TABLES.items():
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            given = {each[0] for each in connection.execute(statement, {"now": 0}).description}
            taken = {
                row[0]
                for row in await other.fetch(
                    "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass "
                    "AND attnum > 0 AND NOT attisdropped",
                    table,
                )
            }
            # `unsettled` is counted there, `leased` becomes nobody's, `xid` is the transaction's,
            # and `holder` is nobody.
            assert columns - given <= {"unsettled", "leased"}
            assert taken - given <= {"xid", "holder"}
    connection.close()
    await target.stop()
