"""What the gambling pack must see, must leave alone, must protect, and must survive."""

from __future__ import annotations

import tomllib
from pathlib import Path
from time import process_time

import pytest

from tests.corpus import hostile, items
from tests.corpus.family import Sample, Split
from tests.corpus.score import Outcome
from tests.packs.judged import decide, evidence, gambling, outcome, pack
from tests.packs.letters import letter
from vedette.guard.pack import ActionKind
from vedette.guard.verdict import Verdict

#: An offer that is one only by the word in its middle.
OFFERS = {
    "casino": "{} bonus for you until Friday.",
    "freispiele": "50 {} für dich bis Freitag.",
    "free spins": "Your 50 {} are here. Minimum deposit £10.",
    "wettbonus": "Dein {} liegt bereit.",
    "bahis": "{} bonusu seni bekliyor.",
    "iddaa": "Bugün {} tahmini var.",
}
#: Seconds of the processor for the worst message; wall-clock limits are the benchmark's.
LONGEST = 2.0

GERMAN_OFFER = (
    "100 Freispiele und 100 % Bonus auf deine erste Einzahlung im Online-Casino.\n"
    "Umsatzbedingungen: 35x. 18+\nJetzt spielen: Spielautomaten und Live-Casino."
)


def verdict(raw: bytes, **known: tuple[str, ...]) -> Verdict:
    """Return the verdict on one message."""
    return gambling(Split.DEVELOP).full(evidence(raw, **known))


def listed_sender() -> str:
    """Return an address of an operator that the list of the corpus holds."""
    return "bonus@vulkan-bet.party"


def protected() -> list[tuple[str, str]]:
    """Return subject and text of the letters that protect their reader, in nine languages."""
    content = tomllib.loads((Path(__file__).parent / "protected.toml").read_text("utf-8"))
    return [(each["subject"], each["text"]) for each in content["letter"]]


@pytest.mark.parametrize(("written", "means"), items.spellings())
def test_a_disguised_word_makes_the_offer(written: str, means: str) -> None:
    """The offer is flagged with the disguised word in it."""
    found = verdict(letter(OFFERS[means].format(written)))

    assert outcome(found) >= Outcome.FLAGGED


@pytest.mark.parametrize("means", OFFERS)
def test_without_the_word_there_is_no_offer(means: str) -> None:
    """The same sentence about something else is left alone."""
    assert outcome(verdict(letter(OFFERS[means].format("…")))) is Outcome.LEFT


@pytest.mark.parametrize("sample", list(items.sentences()), ids=lambda each: each.family)
def test_an_honest_sentence_is_left_alone(sample: Sample) -> None:
    """It is neither moved nor flagged."""
    assert decide(sample) is Outcome.LEFT


@pytest.mark.parametrize("sample", list(items.sentences()), ids=lambda each: each.family)
def test_an_honest_sentence_to_many_is_not_moved(sample: Sample) -> None:
    """Not even where it is sent as a mailing."""
    block = sample.letter.blocks[0]

    assert outcome(verdict(letter(block.text, subject=sample.letter.subject))) < (
        Outcome.QUARANTINED
    )


@pytest.mark.parametrize(("subject", "text"), protected())
def test_what_protects_the_reader_stays_though_its_sender_is_listed(
    subject: str, text: str
) -> None:
    """Proofs and evidence stay in their folder, sent as a mailing or not."""
    for bulk in (False, True):
        raw = letter(text, subject=subject, address=listed_sender(), bulk=bulk, link="")
        found = verdict(raw)

        assert outcome(found) < Outcome.QUARANTINED
        assert found.capped_by or not bulk


def test_every_protection_protects_something() -> None:
    """None of them could be taken away unseen."""
    letters = [
        letter(text, subject=subject, address=listed_sender()) for subject, text in protected()
    ]
    letters.append(letter("Hello", name="Datenschutz", address=listed_sender()))
    held = {hit.symbol for raw in letters for hit in verdict(raw).capped_by}
    raw = letter(GERMAN_OFFER, address=listed_sender())
    held |= {hit.symbol for hit in verdict(raw, facts=("user_has_written_to_sender",)).capped_by}
    held |= {hit.symbol for hit in verdict(raw, flags=("\\Flagged", "\\Answered")).capped_by}

    assert held == {each.symbol.name for each in pack("gambling").protections}


def test_an_answer_in_a_conversation_stays() -> None:
    """Support that answers is read, whoever it is; a mailing answers nobody."""
    field = "In-Reply-To: <two@home.example>"
    answer = letter(GERMAN_OFFER, address=listed_sender(), fields=field, bulk=False)
    mailing = letter(GERMAN_OFFER, address=listed_sender(), fields=field)

    assert outcome(verdict(answer)) is Outcome.FLAGGED
    assert outcome(verdict(mailing)) is Outcome.QUARANTINED


def test_somebody_who_was_written_to_stays() -> None:
    """A friend may write of free spins."""
    raw = letter(GERMAN_OFFER, address=listed_sender())

    assert outcome(verdict(raw, facts=("user_has_written_to_sender",))) is Outcome.FLAGGED


@pytest.mark.parametrize("flag", ["\\Flagged", "\\Answered"])
def test_what_the_reader_marked_or_answered_is_left_alone(flag: str) -> None:
    """A guard does not undo what the reader did."""
    raw = letter(GERMAN_OFFER, address=listed_sender())

    assert outcome(verdict(raw, flags=(flag,))) is Outcome.LEFT


def test_a_listed_sender_who_is_proved_is_moved_by_the_header_alone() -> None:
    """Nothing of the body is waited for."""
    found = gambling(Split.DEVELOP).head(evidence(letter("", address=listed_sender())))

    assert [action.kind for action in found.actions] == [ActionKind.MOVE]


def test_a_listed_sender_who_is_not_proved_waits_for_the_body() -> None:
    """Whoever forges a listed sender must not decide at the header."""
    raw = letter(GERMAN_OFFER, address=listed_sender(), dmarc="fail")

    assert not gambling(Split.DEVELOP).head(evidence(raw)).actions
    assert outcome(verdict(raw)) is Outcome.QUARANTINED


def test_words_alone_are_moved_only_with_offer_game_and_call() -> None:
    """Each of the three is only flagged or left without the others."""
    assert outcome(verdict(letter(GERMAN_OFFER))) is Outcome.QUARANTINED
    for line in ("100 Freispiele!", "Online-Casino, Spielautomaten", "Jetzt wetten! 18+"):
        assert outcome(verdict(letter(line))) < Outcome.QUARANTINED


def test_a_hit_tells_its_language() -> None:
    """Whoever asks why is told which words of which language."""
    names = {hit.symbol for hit in verdict(letter("Wettbonus: jetzt wetten!")).hits}

    assert "OFFER_DE" in names
    assert not names & {"OFFER_TR", "OFFER_RU", "GAME_RU"}


def test_a_padded_offer_is_flagged() -> None:
    """Two hundred honest words make no offer honest."""
    padding = "Your order has shipped. The recipe for the seminar is in the patch notes. " * 20

    assert outcome(verdict(letter(f"{GERMAN_OFFER}\n\n{padding}"))) >= Outcome.FLAGGED


@pytest.mark.parametrize(("name", "raw"), list(hostile.messages()), ids=lambda each: str(each)[:30])
def test_hostile_mail_is_judged_in_bounded_time(name: str, raw: bytes) -> None:
    """It is judged, in no more than a moment, and it does not fail."""
    read = evidence(raw)
    before = process_time()
    found = gambling(Split.DEVELOP).full(read)

    assert process_time() - before < LONGEST, name
    assert not found.failed
