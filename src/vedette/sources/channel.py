"""A channel of a host's database, listened to for as long as a source runs.

It says when something changed, and nothing of what. It must not know what is read then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from vedette.backoff import Backoff
from vedette.errors import StoreError
from vedette.ports.clock import Dice
from vedette.sources.database import Database

_log = structlog.stdlib.get_logger(__name__)

#: Waits before the channel is listened to again: meanwhile the readings go on.
AFTER_DEAFNESS: Final = Backoff(first=1.0, ceiling=60.0)


async def keep_listening(
    source: str, channel: str, database: Database, nudge: Callable[[], None], dice: Dice
) -> None:
    """Nudge at each notification, and listen again when it went deaf, until it is cancelled."""
    failures = 0
    loop = asyncio.get_running_loop()
    while True:
        began_at = loop.time()
        words = "the connection was lost"
        hearing = False

        def heard() -> None:
            nonlocal hearing
            if not hearing:
                hearing = True
                _log.info("source.listening", source=source, channel=channel)
            nudge()

        try:
            await database.listen(channel, heard)
        except StoreError as error:
            words = str(error)
        failures = 1 if loop.time() - began_at > AFTER_DEAFNESS.ceiling else failures + 1
        if failures == 1:
            _log.warning("source.deaf", source=source, channel=channel, error=words)
        await asyncio.sleep(AFTER_DEAFNESS.wait(failures, dice()))
