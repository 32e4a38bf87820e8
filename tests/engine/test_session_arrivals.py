"""What a session remembers of announcements that were answered before they were asked about."""

from __future__ import annotations

from vedette.engine.link import Link
from vedette.engine.pushes import Pushes
from vedette.engine.session import Session
from vedette.imap import Connection


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
