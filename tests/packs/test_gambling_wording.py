"""The gambling pack on letters that nobody tuned anything by, and where its wording comes from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import handwritten
from tests.corpus.handwritten import Letter
from tests.corpus.score import Outcome
from tests.packs import wording
from tests.packs.numbers import unseen

LANGUAGES = {"de", "en", "es", "fr", "it", "pl", "pt", "ru", "tr"}


def _done(*, is_offer: bool) -> Iterator[Outcome]:
    return (done for letter, done in unseen() if letter.is_offer is is_offer)


def test_offers_that_nobody_saw_are_flagged() -> None:
    """17 of 20 at least, without a list that knows their senders."""
    done = list(_done(is_offer=True))

    assert len(done) > 300
    assert sum(each >= Outcome.FLAGGED for each in done) / len(done) >= 0.85


def test_honest_letters_that_nobody_saw_are_not_moved() -> None:
    """Not one, though most of them speak of games, luck and stakes."""
    done = list(_done(is_offer=False))

    assert len(done) > 400
    assert max(done) < Outcome.QUARANTINED


def test_honest_letters_that_speak_of_games_are_seldom_flagged() -> None:
    """One in fourteen: the news of regulators and of those who help, above all."""
    done = list(_done(is_offer=False))

    assert sum(each >= Outcome.FLAGGED for each in done) / len(done) <= 0.07


def test_everyday_mail_is_hardly_ever_flagged() -> None:
    """One in a hundred, though half of it are sales with amounts, codes and deadlines."""
    done = [done for letter, done in unseen() if letter.id.startswith(handwritten.EVERYDAY)]

    assert len(done) > 150
    assert sum(each >= Outcome.FLAGGED for each in done) / len(done) <= 0.01


def test_no_letter_both_teaches_and_judges() -> None:
    """Neither by its batch nor by what it says."""
    taught = {_said(letter) for letter in _of(handwritten.TAUGHT)}

    assert taught.isdisjoint(_said(letter) for letter in _of(handwritten.UNSEEN))


def test_the_table_is_what_its_letters_teach() -> None:
    """Nobody wrote a weight by hand; write it anew by ``python -m tests.packs.wording``."""
    assert wording.TABLE.read_text(encoding="utf-8") == wording.written()


@pytest.mark.parametrize("batch", [*handwritten.TAUGHT, *handwritten.UNSEEN])
def test_every_line_of_a_batch_is_a_letter(batch: str) -> None:
    """Each with an id of its own, in one of the nine languages."""
    letters = handwritten.letters(batch)

    assert len({letter.id for letter in letters}) == len(letters)
    assert {letter.language for letter in letters} == LANGUAGES


def _of(batches: tuple[str, ...]) -> Iterator[Letter]:
    return (letter for batch in batches for letter in handwritten.letters(batch))


def _said(letter: Letter) -> bytes:
    return letter.raw.partition(b"\n\n")[2]
