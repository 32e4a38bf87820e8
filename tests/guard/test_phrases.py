"""Phrases are found as whole words, all in one pass."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.guard.phrases import MAX_PHRASE, Found, Index
from vedette.guard.skeleton import view


def found(text: str, *phrases: str) -> set[str]:
    """Return the phrases that ``text`` holds."""
    return set(Index((phrase, phrase) for phrase in phrases).find(view(text)))


@pytest.mark.parametrize(
    "text", ["wett", "Wett!", "(wett)", "wett-bonus", "WETT\nheute", "«wett»", "die wett", "wett's"]
)
def test_a_phrase_is_a_whole_word(text: str) -> None:
    """Between anything that is no letter, digit or mark."""
    assert found(text, "wett") == {"wett"}


@pytest.mark.parametrize("text", ["Wetter", "Jägerwett", "wettbonus", "ставкивett", "wetté", ""])
def test_a_phrase_is_no_part_of_a_word(text: str) -> None:
    """Wetter is not wett."""
    assert found(text, "wett") == set()


@pytest.mark.parametrize(
    "text", ["get c a s i n o b o n u s e s now", "c.a.s.i.n.o.b.o.n.u.s.e.s", "frеecasinоbonuses"]
)
def test_a_masked_word_holds_the_phrases_within_it(text: str) -> None:
    """Nobody sees where a word ends that was spelt out."""
    assert found(text, "casino") == {"casino"}


def test_a_masked_word_does_not_hold_each_short_word_within_it() -> None:
    """The alphabet is no bet, however it is written."""
    assert found("a l p h a b e t s", "bet", "bets") == set()


def test_a_word_may_go_on_where_the_phrase_says_so() -> None:
    """An asterisk at its end or its beginning: languages that inflect."""
    assert found("bahisler", "bahis*", "bahis") == {"bahis*"}
    assert found("Onlinecasino", "*casino", "casino") == {"*casino"}
    assert found("Onlinecasinos", "*casino*", "*casino", "casino*") == {"*casino*"}


def test_a_phrase_of_several_words_bears_any_space() -> None:
    """Line ends, hyphens and double spaces are one space."""
    texts = [
        "free spins",
        "FREE  SPINS",
        "free\nspins",
        "free-spins",
        "free_spins",
        "free\u00a0spins",
    ]

    assert all(found(text, "free spins") for text in texts)
    assert not found("free. spins", "free spins")


def test_accents_do_not_matter() -> None:
    """Neither in the text nor in the phrase; nor how German writes its umlauts abroad."""
    assert found("rodadas gratis", "rodadas grátis") == {"rodadas grátis"}
    assert found("RODADAS GRÁTIS", "rodadas gratis") == {"rodadas gratis"}
    assert found("Rueckforderung", "Rückforderung") == {"Rückforderung"}


def test_a_script_without_spaces_has_no_whole_words() -> None:
    """Chinese and Japanese phrases stand within their sentence."""
    assert found("今日無料カジノで遊ぶ", "カジノ") == {"カジノ"}
    assert found("ลุ้นคาสิโนวันนี้", "คาสิโน") == {"คาสิโน"}


def test_each_key_gets_a_phrase_of_its_own() -> None:
    """As the pack writes it; two keys may share one."""
    index = Index([("offer", "Freispiele"), ("offer", "Bonus"), ("game", "freispiele")])

    assert index.find(view("100 FREISPIELE")) == {
        "offer": Found("Freispiele"),
        "game": Found("freispiele"),
    }


def test_a_literal_is_found_anywhere() -> None:
    """It only tells whether an expression is worth a look."""
    index = Index(literals=[("terms", "umsatz")])

    assert set(index.find(view("Die Umsatzbedingungen"))) == {"terms"}
    assert set(index.find(view("Mindestumsätze"))) == {"terms"}


@pytest.mark.parametrize("text", ["FreispieIe", "Frelspiele", "frelsplele", "freispieie"])
def test_a_capital_i_reads_as_an_l(text: str) -> None:
    """In most typefaces they are one; and it is told that the word was disguised."""
    assert Index([(1, "Freispiele")]).find(view(text)) == {1: Found("Freispiele", disguised=True)}


def test_short_words_are_not_read_so() -> None:
    """Malls are no mails."""
    assert found("malls and bells", "mails", "beils") == set()


@pytest.mark.parametrize("phrase", ["", " ", "*", "***", "\u200b", "--", "!?"])
def test_a_phrase_without_letters_is_refused(phrase: str) -> None:
    """It would be everywhere."""
    with pytest.raises(UsageError, match="has no letter"):
        Index([("x", phrase)])


def test_a_phrase_that_is_a_text_is_refused() -> None:
    """Nobody reads so far around a disguised word."""
    with pytest.raises(UsageError, match="longer than"):
        Index([("x", "a" * (MAX_PHRASE + 1))])


def test_a_literal_of_nothing_is_refused() -> None:
    """It would let every expression run."""
    with pytest.raises(UsageError, match="no character"):
        Index(literals=[("x", " ")])


def test_an_empty_index_finds_nothing() -> None:
    """A guard may have no phrases."""
    assert Index[str]().find(view("casino")) == {}


@given(st.text(alphabet="abc *é\n-", max_size=20), st.text(alphabet="abcé \n-1", max_size=200))
def test_a_phrase_that_stands_in_a_text_is_found(phrase: str, text: str) -> None:
    """Whatever both are, as long as the phrase has a letter."""
    if any(map(str.isalpha, phrase)):
        assert found(f"{text} {phrase.strip().strip('*')} {text}", phrase)


def test_thousands_of_phrases_are_found_at_once() -> None:
    """Every one of them in one text."""
    dice = random.Random(4)
    phrases = {"".join(dice.choices("abcdefghij", k=9)) for _ in range(3_000)}
    index = Index((phrase, phrase) for phrase in phrases)

    assert set(index.find(view(" ".join(phrases)))) == phrases
