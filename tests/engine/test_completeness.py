"""A folder held against the ledger: on a real server, with a ledger that has lost something."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, Watching, blocking, mailbox
from vedette.engine.audit_book import CHECKS, GAP, MISSING, AuditBook
from vedette.model.ids import AccountId
from vedette.model.tally import Tally
from vedette.ports.completeness import DayCount, Look
from vedette.ports.store import EventQuery
from vedette.store.sqlite.place import DATABASE
from vedette.sync.cadence import Tempo

BOX = AccountId("box")
TODAY = date(2026, 11, 21)
#: Of what is done now and then nothing is done, but what a test asks for.
STILL = Tempo(proof=300.0, poll=300.0, safety=3000.0, reopen=3000.0, recheck=0.5)


def forget(state: Path, event: str, *, identity: bool) -> None:
    """Take an event out of the ledger by hand, as no code of ours ever does."""
    with closing(sqlite3.connect(state / DATABASE, timeout=10)) as connection, connection:
        (row,) = connection.execute("SELECT seq FROM event WHERE id = ?", (event,)).fetchone()
        connection.execute("DELETE FROM delivery WHERE event = ?", (row,))
        connection.execute("DELETE FROM payload WHERE event = ?", (row,))
        connection.execute("DELETE FROM event WHERE seq = ?", (row,))
        if identity:
            connection.execute("DELETE FROM seen")


async def looked(watching: Watching) -> DayCount:
    """Have the account looked at; return today's numbers of INBOX once all folders were."""
    begun = watching.engine.clock.now()
    assert watching.engine.tower.completeness.ask(BOX)
    async with asyncio.timeout(PATIENCE):
        while True:
            days = watching.engine.tower.completeness.days(BOX)
            # Two days of two folders.
            if sum(each.checked_at >= begun for each in days) == 4:
                return [each for each in days if each.folder == "INBOX"][-1]
            await asyncio.sleep(0.02)


async def deliver(server: Dovecot, user: str, watching: Watching, count: int) -> None:
    tokens = [new_token() for _ in range(count)]
    watching.books.expect(tokens)
    await blocking(server.deliver_many, user, [letter(token) for token in tokens])
    await watching.until_all_came()


@pytest.mark.server
async def test_an_event_that_the_ledger_lost_is_found_and_told_again_under_its_id(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The gap is counted, told of and closed; nothing else is told a second time.

    What was found is in the state, where every instance reads it.
    """
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    before = MISSING.value()
    async with Watching(box, state=tmp_path, tempo=STILL) as watching:
        await watching.until_connected()
        await deliver(dovecot, user, watching, 3)
        whole = await looked(watching)
        lost = watching.books.receipts[1].id
        forget(tmp_path, lost, identity=True)
        holed = await looked(watching)
        gap = GAP.value()
        await watching.until_taken(
            lambda books: [each.id for each in books.receipts].count(lost) == 2, "repaired event"
        )
        mended = await looked(watching)
        kept = await watching.engine.store.counts.days(BOX)
        [told] = await watching.engine.store.events(EventQuery(types=("mailbox.incomplete",)))

    assert (whole.server, whole.ledger, whole.owed, whole.missing) == (3, 3, 0, 0)
    assert (holed.server, holed.ledger, holed.missing) == (3, 2, 1)
    assert (mended.server, mended.ledger, mended.missing) == (3, 3, 0)
    assert abs((datetime.now(UTC).date() - whole.day).days) <= 1
    assert (MISSING.value() - before, gap, GAP.value()) == (1, 1, 0)
    assert [each for each in kept if each.folder == "INBOX"][-1] == mended
    said = json.loads(told.body)["data"]
    assert (said["missing"], said["folder"]["path"]) == (1, "INBOX")
    assert said["days"][-1] == {"day": holed.day.isoformat(), "server": 3, "owed": 0, "missing": 1}
    verdict = watching.check()
    assert verdict.kept, str(verdict)
    assert verdict.repeats == 1


@pytest.mark.server
async def test_a_message_that_was_told_under_another_id_is_not_missing(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Its identity is in the ledger: events end with their retention, and UIDs with a reset."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with Watching(box, state=tmp_path, tempo=STILL) as watching:
        await watching.until_connected()
        await deliver(dovecot, user, watching, 1)
        forget(tmp_path, watching.books.receipts[0].id, identity=False)
        found = await looked(watching)

    assert (found.server, found.ledger, found.missing) == (1, 1, 0)
    assert watching.check().repeats == 0


def folder(book: AuditBook, name: bytes, now: float = 0.0) -> bool:
    return book.is_due(BOX, name, name.decode(), now)


def look(*days: Tally) -> Look:
    return Look(account=BOX, path=b"INBOX", folder="INBOX", at=5, days=days)


def test_the_first_look_at_a_folder_is_somewhere_within_a_day() -> None:
    """A start with thousands of mailboxes is not followed by as many looks."""
    book = AuditBook(lambda: 0.25, period=86_400)

    assert not folder(book, b"INBOX", 0)
    assert not folder(book, b"INBOX", 21_599)
    assert folder(book, b"INBOX", 21_600)


def test_so_many_looks_are_under_way_at_most() -> None:
    """Who is due waits for the next turn."""
    book = AuditBook()
    book.ask(BOX)
    book.under_way = 4
    busy = folder(book, b"INBOX")
    book.under_way = 3

    assert (busy, folder(book, b"INBOX")) == (False, True)


def test_a_folder_that_could_not_be_looked_at_is_looked_at_again_soon() -> None:
    """And not only the next day."""
    book, failed = AuditBook(), CHECKS.value("failed")
    book.ask(BOX)
    assert folder(book, b"INBOX")
    book.failed(BOX, b"INBOX", now=0)

    assert not folder(book, b"INBOX", 599)
    assert folder(book, b"INBOX", 600)
    assert CHECKS.value("failed") == failed + 1


def test_a_day_on_which_something_was_missing_is_looked_at_until_it_is_well() -> None:
    """Also where it is another day by then: else its gap would stand for ever."""
    book, before = AuditBook(), date(2026, 11, 19)
    book.ask(BOX)
    assert folder(book, b"INBOX")
    found = [book.unsettled(BOX, b"INBOX")]
    book.enter(look(Tally(before, 3, 0, 1), Tally(TODAY, 3, 0, 2)), now=0)
    found.append(book.unsettled(BOX, b"INBOX"))
    book.enter(look(Tally(before, 3, 0, 0), Tally(TODAY, 3, 0, 0)), now=0)
    found.append(book.unsettled(BOX, b"INBOX"))
    book.forget(BOX)

    assert found == [None, before, None]


def test_what_was_missing_of_an_account_goes_with_it() -> None:
    """An account that was let go of has no gap any more, and nobody asks for one."""
    book, before = AuditBook(), GAP.value()
    book.ask(BOX)
    assert folder(book, b"INBOX")
    book.enter(look(Tally(TODAY, 3, 1, 2)), now=0)
    during = GAP.value()
    counts = book.days(BOX)
    book.forget(BOX)

    assert during - before == 2
    assert [(each.ledger, each.owed, each.missing) for each in counts] == [(0, 1, 2)]
    assert GAP.value() == before
    assert book.days(BOX) == []
