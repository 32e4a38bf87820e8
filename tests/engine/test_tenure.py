"""The right to write for a mailbox: when it is over, the mailbox is let go of and left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tests.support.clock import run
from tests.support.scripted import ScriptedServer
from tests.support.world import Setting, Watch, quiet
from vedette.engine.desk import Desk
from vedette.engine.docket import Docket
from vedette.engine.ledger import Ledger
from vedette.engine.quarantine import Targets
from vedette.engine.session import Session
from vedette.engine.tenure import refused
from vedette.engine.watched import FencedError
from vedette.imap import Command, Noop
from vedette.model.ids import AccountId
from vedette.ports.store import Fence
from vedette.sync.deed import Abilities

HOUR = 3_600.0


class Lent:
    """A tenure that somebody else may take away. ``is_over`` is whether we know of it."""

    def __init__(self) -> None:
        self.is_over = False
        self.epoch = 0
        self.refusals: list[AccountId] = []

    def has(self, _account: AccountId) -> bool:
        return not self.is_over

    def fence(self, _account: AccountId) -> Fence:
        return Fence(epoch=self.epoch)

    async def confirm(self, account: AccountId) -> None:
        if self.is_over:
            raise refused(account)

    def refused(self, account: AccountId) -> FencedError:
        self.refusals.append(account)
        return refused(account)


def watch(server: ScriptedServer, spool: Path) -> tuple[Watch, Lent]:
    watch, lent = Watch(Setting(), server.dialer, spool), Lent()
    supervisor = watch.supervisor
    supervisor._world = replace(supervisor._world, tenure=lent)
    return watch, lent


def test_a_mailbox_whose_write_is_refused_is_let_go_of(tmp_path: Path) -> None:
    """Its session ends, nothing is written, and nobody logs in to it again by himself."""

    async def story() -> None:
        server = ScriptedServer()
        watched, lent = watch(server, tmp_path)
        await watched.start()
        await asyncio.sleep(5)
        lent.epoch = -1
        server.deliver()
        await asyncio.sleep(HOUR)

        assert len(lent.refusals) == 1
        assert watched.uids() == []
        assert watched.logins() == 1
        assert server.open_talks == []
        assert watched.supervisor.healths == []
        await watched.stop()

    run(story())


def test_a_mailbox_that_is_ours_again_is_watched_again(tmp_path: Path) -> None:
    """What was not told of meanwhile is told of then."""

    async def story() -> None:
        server = ScriptedServer()
        watched, lent = watch(server, tmp_path)
        await watched.start()
        await asyncio.sleep(5)
        lent.epoch = -1
        server.deliver()
        await asyncio.sleep(60)
        lent.epoch = 0

        await watched.assign()
        await asyncio.sleep(60)

        assert len(watched.uids()) == 1
        await watched.stop()

    run(story())


def test_a_mailbox_that_is_another_s_is_not_begun(tmp_path: Path) -> None:
    """Lost while others were waited for, it is not logged in to at all."""

    async def story() -> None:
        server = ScriptedServer()
        watched, lent = watch(server, tmp_path)
        lent.is_over = True

        await watched.start()
        await asyncio.sleep(60)

        assert watched.logins() == 0
        await watched.stop()

    run(story())


class Mute:
    """A session that notes what would be said."""

    def __init__(self) -> None:
        self.said: list[Command] = []

    async def burst(self, commands: Sequence[Command]) -> list[object]:
        self.said += commands
        return []


async def test_nothing_is_said_to_a_mailbox_that_is_another_s() -> None:
    """Before every burst that changes it, the authority is asked, and its no is obeyed."""
    session, lent = Mute(), Lent()
    desk = Desk(
        session=cast("Session", session),
        ledger=cast("Ledger", None),
        targets=cast("Targets", None),
        docket=Docket(),
        can=Abilities(move=True, uidplus=True, searchres=True, gmail=False),
        confirm=lambda: lent.confirm(AccountId("joe")),
    )
    await desk.burst([Noop()], [])
    lent.is_over = True

    with pytest.raises(FencedError):
        await desk.burst([Noop()], [])

    assert len(session.said) == 1
    await quiet()
