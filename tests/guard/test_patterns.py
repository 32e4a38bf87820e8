"""Expressions are bounded in time and memory, and refused with a reason."""

from __future__ import annotations

import time

import pytest

from vedette.errors import UsageError
from vedette.guard.patterns import MAX_REGEX, Pattern
from vedette.guard.skeleton import view


@pytest.mark.parametrize(
    "text",
    [
        "not on GamStop",
        "not on gam\u200bstop",
        "not on G4mst0p",
        "n o t on gamstop",
        "not on GАMSТOP",
    ],
)
def test_a_pattern_matches_what_is_written_and_what_is_meant(text: str) -> None:
    """The raw text, its plain form, or the words unmasked."""
    assert Pattern(r"(?i)\bn ?o ?t on gamstop\b").matches(view(text))


def test_a_pattern_may_look_for_a_disguise() -> None:
    """The raw text is looked at first."""
    assert Pattern("\u200b").matches(view("a\u200bb"))
    assert not Pattern("\u200b").matches(view("ab"))


@pytest.mark.parametrize(
    ("regex", "reason"),
    [("(a", "missing"), (r"(a)\1", "escape"), ("(?<=a)b", "RE2 does not take"), ("a{2000}", "repetition"),
     ("[z-a]", "range")],
)  # fmt: skip
def test_what_re2_does_not_take_is_refused_with_its_reason(regex: str, reason: str) -> None:
    """References and look-around would make time unbounded."""
    with pytest.raises(UsageError, match=reason) as raised:
        Pattern(regex)

    assert repr(regex) in str(raised.value)


def test_an_expression_has_a_length() -> None:
    """A page of alternatives is a list of phrases."""
    with pytest.raises(UsageError, match=str(MAX_REGEX)):
        Pattern("a" * (MAX_REGEX + 1))


@pytest.mark.parametrize("regex", [r"(a+)+$", r"(a|aa)+!", r"(.*a){20}x", r"(x+x+)+y"])
def test_no_expression_is_slow(regex: str) -> None:
    """What takes others an age takes a moment: linear in the text."""
    seen = view("a" * 200_000 + "b")
    began = time.process_time()

    assert not Pattern(regex).matches(seen)
    assert time.process_time() - began < 2.0
