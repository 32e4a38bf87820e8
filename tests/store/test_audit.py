"""Whoever changes the trail is found out: an edit, an insertion, a cut in the middle or at the end."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from operator import methodcaller
from pathlib import Path

import pytest

from tests.store.bundle import StillClock
from tests.store.conformance_records import NOTED, fresh, record
from vedette.errors import StoreError
from vedette.model.ids import AccountId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.ratchet import ChangeId
from vedette.store.chain import PAGE, following
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.store import SqliteStore

#: More than two pages of verification, and the last one not full.
MANY = 2 * PAGE + 7


async def tampered(folder: Path, statement: str, entries: int = 5) -> Trail:
    """Write a trail, stop, change the file as its owner can, and read it again."""
    store = SqliteStore(folder, StillClock())
    await store.start()
    for number in range(entries):
        await store.audit(actor="cli", what="guard.test", detail=f'{{"n": {number}}}', now=1.0)
    await store.stop()
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("DROP TRIGGER audit_is_not_changed")
        connection.execute("DROP TRIGGER audit_is_not_cut")
        connection.execute(statement)
    connection.close()
    await store.start()
    found = await store.verify_audit()
    await store.stop()
    return found


@pytest.mark.parametrize(
    "change",
    ["actor = 'me'", "what = 'x'", "detail = '{}'", "at = 2.0", "digest = x'00', seq = seq"],
)
async def test_an_edited_entry_is_found(tmp_path: Path, change: str) -> None:
    """Every part of it is in its digest, and its digest in the next one's."""
    found = await tampered(tmp_path, f"UPDATE audit SET {change} WHERE seq = 3")

    assert (found.entries, found.broken_at) == (2, 3)


async def test_an_entry_with_a_new_digest_breaks_the_next(tmp_path: Path) -> None:
    """To change one is to change all that come after."""
    forged = following(
        2, b"", at=1.0, actor="cli", what="guard.test", detail='{"n": 9}'
    ).digest.hex()
    found = await tampered(
        tmp_path,
        f"""UPDATE audit SET detail = '{{"n": 9}}', previous = x'', digest = x'{forged}'
            WHERE seq = 3""",
    )

    assert found.broken_at == 3


@pytest.mark.parametrize("seq", [1, 3, 5])
async def test_a_missing_entry_is_found(tmp_path: Path, seq: int) -> None:
    """At the beginning, in the middle, and at the end, where nothing follows."""
    found = await tampered(tmp_path, f"DELETE FROM audit WHERE seq = {seq}")

    assert found.broken_at == seq


async def test_a_trail_that_was_emptied_is_found(tmp_path: Path) -> None:
    """The numbers that were given are known."""
    found = await tampered(tmp_path, "DELETE FROM audit")

    assert (found.entries, found.broken_at) == (0, 1)


async def test_a_trail_of_many_pages_is_read_to_its_end(tmp_path: Path) -> None:
    """A break on the last page is found, and none where there is none."""
    found = await tampered(tmp_path, "UPDATE audit SET actor = 'cli'", entries=MANY)
    assert (found.entries, found.broken_at) == (MANY, None)

    again = tmp_path / "again"
    found = await tampered(again, f"DELETE FROM audit WHERE seq = {MANY}", entries=MANY)
    assert found.broken_at == MANY


async def test_what_is_appended_after_a_cut_does_not_hide_it(tmp_path: Path) -> None:
    """The number of the entry that is gone is not given a second time."""
    await tampered(tmp_path, "DELETE FROM audit WHERE seq = 5")
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    entry = await store.audit(actor="cli", what="guard.test", detail="{}", now=3.0)

    assert entry.seq == 6
    assert (await store.verify_audit()).broken_at == 5
    await store.stop()


async def test_the_database_refuses_to_change_the_trail(tmp_path: Path) -> None:
    """By a slip of ours, too: only who takes the triggers away can."""
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    await store.audit(actor="cli", what="guard.test", detail="{}", now=1.0)
    for statement in ("UPDATE audit SET actor = 'me'", "DELETE FROM audit"):
        with pytest.raises(StoreError, match="append-only"):
            await store._writer.run(methodcaller("execute", statement), writes=True)

    assert await store.verify_audit() == Trail(
        entries=1, head=(await store.audit_trail())[0].digest
    )
    await store.stop()


async def test_each_entry_is_told_once_it_is_on_disk(tmp_path: Path) -> None:
    """Whatever decided it; what only reads, and what is refused, tells nothing."""
    told: list[AuditEntry] = []
    store = SqliteStore(tmp_path, StillClock(), on_audit=told.append)
    await store.start()
    await store.consent(AccountId("anna"), version="1", now=1.0, by="a person")
    await store.audit(actor="cli", what="guard.test", detail="{}", now=2.0)
    assert not await store.withdraw(ChangeId(9), now=3.0, by="a person")
    assert told == await store.audit_trail()
    assert [each.what for each in told] == ["consent.given", "guard.test"]
    await store.stop()


async def test_each_note_about_records_is_told_once_it_is_on_disk(tmp_path: Path) -> None:
    """However many there are of one write."""
    told: list[AuditEntry] = []
    store = SqliteStore(tmp_path, StillClock(), on_audit=told.append)
    await store.start()
    notes = [replace(NOTED, detail=f'{{"n": {number}}}') for number in range(PAGE + 7)]
    await store.records.write([fresh(record("a"))], now=1.0, notes=notes)
    await store.records.write([fresh(record("a"))], now=1.0, notes=notes)
    assert [each.detail for each in told] == [each.detail for each in notes]
    assert told == await store.audit_trail(limit=10 * PAGE)
    await store.stop()


def test_no_two_entries_spell_the_same() -> None:
    """The length before each part keeps two different lists of parts apart."""
    one = following(0, b"", at=1.0, actor="ab", what="c", detail="")
    two = following(0, b"", at=1.0, actor="a", what="bc", detail="")

    assert one.digest != two.digest
