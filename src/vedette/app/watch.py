"""``vedette watch``: one mailbox, from settings to the end, failing early when it can not work.

A service waits for a mail server that is down. A person at a terminal who
mistyped a password wants to know now: what can not get better by waiting ends
the watch, and so does any failure before the mailbox was ever reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from vedette.app.engine import Engine
from vedette.app.run import Stopper, run
from vedette.config.settings import Settings
from vedette.errors import LinkError, Trouble, VedetteError
from vedette.model.account import AccountState
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.sink import Sink

#: What waiting does not cure.
HOPELESS = frozenset({Trouble.AUTH, Trouble.REVOKED, Trouble.TLS, Trouble.FOLDER})

#: Seconds between two looks at whether ``--once`` is done; a look is a few dictionary reads.
LOOK = 0.05


class Watch:
    """One run of ``vedette watch``."""

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Mapping[EndpointId, tuple[Endpoint, Sink]] | None = None,
    ) -> None:
        self.failure: VedetteError | None = None
        self.stopper = Stopper()
        self._reached = False
        self.engine = Engine(settings, extra=extra, on_failure=self._failed)

    async def run(self, *, once: bool) -> None:
        """Watch until stopped; with ``once``, until everything that is there was delivered.

        Raises the VedetteError that ended the watch.
        """
        self.stopper.install()
        follow = asyncio.create_task(self._follow(once=once), name="watch")
        try:
            await run(self.engine, self.stopper)
        finally:
            follow.cancel()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the watch in an orderly way."""
        self.stopper.asked.set()

    async def _follow(self, *, once: bool) -> None:
        while not self._is_reached():
            await asyncio.sleep(LOOK)
        self._reached = True
        if once:
            await self._delivered()
            self.stop()

    def _is_reached(self) -> bool:
        healths = self.engine.healths
        return bool(healths) and all(
            health.state is AccountState.CONNECTED and health.error is None for health in healths
        )

    async def _delivered(self) -> None:
        """Wait until no delivery is due any more."""
        for endpoint in self.engine.endpoints():
            while await self.engine.store.next_due(endpoint.id) is not None:
                await asyncio.sleep(LOOK)

    def _failed(self, _account: AccountId, error: VedetteError) -> None:
        hopeless = isinstance(error, LinkError) and error.trouble in HOPELESS
        if hopeless or not self._reached:
            self.failure = self.failure or error
            self.stop()
