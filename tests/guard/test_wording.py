"""The wording of a message: what is looked at, what it is worth, and that it never decides alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.packs import guard, packed, shown
from vedette.errors import ConfigError
from vedette.guard import wording
from vedette.guard.difference import Turn, difference
from vedette.guard.views import Views
from vedette.guard.wording import MAX_WORDS, WINDOW, Wording, decoded, encoded, stems, words

PACK = """\
guard: worded
symbols:
  GAME: {where: [subject, text], phrases: [roulette], score: 1}
  WORDED: {wording: gambling, beside: GAME, map: {0.8: 1}, score: 1}
verdicts:
  - {do: flag, at: 2, need: WORDED & GAME}
"""
OFFER = "Your free spins at roulette wait: deposit 10, get a 200 % bonus, win the jackpot. 18+"

#: Words of offers, and of what is no offer; the symbol that the pack has beside them.
TABLE = Wording(
    {
        "deposit": (6.0, 2.0),
        "jackpot": (6.0, 2.0),
        "=GAME": (2.0, 1.0),
        "lecture": (-4.0, 2.0),
        "meeting": (-4.0, 2.0),
    },
    bias=-2.0,
)


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a table of a few words in place of the one that ships, which changes with its corpus."""
    monkeypatch.setattr(wording, "shipped", lambda _: TABLE)


_TABLES = st.dictionaries(
    st.text("abcdef-=", min_size=1, max_size=6),
    st.tuples(st.integers(-900, 900).map(lambda each: each / 100), st.just(1.5)),
    max_size=20,
)


def test_an_offer_is_worded_as_one() -> None:
    """The points come with how sure the table is."""
    verdict = guard(PACK).full(shown(OFFER))

    assert verdict.name == "flag"
    assert verdict.score == 2


def test_a_wording_is_not_asked_without_a_symbol_beside_it() -> None:
    """The same words without the one that the pack names are left alone."""
    verdict = guard(PACK).full(shown(OFFER.replace("roulette", "our tables")))

    assert [hit.symbol for hit in verdict.hits] == []


def test_honest_words_beside_the_same_symbol_are_left_alone() -> None:
    """A lecture on chances names the game too."""
    text = "The lecture on Tuesday explains chance by roulette and dice. Bring last week's notes."

    assert guard(PACK).full(shown(text)).name == "keep"


def test_a_word_gives_its_stems() -> None:
    """A long one two, a short one none; a stem is not taken for a word."""
    assert stems(["jackpots", "win"]) == {"jackpots", "jackpo-", "jack-", "win"}


def test_of_a_number_only_that_it_is_one_is_known() -> None:
    """Amounts differ from letter to letter."""
    assert words("win 500 \N{EURO SIGN} by 9pm") == ["win", "0", "\N{EURO SIGN}", "by", "0", "pm"]


def test_each_stretch_of_a_text_is_looked_at_with_the_sender() -> None:
    """So an offer is not lost in pages of other words, and the pages have an end."""
    pages = " ".join(["word"] * (2 * MAX_WORDS))

    found = wording.windows(Views(shown(pages, subject="Hello")), ["GAME"])

    assert len(found) == -(-MAX_WORDS // WINDOW)
    assert all({"hello", "word", "=GAME"} <= each for each in found)


def test_an_offer_behind_pages_of_honest_words_is_found() -> None:
    """The good-word attack: its words are another stretch."""
    honest = "Thank you for the minutes of our meeting about the new library. " * 20

    assert guard(PACK).full(shown(f"{honest}\n\n{OFFER}")).name == "flag"


def test_a_longer_text_of_the_same_words_is_worth_the_same() -> None:
    """Each counts once."""
    table = Wording({"win": (2.0, 1.0), "report": (-1.0, 2.0)}, bias=-0.5)

    assert table.opinion(stems(["win", "report"])) == table.opinion(stems(["win", "report"] * 9))


def test_words_that_a_table_does_not_have_count_nothing() -> None:
    """Neither for nor against."""
    table = Wording({"win": (2.0, 1.0)})

    assert table.opinion({"win", "tree", "lamp"}) == table.opinion({"win"})
    assert table.opinion({"tree"}) == 0.5


@given(_TABLES)
def test_a_table_is_read_as_it_was_written(entries: dict[str, tuple[float, float]]) -> None:
    """Weights have two places, rarities one."""
    table = Wording(entries, bias=-1.25)

    assert decoded(encoded(table, "For a test.\nOf two lines.")) == table


@given(_TABLES, st.sets(st.text("abcdef-=", min_size=1, max_size=6)))
def test_an_opinion_is_from_0_to_1(entries: dict[str, tuple[float, float]], said: set[str]) -> None:
    """Whatever is said and however heavy it is."""
    assert 0 <= Wording(entries).opinion(said) <= 1


@pytest.mark.parametrize("line", ["win\t1.0", "win\tmuch\t1.0", "win\t1.0\t1.0\t1.0"])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    """A table is whole or not read."""
    with pytest.raises(ValueError, match=r"\w"):
        decoded(f"## A table.\n\t0.0\t0\n{line}\n")


def test_a_table_that_does_not_ship_is_not_there() -> None:
    """There is no other way to name one."""
    assert "gambling" in wording.names()
    with pytest.raises(KeyError):
        wording.version("../gambling")


def test_a_pack_with_another_table_is_another_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version says so, and a guard that is locked takes it for an unclear change."""
    before = packed(PACK)
    monkeypatch.setattr(wording, "version", lambda _: "of another table")
    after = packed(PACK)

    assert before.version != after.version
    assert [each.turn for each in difference(before, after)] == [Turn.UNCLEAR]


def test_more_points_for_a_wording_tighten() -> None:
    """As for every symbol."""
    changes = difference(packed(PACK.replace("{0.8: 1}", "{0.8: 0.5}")), packed(PACK))

    assert [each.turn for each in changes] == [Turn.TIGHTEN]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("at: 2, need: WORDED & GAME", "at: 1, need: WORDED", "is reached by a scorer's opinion"),
        ("map: {0.8: 1}, score: 1", "map: {0.8: 3}, score: 2", "3 is not within 0 and 2"),
        (
            "verdicts:",
            "protect:\n  P: {wording: gambling, cap: flag}\nverdicts:",
            "protects nobody",
        ),
    ],
)
def test_a_wording_never_decides_alone(old: str, new: str, what: str) -> None:
    """It is bound as every opinion is."""
    assert old in PACK
    with pytest.raises(ConfigError, match=what):
        packed(PACK.replace(old, new, 1))
