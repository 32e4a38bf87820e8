"""Notes wait in a book where the newest of each account wins and none is lost."""

from __future__ import annotations

from dataclasses import replace

from tests.store.bundle import ACME, ANNA, BERT
from vedette.model.account import Health
from vedette.store.notes import Notebook

HEALTH = Health(account=ANNA, tenant=ACME, email="anna@example.org")


def test_the_first_note_says_so() -> None:
    """The one who puts it in wakes the writer; the next ones need not."""
    book = Notebook()

    assert book.put(HEALTH)
    assert not book.put(replace(HEALTH, strikes=1))
    assert book.pages() == (replace(HEALTH, strikes=1),)


def test_written_notes_leave() -> None:
    """An empty book starts again."""
    book = Notebook()
    book.put(HEALTH)
    book.written(book.pages())

    assert book.pages() == ()
    assert book.put(HEALTH)


def test_a_note_that_came_during_the_write_stays() -> None:
    """What is on disk is the older one: the newer one still has to go there."""
    book = Notebook()
    book.put(HEALTH)
    pages = book.pages()
    newer = replace(HEALTH, strikes=1)
    book.put(newer)
    book.written(pages)

    assert book.pages() == (newer,)


def test_waiting_notes_lie_over_the_stored_ones() -> None:
    """A reader sees the newest of each account, by account."""
    book = Notebook()
    book.put(replace(HEALTH, strikes=1))
    other = replace(HEALTH, account=BERT)

    assert book.over([other, HEALTH]) == [replace(HEALTH, strikes=1), other]
