"""The points at which a crash is most telling, and the death of a process at one of them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from vedette.crashpoint import Crashpoint, crashpoint, observe

#: Visits one point three times, and another between the first two, and says so each time.
_VISITS = """
import sys
from tests.support.killed import Death
from vedette.crashpoint import Crashpoint, crashpoint, observe
after = Crashpoint.CLAIMED if sys.argv[2] == "after" else None
death = Death(Crashpoint.FETCHED, int(sys.argv[1]), armed=sys.argv[2] != "not", after=after)
observe(death)
for point in (Crashpoint.FETCHED, Crashpoint.CLAIMED, *(Crashpoint.FETCHED,) * 2):
    crashpoint(point)
    print(point, flush=True)
"""


def test_an_observer_learns_of_each_point_until_it_is_taken_away() -> None:
    """What is reached is told in order; without an observer nothing happens."""
    seen: list[Crashpoint] = []
    observe(seen.append)
    try:
        crashpoint(Crashpoint.FETCHED)
        crashpoint(Crashpoint.CURSOR_MOVED)
    finally:
        observe(None)
    crashpoint(Crashpoint.COMMITTED)

    assert seen == [Crashpoint.FETCHED, Crashpoint.CURSOR_MOVED]


@pytest.mark.parametrize(
    ("visit", "armed", "survived", "status"),
    [
        (1, "armed", 0, -signal.SIGKILL),
        (3, "armed", 3, -signal.SIGKILL),
        (1, "after", 2, -signal.SIGKILL),
        (4, "armed", 4, 0),
        (1, "not", 4, 0),
    ],
)
def test_a_death_comes_at_its_visit_and_not_before(
    visit: int, armed: str, survived: int, status: int
) -> None:
    """The process ends at the n-th visit of its point, counted from when it was told to count."""
    done = subprocess.run(
        [sys.executable, "-c", _VISITS, str(visit), armed],
        capture_output=True,
        timeout=100,
        check=False,
    )

    assert (done.returncode, len(done.stdout.splitlines())) == (status, survived)
