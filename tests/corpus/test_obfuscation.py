"""Disguises write words as they are met in the wild, and change nothing that is no word."""

from __future__ import annotations

import pytest

from tests.corpus import generate, items, obfuscation
from tests.corpus.family import Expectation, Label, Sample, Split, Via
from vedette import mime

SPELLINGS = {written for written, _ in items.spellings()}
LETTERS = {
    **obfuscation.ANY,
    **obfuscation.LATIN,
    **obfuscation.CYRILLIC,
    **obfuscation.TURKISH,
}


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("lisu", "casino"),
        ("small-caps", "casino"),
        ("regional-indicators", "casino"),
        ("mathematical-bold", "Freispiele"),
        ("fullwidth", "Freispiele"),
        ("circled", "Free Spins"),
        ("squared", "casino"),
        ("combining-stroke", "casino"),
        ("cent-sign", "casino"),
        ("spaced", "Freispiele"),
        ("dotted", "casino"),
        ("dashed", "wettbonus"),
        ("bidi-override", "casino"),
        ("turkish-upper", "bahis"),
        ("turkish-folded", "bahis"),
    ],
)
def test_a_class_writes_the_spelling_met_in_the_wild(how: str, word: str) -> None:
    """The class gives one of the spellings that must be read as the word."""
    assert LETTERS[how](word) in SPELLINGS


@pytest.mark.parametrize("how", sorted(set(LETTERS) - {"upper-case"}))
def test_a_class_of_letters_changes_a_word(how: str) -> None:
    """No class leaves a word of its script as it is."""
    word = "казино" if how == "latin" else "Çok bahis, cash spins"

    assert LETTERS[how](word) != word


@pytest.mark.parametrize("how", obfuscation.classes("tr"))
def test_a_disguise_keeps_what_is_owed(how: str) -> None:
    """Sender, links and expectation are those of the sample; only words are disguised."""
    plain = offer()
    disguised = obfuscation.obfuscated(plain, how)

    assert disguised.disguise == how
    assert disguised.expected is plain.expected
    assert disguised.letter.address == plain.letter.address
    assert {block.target for block in disguised.letter.blocks if "://" in block.target} == {
        block.target for block in plain.letter.blocks if "://" in block.target
    }


@pytest.mark.parametrize("how", obfuscation.MARKUP)
def test_markup_is_seen_as_the_words_it_hides(how: str) -> None:
    """What is hidden in HTML is read off the page as in the message without disguise."""
    plain = offer()
    shown = mime.read(obfuscation.obfuscated(plain, how).raw).text.plain or ""

    assert "deneme bonusu" in shown.lower()


def offer() -> Sample:
    """Return a Turkish offer of a sender that no list holds."""
    return next(
        sample
        for sample in generate.messages(Split.DEVELOP, label=Label.GAMBLING, language="tr")
        if sample.via is Via.FRESH
        and sample.expected is Expectation.FLAGGED
        and "*deneme bonusu*" in " ".join(block.text for block in sample.letter.blocks)
    )
