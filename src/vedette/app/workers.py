"""Several instances on one machine: each a whole service in a process of its own.

One process uses one core, whatever it does; instances share mailboxes by themselves, on one
Postgres. What is here starts them, starts one again that died, and ends with all of them. It must
not know what an instance does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import structlog

from vedette.app.clock import dice
from vedette.app.run import IMPATIENT, Stopper
from vedette.backoff import Backoff
from vedette.config.environment import STORE, WORKER
from vedette.errors import ConfigError, ConsentError, StoreUnwritableError, UsageError
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: A worker that lived so long begins again without a wait, in seconds.
STEADY = 60.0
#: The longest wait is short: its mailboxes are at the others, and this one is missed.
WAITS = Backoff(first=1.0, ceiling=30.0)
#: What no new start changes: the words, the file, what is not installed, the folder.
HOPELESS = frozenset(
    error.exit_status for error in (UsageError, ConfigError, ConsentError, StoreUnwritableError)
)
#: The end of the pipe by which a worker knows that the one who started it lives.
_LIFELINE = 0


class Workers:
    """So many instances, from the start to the last one's end."""

    def __init__(self, file: Path, store: Secret[str], count: int) -> None:
        self._file = file
        self._store = store
        self._count = count
        self._stopper = Stopper(on_second=self._impatient)
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._status = 0

    async def run(self) -> int:
        """Run until told to stop, or until one of them can not run at all; return the status."""
        self._stopper.install()
        keeping = [
            asyncio.create_task(self._keep(number), name=f"worker {number}")
            for number in range(1, self._count + 1)
        ]
        passing = asyncio.create_task(self._pass_on(), name="signals")
        try:
            await asyncio.gather(*keeping)
        finally:
            passing.cancel()
            for process in self._running.values():
                # Only after a defect of ours are there any; their lifeline ends with us as well.
                with suppress(ProcessLookupError):
                    process.terminate()
        return self._status

    async def _keep(self, number: int) -> None:
        """Keep one worker running."""
        loop, failures = asyncio.get_running_loop(), 0
        while not self._stopper.asked.is_set():
            begun = loop.time()
            status = await self._one(number)
            if self._stopper.asked.is_set():
                return
            if status in HOPELESS:
                # It has said why. The others would run, but nobody asked for fewer.
                self._status = status
                self._stop()
                return
            failures = 1 if loop.time() - begun > STEADY else failures + 1
            wait = WAITS.wait(failures, dice())
            _log.error("worker.died", worker=number, status=status, again_in=round(wait, 1))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopper.asked.wait()

    async def _one(self, number: int) -> int:
        """Run one worker to its end; return its exit status."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vedette", "serve", "--config", str(self._file)),
            stdin=asyncio.subprocess.PIPE,
            # A key pressed in a terminal reaches us alone: they are told once.
            start_new_session=True,
            env={**os.environ, WORKER: str(number), STORE: self._store.reveal()},
        )
        self._running[number] = process
        _log.info("worker.started", worker=number, pid=process.pid)
        if self._stopper.asked.is_set():
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self._running[number]

    async def _pass_on(self) -> None:
        """Pass signals on: SIGHUP as often as it comes, the end once."""
        reload, asked = self._stopper.reload, self._stopper.asked
        waiting = asyncio.create_task(asked.wait(), name="stop")
        try:
            while not asked.is_set():
                reloading = asyncio.create_task(reload.wait(), name="reload")
                await asyncio.wait({waiting, reloading}, return_when=asyncio.FIRST_COMPLETED)
                if reload.is_set():
                    reload.clear()
                    self._signal(signal.SIGHUP)
                reloading.cancel()
            self._stop()
        finally:
            waiting.cancel()

    def _stop(self) -> None:
        self._stopper.asked.set()
        self._signal(signal.SIGTERM)

    def _impatient(self) -> None:
        """End at once, with all: what was not committed is fetched again."""
        self._signal(signal.SIGKILL)
        os._exit(IMPATIENT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)


def end_with_starter(stopper: Stopper) -> None:
    """Drain when the process that started this one is gone: nobody else would start it again."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        # Nothing is ever sent: it is the end.
        loop.remove_reader(_LIFELINE)
        stopper.asked.set()

    loop.add_reader(_LIFELINE, readable)
