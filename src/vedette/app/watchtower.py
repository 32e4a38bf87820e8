"""Watches the watch: numbers, the ledger held against the server, probe mails, traces.

It joins those and knows in which order they start and stop, and nothing of what they find.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Protocol

from vedette.app.auditing import Auditing
from vedette.app.clock import dice
from vedette.app.measuring import Measuring
from vedette.engine.audit_book import AuditBook
from vedette.engine.canary import CanaryKeeper
from vedette.engine.canary_book import CanaryBook
from vedette.engine.part import OnCrash, Part
from vedette.engine.supervisor import Supervisor
from vedette.errors import ConfigError
from vedette.model.ids import AccountId
from vedette.ports.backlog import Backlogs
from vedette.ports.clock import Clock
from vedette.ports.store import Store
from vedette.secret import Secret
from vedette.telemetry.tracing import TRACING, Tracer


class Looked(Store, Backlogs, Protocol):
    """What is asked of the state."""


class StoppableTracer(Tracer, Protocol):
    """A tracer with a thread of its own."""

    def stop(self) -> None:
        """Send what waits; it blocks, for some seconds at most."""


class Watchtower(Part):
    """All of it, as one part, over the supervisor that it is given before its start.

    ``key`` is that of the installation: probes of an instance that died are known by it. ``otlp`` is
    where traces of ``instance`` go.
    """

    def __init__(
        self,
        store: Looked,
        clock: Clock,
        key: Callable[[], Secret[str]],
        *,
        otlp: str | None = None,
        instance: str = "",
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("watchtower", on_crash=on_crash)
        self._store = store
        self._otlp = otlp
        self._instance = instance
        self._tracer: StoppableTracer | None = None
        self._clock = clock
        self._supervisor: Supervisor | None = None
        self._parts: tuple[Part, ...] = ()
        self._measuring: Measuring | None = None
        #: Probe mails of ours.
        self.canaries = CanaryBook(cache(key))
        #: What came of holding folders against the ledger.
        self.audits = AuditBook(dice)
        #: Whether a message was missed.
        self.completeness = Auditing(self.audits, self._probe)

    @property
    def lag(self) -> float:
        """How late the loop was at the last look, in seconds."""
        return 0.0 if self._measuring is None else self._measuring.lag

    async def attach(self, supervisor: Supervisor) -> None:
        """Begin to look after a supervisor that runs."""
        self._supervisor = supervisor
        await self.start()

    async def _open(self) -> None:
        supervisor = self._supervisor
        if supervisor is None:
            raise RuntimeError("a watchtower is attached, not started")
        if self._otlp is not None:
            self._tracer = await asyncio.to_thread(_tracer, self._otlp, self._instance)
            TRACING.tracer = self._tracer
        self._measuring = Measuring(self._store, self._clock, supervisor.census)
        self._parts = (
            self._measuring,
            CanaryKeeper(
                self.canaries,
                self._clock,
                dice,
                watched=supervisor.canaries,
                login=supervisor.visit,
                doubt=supervisor.doubt,
                deliveries=self._store.deliveries,
                on_crash=self._on_crash,
            ),
        )
        for part in self._parts:
            await part.start()

    async def _close(self) -> None:
        for part in reversed(self._parts):
            await part.stop()
        if self._tracer is not None:
            # Another service of this process may trace by now.
            TRACING.tracer = None if TRACING.tracer is self._tracer else TRACING.tracer
            await asyncio.to_thread(self._tracer.stop)

    def _probe(self, account: AccountId) -> bool:
        return self._supervisor is not None and self._supervisor.probe(account)


def _tracer(url: str, instance: str) -> StoppableTracer:
    """Make a tracer. Raises ConfigError that says what to install."""
    try:
        library = import_module("vedette.telemetry.otlp")
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            # A module of ours: a defect, and no fault of whoever installed us.
            raise
        raise ConfigError("traces need vedette[otel]: pip install 'vedette[otel]'") from error
    tracer: StoppableTracer = library.OtlpTracer(url, instance=instance)
    return tracer
