"""What a session remembers of announcements that were answered before they were asked about."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.clock import run
from vedette.engine.link import Link
from vedette.engine.pushes import Pushes
from vedette.engine.session import Session
from vedette.imap import Connection, Event


async def test_an_announcement_that_a_fetch_took_along_leaves_no_instant() -> None:
    """The next message has an instant of its own, by the wall clock and to be waited for."""
    session = Session(Link(Connection(encrypted=True)), host="mx", now=lambda: 9.0)
    session.pushes = Pushes()
    session.pushes.announced(1.0)
    session.grown, session.announced_at = 2, 5.0

    known: list[tuple[int, float | None]] = []
    for count in (1, 3):
        session.came(count)
        known.append((session.grown, session.announced_at))

    assert known == [(1, 5.0), (0, None)]
    assert session.pushes.deadline(1, heard=9.0) is None


class CountingLink(Link):
    """A link that counts how often somebody waits for it, and does not take many."""

    waits = 0

    async def next(self, deadline: float | None) -> list[Event]:
        self.waits += 1
        assert self.waits < 10, "the session goes in circles"
        return await super().next(deadline)


def test_a_message_that_stays_out_is_no_reason_to_go_in_circles() -> None:
    """Whoever waits for something else is woken once for it, and then not before its time."""

    async def story() -> float:
        loop = asyncio.get_running_loop()
        session = Session(CountingLink(Connection(encrypted=True)), host="mx", now=lambda: 9.0)
        session.pushes = Pushes()
        session.pushes.announced(loop.time())
        session.grown = 1
        await session.wait(loop.time() + 60.0, enough=lambda: False)
        return loop.time()

    assert run(story()) == pytest.approx(60.0)
