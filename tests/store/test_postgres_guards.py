"""The journal on Postgres, where commits come in groups and several instances share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    HOOK,
    StillClock,
    bring,
    cursor,
    decision,
    entry,
    intend,
    posting,
    step,
)
from tests.support.postgres import Postgres
from vedette.model.action import ActionState
from vedette.model.ids import AccountId
from vedette.ports.journal import JournalQuery
from vedette.ports.ratchet import Loosening
from vedette.ports.store import Fence, Verdict
from vedette.secret import Secret
from vedette.store.postgres import decisions, journal
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import STATEMENTS
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

DONE = ActionState.DONE
HOUR = 3_600.0
LOOSER = Loosening(tenant=ACME, guard="gambling", what='{"removed": ["CASINO"]}', by="cli")


@pytest.fixture
async def one(postgres: Postgres, database: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(Secret(postgres.url(database)), StillClock(), instance="one")
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
async def two(
    one: PostgresStore, postgres: Postgres, database: str
) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(Secret(postgres.url(database)), StillClock(), instance="two")
    await store.start()
    yield store
    await store.stop()


async def statements(store: PostgresStore, uids: range) -> list[str]:
    """Return what a group of commits with guards says to the database of them."""
    return await heard(
        store,
        [
            ((decision(uid),), (entry(uid, b"%d" % uid, account=AccountId(f"a{uid}")),))
            for uid in uids
        ],
    )


async def heard(store: PostgresStore, batches: Sequence[journal.Batch]) -> list[str]:
    """Return what is said of ours, and not by the client for itself, while batches are written."""
    said: list[str] = []

    async def write(connection: Connection) -> None:
        with connection.query_logger(lambda query: said.append(query.query)):
            await journal.write(connection, batches)

    await store._transactions.run(write)
    return [each for each in said if each in STATEMENTS.values()]


async def test_a_group_says_no_more_than_one_commit(one: PostgresStore) -> None:
    """Did a message come back, the actions, their keys, the decisions, the counts."""
    assert len(await statements(one, range(1, 2))) == 5
    assert len(await statements(one, range(2, 101))) == 5
    assert len(await one.journal(JournalQuery(limit=200))) == 100


async def test_a_group_in_which_mail_came_back_says_two_more(one: PostgresStore) -> None:
    """What is known of the messages is read, and whose action was taken back is written."""
    for uid in range(1, 51):
        await bring(one, entry(uid, b"%d" % uid), DONE)
    back = [((), (entry(100 + uid, b"%d" % uid),)) for uid in range(1, 51)]

    assert len(await heard(one, back)) == 3
    assert {each.state for each in await one.journal(JournalQuery())} == {ActionState.RETURNED}


async def test_a_group_without_guards_says_nothing_of_them(one: PostgresStore) -> None:
    """Where no guard stands, none is paid for."""
    assert await heard(one, [((), ()), ((), ())]) == []


async def test_a_group_tells_what_became_of_each_of_its_commits(one: PostgresStore) -> None:
    """One message came back, one is new, one is told twice: as if they had come one by one."""
    await bring(one, entry(1, b"back"), DONE)
    commits = [
        step(None, cursor(5), decisions=(decision(5),), actions=(entry(5, b"back"),)),
        step(
            None,
            cursor(5),
            account=BERT,
            decisions=(decision(5, account=BERT),),
            actions=(entry(5, b"back", account=BERT),),
        ),
        step(
            None,
            cursor(6),
            folder=b"Junk",
            decisions=(decision(6),),
            actions=(entry(6, b"new"), entry(6, b"new")),
        ),
    ]

    assert await asyncio.gather(*map(one.commit, commits)) == [Verdict.DONE] * 3
    told = {
        (each.account, each.origin.uid): each.acted
        for each in await one.decisions(None, None, since=0.0, limit=9)
    }
    assert told == {
        (ANNA, 1): "quarantine",
        (ANNA, 5): "returned",
        (BERT, 5): "quarantine",
        (ANNA, 6): "quarantine",
    }
    assert [each.state for each in await one.journal(JournalQuery(account=BERT))] == [
        ActionState.INTENDED
    ]


async def test_batches_of_one_group_are_judged_in_their_order(one: PostgresStore) -> None:
    """The second copy of a message that lies in quarantine twice comes back as the second."""
    await intend(one, entry(1, b"key"), entry(2, b"key"))
    for each in (entry(1), entry(2)):
        await one.record(each.id, DONE, now=60.0)
    batches = [
        ((decision(7, at=70.0),), (entry(7, b"key", at=70.0),)),
        ((decision(8, at=80.0),), (entry(8, b"key", at=80.0),)),
    ]
    await one._transactions.run(lambda connection: journal.write(connection, batches))

    found = await one.journal(JournalQuery(account=ANNA))
    assert {each.origin.uid: (each.state, each.changed) for each in found} == {
        1: (ActionState.RETURNED, 80.0),
        2: (ActionState.RETURNED, 70.0),
    }


async def test_instances_that_count_the_same_tallies_do_not_wait_for_each_other(
    one: PostgresStore, two: PostgresStore
) -> None:
    """Each takes them in one order, however the mail came; nothing is lost."""
    days = [decision(uid, at=uid * 86_400.0) for uid in range(20)]

    async def once(store: PostgresStore, order: int) -> None:
        async with store._transactions._open().acquire() as connection, connection.transaction():
            await decisions.write(connection, days[::order])

    # Straight on the connection: a deadlock would be an error here, and not tried again.
    await asyncio.gather(*(once((one, two)[n % 2], (1, -1)[n % 2]) for n in range(20)))

    assert {each.count for each in await one.tallies(ANNA, None)} == {20}


#: Returns once a transaction waits for another's, or fails after ten seconds.
_SOMEBODY_WAITS = """
DO $$ BEGIN
  FOR look IN 1..1000 LOOP
    IF EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid') THEN
      RETURN;
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
  RAISE EXCEPTION 'nobody waits';
END $$
"""


async def test_a_record_waits_for_a_takeover_and_is_refused_by_it(
    one: PostgresStore, postgres: Postgres, database: str
) -> None:
    """The epoch is compared as it is when the record is written, not as it was before."""
    it = entry(5, b"key")
    await intend(one, it)
    async with postgres.asking(database) as heir:
        await heir.execute("BEGIN; UPDATE shard SET epoch = 1, owner = 'two' WHERE id = 0")
        late = asyncio.ensure_future(one.record(it.id, DONE, now=60.0, fence=Fence()))
        await heir.execute(_SOMEBODY_WAITS)
        assert not late.done()
        await heir.execute("COMMIT")

    assert await late is False
    assert await one.pending(ANNA) == [it]


async def test_an_action_that_two_record_is_moved_on_once(
    one: PostgresStore, two: PostgresStore
) -> None:
    """A person asks for the undoing while the user moves it back: one of both is told no."""
    for uid in range(1, 11):
        it = entry(uid, b"%d" % uid)
        await bring(one, it, DONE)
        done = await asyncio.gather(
            one.record(it.id, ActionState.EXPIRED, now=70.0),
            two.record(it.id, ActionState.RETURNED, now=70.0),
        )

        assert sorted(done) == [False, True]


async def test_instances_that_purge_at_once_delete_each_row_once(
    one: PostgresStore, two: PostgresStore
) -> None:
    """None waits for the other, and what they say they deleted is what went."""
    await one.intend(Fence(), [decision(uid, at=float(uid)) for uid in range(1, 101)], ())
    gone = await asyncio.gather(
        *((one, two)[n % 2].purge_decisions(before=1e3, limit=30) for n in range(4))
    )
    while more := await one.purge_decisions(before=1e3, limit=30):
        gone.append(more)

    assert sum(gone) == 100


async def test_a_purge_does_not_wait_for_what_another_deletes(
    one: PostgresStore, postgres: Postgres, database: str
) -> None:
    """It takes the next ones."""
    await one.intend(Fence(), [decision(uid, at=float(uid)) for uid in range(1, 6)], ())
    await bring(one, entry(1, b"1"), ActionState.UNDONE)
    await bring(one, entry(2, b"2"), ActionState.UNDONE)
    async with postgres.asking(database) as other:
        await other.execute("BEGIN; SELECT 1 FROM decision WHERE at < 3 FOR UPDATE")
        await other.execute("SELECT 1 FROM action WHERE uid = 1 FOR UPDATE")

        assert await one.purge_decisions(before=10.0, limit=9) == 3
        assert await one.purge_journal(before=99.0, limit=9) == 1


async def test_a_thousand_alike_are_looked_through_to_a_bound(one: PostgresStore) -> None:
    """The newest hundred of a key tell a return; the price does not grow with the rest."""
    same = [entry(uid, b"same") for uid in range(1, 1001)]
    await intend(one, *same)
    await one.record(same[-1].id, DONE, now=60.0)
    assert len(await one.acted_on(ANNA, [b"same"])) == 100
    await intend(one, entry(1001, b"same"))

    (first,) = await one.journal(JournalQuery(states=(ActionState.RETURNED,)))
    assert first.id == same[-1].id


@pytest.mark.parametrize(
    ("name", "values", "index"),
    [
        ("actions_pending_in", (ANNA, b"INBOX"), "action_pending"),
        ("actions_pending", (ANNA,), "action_pending"),
        ("actions_expired", (ANNA, 1e3, 10), "action_expiry"),
        ("journal_of_account", (ANNA, None, None, 0.0, 9.0, 1, [], 10), "action_account"),
        ("decisions_of_guard", ("gambling", 0.0, 9.0, 1, 10), "decision_guard"),
        ("actions_alike", ([ANNA], [b"key"], 100), "action_key_pkey"),
    ],
)
async def test_a_question_of_the_journal_is_answered_by_its_index(
    one: PostgresStore, name: str, values: tuple[object, ...], index: str
) -> None:
    """Where the index can answer, nothing reads the table from end to end."""

    async def explain(connection: Connection) -> str:
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.fetch(f"EXPLAIN {STATEMENTS[name]}", *values)
        return "\n".join(row[0] for row in rows)

    plan = await one._transactions.run(explain)
    assert f"using {index} " in plan
    assert "Seq Scan" not in plan


async def test_postgres_keeps_no_word_of_a_message_in_what_is_of_guards(
    one: PostgresStore,
) -> None:
    """Subject, body and address are in the event alone."""
    words = "Jackpot im Postfach anna@example.org"
    await one.commit(
        step(
            None,
            cursor(5),
            posting("e", HOOK, body=words.encode()),
            decisions=(decision(5),),
            actions=(entry(5, b"key"),),
        )
    )

    async def kept(connection: Connection) -> str:
        tables = ("action", "action_key", "decision", "tally")
        rows = [row for name in tables for row in await connection.fetch(f"TABLE {name}")]
        return " ".join(str(tuple(row.values())) for row in rows)

    text = await one._transactions.ask(kept)
    assert "casino.example" in text
    assert not any(word in text for word in words.split())
