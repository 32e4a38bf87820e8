"""Runs an engine until it is told to stop: signals, new settings, a closed pipe.

SIGTERM and SIGINT drain: mailboxes are handed over to other instances where there are any; the
commit in hand, LOGOUT, the deliveries in flight.
A second one exits at once, which is safe by design. SIGHUP, or a change of the
file, reads the settings again.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog

from vedette.app.engine import Engine
from vedette.config.settings import Settings
from vedette.engine.part import Part
from vedette.errors import VedetteError

_log = structlog.stdlib.get_logger(__name__)

#: Service managers kill after 90 s (systemd) or 30 s (Kubernetes); be done before.
DRAIN = 20.0
#: Seconds between two looks at the settings file.
LOOK = 2.0
#: The exit status after a second signal: 128 + SIGTERM, as shells say it.
IMPATIENT = 143

#: Time of change, inode and size of the settings file.
Stamp: TypeAlias = tuple[int, int, int]


def _exit() -> None:
    # Nothing is half done: what was not committed is fetched again.
    os._exit(IMPATIENT)


class Stopper:
    """Turns signals into one event, and a second signal into an exit."""

    def __init__(self, *, on_second: Callable[[], None] = _exit) -> None:
        self._on_second = on_second
        self.asked = asyncio.Event()
        self.reload = asyncio.Event()

    def install(self) -> None:
        """Take the signals of this process."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def _stop(self) -> None:
        if self.asked.is_set():
            self._on_second()
            return
        _log.info("service.draining")
        self.asked.set()


async def _nobody(_settings: Settings) -> None:
    """Heed no settings."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """How settings are read again, and who else than the engine heeds them."""

    read: Callable[[], Settings]
    file: Path
    heed: Callable[[Settings], Awaitable[None]]


async def run(
    engine: Engine,
    stopper: Stopper,
    *,
    read: Callable[[], Settings] | None = None,
    file: Path | None = None,
    heed: Callable[[Settings], Awaitable[None]] = _nobody,
    beside: Sequence[Part] = (),
) -> None:
    """Start the engine, keep it until it is told to stop, and drain it.

    ``read`` reads the settings again when ``file`` changes or SIGHUP comes. What is ``beside`` it
    starts after it and stops before it, when it is drained; ``heed`` is told new settings.
    Raises what a part crashed with, or VedetteError when the start fails.
    """
    # Before the start, which may take a while: a change during it is a change.
    seen = None if file is None else _stamp(file)
    await engine.start()
    await _start(beside, engine)
    if read is not None and file is not None:
        # A task of the engine's: a defect in it takes the service down, and is not silent.
        engine.spawn(_reload(engine, stopper, _Reading(read, file, heed), seen), "settings")
    stop = asyncio.create_task(stopper.asked.wait(), name="stop")
    over = asyncio.create_task(engine.wait(), name="engine over")
    try:
        await asyncio.wait({stop, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stop, over):
            task.cancel()
        # Both end here; what the engine crashed with is raised below.
        await asyncio.wait({stop, over})
        if not over.cancelled():
            over.exception()
        elif stopper.asked.is_set():
            # As long as that takes; a second signal ends it.
            await engine.drain()
        for part in reversed(beside):
            await part.stop()
        await stop_within(engine, DRAIN)
    if engine.crash is not None:
        raise engine.crash


async def _start(parts: Sequence[Part], engine: Engine) -> None:
    """Start what is beside the engine, in its order; where one can not start, nothing runs."""
    begun: list[Part] = []
    try:
        for part in parts:
            begun.append(part)
            await part.start()
            # A task of the engine's: a crash of the part is one of the service.
            engine.spawn(part.wait(), part.name)
    except BaseException:
        for part in reversed(begun):
            await part.stop()
        await stop_within(engine, DRAIN)
        raise


async def stop_within(engine: Engine, seconds: float) -> None:
    """Stop the engine, giving up after ``seconds``: what is not done is repeated, not lost."""
    try:
        async with asyncio.timeout(seconds):
            await engine.stop()
    except TimeoutError:
        _log.error("engine.stop_timed_out", seconds=seconds)


async def _reload(engine: Engine, stopper: Stopper, reading: _Reading, seen: Stamp | None) -> None:
    served = engine.settings.api
    while True:
        try:
            async with asyncio.timeout(LOOK):
                await stopper.reload.wait()
        except TimeoutError:
            stamp = _stamp(reading.file)
            if stamp in {seen, None}:
                continue
        stopper.reload.clear()
        seen = _stamp(reading.file)
        try:
            settings = await asyncio.to_thread(reading.read)
            await engine.apply(settings)
            await reading.heed(settings)
            if fixed := served.fixed(settings.api):
                _log.warning("settings.api_kept", keys=fixed)
        except VedetteError as error:
            # The service goes on with what it had: a typing error must not stop the mail.
            _log.error("settings.refused", error=str(error))


def _stamp(file: Path) -> Stamp | None:
    """Return what changes when a file is edited or replaced; None while it is not there."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
