"""Words of which one is in every match of an expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard.reading.literals import SHORTEST, literals_of


@pytest.mark.parametrize(
    ("regex", "words"),
    [
        ("wagering", {"wagering"}),
        ("(?i)Umsatzbeding\\w+", {"umsatzbeding"}),
        ("wagering|rollover", {"wagering", "rollover"}),
        (r"\b(not on gamstop|no kyc)\b", {"not on gamstop", "no kyc"}),
        ("colou?r red", {"colour red", "color red"}),
        ("(foo|bar)(baz|qux)", {"foobaz", "fooqux", "barbaz", "barqux"}),
        (r"art\. ?15", {"art.15", "art. 15"}),
        ("bo[nñ]us", {"bonus", "boñus"}),
        (r"\d{2,5} ?euro", {"euro"}),
        ("(abc)+d?", {"abc"}),
        ("[[:alpha:]]+spin", {"spin"}),
        ("[]abc]free", {"free"}),
        ("(?P<what>free spins).*", {"free spins"}),
        (r"\p{Greek}casino\pL", {"casino"}),
        ("(?i:Free) spins", {"free spins"}),
        ("a.longest.bc", {"longest"}),
    ],
)
def test_the_words_are_the_longest_that_are_sure(regex: str, words: set[str]) -> None:
    """In lower case, each once."""
    assert set(literals_of(regex)) == words


@pytest.mark.parametrize(
    "regex",
    ["", "a|", "ab", r"\d+", "(abc)?", "(abc)*x", "abc|x", ".*", "[^a]bc", "x{0,3}yz", "(?:)",
     r"\x41bcd", r"\Qabc\E", "abc**", "(" * 60 + "abc" + ")" * 60],
)  # fmt: skip
def test_where_nothing_is_sure_there_are_no_words(regex: str) -> None:
    """Short words are in every mail; what is not understood is not guessed at."""
    assert literals_of(regex) == ()


@given(st.text(max_size=40) | st.text(alphabet="ab()[]{}|*+?\\^$.-,1:P<>", max_size=40))
def test_any_text_has_words_or_none(text: str) -> None:
    """Nothing is raised, and no word is short."""
    assert all(len(word.encode()) >= SHORTEST for word in literals_of(text))


_letters = st.text(alphabet="abcxyz ", min_size=1, max_size=5)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = inner.map(lambda each: f"({each})")
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"({'|'.join(each)})"),
        st.tuples(group, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}", "+?"])).map(
            "".join
        ),
        st.sampled_from(["[ab]", "[^ab]", "[a-c]", r"\w", ".", r"\b"]),
    )


regexes = st.recursive(_letters, _grown, max_leaves=6)


@given(regexes, st.data())
def test_every_match_has_one_of_the_words(regex: str, data: st.DataObject) -> None:
    """An expression that is tried only on texts with a word misses nothing."""
    words = literals_of(regex)
    match = data.draw(st.from_regex(regex, fullmatch=True))

    assert not words or any(word in match.lower() for word in words)
