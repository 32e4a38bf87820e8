"""The numbers told of a guard are right, and tell no message."""

from __future__ import annotations

import pytest

from tests.corpus import generate
from tests.corpus.family import Expectation, Label, Sample, Split
from tests.corpus.score import Outcome, Verdict, judge, rate, rates, report


def verdict(outcome: Outcome, expected: Expectation, *, family: str = "a") -> Verdict:
    """Return a verdict of which only outcome, expectation and family matter."""
    label = Label.GAMBLING if expected.value in {"quarantined", "flag or more"} else Label.HAM
    return Verdict(
        label=label,
        language="en",
        kind="any",
        family=family,
        via="own",
        expected=expected,
        outcome=outcome,
    )


@pytest.mark.parametrize(
    ("expected", "least", "most"),
    [
        (Expectation.QUARANTINED, Outcome.QUARANTINED, Outcome.QUARANTINED),
        (Expectation.FLAGGED, Outcome.FLAGGED, Outcome.QUARANTINED),
        (Expectation.SPARED, Outcome.LEFT, Outcome.FLAGGED),
        (Expectation.PROTECTED, Outcome.LEFT, Outcome.FLAGGED),
    ],
)
def test_what_is_owed_is_a_range_of_outcomes(
    expected: Expectation, least: Outcome, most: Outcome
) -> None:
    """Each expectation is met by the outcomes from its mildest to its harshest, and no other."""
    met = {outcome for outcome in Outcome if verdict(outcome, expected).as_owed}

    assert met == {outcome for outcome in Outcome if least <= outcome <= most}


def test_a_family_counts_once_however_many_messages_it_has() -> None:
    """The rate over families weighs a family of three messages as one of a single message."""
    missed = [verdict(Outcome.LEFT, Expectation.FLAGGED, family="large")] * 3
    caught = [verdict(Outcome.FLAGGED, Expectation.FLAGGED, family="small")]

    found = rate([*missed, *caught], lambda each: each.as_owed)

    assert (found.hits, found.total, found.share, found.families) == (1, 4, 0.25, 0.5)


def test_a_rate_of_nothing_is_refused() -> None:
    """No verdicts are no perfect score."""
    with pytest.raises(ValueError, match="nothing"):
        rate([], lambda each: each.as_owed)


def test_a_guard_that_does_nothing_fails_by_all_that_is_gambling() -> None:
    """Leaving everything is as owed to ham, and to nothing else."""
    verdicts = judge(generate.messages(Split.DEVELOP, each=1), lambda _: Outcome.LEFT)

    owed = rates(verdicts, lambda each: each.label.value, lambda each: each.as_owed)

    assert owed["ham"].share == 1
    assert owed["gambling"].share == 0


def test_a_report_holds_no_word_of_a_message() -> None:
    """The report names languages, kinds and ways of sending, and no subject or sender."""
    samples: list[Sample] = list(generate.messages(Split.DEVELOP, each=1, language="tr"))

    text = report(judge(samples, lambda _: Outcome.QUARANTINED))

    assert "tr" in text
    assert [each.family for each in samples if each.letter.subject in text] == []
    assert [each.family for each in samples if each.letter.address in text] == []
