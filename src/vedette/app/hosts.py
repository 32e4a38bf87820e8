"""The tables of host applications: read for as long as the service runs, and told how it goes.

What a table says is followed by ``registered``; here is who runs the sources, and who tells each of
them what became of its accounts. It must not know a table's form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from vedette.app.sources import build_source
from vedette.engine.part import OnCrash, Part
from vedette.errors import LinkError, VedetteError
from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock, Dice
from vedette.sources.settings import SourceSettings

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks at the proofs of life: far below what a heartbeat is asked for.
BEAT: Final = 5.0
#: Accounts that are looked at before others have a turn on the loop: half a millisecond.
_TURN: Final = 500


class Hosts(Part):
    """Runs the sources of the settings. ``healths`` says how the accounts of this instance are.

    To make it raises ConfigError, with what to install, where a library is not there.
    """

    def __init__(
        self,
        settings: Sequence[SourceSettings],
        clock: Clock,
        dice: Dice,
        *,
        healths: Callable[[], Iterable[Health]],
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("hosts", on_crash=on_crash)
        self.sources = tuple(build_source(each, clock=clock, dice=dice) for each in settings)
        self._writing = tuple(each for each in self.sources if each.settings.write.is_asked_for)
        self._clock = clock
        self._healths = healths

    def heed(self, settings: Sequence[SourceSettings]) -> None:
        """Say so where a file that was read again has other tables: that takes a new start."""
        if tuple(settings) != tuple(each.settings for each in self.sources):
            _log.warning("settings.sources_kept", sources=[each.name for each in self.sources])

    def failed(self, account: AccountId, error: VedetteError) -> None:
        """Tell the table that a connection failed, in the server's own words where it said any."""
        said = error.reply if isinstance(error, LinkError) else None
        for source in self._writing:
            source.failed(account, said or str(error), self._clock.now())

    def connected(self, account: AccountId) -> None:
        """Tell the table that an account is connected."""
        for source in self._writing:
            source.connected(account, self._clock.now())

    async def _open(self) -> None:
        for source in self.sources:
            self.spawn(source.run(), f"source {source.name}")
        beaten = [each for each in self._writing if each.settings.write.on_heartbeat is not None]
        if beaten:
            self.spawn(self._beat(), "heartbeats")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            for count, health in enumerate(list(self._healths()), start=1):
                if health.proof_at is not None:
                    for source in self._writing:
                        source.proved(health.account, health.proof_at)
                if count % _TURN == 0:
                    await asyncio.sleep(0)
