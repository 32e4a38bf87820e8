"""The gambling pack keeps what is promised of it, in numbers, and the page says the same."""

from __future__ import annotations

import pytest

from tests.corpus.family import Split
from tests.corpus.score import Outcome
from tests.packs import numbers, report

pytestmark = pytest.mark.timeout(300)

#: Disguises through which too little is left to see: of pictures without any word only the file
#: names that are attached are read, no names in addresses of pictures.
POOR = frozenset({"image-file-names"})


def test_no_honest_mail_is_moved() -> None:
    """None of more than 3,000, some of it from listed senders."""
    ham = [each for split in Split for each in numbers.verdicts(split) if numbers.ham(each)]

    assert len(ham) >= 3_000
    assert [each.family for each in ham if each.outcome is Outcome.QUARANTINED] == []


def test_hardly_any_honest_mail_of_unlisted_senders_is_flagged() -> None:
    """At most one of fifty, and each of them is mail that every phrase of an offer stands in."""
    found = [each for split in Split for each in numbers.verdicts(split) if numbers.stranger(each)]

    assert numbers.share(found, Outcome.FLAGGED).rate <= 0.02


@pytest.mark.parametrize("split", Split)
def test_listed_gambling_is_moved(split: Split) -> None:
    """Whatever it says."""
    found = filter(numbers.listed, numbers.verdicts(split))

    assert numbers.share(found, Outcome.QUARANTINED).rate >= 0.995


def test_unlisted_gambling_of_known_families_is_flagged() -> None:
    """19 of 20, and 9 of 10 in the worst language."""
    groups = numbers.by_language(Split.DEVELOP, numbers.unlisted)
    rates = [numbers.share(found, Outcome.FLAGGED).rate for found in groups.values()]
    every = filter(numbers.unlisted, numbers.verdicts(Split.DEVELOP))

    assert numbers.share(every, Outcome.FLAGGED).rate >= 0.95
    assert min(rates) >= 0.9


def test_unlisted_gambling_of_unseen_families_is_flagged() -> None:
    """17 of 20, each family counted once."""
    found = list(filter(numbers.unlisted, numbers.verdicts(Split.HELD_OUT)))

    assert numbers.families(found, Outcome.FLAGGED) >= 0.85


@pytest.mark.parametrize(("split", "least"), [(Split.DEVELOP, 0.95), (Split.HELD_OUT, 0.85)])
def test_a_disguise_hides_no_offer(split: Split, least: float) -> None:
    """Each of more than forty ways to disguise words."""
    found = numbers.disguised(split)
    poor = {how for how, share in found.items() if share.rate < least}

    assert len(found) > 40
    assert poor <= POOR


@pytest.mark.parametrize("split", Split)
def test_a_disguise_hides_no_link(split: Split) -> None:
    """A link to a listed host is found, however it is wrapped."""
    assert {how for how, share in numbers.linked(split).items() if share.rate < 1} == set()


def test_the_page_is_what_a_run_gives() -> None:
    """Nobody wrote a number by hand; write it anew by ``python -m tests.packs.report``."""
    assert report.PAGE.read_text(encoding="utf-8") == report.page()
