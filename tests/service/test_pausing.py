"""Who is paused and why is decided by a few rules, that hold whatever happens in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.ids import AccountId, TenantId
from vedette.ports.consent import Consent
from vedette.ports.registration import Pause, Registration
from vedette.service.accounts.accounts import blank
from vedette.service.accounts.pausing import (
    Standing,
    has_place,
    is_agreed,
    started,
    stopped,
    turnover,
    under,
)

NOW = 50.0
NOBODY = blank(AccountId("a"), TenantId("t"))

KEPT = (Pause.MANUAL, Pause.AUTH_FAILURE, Pause.PLAN_LIMIT)
PAIRS = [
    (None, None),
    (Pause.MANUAL, None),
    (Pause.AUTH_FAILURE, None),
    (Pause.PLAN_LIMIT, None),
    (Pause.PLAN_LIMIT, Pause.MANUAL),
    (Pause.PLAN_LIMIT, Pause.AUTH_FAILURE),
]


def paused(pause: Pause | None, beneath: Pause | None = None) -> Registration:
    return replace(NOBODY, pause=pause, beneath=beneath)


@pytest.mark.parametrize(
    ("before", "reason", "after"),
    [
        ((None, None), Pause.MANUAL, (Pause.MANUAL, None)),
        ((None, None), Pause.AUTH_FAILURE, (Pause.AUTH_FAILURE, None)),
        ((None, None), Pause.PLAN_LIMIT, (Pause.PLAN_LIMIT, None)),
        ((Pause.MANUAL, None), Pause.AUTH_FAILURE, (Pause.MANUAL, None)),
        ((Pause.MANUAL, None), Pause.PLAN_LIMIT, (Pause.PLAN_LIMIT, Pause.MANUAL)),
        ((Pause.AUTH_FAILURE, None), Pause.MANUAL, (Pause.MANUAL, None)),
        ((Pause.AUTH_FAILURE, None), Pause.PLAN_LIMIT, (Pause.PLAN_LIMIT, Pause.AUTH_FAILURE)),
        ((Pause.PLAN_LIMIT, None), Pause.MANUAL, (Pause.PLAN_LIMIT, Pause.MANUAL)),
        ((Pause.PLAN_LIMIT, None), Pause.AUTH_FAILURE, (Pause.PLAN_LIMIT, Pause.AUTH_FAILURE)),
        ((Pause.PLAN_LIMIT, Pause.MANUAL), Pause.AUTH_FAILURE, (Pause.PLAN_LIMIT, Pause.MANUAL)),
        ((Pause.PLAN_LIMIT, Pause.AUTH_FAILURE), Pause.MANUAL, (Pause.PLAN_LIMIT, Pause.MANUAL)),
    ],
)
def test_a_reason_stands_over_a_weaker_one(
    before: tuple[Pause | None, Pause | None],
    reason: Pause,
    after: tuple[Pause | None, Pause | None],
) -> None:
    """A person's pause never overrides the limit's, nor is it forgotten by it."""
    then = stopped(paused(*before), reason, now=NOW)

    assert (then.pause, then.beneath) == after


@pytest.mark.parametrize("reason", KEPT)
@pytest.mark.parametrize("before", PAIRS)
def test_what_is_lifted_leaves_what_was_beneath(
    before: tuple[Pause | None, Pause | None], reason: Pause
) -> None:
    """And nothing else: every reason ends by itself alone."""
    then = started(paused(*before), reason, now=NOW)

    held = [each for each in before if each is not None and each is not reason]
    assert [each for each in (then.pause, then.beneath) if each is not None] == held


@pytest.mark.parametrize("before", PAIRS[:4])
def test_a_limit_that_comes_and_goes_changes_nothing(
    before: tuple[Pause | None, Pause | None],
) -> None:
    """Who was paused by hand is so again, and who was watched is watched."""
    start = paused(*before)

    aside = stopped(start, Pause.PLAN_LIMIT, now=NOW)
    then = started(aside, Pause.PLAN_LIMIT, now=NOW)

    assert not aside.is_watched
    if before[0] is not Pause.PLAN_LIMIT:
        assert (then.pause, then.beneath) == before


@pytest.mark.parametrize("reason", [Pause.TENANT, Pause.CONSENT])
def test_a_reason_that_is_derived_is_never_written(reason: Pause) -> None:
    """It would stand there when its cause is gone."""
    with pytest.raises(ValueError, match="derived"):
        stopped(NOBODY, reason, now=NOW)


def test_a_paused_tenant_has_no_account_that_is_watched() -> None:
    """Whatever the account's own record says; and what that says is seen beneath."""
    seen = under(paused(Pause.MANUAL), paused_at=7.0)

    assert (seen.pause, seen.beneath, seen.paused_at, seen.is_watched) == (
        Pause.TENANT,
        Pause.MANUAL,
        7.0,
        False,
    )


def test_an_account_asks_for_the_consent_that_its_tenant_asks_for() -> None:
    """Unless it asks for one of its own."""
    own = replace(NOBODY, consent="own-2")

    assert under(NOBODY, paused_at=None, consent="words-1").consent == "words-1"
    assert under(own, paused_at=None, consent="words-1").consent == "own-2"


@pytest.mark.parametrize(
    ("wanted", "version", "withdrawn", "agreed"),
    [
        (None, None, None, True),
        ("2", None, None, False),
        ("2", "1", None, False),
        ("2", "2", None, True),
        ("2", "2", 9.0, False),
    ],
)
def test_newer_words_are_to_be_agreed_to_again(
    wanted: str | None, version: str | None, withdrawn: float | None, *, agreed: bool
) -> None:
    """A consent to other words, or one that was withdrawn, is none."""
    given = None
    if version is not None:
        given = Consent(
            account=AccountId("a"), version=version, at=1.0, by="jane", withdrawn_at=withdrawn
        )

    assert is_agreed(wanted, given) is agreed


standings = st.lists(
    st.builds(
        Standing,
        id=st.integers(0, 10**6).map(lambda number: AccountId(f"a{number}")),
        created_at=st.integers(0, 5).map(float),
        is_aside=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda each: each.id,
)


def gone_over(now: list[Standing], limit: int | None) -> list[Standing]:
    found = turnover(now, limit)
    aside = {each.id for each in now if each.is_aside} | set(found.pauses)
    aside -= set(found.resumes)
    return [replace(each, is_aside=each.id in aside) for each in now]


@given(now=standings, limit=st.none() | st.integers(0, 35))
def test_no_more_accounts_have_a_place_than_the_limit_says(
    now: list[Standing], limit: int | None
) -> None:
    """And as many as it says, where there are so many."""
    then = gone_over(now, limit)

    placed = sum(not each.is_aside for each in then)
    assert placed == (len(now) if limit is None else min(limit, len(now)))


@given(now=standings, limit=st.none() | st.integers(0, 35))
def test_what_was_gone_over_to_stays(now: list[Standing], limit: int | None) -> None:
    """A second look finds nothing to do: a step may be taken twice."""
    found = turnover(gone_over(now, limit), limit)

    assert (found.pauses, found.resumes) == ((), ())


@given(ages=standings, limit=st.integers(0, 35))
def test_a_limit_keeps_the_oldest_and_gives_all_of_them_back(
    ages: list[Standing], limit: int
) -> None:
    """Exactly those that it paused come back when it is lifted."""
    before = [replace(each, is_aside=False) for each in ages]

    lowered = gone_over(before, limit)
    ordered = sorted(lowered, key=lambda each: (each.created_at, each.id))

    assert [each.is_aside for each in ordered] == sorted(each.is_aside for each in ordered)
    assert gone_over(lowered, None) == before


def test_who_is_paused_by_hand_keeps_its_place() -> None:
    """Else a pause would let another account in, and a resume would be refused."""
    assert has_place(paused(Pause.MANUAL))
    assert not has_place(paused(Pause.PLAN_LIMIT, Pause.MANUAL))
