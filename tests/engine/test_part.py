"""The shape of long-lived parts: start, started, stop, stopped, and no silent crash."""

from __future__ import annotations

import asyncio

import pytest

from vedette.engine.part import Part, PartState


class Worker(Part):
    """A part whose steps a test can hold and watch."""

    def __init__(self, **settings: object) -> None:
        super().__init__("worker", **settings)  # type: ignore[arg-type]
        self.steps: list[str] = []
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.failure: Exception | None = None
        self.task: asyncio.Task[None] | None = None

    async def _open(self) -> None:
        self.task = self.spawn(self._work(), "work")
        self.steps.append("open")
        if self.failure is not None:
            raise self.failure

    async def _close(self) -> None:
        assert self.task is not None
        self.steps.append("close" if not self.task.done() else "close after the task")
        await self.may_close.wait()

    async def _work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.steps.append("task ended")


async def test_a_part_goes_through_its_life_in_order() -> None:
    """Open, run, close while the tasks still run, and only then end these."""
    worker = Worker()
    assert (worker.started, worker.stopped) == (False, False)
    await worker.start()
    assert (worker.started, worker.stopped) == (True, False)
    await asyncio.sleep(0)  # the task begins
    await worker.stop()

    assert (worker.started, worker.stopped) == (False, True)
    assert worker.steps == ["open", "close", "task ended"]


async def test_stop_is_idempotent_and_all_callers_wait_for_the_one_end() -> None:
    """Three stops, one close; none returns before it is over."""
    worker = Worker()
    await worker.start()
    worker.may_close.clear()
    stops = [asyncio.ensure_future(worker.stop()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(stop.done() for stop in stops)
    worker.may_close.set()
    await asyncio.gather(*stops)
    await worker.stop()

    assert worker.steps.count("close") == 1


async def test_a_cancelled_stop_goes_on() -> None:
    """Who waits for the end may give up; the end comes all the same."""
    worker = Worker()
    await worker.start()
    worker.may_close.clear()
    stop = asyncio.ensure_future(worker.stop())
    await asyncio.sleep(0)
    stop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stop
    worker.may_close.set()
    async with asyncio.timeout(60):
        await worker.wait_stopped()

    assert worker.state is PartState.STOPPED


async def test_a_start_that_fails_leaves_nothing_running() -> None:
    """The error is raised, the tasks are gone, the part is stopped."""
    worker = Worker()
    worker.failure = OSError("no")
    with pytest.raises(OSError, match="no"):
        await worker.start()

    assert worker.stopped
    assert worker.task is not None
    assert worker.task.cancelled()


async def test_a_crashed_task_is_told_kept_and_raised_from_wait() -> None:
    """Whoever waits for the part learns of it, and so does the one who asked to be told."""
    told: list[tuple[str, BaseException]] = []
    worker = Worker(on_crash=lambda part, error: told.append((part.name, error)))
    await worker.start()

    async def fail() -> None:
        raise ZeroDivisionError

    worker.spawn(fail(), "fail")
    async with asyncio.timeout(60):
        with pytest.raises(ZeroDivisionError):
            await worker.wait()
    await worker.stop()

    assert [(name, type(error)) for name, error in told] == [("worker", ZeroDivisionError)]
    assert isinstance(worker.crash, ZeroDivisionError)


async def test_wait_returns_after_an_orderly_stop() -> None:
    """No crash, no error."""
    worker = Worker()
    await worker.start()
    waiting = asyncio.ensure_future(worker.wait())
    await worker.stop()
    await waiting

    assert worker.crash is None


async def test_a_part_is_started_once() -> None:
    """A second start would run everything twice."""
    worker = Worker()
    await worker.start()
    with pytest.raises(RuntimeError, match="started before"):
        await worker.start()
    await worker.stop()


async def test_a_stopped_part_runs_no_task() -> None:
    """What would outlive the part is refused where it is spawned."""
    worker = Worker()
    await worker.start()
    await worker.stop()

    async def work() -> None:
        raise AssertionError("it ran")

    with pytest.raises(RuntimeError, match="is stopped"):
        worker.spawn(work(), "late")


async def test_a_part_may_be_stopped_before_it_was_started() -> None:
    """A supervisor that gives up early needs no special case."""
    part = Part("idle")
    await part.stop()

    assert part.stopped
