"""A pack can not let scorers' opinions decide: not by their sum, by company, nor by a route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.packs import guard, packed, shown
from vedette.errors import ConfigError

PACK = """\
guard: asks
symbols:
  LEARNED: {{classifier: learned, map: {{0.9: {points}}}, score: {points}}}
  ODD: {{classifier: RSPAMD_ODD, map: {{1: 0.5}}, score: 0.5}}
  WIN: {{where: subject, phrases: [win], score: 6}}
composites:
  BOTH: {{expr: "{expr}", score: {more}}}
verdicts:
  - {{do: junk, at: 6, need: WIN}}
  - {{do: {do}, at: {at}}}
actions:
  junk: {{move: Guard/Junk, retain: 30d}}
  note: {{tag: maybe}}
"""


def pack(
    *, points: float = 1, more: float = 0, expr: str = "WIN", at: float = 3, do: str = "flag"
) -> str:
    """Return a pack that asks two scorers."""
    return PACK.format(points=points, more=more, expr=expr, at=at, do=do)


def test_opinions_give_at_most_two_points_all_together() -> None:
    """Two scorers are not four points."""
    with pytest.raises(
        ConfigError, match=r"2\.5 points hang on scorers' opinions \(LEARNED, ODD\)"
    ):
        packed(pack(points=2))


@pytest.mark.parametrize("expr", ["LEARNED", "LEARNED & WIN", "LEARNED | WIN"])
def test_points_of_a_composite_that_asks_for_an_opinion_hang_on_it(expr: str) -> None:
    """A composite is no way to make two points ten."""
    with pytest.raises(
        ConfigError, match=r"points hang on scorers' opinions \(BOTH, LEARNED, ODD\)"
    ):
        packed(pack(expr=expr, more=8))


def test_a_tier_that_opinions_alone_reach_is_refused() -> None:
    """Not even a flag is set by what was learned alone."""
    with pytest.raises(ConfigError, match="is reached by a scorer's opinion alone"):
        packed(pack(at=1.5))
    packed(pack(at=1.6))


def test_a_tag_may_follow_from_an_opinion_alone() -> None:
    """It touches no mailbox."""
    packed(pack(at=1, do="note"))


def test_a_route_that_holds_by_an_opinion_alone_may_only_tell() -> None:
    """Without scores a route would else move mail by what was learned."""
    text = """\
guard: desk
kind: routing
symbols:
  LEARNED: {classifier: learned, map: {0.9: 0}}
routes:
  - {when: LEARNED, do: DO}
actions:
  page: {route: pager}
  away: {move: Elsewhere}
"""
    packed(text.replace("DO", "page"))
    with pytest.raises(ConfigError, match="when: holds by a scorer's opinion alone"):
        packed(text.replace("DO", "away"))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_message_of_which_nothing_but_opinions_is_known_is_never_touched(
    learned: float, odd: float
) -> None:
    """Whatever the scorers think, a pack that can be read does nothing by them alone."""
    judge = guard(pack(points=1.5, at=2.1))
    verdict = judge.full(shown("hello", opinions={"learned": learned, "RSPAMD_ODD": odd}))
    assert verdict.actions == ()
    assert verdict.score <= 2.0


def test_an_opinion_tips_the_balance_of_what_else_speaks_against_a_message() -> None:
    """Two points beside evidence count."""
    text = pack(points=1.5, at=7)
    tipped = guard(text.replace("do: junk, at: 6", "do: junk, at: 7.5"))
    opinions = {"learned": 1.0}
    assert tipped.full(shown(subject="win")).name == "keep"
    assert tipped.full(shown(subject="win", opinions=opinions)).name == "junk"
