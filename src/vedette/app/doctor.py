"""Joins the doctor's questions to the real network; nothing is stored."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vedette.app.visit import passing
from vedette.config.settings import Settings
from vedette.net.host import canonical
from vedette.net.resolve import SystemResolver
from vedette.reader import MessageReader
from vedette.service.doctor import Finding, examine


async def diagnose(settings: Settings) -> AsyncGenerator[Finding, None]:
    """Yield the findings for the first account of the settings."""
    only = settings.accounts[0]
    world = passing(settings.state, MessageReader())
    resolver = SystemResolver()

    async def lookup(host: str) -> list[str]:
        return list(await resolver.resolve(canonical(host)))

    async with aclosing(examine(only.account, only.target, world, lookup)) as findings:
        async for finding in findings:
            yield finding
