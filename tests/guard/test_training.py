"""Training says how good a model is on senders it does not know, and refuses what is no good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.corpus import generate
from tests.corpus.family import Label, Split
from vedette import mime
from vedette.errors import UsageError
from vedette.guard.classifier import encoded, features_in
from vedette.guard.training import MIN_DOMAINS, MIN_EACH, Row, row_of, train


def rows(
    unwanted: int = 80,
    wanted: int = 80,
    *,
    domains: int = 10,
    text: dict[bool, str] | None = None,
) -> list[Row]:
    """Return made-up mail: two kinds, each from some domains, each letter with a word of its own."""
    said = text or {False: "take your bonus spins", True: "the minutes of our meeting"}
    return [
        Row(
            features=features_in(f"{said[kind]} {_word(number)}"),
            wanted=kind,
            domain=f"d{number % domains}.{'good' if kind else 'bad'}.example",
        )
        for kind, many in ((False, unwanted), (True, wanted))
        for number in range(many)
    ]


def _word(number: int) -> str:
    return "w" + "".join("abcdefghij"[int(digit)] for digit in str(number))


def test_kinds_that_differ_are_told_apart_on_senders_that_were_not_trained_on() -> None:
    """Two kinds with words of their own: hardly a mistake."""
    model, report = train(rows())
    assert report.balance == 1.0
    assert (report.unwanted, report.wanted) == (80, 80)
    assert (report.unwanted_domains, report.wanted_domains) == (10, 10)
    assert model.about["balance"] == 1.0


def test_the_same_mail_gives_the_same_model_and_another_seed_another() -> None:
    """Down to the last bit, in whatever process."""
    assert encoded(train(rows(60, 60))[0]) == encoded(train(rows(60, 60))[0])
    assert encoded(train(rows(60, 60))[0]) != encoded(train(rows(60, 60), seed=1)[0])


def test_words_of_one_sender_are_no_gain() -> None:
    """Each sender has words of his own, and the kinds have none: a random split would shine."""
    same = [
        replace(each, features=features_in(f"{_sender(each)} {_sender(each)} {_word(number)}"))
        for number, each in enumerate(rows(text={False: "", True: ""}))
    ]
    with pytest.raises(UsageError, match="nothing useful was learned"):
        train(same)


def _sender(row: Row) -> str:
    return row.domain.translate(str.maketrans("0123456789.", "abcdefghijx"))


@pytest.mark.parametrize(("unwanted", "wanted"), [(MIN_EACH - 1, 80), (80, MIN_EACH - 1)])
def test_too_few_messages_are_refused(unwanted: int, wanted: int) -> None:
    """Forty-nine of a kind teach who wrote them."""
    option = "--yes" if unwanted < wanted else "--no"
    with pytest.raises(UsageError, match=f"{option} has {MIN_EACH - 1} different messages"):
        train(rows(unwanted, wanted))


def test_copies_of_one_letter_are_one_letter() -> None:
    """A campaign that came a hundred times is no hundred examples."""
    with pytest.raises(UsageError, match="--yes has 1 different"):
        train([*rows(0, 80), *rows(1, 0) * 100])


def test_too_few_senders_are_refused() -> None:
    """Five senders are not a kind of mail."""
    with pytest.raises(UsageError, match=f"come from {MIN_DOMAINS - 1} domains"):
        train(rows(domains=MIN_DOMAINS - 1))


def test_a_message_is_of_the_domain_that_its_sender_registered() -> None:
    """All names below one domain are one sender."""
    raw = b"From: x@mail7.news.shop.example.co.uk\r\nSubject: hello\r\n\r\nthere\r\n"
    row = row_of(mime.read(raw), wanted=True)
    assert row is not None
    assert row.domain == "example.co.uk"
    assert row_of(mime.read(b"From: a@b.example\r\n\r\n1\r\n"), wanted=True) is None


@pytest.mark.timeout(120)
def test_what_is_learned_of_the_corpus_is_some_help_and_no_more() -> None:
    """On senders it does not know it is better than guessing and far from certain."""
    found = [
        row_of(mime.read(sample.raw, shown=True), wanted=sample.label is Label.HAM)
        for sample in generate.messages(Split.DEVELOP, seed=0, each=10)
    ]
    _, report = train([each for each in found if each is not None])
    assert 0.8 < report.balance < 1.0
    assert report.mistaken[0.9] <= 0.02
