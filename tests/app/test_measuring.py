"""The numbers that nobody moves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import pytest

from vedette.app import measuring
from vedette.app.measuring import (
    LAG,
    OLDEST,
    RESIDENT,
    SESSIONS,
    WAITING,
    Measuring,
    shown,
    usage,
)
from vedette.errors import StoreError
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.ports.backlog import Backlog
from vedette.telemetry.registry import Point

NOW = 1_000_000.0


class Clock:
    def now(self) -> float:
        return NOW


class Waiting:
    """A state in which something waits; it fails as often as it is told to."""

    def __init__(self, backlog: Backlog, failures: int = 0) -> None:
        self._backlog = backlog
        self._failures = failures

    async def backlog(self) -> Backlog:
        if self._failures:
            self._failures -= 1
            raise StoreError("away")
        return self._backlog


def health(state: AccountState, proof_at: float | None = None) -> Health:
    return Health(
        account=AccountId("a"),
        tenant=TenantId("t"),
        email="a@example.org",
        state=state,
        proof_at=proof_at,
    )


def mailboxes() -> Iterator[tuple[Health, str]]:
    yield health(AccountState.CONNECTED, NOW - 10), "imap.gmail.com"
    yield health(AccountState.CONNECTED, NOW - 10), "imap.gmail.com"
    yield health(AccountState.CONNECTED, NOW - 1000), "mail.customer.example"
    yield health(AccountState.AUTH_FAILED), "outlook.office365.com"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - numbers tell nobody that they moved
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("proof_at", "state"), [(NOW - 299, "live"), (NOW - 301, "silent"), (None, "silent")]
)
def test_who_is_connected_is_live_only_where_that_is_proven(
    proof_at: float | None, state: str
) -> None:
    """A flag that says connected is no proof."""
    assert shown(health(AccountState.CONNECTED, proof_at), NOW) == state


async def test_mailboxes_are_counted_by_state_and_provider() -> None:
    """A host that nobody knows is no label."""
    part = Measuring(Waiting(Backlog(waiting=0, oldest_at=None)), Clock(), mailboxes)
    await part.start()
    points = list(SESSIONS.points())
    await part.stop()

    assert points == [
        Point("", (("state", "live"), ("provider", "google")), 2),
        Point("", (("state", "silent"), ("provider", "other")), 1),
        Point("", (("state", "auth_failed"), ("provider", "microsoft")), 1),
    ]
    assert list(SESSIONS.points()) == []


async def test_what_waits_has_a_number_and_an_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a state that can not be asked is asked again."""
    monkeypatch.setattr(measuring, "LOOK", 0.01)
    state = Waiting(Backlog(waiting=7, oldest_at=NOW - 90), failures=1)
    part = Measuring(state, Clock(), lambda: ())
    await part.start()
    await until(lambda: WAITING.value() == 7)
    await part.stop()

    assert OLDEST.value() == 90


async def test_loop_and_process_are_looked_at() -> None:
    """The first numbers are there within a second."""
    before = LAG.count()
    part = Measuring(Waiting(Backlog(waiting=0, oldest_at=None)), Clock(), lambda: ())
    await part.start()
    await until(lambda: LAG.count() > before and RESIDENT.value() > 0)
    await part.stop()

    assert RESIDENT.value() > 1 << 20


async def test_how_late_the_loop_is_can_be_asked() -> None:
    """Who asks whether the process lives reads the last look, and needs no clock of its own."""
    part = Measuring(Waiting(Backlog(waiting=0, oldest_at=None)), Clock(), lambda: ())
    await part.start()
    assert part.lag == 0.0
    end = time.monotonic() + 2 * measuring.SLEEP
    while time.monotonic() < end:
        pass  # The loop is held up.
    # In the first turn of the loop the timer is found to be due, and runs before the second.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = part.lag
    await part.stop()

    assert late >= measuring.SLEEP


def test_descriptors_are_counted_as_they_are_opened() -> None:
    """Whether the kernel says how many there are, or they are counted."""
    before = usage()[1]
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    try:
        assert usage()[1] == before + 5
    finally:
        for each in opened:
            os.close(each)
