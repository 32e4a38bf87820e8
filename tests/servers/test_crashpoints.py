"""SIGKILL at every named point of a message's way, on a real Dovecot: nothing is lost.

For each point: mail arrives, the process ends itself there, is started again,
and everything arrives, each message under one id. A point that is never reached
fails its test. C10 to C12, the actions of guards, are in ``test_guard_crashpoints``,
and deaths of a service on Postgres in ``test_crashpoints_postgres``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.death import MOST, SIZES, Case, Scene
from tests.support.books import Books
from tests.support.dovecot import Dovecot
from tests.support.nursery import Nursery
from tests.support.receiver import Receiver
from vedette.crashpoint import Crashpoint

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: Between the server and the COMMIT nothing was sent: nothing comes twice.
_TAKING = (
    Crashpoint.ANSWER_TORN,
    Crashpoint.LITERAL_SPOOLED,
    Crashpoint.FETCHED,
    Crashpoint.CURSOR_MOVED,
    Crashpoint.EVENT_WRITTEN,
    Crashpoint.COMMITTING,
    Crashpoint.COMMITTED,
    Crashpoint.UNWOKEN,
)
#: From the claim on, what was under way may come again.
_GIVING = (
    Crashpoint.CLAIMED,
    Crashpoint.ATTEMPT_BEGUN,
    Crashpoint.REQUEST_TORN,
    Crashpoint.LINE_TORN,
    Crashpoint.CHILD_SPAWNED,
    Crashpoint.LINE_WRITTEN,
    Crashpoint.ANSWERED,
    Crashpoint.SETTLING,
    Crashpoint.LANE_HELD,
    Crashpoint.SETTLED,
)


#: Several of these fall into one group of writes, or lie side by side: each is another death.
_MANY = frozenset(
    {
        Crashpoint.EVENT_WRITTEN,
        Crashpoint.ATTEMPT_BEGUN,
        Crashpoint.SETTLING,
        Crashpoint.LANE_HELD,
    }
)


def _visits(point: Crashpoint) -> tuple[int, ...]:
    return (1, 2, 5) if point in _MANY else (1, 3)


def _cases() -> Iterator[Case]:
    for point in (
        Crashpoint.MIGRATING,
        Crashpoint.LEASES_RELEASED,
        Crashpoint.BASELINE_CHOSEN,
        Crashpoint.BASELINE_WRITTEN,
    ):
        yield Case(point=point, way="first")
    # INBOX and Junk: the second cursor, when there is a first.
    yield Case(point=Crashpoint.BASELINE_CHOSEN, way="first", visit=2)
    yield Case(point=Crashpoint.BASELINE_WRITTEN, way="first", visit=2)
    # INBOX's, which owes the past: the cursor without what it owes.
    yield Case(point=Crashpoint.CURSOR_MOVED, way="first", visit=2)
    yield Case(point=Crashpoint.LEASES_RELEASED, way="away")
    # Reading is counted after a run that ended without a word: as after the kill before.
    yield Case(point=Crashpoint.READING_COUNTED, way="away")
    yield Case(point=Crashpoint.READING_COUNTED, way="away", visit=3)
    yield Case(point=Crashpoint.ANNOUNCED, way="watching")
    yield Case(point=Crashpoint.ANNOUNCED, way="watching", visit=2, repeats=MOST)
    for point in _TAKING:
        yield Case(point=point, way="first")
        yield Case(point=point, way="away")
        for visit in _visits(point):
            yield Case(point=point, way="watching", visit=visit, repeats=MOST)
    for point in (Crashpoint.COMMITTING, Crashpoint.COMMITTED):
        # Groups of writes are many: that of a cursor with its events, and that of outcomes.
        for after in (Crashpoint.CURSOR_MOVED, Crashpoint.LANE_HELD):
            for way in ("away", "watching"):
                yield Case(point=point, way=way, after=after, repeats=MOST)
    for point in _GIVING:
        torn = point is Crashpoint.LINE_TORN
        for visit in _visits(point):
            yield Case(point=point, way="watching", visit=visit, repeats=MOST, torn=torn)
        yield Case(point=point, way="away", repeats=MOST, torn=torn)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Start services quickly."""
    with Nursery() as made:
        yield made


@pytest.fixture
def scene(nursery: Nursery, dovecot: Dovecot, user: str, tmp_path: Path) -> Iterator[Scene]:
    """Return a mailbox that nobody watched yet."""
    with Receiver(Books()) as receiver:
        yield Scene(nursery, dovecot, user, tmp_path, receiver)


def test_every_crash_point_has_its_deaths() -> None:
    """No name is without a test of its own."""
    actions = {point for point in Crashpoint if point.value.startswith(("action-", "copy-"))}
    assert {case.point for case in _cases()} == set(Crashpoint) - actions


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in _cases()])
def test_a_death_at_a_named_point_loses_nothing(scene: Scene, case: Case) -> None:
    """After one death, at the n-th visit, every message came under one id."""
    if case.point is Crashpoint.CHILD_SPAWNED:
        scene.run_commands()
    if case.way == "first":
        scene.lie_there(len(SIZES))
    else:
        with scene.life() as service:
            service.until_connected()
            service.kill()
    if case.way == "away":
        scene.arrive(len(SIZES))

    scene.die(case)
    scene.expect_all()
    scene.recover()

    scene.check(repeats=case.repeats, torn=int(case.torn))


@pytest.mark.parametrize(
    "point",
    [
        *_TAKING,
        Crashpoint.CLAIMED,
        Crashpoint.REQUEST_TORN,
        Crashpoint.LINE_TORN,
        Crashpoint.ANSWERED,
        Crashpoint.LANE_HELD,
    ],
)
def test_four_deaths_in_a_row_at_one_point_lose_nothing(scene: Scene, point: Crashpoint) -> None:
    """A service that dies at the same point at each start gets over it once it does not."""
    with scene.life() as service:
        service.until_connected()
        service.kill()
    scene.arrive(len(SIZES))
    case = Case(point=point, way="away")

    # One more than the starts of reading after which a message is given up.
    for _ in range(4):
        scene.die(case)
    scene.expect_all()
    scene.recover()

    scene.check(repeats=4 * MOST, torn=4 * int(point is Crashpoint.LINE_TORN))


def test_a_message_that_is_never_read_alive_is_told_without_its_content(scene: Scene) -> None:
    """After three deaths while it was read it comes as unparseable; the others come whole."""
    with scene.life() as service:
        service.until_connected()
        service.kill()
    scene.arrive(len(SIZES))

    for _ in range(3):
        scene.die(Case(point=Crashpoint.READING_COUNTED, way="away"))
    scene.expect_all()
    # Of those that lie there the large one is read first, and it came last.
    suspect = list(scene.receiver.books.expected)[len(SIZES) - 1]
    del scene.receiver.books.expected[suspect]
    scene.recover()

    scene.check(repeats=0, torn=0)
    (told,) = scene.receiver.books.of_type("message.unparseable")
    assert told["data"]["subject"] == suspect
