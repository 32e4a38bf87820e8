"""Joins the doctor's questions to the real network; nothing is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

from vedette.app.clock import SystemClock, dice
from vedette.config.settings import Settings
from vedette.engine.world import World
from vedette.net.dial import SocketDialer
from vedette.net.host import canonical
from vedette.net.resolve import SystemResolver
from vedette.reader import MessageReader
from vedette.service.doctor import Finding, examine
from vedette.store.sqlite import SqliteStore


async def diagnose(settings: Settings) -> AsyncIterator[Finding]:
    """Yield the findings for the first account of the settings."""
    only = settings.accounts[0]
    clock = SystemClock()
    world = World(
        dialer=SocketDialer(),
        # Never started: the doctor reads no state and writes none.
        store=SqliteStore(settings.state, clock),
        reader=MessageReader(),
        clock=clock,
        dice=dice,
        endpoints=lambda: (),
        wake=lambda _endpoints: None,
        spool=str(settings.state),
    )
    resolver = SystemResolver()

    async def lookup(host: str) -> list[str]:
        return list(await resolver.resolve(canonical(host)))

    async for finding in examine(only.account, only.target, world, lookup):
        yield finding
