"""The lease: the one who holds it stops before anybody else may begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.ownership.lease import BEAT, MARGIN, PATIENCE, RETRY, TTL, Lease

instants = st.floats(0, 1e6)


@given(sent=instants, way=st.floats(0, 60), after=st.floats(0, 120))
def test_the_holder_stops_before_the_database_calls_it_dead(
    sent: float, way: float, after: float
) -> None:
    """Whenever the heartbeat arrived, there are five seconds between the two instants."""
    lease = Lease().beaten(sent)
    written = sent + way
    now = sent + after

    if lease.is_held(now):
        assert now < written + TTL - MARGIN + 1e-6


def test_a_heartbeat_may_be_lost_and_another_one_late() -> None:
    """After one that was given up there is time for another with all its patience."""
    lease = Lease().beaten(0.0)

    assert lease.is_held(BEAT + PATIENCE + RETRY + PATIENCE)


def test_nothing_is_held_before_the_first_heartbeat() -> None:
    """An instance that was never seen owns nothing and buries nobody."""
    assert not Lease().is_held(0.0)
    assert not Lease().may_bury(1e9)


def test_who_was_cut_off_itself_buries_nobody_for_one_lifetime() -> None:
    """After an outage of the database every heartbeat is old, and nobody is dead."""
    lease = Lease().beaten(0.0).beaten(60.0)

    assert lease.is_held(60.0)
    assert not lease.may_bury(60.0)
    for beat in (65.0, 70.0, 75.0):
        lease = lease.beaten(beat)
    assert lease.may_bury(75.0)


@given(st.lists(st.floats(0.1, TTL - MARGIN - 0.1), min_size=1, max_size=30))
def test_a_lease_without_a_break_began_with_its_first_heartbeat(gaps: list[float]) -> None:
    """As long as each heartbeat comes in time, nothing begins anew."""
    now, lease = 100.0, Lease().beaten(100.0)
    for gap in gaps:
        now += gap
        assert lease.is_held(now)
        lease = lease.beaten(now)

    assert lease.since == 100.0
