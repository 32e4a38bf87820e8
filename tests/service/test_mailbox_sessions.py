"""Sessions for requests: few, given back whatever happens, and gone with what they were opened for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.dovecot import Dovecot
from tests.support.mailbox import Doorway
from vedette.api.problems import of_error
from vedette.engine.assignment import Assignment
from vedette.engine.session import Session
from vedette.errors import LimitError, LinkError, NetworkError, RevokedError, ThrottledError
from vedette.imap import Noop
from vedette.service.mailbox import sessions as pool
from vedette.service.mailbox.refusals import (
    CrowdedError,
    MailServerError,
    of_link,
)
from vedette.service.mailbox.sessions import Sessions
from vedette.service.refusals import ConflictError, NotFoundError, NotRunningError


@pytest.fixture
def doorway(tmp_path: Path) -> Doorway:
    made = Doorway()
    made.live_in(tmp_path)
    return made


@pytest.fixture
async def sessions(doorway: Doorway) -> AsyncIterator[Sessions]:
    made = Sessions(doorway)
    await made.start()
    yield made
    await made.stop()
    assert made.count == 0


@pytest.fixture
def assignment(doorway: Doorway, dovecot: Dovecot, user: str) -> Assignment:
    return doorway.let("box", dovecot.port, user=user)


async def used(
    sessions: Sessions, assignment: Assignment, first: Callable[[], object] | None = None
) -> Session:
    """Use a session; after ``first`` for as long as it lasts."""
    async with sessions.lent(assignment, seconds=20) as lease:
        if first is not None:
            first()
            while True:
                await lease.session.check(Noop())
        return lease.session


async def stays(
    sessions: Sessions,
    assignment: Assignment,
    inside: asyncio.Event | None = None,
    *,
    seconds: float = 20,
) -> None:
    """Have a session, and do nothing with it."""
    async with sessions.lent(assignment, seconds=seconds):
        if inside is not None:
            inside.set()
        await asyncio.Event().wait()


def missing() -> None:
    raise NotFoundError("message", "x")


async def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + 20
    while not holds():
        assert loop.time() < until
        await asyncio.sleep(0.01)


async def test_a_third_request_waits_and_is_then_told_to_come_again(
    sessions: Sessions, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of an account go on at once; the place of one that is done is free."""
    monkeypatch.setattr(pool, "WAIT", 0.05)
    async with sessions.lent(assignment), sessions.lent(assignment):
        with pytest.raises(CrowdedError):
            await used(sessions, assignment)

    async with sessions.lent(assignment):
        assert sessions.count == 2


async def test_a_session_in_use_ends_with_the_account(
    sessions: Sessions, assignment: Assignment, doorway: Doorway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is reading when somebody pauses or deletes it is told that it was changed."""
    monkeypatch.setattr(pool, "LOOK", 0.01)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        await used(sessions, assignment, doorway.known.clear)

    assert sessions.count == 0


async def test_who_goes_away_in_the_middle_leaves_no_session(
    sessions: Sessions, assignment: Assignment
) -> None:
    """A request that is cancelled gives its place back, and its session is not used again."""
    inside = asyncio.Event()
    task = asyncio.create_task(stays(sessions, assignment, inside))
    async with asyncio.timeout(20):
        await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert sessions.count == 0


async def test_what_takes_too_long_is_broken_off(
    sessions: Sessions, assignment: Assignment
) -> None:
    """At its deadline it is a failure of the server, whatever it was waiting for."""
    with pytest.raises(MailServerError, match="not done within"):
        await stays(sessions, assignment, seconds=0.5)

    assert sessions.count == 0


async def test_what_a_caller_got_wrong_costs_no_session(
    sessions: Sessions, assignment: Assignment
) -> None:
    """A message that is not there leaves the session for the next request."""
    first = await used(sessions, assignment)
    with pytest.raises(NotFoundError):
        await used(sessions, assignment, missing)

    assert await used(sessions, assignment) is first


async def test_a_session_that_nobody_uses_ends(
    sessions: Sessions, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its seconds it is logged out, and nothing is remembered of the account."""
    monkeypatch.setattr(pool, "LOOK", 0.01)
    monkeypatch.setattr(pool, "KEPT", 0.0)
    session = await used(sessions, assignment)
    await eventually(lambda: session.link.is_lost)

    assert sessions.count == 0


async def test_the_oldest_kept_session_makes_room(
    sessions: Sessions,
    doorway: Doorway,
    dovecot: Dovecot,
    user: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There are never more in all than may be, in use and kept together."""
    monkeypatch.setattr(pool, "IN_ALL", 2)
    for number in range(4):
        async with sessions.lent(doorway.let(f"box{number}", dovecot.port, user=f"{user}{number}")):
            assert sessions.count <= 2


async def test_without_an_engine_no_mailbox_is_read(
    assignment: Assignment, doorway: Doorway
) -> None:
    """Not before it starts, not without one, not after it stopped."""
    for entrance in (None, doorway):
        with pytest.raises(NotRunningError):
            await used(Sessions(entrance), assignment)


async def test_a_tenant_alone_does_not_take_all_places(
    sessions: Sessions, doorway: Doorway, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over its share it is told to wait at once, and another tenant goes on."""
    monkeypatch.setattr(pool, "PER_TENANT", 1)
    port, user = assignment.target.port, assignment.account.credentials.user
    theirs = doorway.let("theirs", port, user=user, tenant="other")
    async with sessions.lent(assignment):
        with pytest.raises(CrowdedError):
            await used(sessions, assignment)
        await used(sessions, theirs)

    await used(sessions, assignment)


@pytest.mark.parametrize(
    ("error", "code", "wait"),
    [
        (ThrottledError("wait", reply="Backoff", retry_after=92.4), "throttled", "93"),
        (ThrottledError("wait"), "throttled", "30"),
        (LimitError("full", reply="too many"), "limited", "30"),
        (NetworkError("gone"), "unreachable", None),
        (RevokedError("withdrawn"), "auth_failed", None),
    ],
)
def test_a_failure_says_when_to_come_again(error: LinkError, code: str, wait: str | None) -> None:
    """With the server's own time where it told one; where waiting helps nobody there is none."""
    problem = of_error(of_link(error))

    assert problem.code == code
    assert problem.status == (502 if wait is None else 503)
    assert problem.headers.get("Retry-After") == wait
    assert problem.members["reply"] == error.reply
