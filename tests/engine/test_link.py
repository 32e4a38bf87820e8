"""A wait on a link ends when something came or at its own deadline, never at another's."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress

import pytest

from tests.support.clock import run
from vedette.engine.link import Link
from vedette.errors import NetworkError
from vedette.imap import Connection


def test_wait_is_not_cut_short_by_the_deadline_of_an_earlier_one() -> None:
    """The timer of a wait that ended early looks again instead of waking the next."""

    async def story() -> float:
        link, loop = Link(Connection(encrypted=True)), asyncio.get_running_loop()
        loop.call_later(1.0, link.wake)
        await link.next(60.0)
        assert loop.time() == pytest.approx(1.0)
        assert not await link.next(120.0)
        return loop.time()

    assert run(story()) == pytest.approx(120.0)


def test_wait_with_an_earlier_deadline_ends_at_it() -> None:
    """A timer that was armed for later does not hold up a shorter wait."""

    async def story() -> float:
        link, loop = Link(Connection(encrypted=True)), asyncio.get_running_loop()
        loop.call_later(1.0, link.wake)
        await link.next(60.0)
        await link.next(15.0)
        return loop.time()

    assert run(story()) == pytest.approx(15.0)


class Followed(Link):
    """A link that can be seen to be gone."""

    __slots__ = ("__weakref__",)


def test_closed_link_is_not_kept_by_a_timer() -> None:
    """What is over may be forgotten at once, not at the deadline of its last wait."""

    async def story() -> Link | None:
        link = Followed(Connection(encrypted=True))
        asyncio.get_running_loop().call_later(1.0, link.wake)
        await link.next(60.0)
        link.close()
        seen = weakref.ref(link)
        del link
        return seen()

    assert run(story()) is None


def test_closed_link_is_not_kept_by_the_error_that_ended_it() -> None:
    """A lost link is freed at once, without the garbage collector."""

    async def story() -> Link | None:
        link = Followed(Connection(encrypted=True))
        link.connection_lost(NetworkError("the server closed the connection"))
        with suppress(NetworkError):
            await link.next(None)
        link.close()
        seen = weakref.ref(link)
        del link
        return seen()

    gc.disable()
    try:
        assert run(story()) is None
    finally:
        gc.enable()
