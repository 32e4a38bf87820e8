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
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.sink import Sink

#: What waiting does not cure.
HOPELESS = frozenset({Trouble.AUTH, Trouble.REVOKED, Trouble.TLS, Trouble.FOLDER})

#: Seconds between two looks at whether ``--once`` is done; a look is one indexed read.
LOOK = 0.05


class Watch:
    """One run of ``vedette watch``."""

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Mapping[EndpointId, tuple[Endpoint, Sink]] | None = None,
        closed: asyncio.Event | None = None,
    ) -> None:
        """Prepare the watch; ``closed`` is set when nobody reads its output any more."""
        self._closed = closed
        self.failure: VedetteError | None = None
        self.stopper = Stopper()
        self._reached = asyncio.Event()
        self.engine = Engine(
            settings, extra=extra, on_failure=self._failed, on_connected=self._connected
        )

    async def run(self, *, once: bool) -> None:
        """Watch until stopped; with ``once``, until everything that is there was delivered.

        Raises the VedetteError that ended the watch.
        """
        self.stopper.install()
        endings = [self._finish()] if once else []
        if self._closed is not None:
            endings.append(self._abandoned(self._closed))
        tasks = [asyncio.create_task(ending, name="end of watch") for ending in endings]
        try:
            await run(self.engine, self.stopper)
        finally:
            for task in tasks:
                task.cancel()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the watch in an orderly way."""
        self.stopper.asked.set()

    async def _finish(self) -> None:
        """Stop once the mailbox was synced and nothing waits for delivery any more."""
        await self._reached.wait()
        for endpoint in self.engine.endpoints():
            while await self.engine.store.next_due(endpoint.id) is not None:  # noqa: ASYNC110 - see the next line
                # A retry may be hours away, and the store has no event for "all delivered".
                await asyncio.sleep(LOOK)
        self.stop()

    async def _abandoned(self, closed: asyncio.Event) -> None:
        """Stop when whoever read our output has gone, as ``head -1`` does."""
        await closed.wait()
        self.stop()

    def _connected(self, _account: AccountId) -> None:
        self._reached.set()

    def _failed(self, _account: AccountId, error: VedetteError) -> None:
        hopeless = isinstance(error, LinkError) and error.trouble in HOPELESS
        if hopeless or not self._reached.is_set():
            self.failure = self.failure or error
            self.stop()
