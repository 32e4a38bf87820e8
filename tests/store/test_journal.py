"""The journal on SQLite costs nothing where no guard is, and holds no words of a message."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.bundle import (
    ANNA,
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
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.statements import STATEMENTS
from vedette.store.sqlite.store import SqliteStore

#: What a message says, and nothing of it may stay with a guard.
WORDS = (b"Jackpot im Postfach", b"zwanzig Freispiele", b"anna@example.org", b"<id@casino.example>")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    yield store
    await store.stop()


async def statements(store: SqliteStore, *, with_guards: bool) -> list[str]:
    """Return what one commit of one event says to the database."""
    said: list[str] = []

    def watch(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda text: said.append(text.partition("\n")[0]))

    await store._writer.run(watch, writes=False)
    await store.commit(
        step(
            None,
            cursor(5),
            posting("e", HOOK),
            seen=(b"key",),
            decisions=(decision(5),) if with_guards else (),
            actions=(entry(5, b"key"),) if with_guards else (),
        )
    )
    await store._writer.run(lambda connection: connection.set_trace_callback(None), writes=False)
    return said


async def test_a_commit_without_guards_says_nothing_of_them(store: SqliteStore) -> None:
    """BEGIN, the ground, the folder, the event, its body, its delivery, its key, COMMIT."""
    said = await statements(store, with_guards=False)

    assert len(said) == 8
    assert not any("action" in each or "decision" in each or "tally" in each for each in said)


async def test_a_commit_with_guards_says_a_little_more(store: SqliteStore) -> None:
    """Did the message come back, the action, its key, the decision, the count."""
    assert len(await statements(store, with_guards=True)) == 8 + 5


async def test_what_an_action_waits_for_passes_settlements(store: SqliteStore) -> None:
    """A look into the journal before and after the commit writes nothing of what was delivered."""
    patient = asyncio.create_task(store.settle([], patience=600.0))
    await asyncio.sleep(0)

    assert await store.acted_on(ANNA, [b"key"]) == []
    assert await store.pending(ANNA) == []

    assert not patient.done()
    await store.folders(ANNA)
    await patient


async def test_guards_keep_no_word_of_a_message(store: SqliteStore, tmp_path: Path) -> None:
    """Once its event is gone, the file does not hold what the message said, only what we made of it."""
    body = b" ".join(WORDS)
    await store.commit(
        step(
            None,
            cursor(5),
            posting("e", body=body),
            decisions=(decision(5),),
            actions=(entry(5, b"key"),),
        )
    )
    await store.record(entry(5).id, ActionState.DONE, now=60.0, reason="COPYUID")
    assert await store.prune(events_before=1e9, seen_before=0.0, limit=9) == 1
    await store.stop()
    # A page that is free may still hold what was on it: what the tables hold is what a copy has.
    copy = tmp_path / "copy.db"
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    kept = copy.read_bytes()

    assert b"casino.example" in kept
    assert [word for word in WORDS if word in kept] == []


async def test_a_thousand_alike_are_told_apart_by_what_was_done(store: SqliteStore) -> None:
    """A look over the newest of one key finds the one that was acted on; it costs no more for more."""
    same = [entry(uid, b"same") for uid in range(1, 1001)]
    await intend(store, *same)
    await store.record(same[-1].id, ActionState.DONE, now=60.0)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def watch(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(count, 1000)

    await store._writer.run(watch, writes=False)
    await intend(store, entry(1001, b"same"))

    # A hundred rows, each with one key: far from twenty thousand steps of the database.
    assert steps < 20
    (first,) = await store.journal(JournalQuery(states=(ActionState.RETURNED,)))
    assert first.id == same[-1].id


async def test_an_entry_of_every_state_is_found_by_its_index(store: SqliteStore) -> None:
    """What is pending is read from an index that holds nothing else."""
    for uid, state in enumerate(ActionState, 1):
        await bring(store, entry(uid, b"%d" % uid), state)
    plan = await store._writer.run(
        lambda connection: connection.execute(
            f"EXPLAIN QUERY PLAN {STATEMENTS['actions_pending_in']}",
            {"account": ANNA, "place": b"INBOX"},
        ).fetchall(),
        writes=False,
    )

    assert ["action_pending" in row[3] for row in plan] == [True]
