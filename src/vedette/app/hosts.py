"""The tables of host applications: read for as long as the service runs, and told how it goes.

What a table says is followed by ``registered``; here is who runs the sources, who goes over to other
settings of them, and who tells each of them what became of its accounts. It must not know a table's
form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from vedette.engine.part import OnCrash, Part
from vedette.errors import ConfigError, LinkError, VedetteError
from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock, Dice
from vedette.ports.source import Source
from vedette.ports.token import Rotated
from vedette.sources.settings import SourceSettings

if TYPE_CHECKING:
    from vedette.sources.table import TableSource

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks at the proofs of life: far below what a heartbeat is asked for.
BEAT: Final = 5.0
#: Accounts that are looked at before others have a turn on the loop: half a millisecond.
_TURN: Final = 500


class Hosts(Part):
    """Runs the sources of the settings. ``healths`` says how the accounts of this instance are.

    ``beside`` are sources that others run. To make it raises ConfigError, with what to install, where a library is not there.
    """

    def __init__(
        self,
        settings: Sequence[SourceSettings],
        clock: Clock,
        dice: Dice,
        *,
        healths: Callable[[], Iterable[Health]],
        beside: Sequence[Source] = (),
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("hosts", on_crash=on_crash)
        self._clock = clock
        self._dice = dice
        self._healths = healths
        self._beside = tuple(beside)
        self._tasks_of: dict[str, asyncio.Task[None]] = {}
        #: The tables that are read, in the order of the settings.
        self.sources: tuple[TableSource, ...] = ()
        self._writing: tuple[TableSource, ...] = ()
        self._have(self._built(each) for each in settings)

    @property
    def troubles(self) -> dict[str, str]:
        """Why tables could not be read the last time, by name; those that could are left out."""
        told = ((source.name, source.trouble) for source in self.sources)
        return {name: why for name, why in told if why is not None}

    @property
    def followed(self) -> tuple[Source, ...]:
        """Every source whose accounts are watched, those of others too."""
        return (*self.sources, *self._beside)

    async def apply(self, settings: Sequence[SourceSettings]) -> bool:
        """Go over to other tables; return whether any is another one, or in another place.

        One whose settings are the same goes on untouched. One that is new or changed and can not
        be built is told of, and what was there under its name goes on.
        """
        before = {each.name: each for each in self.sources}
        found = (self._fitting(each, before.get(each.name)) for each in settings)
        now = [each for each in found if each is not None]
        ended = [each for each in self.sources if each not in now]
        await self._end(ended)
        for source in now:
            old = before.get(source.name)
            if source is old:
                continue
            if old is not None:
                source.inherit(old)
            self._begin(source)
        is_other = tuple(now) != self.sources
        self._have(now)
        return is_other

    async def rotated(self, account: AccountId, tokens: Rotated) -> None:
        """Have a table get the refresh token that took the place of its own (``ports.token``)."""
        for source in self.sources:
            await source.rotated(account, tokens)

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
            self._begin(source)
        self.spawn(self._beat(), "heartbeats")

    def _have(self, sources: Iterable[TableSource]) -> None:
        self.sources = tuple(sources)
        self._writing = tuple(each for each in self.sources if each.settings.write.is_asked_for)

    def _fitting(self, wanted: SourceSettings, old: TableSource | None) -> TableSource | None:
        """Return the source of some settings: the one that there is, or a new one if that can be."""
        if old is not None and old.settings == wanted:
            return old
        try:
            return self._built(wanted)
        except ConfigError as error:
            _log.error("source.refused", source=wanted.name, error=str(error))
            return old

    def _built(self, settings: SourceSettings) -> TableSource:
        from vedette.app.sources import build_source  # noqa: PLC0415 - it takes 15 ms and a megabyte: only who has tables pays

        return build_source(settings, clock=self._clock, dice=self._dice)

    def _begin(self, source: TableSource) -> None:
        self._tasks_of[source.name] = self.spawn(source.run(), f"source {source.name}")

    async def _end(self, sources: Sequence[TableSource]) -> None:
        """Have some sources not run any more: what one still had to say, its successor says."""
        tasks = {self._tasks_of.pop(each.name) for each in sources if each.name in self._tasks_of}
        await self._cancel(tasks)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            beaten = [each for each in self._writing if each.settings.write.on_heartbeat]
            if not beaten:
                continue
            for count, health in enumerate(list(self._healths()), start=1):
                if health.proof_at is not None:
                    for source in beaten:
                        source.proved(health.account, health.proof_at)
                if count % _TURN == 0:
                    await asyncio.sleep(0)
