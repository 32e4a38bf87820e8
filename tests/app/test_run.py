"""A run of the service: it reads new settings when they are there, and drains when told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.app.settings import service
from vedette.app import run as module
from vedette.app.engine import Engine
from vedette.app.run import Stopper, run
from vedette.config.api import ApiSettings
from vedette.config.settings import Settings
from vedette.errors import ConfigError, StoreError

#: For a step of the service on a loaded machine, in seconds.
PATIENCE = 60.0


class Source:
    """A settings file, and what reading it returns; it counts how often it was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "vedette.toml"
        self.file.touch()
        self.accounts: list[str] = []
        self.api = ApiSettings()
        self.error: Exception | None = None
        self.reads = 0

    def read(self) -> Settings:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return replace(service(self.folder, self.accounts), api=self.api)

    def edit(self, *accounts: str) -> None:
        """Write the file again."""
        self.accounts = list(accounts)
        self.file.write_text(f"{self.file.read_text()}{accounts}\n")


class Running:
    """A run under way."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stopper = Stopper()
        self.engine = Engine(service(source.folder))
        #: What was told to whoever heeds settings beside the engine.
        self.heeded: list[Settings] = []
        self.task = asyncio.create_task(
            run(self.engine, self.stopper, read=source.read, file=source.file, heed=self.heed)
        )

    async def heed(self, settings: Settings) -> None:
        self.heeded.append(settings)

    @property
    def accounts(self) -> list[str]:
        return sorted(health.account for health in self.engine.healths)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Give the loop its turns until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0)
                if self.task.done():
                    await self.task

    async def ended(self) -> None:
        """Tell it to stop and wait for the end."""
        self.stopper.asked.set()
        async with asyncio.timeout(PATIENCE):
            await self.task


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    """Run a service to an orderly end, whatever the test does."""
    scene = Running(Source(folder))
    try:
        await scene.until(lambda: scene.engine.started)
        yield scene
    finally:
        scene.stopper.asked.set()
        await asyncio.wait({scene.task}, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)


async def test_a_stop_drains_the_engine(tmp_path: Path) -> None:
    """Nothing of it runs when the run is over."""
    async with running(tmp_path) as scene:
        await scene.ended()

        assert scene.engine.stopped
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    """Without a signal."""
    async with running(tmp_path) as scene:
        scene.source.edit("anna")

        await scene.until(lambda: scene.accounts == ["anna"])


async def test_a_file_that_changed_during_the_start_is_read_again(tmp_path: Path) -> None:
    """A start may take seconds, and what was read before it is old by then."""
    scene = Running(Source(tmp_path))
    # One turn of the loop: the run is under way, and the engine not yet started.
    await asyncio.sleep(0)
    assert not scene.engine.started

    scene.source.edit("anna")

    await scene.until(lambda: scene.accounts == ["anna"])
    await scene.ended()


async def test_a_file_that_did_not_change_is_not_read(tmp_path: Path) -> None:
    """However often it is looked at."""
    async with running(tmp_path) as scene:
        await _Looks(scene).some()

        assert scene.source.reads == 0


async def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    """As editors and configuration tools do it, even with the old size."""
    async with running(tmp_path) as scene:
        scene.source.accounts = ["anna"]
        fresh = tmp_path / "fresh"
        fresh.touch()
        fresh.replace(scene.source.file)

        await scene.until(lambda: scene.accounts == ["anna"])


async def test_a_file_that_is_gone_changes_nothing_until_it_is_back(tmp_path: Path) -> None:
    """Between its removal and its return there is nothing to read."""
    async with running(tmp_path) as scene:
        scene.source.file.unlink()
        scene.source.accounts = ["anna"]
        looks = _Looks(scene)
        await looks.some()
        assert (scene.source.reads, scene.accounts) == (0, [])

        scene.source.file.write_text("back")

        await scene.until(lambda: scene.accounts == ["anna"])


async def test_sighup_reads_a_file_that_did_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in another file may have."""
    monkeypatch.setattr(module, "LOOK", 3600.0)
    async with running(tmp_path) as scene:
        scene.source.accounts = ["anna"]

        scene.stopper.reload.set()

        await scene.until(lambda: scene.accounts == ["anna"])
        assert scene.source.reads == 1


async def test_who_is_beside_the_engine_heeds_what_was_read_again(tmp_path: Path) -> None:
    """Of the API what takes a new start is named, each time; the rest is no news."""
    async with running(tmp_path) as scene:
        with capture_logs() as logs:
            scene.source.api = ApiSettings(rate=5.0)
            scene.source.edit()
            await scene.until(lambda: len(scene.heeded) == 1)
            scene.source.api = ApiSettings(port=8026, docs=False)
            scene.source.edit()
            await scene.until(lambda: len(scene.heeded) == 2)
            scene.source.edit("anna")
            await scene.until(lambda: len(scene.heeded) == 3)

        kept = [each["keys"] for each in logs if each["event"] == "settings.api_kept"]
        assert kept[:1] == [["listen", "docs"]]
        assert scene.heeded[0].api.rate == 5.0


async def test_a_broken_file_keeps_the_old_settings(tmp_path: Path) -> None:
    """The error is logged, the service goes on, and the mended file is taken."""
    async with running(tmp_path) as scene:
        scene.source.edit("anna")
        await scene.until(lambda: scene.accounts == ["anna"])
        scene.source.error = ConfigError("vedette.toml:3: x: is not known here")
        with capture_logs() as logs:
            reads = scene.source.reads
            scene.source.edit()
            await scene.until(lambda: any(line["event"] == "settings.refused" for line in logs))

        assert scene.accounts == ["anna"]
        assert scene.source.reads == reads + 1
        scene.source.error = None
        scene.source.edit("anna", "bruno")
        await scene.until(lambda: scene.accounts == ["anna", "bruno"])


async def test_a_defect_of_the_reload_ends_the_run_and_is_raised(tmp_path: Path) -> None:
    """A service that reads no settings any more must not look well."""
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unhandled.append(what))
    scene = Running(Source(tmp_path))
    await scene.until(lambda: scene.engine.started)
    scene.source.error = LookupError("a defect")
    scene.stopper.reload.set()

    async with asyncio.timeout(PATIENCE):
        (error,) = await asyncio.gather(scene.task, return_exceptions=True)

    assert isinstance(error, LookupError)
    assert scene.engine.stopped
    # A task whose error nobody took says so when it is collected; the traceback holds them.
    error.__traceback__ = None
    gc.collect()
    assert unhandled == []


async def test_a_start_that_fails_is_raised(tmp_path: Path) -> None:
    """A file stands where the state should be; nothing is left running."""
    (tmp_path / "state").touch()

    with pytest.raises(StoreError):
        await run(Engine(service(tmp_path)), Stopper())

    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_asks_for_a_stop(number: signal.Signals) -> None:
    """It is not the end of the process."""
    stopper = Stopper()
    stopper.install()
    try:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(PATIENCE):
            await stopper.asked.wait()
    finally:
        _release()


async def test_a_second_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 128 + SIGTERM, as shells say it."""
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    stopper = Stopper()

    stopper._stop()
    assert exits == []
    stopper._stop()

    assert exits == [143]


async def test_sighup_asks_for_a_reload() -> None:
    """And for no stop."""
    stopper = Stopper()
    stopper.install()
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            await stopper.reload.wait()
    finally:
        _release()

    assert not stopper.asked.is_set()


class _Looks:
    """Waits until the run has looked at its file a few times."""

    def __init__(self, scene: Running) -> None:
        self._scene = scene
        self._count = 0

    async def some(self) -> None:
        original, scene = module._stamp, self._scene

        def counted(file: Path) -> tuple[int, int, int] | None:
            self._count += 1
            return original(file)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_stamp", counted)
            await scene.until(lambda: self._count >= 3)


def _release() -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.remove_signal_handler(number)
