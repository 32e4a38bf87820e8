"""Keeps the guards at their posts: packs compiled, lists fetched on time, posted anew on change.

A guard stands as soon as its pack is read, with the lists that are on the disk; a list that
comes later is posted when it is there. What a service runs with is what the settings say and,
for protective guards, what the ratchet allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Guarding, Post
from vedette.engine.part import Part
from vedette.guard.breaker import Breaker
from vedette.guard.listing.references import resolved
from vedette.lists.curator import Curator
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.clock import Clock, Dice
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: The shortest wait between two looks at the sources, in seconds: a source that fails at once
#: must not be asked at once again.
SHORTEST = 60.0
#: Looks are spread over this share of their interval, so that a fleet asks a mirror one by one.
JITTER = 0.1
#: The longest wait: who sets a clock, or adds a list, is noticed within the hour.
LONGEST = 3_600.0

#: Returns what is in force of what is wanted.
InForce = Callable[[Sequence[GuardSettings]], Awaitable[Sequence[GuardSettings]]]


class Guards(Part):
    """Posts guards at ``guarding`` for as long as it runs."""

    def __init__(
        self,
        guarding: Guarding,
        *,
        state: Path,
        clock: Clock,
        dice: Dice,
        key: Callable[[], Secret[str]],
        on_posted: Callable[[], None] = lambda: None,
        in_force: InForce | None = None,
    ) -> None:
        super().__init__("guards")
        self._guarding = guarding
        self._state = state
        self._clock = clock
        self._dice = dice
        self._key = key
        self._on_posted = on_posted
        self._in_force = in_force
        self._settings: tuple[GuardSettings, ...] = ()
        self._curators: list[Curator] = []
        self._breakers: dict[str, Breaker] = {}
        self._again = asyncio.Event()

    async def apply(self, settings: Sequence[GuardSettings]) -> None:
        """Go over to new settings. The lists that are at hand are used at once."""
        if self._in_force is not None:
            settings = await self._in_force(settings)
        await self.stand(settings)

    async def stand(self, settings: Sequence[GuardSettings]) -> None:
        """Post what is in force."""
        if tuple(settings) == self._settings:
            return
        self._settings = tuple(settings)
        self._curators = [curator for each in self._settings for curator in self._curators_of(each)]
        await self._post()
        self._again.set()

    async def look(self) -> float:
        """Look at every source that is due; return the seconds until the next is."""
        changed = False
        for curator in list(self._curators):
            for source in curator.wanted.sources:
                if curator.due(source) <= self._clock.now():
                    changed |= (await curator.look(source)).changed
        if changed:
            await self._post()
        return self._pause()

    async def _open(self) -> None:
        self.spawn(self._run(), "lists")

    async def _run(self) -> None:
        while True:
            self._again.clear()
            pause = await self.look()
            try:
                async with asyncio.timeout(pause):
                    await self._again.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float:
        now = self._clock.now()
        dues = [
            max(curator.due(source) - now, SHORTEST) + JITTER * curator.wanted.every * self._dice()
            for curator in self._curators
            for source in curator.wanted.sources
        ]
        return min(dues, default=LONGEST)

    async def _post(self) -> None:
        key = self._key() if self._settings else Secret("")
        posts = [await asyncio.to_thread(self._compiled, each, key) for each in self._settings]
        self._guarding.post(posts)
        self._on_posted()
        for post in posts:
            _log.info(
                "guard.posted",
                guard=post.name,
                mode=post.mode.value,
                version=post.guard.pack.version[:12],
            )

    def _compiled(self, settings: GuardSettings, key: Secret[str]) -> Post:
        """Make a pack ready; on a thread, as it takes some tens of milliseconds."""
        from vedette.guard.judging import Guard  # noqa: PLC0415 - RE2 and its like take 50 ms and 6 MiB: only who has guards pays

        lists = {each.wanted.name: each.parts() for each in self._curators_of(settings)}
        name = settings.pack.name
        return Post(
            guard=Guard(settings.pack, lists),
            key=key,
            mode=settings.mode,
            tenants=settings.tenants,
            accounts=settings.accounts,
            folders=settings.folders,
            sweep=settings.sweep,
            # What it did in the last hour counts on, whatever changed.
            breaker=self._breakers.setdefault(name, Breaker()),
        )

    def _curators_of(self, settings: GuardSettings) -> list[Curator]:
        return [
            Curator(
                resolved(each, settings.pack.lists),
                folder=self._state / "lists" / settings.pack.name,
                base=settings.base,
                guard=AddressGuard(allow=PRIVATE if settings.private else ()),
                now=self._clock.now,
            )
            for each in settings.pack.lists
        ]
