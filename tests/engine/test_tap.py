"""Who listens to an account hears its connections, for as long as was asked, and nothing after."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.engine.whole import whole
from tests.support.clock import VirtualClock, run
from vedette.engine.tap import AT_ONCE, KEPT, LINES, Direction, Tap, Taps
from vedette.errors import ThrottledError
from vedette.imap import Exists
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret


def account(name: str = "anna") -> Account:
    credentials = Credentials(user=name, password=Secret("hunter2"))
    return Account(
        id=AccountId(name), tenant=TenantId("t"), email=f"{name}@e.org", credentials=credentials
    )


def texts(tap: Tap) -> list[str]:
    return [line.text for line in tap.transcript().lines]


def test_a_connection_that_stands_is_heard_from_then_on(tmp_path: Path) -> None:
    """And the next one from its greeting; a login is its way, and what is fetched is a size."""

    async def main() -> None:
        async with whole(tmp_path) as it:
            [watched] = it.supervisor.healths
            tap = it.supervisor.listen(watched.account, 600.0)
            assert tap is not None
            it.server.deliver()
            await asyncio.sleep(5)
            told = texts(tap)
            assert "* 1 EXISTS" in told
            assert any("FETCH (" in each and "octets}" in each for each in told)
            assert {line.connection for line in tap.transcript().lines} == {1}

            it.server.drop()
            await asyncio.sleep(30)
            told = texts(tap)
            assert "(the connection is over: network)" in told
            assert any(" LOGIN …" in each for each in told)
            lines = tap.transcript().lines
            assert {line.connection for line in lines} == {1, 2}
            assert {line.direction for line in lines} == set(Direction)
            assert it.supervisor.tap(watched.account) is tap

    run(main())


def test_nothing_is_kept_beyond_the_time_that_was_asked_for(tmp_path: Path) -> None:
    """The lines stay for a while, the link lets go, and then nothing is left."""

    async def main() -> None:
        async with whole(tmp_path) as it:
            [watched] = it.supervisor.healths
            tap = it.supervisor.listen(watched.account, 60.0)
            assert tap is not None
            await asyncio.sleep(61)
            it.server.deliver()
            await asyncio.sleep(5)
            assert "* 1 EXISTS" not in texts(tap)
            [watcher] = it.supervisor._watchers.values()
            assert [each._session.link.ear for each in watcher._lookouts] == [None]
            assert it.supervisor.tap(watched.account) is tap
            await asyncio.sleep(KEPT)
            assert it.supervisor.tap(watched.account) is None

    run(main())


def test_who_is_not_watched_has_nothing_to_hear(tmp_path: Path) -> None:
    """That is said, and no tap is made."""

    async def main() -> None:
        async with whole(tmp_path) as it:
            assert it.supervisor.listen(AccountId("nobody"), 60.0) is None
            assert it.supervisor.tap(AccountId("nobody")) is None

    run(main())


def test_lines_and_accounts_have_bounds() -> None:
    """The last lines count; one account too many is told to wait until others are forgotten."""

    async def main() -> None:
        taps, clock = Taps(), VirtualClock()
        tap = taps.ask(account(), 60.0, clock)
        ear = taps.ear(AccountId("anna"))
        assert ear is not None
        for number in range(LINES + 5):
            assert ear.heard([Exists(count=number)])
        assert texts(tap)[0] == "* 5 EXISTS"
        assert len(texts(tap)) == LINES
        ear.heard([Exists(count=1)] * 10_000)
        assert texts(tap)[-1] == "(and 9950 more)"

        for number in range(1, AT_ONCE):
            taps.ask(account(f"a{number}"), 60.0, clock)
        with pytest.raises(ThrottledError):
            taps.ask(account("bert"), 60.0, clock)
        assert taps.ask(account(), 60.0, clock) is tap
        await asyncio.sleep(60 + KEPT + 1)
        assert taps.ask(account("bert"), 60.0, clock) is not tap

    run(main())
