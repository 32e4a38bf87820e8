"""What a failure means for the next try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import Trouble
from vedette.sync.trouble import CURVES, PATIENCE, STRIKES, SURVIVAL, Recovery

dice = st.floats(0.0, 1.0, exclude_max=True)
troubles = st.sampled_from(Trouble)


def test_a2_three_refused_logins_park_an_account() -> None:
    """Not two, and nothing else counts as one."""
    recovery = Recovery()
    for trouble in Trouble:
        if trouble not in {Trouble.AUTH, Trouble.REVOKED}:
            recovery = recovery.failed(trouble)
    assert recovery.strikes == 0

    recovery = recovery.failed(Trouble.AUTH).failed(Trouble.AUTH)
    assert not recovery.is_parked

    assert recovery.failed(Trouble.AUTH).is_parked


def test_a17_a_withdrawn_access_parks_at_once() -> None:
    """No retry can help."""
    assert Recovery().failed(Trouble.REVOKED).is_parked


def test_a3_a_success_wipes_the_strikes_out() -> None:
    """Failures of last week do not count today."""
    recovery = Recovery(strikes=STRIKES - 1).accepted()

    assert not recovery.failed(Trouble.AUTH).is_parked


def test_v2_only_survival_resets_the_curve() -> None:
    """Neither a login nor a sync does; minutes of life after it do."""
    recovery = Recovery(failures=6)

    assert recovery.accepted().failures == 6
    assert recovery.survived(SURVIVAL - 1).failures == 6
    assert recovery.survived(SURVIVAL).failures == 0


def test_v2_survival_does_not_wipe_out_strikes() -> None:
    """They have their own success."""
    assert Recovery(failures=6, strikes=2).survived(SURVIVAL).strikes == 2


@given(trouble=troubles, failures=st.integers(1, 10**6), dice=dice)
def test_v2_no_wait_is_below_its_floor_or_above_five_minutes(
    trouble: Trouble, failures: int, dice: float
) -> None:
    """Jitter never makes a wait so short that it hammers."""
    wait = Recovery(failures=failures).wait(trouble, dice)

    assert CURVES[trouble].first * 0.5 <= wait <= 300.0


@given(trouble=troubles, failures=st.integers(1, 30), asked=st.floats(0, 10**7), dice=dice)
def test_a18_the_servers_own_time_is_honoured_up_to_our_patience(
    trouble: Trouble, failures: int, asked: float, dice: float
) -> None:
    """Never sooner than it says, never sooner than the curve, never later than both."""
    recovery = Recovery(failures=failures)
    drawn = recovery.wait(trouble, dice)

    wait = recovery.wait(trouble, dice, asked)

    assert wait == max(drawn, min(asked, PATIENCE))


@pytest.mark.parametrize("trouble", [Trouble.LIMIT, Trouble.THROTTLED, Trouble.TLS, Trouble.AUTH])
def test_a1_what_a_quick_retry_makes_worse_begins_slowly(trouble: Trouble) -> None:
    """Ten seconds at least, even with the best throw of the dice."""
    assert Recovery(failures=1).wait(trouble, 0.0) >= 10.0
