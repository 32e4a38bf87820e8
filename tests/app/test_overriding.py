"""What people set at one instance is in force at every other that shares the state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.store.bundle import ANNA, StillClock
from tests.support.memory_store import MemoryStore
from vedette.app.guards import overriding
from vedette.app.guards.overriding import Overriding
from vedette.engine.guarding import Guarding
from vedette.engine.standing import stop
from vedette.errors import StoreError
from vedette.ports.override import Allow, Scope, Switch

#: What a change takes at most on a machine that has much else to do.
PATIENCE = 30.0


class Watched(MemoryStore):
    """A store that says when it was read whole, and fails when it is told to."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(clock)
        self.read = asyncio.Event()
        self.fails = 0

    async def edition(self) -> int:
        if self.fails:
            self.fails -= 1
            raise StoreError("the database was not there")
        return await super().edition()

    async def every_allow(self) -> list[Allow]:
        asyncio.get_running_loop().call_soon(self.read.set)
        return await super().every_allow()


class Other:
    """An instance that nobody asks for anything, beside the store that both share."""

    def __init__(self) -> None:
        self.store = Watched(StillClock())
        self.guarding = Guarding()
        self.reached: list[frozenset[str]] = []
        self.moved = 0
        self.part = Overriding(
            self.store,
            self.guarding,
            StillClock(),
            on_consent=self._consented,
            on_moved=self._moved,
        )

    async def _moved(self) -> None:
        self.moved += 1

    async def _consented(self) -> None:
        self.reached.append(frozenset(self.guarding.standing.consented))

    async def until_read(self) -> None:
        self.store.read.clear()
        async with asyncio.timeout(PATIENCE):
            await self.store.read.wait()


@pytest.fixture
async def other(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Other]:
    monkeypatch.setattr(overriding, "GLANCE", 0.001)
    it = Other()
    await it.store.start()
    await it.part.lock(())
    await it.part.start()
    yield it
    await it.part.stop()
    await it.store.stop()


async def test_a_consent_that_is_withdrawn_elsewhere_ends_here(other: Other) -> None:
    """Whoever is read, and no longer, is told of each change."""
    await other.store.consent(ANNA, version="1", now=1.0, by="anna")
    await other.until_read()
    await other.store.withdraw_consent(ANNA, now=2.0, by="anna")
    await other.until_read()

    assert other.reached == [frozenset({ANNA}), frozenset()]


async def test_a_pause_that_is_set_elsewhere_holds_here(other: Other) -> None:
    """A kill switch is of the whole installation."""
    await other.store.switch(Switch(scope=Scope.HOST, is_off=True, by="cli", at=1.0))
    await other.until_read()

    assert stop(Scope.HOST, "") in other.guarding.standing.stopped


async def test_a_sender_that_is_allowed_elsewhere_is_allowed_here(other: Other) -> None:
    """It leaves no mark in the audit, and is seen all the same."""
    await other.store.allow(
        Allow(account=ANNA, guard="gambling", domain="bank.example", at=1.0, source="cli")
    )
    await other.until_read()

    assert other.guarding.standing.allowed == {(ANNA, "gambling"): frozenset({"bank.example"})}


async def test_a_store_that_can_not_be_read_leaves_what_stood(other: Other) -> None:
    """And it is read whole when it can be again: nobody knows what was set meanwhile."""
    await other.store.switch(Switch(scope=Scope.HOST, is_off=True, by="cli", at=1.0))
    await other.until_read()
    other.store.fails = 3
    await other.until_read()

    assert other.store.fails == 0
    assert stop(Scope.HOST, "") in other.guarding.standing.stopped


async def test_nothing_is_read_where_nothing_was_set(other: Other) -> None:
    """A glance asks for one number."""
    other.store.read.clear()
    glances = asyncio.Event()
    seen = 0

    async def count() -> int:
        nonlocal seen
        seen += 1
        if seen == 5:
            glances.set()
        return 0

    other.store.edition = count  # type: ignore[method-assign]
    async with asyncio.timeout(PATIENCE):
        await glances.wait()

    assert not other.store.read.is_set()
