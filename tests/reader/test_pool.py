"""Large mail is read in a worker that may die; the next mail is read all the same.

Every worker here is a real process under real limits of the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mime.letter import letter
from vedette import mime
from vedette.errors import VedetteError
from vedette.mime import Depth
from vedette.reader import Cause, MessageReader, ReaderKilled, ReaderUnavailable
from vedette.reader.worker import Worker

KILLER = (str(Path(__file__).with_name("killer.py")),)
LARGE = letter("Hello\n" * 60_000)
PATIENCE = 60
STRANGER = ("-c", r"import sys; sys.stdout.buffer.write(b'\0\0\0\1x'); sys.stdout.flush(); input()")

Make = Callable[..., MessageReader]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Build readers whose workers can be killed by a word; stop them in the end."""
    made: list[MessageReader] = []

    def build(**options: object) -> MessageReader:
        settings: dict[str, object] = {"program": KILLER, "inline_below": 0, **options}
        made.append(MessageReader(**settings))  # type: ignore[arg-type]
        return made[-1]

    yield build
    async with asyncio.timeout(PATIENCE):
        for reader in made:
            await reader.stop()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set as soon as a worker is asked; the asking itself is real."""
    event = asyncio.Event()
    ask = Worker.ask

    async def spied(worker: Worker, request: dict[str, Any], source: bytes | Path) -> mime.Message:
        event.set()
        return await ask(worker, request, source)

    monkeypatch.setattr(Worker, "ask", spied)
    return event


async def killed(reader: MessageReader, word: str) -> ReaderKilled:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ReaderKilled) as caught:
            await reader.read(letter(word))
    return caught.value


async def healthy(reader: MessageReader) -> None:
    async with asyncio.timeout(PATIENCE):
        assert (await reader.read(letter("Hello\n"))).text.plain == "Hello\n"


async def test_a_worker_reads_what_the_reader_reads() -> None:
    """The real worker, and a message large enough to need one."""
    reader = MessageReader()

    message = await reader.read(LARGE, trusted_authserv={"mx"}, size=len(LARGE))

    assert message == mime.read(LARGE)
    assert reader.workers == 1
    await reader.stop()
    assert reader.workers == 0


async def test_a_small_message_needs_no_worker(make: Make) -> None:
    """It is read at once, unless a second try is asked to be safe."""
    reader = make(inline_below=10_000)

    assert (await reader.read(letter())).subject == "Hi"
    assert reader.workers == 0
    assert (await reader.read(letter(), isolate=True)).subject == "Hi"
    assert reader.workers == 1


async def test_a_spool_file_is_read_by_the_worker(make: Make, tmp_path: Path) -> None:
    """Its bytes never pass the parent; the options do."""
    spool = tmp_path / "spool"
    spool.write_bytes(LARGE)

    message = await make().read(spool, depth=Depth.METADATA)

    assert (message.subject, message.text.plain) == ("Hi", None)


async def test_a_spool_file_that_is_gone_is_not_the_fault_of_the_message(
    make: Make, tmp_path: Path
) -> None:
    """The worker lives on; the error names the file and can be tried again."""
    reader = make()

    with pytest.raises(ReaderUnavailable, match=r"gone.*No such file") as caught:
        await reader.read(tmp_path / "gone")

    assert caught.value.retryable
    await healthy(reader)


@pytest.mark.parametrize(
    ("word", "cause", "status"),
    [
        ("kill-me", Cause.DIED, -signal.SIGKILL),
        ("eat-memory", Cause.DIED, 1),
        ("talk-nonsense", Cause.ANSWER, None),
        ("boast", Cause.ANSWER, None),
    ],
)
async def test_m5_a_message_that_kills_its_reader_is_told_and_the_next_is_read(
    make: Make, word: str, cause: Cause, status: int | None
) -> None:
    """The message it died on is known; the next one gets a new worker."""
    reader = make()
    await healthy(reader)

    error = await killed(reader, word)

    assert (error.cause, error.status) == (cause, status)
    assert isinstance(error, VedetteError)
    assert "\n" not in str(error)
    await healthy(reader)


async def test_m5_a_message_that_spins_uses_up_its_processor_time(make: Make) -> None:
    """The kernel ends it, whatever the clock of the loop says."""
    reader = make(cpu_seconds=1, deadline=PATIENCE)

    error = await killed(reader, "spin-for-ever")

    assert (error.cause, error.status) == (Cause.CPU, -signal.SIGXCPU)
    await healthy(reader)


async def test_m5_a_message_that_waits_passes_its_deadline(make: Make) -> None:
    """It uses no processor time, so the clock ends it."""
    reader = make(deadline=1)
    await healthy(reader)

    error = await killed(reader, "wait-for-ever")

    assert error.cause is Cause.DEADLINE
    await healthy(reader)


async def test_processor_time_is_granted_to_each_message_anew(make: Make) -> None:
    """A worker that has read for hours has no less for the next message."""
    reader = make(cpu_seconds=1)
    await healthy(reader)
    (worker,) = reader._idle
    pid = worker._process.pid

    for _ in range(3):
        await reader.read(letter("work-hard"))

    assert [each._process.pid for each in reader._idle] == [pid]


async def test_no_more_workers_run_than_the_bound(make: Make) -> None:
    """The others wait for a free one."""
    reader = make(workers=2)

    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(*(reader.read(letter(f"{n}\n")) for n in range(8)))

    assert [message.text.plain for message in found] == [f"{n}\n" for n in range(8)]
    assert reader.workers <= 2


async def test_a_killer_takes_nobody_with_it(make: Make) -> None:
    """Messages beside it are read."""
    reader = make(workers=2)

    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(
            *(reader.read(letter(word)) for word in ("a", "kill-me", "b", "kill-me", "c")),
            return_exceptions=True,
        )

    assert [isinstance(each, ReaderKilled) for each in found] == [False, True, False, True, False]


async def test_a_worker_that_died_while_idle_is_replaced(make: Make) -> None:
    """No message is blamed for it."""
    reader = make()
    await healthy(reader)
    (worker,) = reader._idle
    os.kill(worker._process.pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        await worker._process.wait()

    await healthy(reader)


async def test_a_worker_without_work_ends(make: Make) -> None:
    """Its memory is the mailbox's again."""
    reader = make(idle=0)
    await healthy(reader)
    sweeper = reader._sweeper
    assert sweeper is not None

    async with asyncio.timeout(PATIENCE):
        await sweeper

    assert reader.workers == 0
    await healthy(reader)


async def test_a_caller_that_gives_up_leaves_no_worker_behind(
    make: Make, asked: asyncio.Event
) -> None:
    """Its pipes are in an unknown state: it is killed."""
    reader = make()
    await healthy(reader)
    (worker,) = reader._idle
    asked.clear()
    task = asyncio.create_task(reader.read(letter("wait-for-ever")))
    async with asyncio.timeout(PATIENCE):
        await asked.wait()

    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert not worker.alive
    assert reader.workers == 0


async def test_a_stopped_reader_refuses_and_can_start_again(make: Make) -> None:
    """Stopping twice is as good as once."""
    reader = make()
    await healthy(reader)
    await reader.stop()
    await reader.stop()

    with pytest.raises(ReaderUnavailable, match="stopped"):
        await reader.read(letter())

    await reader.start()
    await healthy(reader)


async def test_stopping_ends_what_is_being_read(make: Make, asked: asyncio.Event) -> None:
    """The message is not blamed."""
    reader = make()
    task = asyncio.create_task(reader.read(letter("wait-for-ever")))
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
        await reader.stop()

        with pytest.raises(ReaderUnavailable, match="stopped"):
            await task


@pytest.mark.parametrize(
    "program", [("-c", "pass"), ("-c", "print('x' * 99)"), ("no-such-file",), STRANGER]
)
async def test_a_worker_that_does_not_get_ready_blames_no_message(
    make: Make, program: tuple[str, ...]
) -> None:
    """A broken installation is not a killer message."""
    with pytest.raises(ReaderUnavailable):
        await make(program=program).read(letter())


async def test_a_worker_that_can_not_be_started_blames_no_message(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory, no processes left, no interpreter: tried again later."""
    monkeypatch.setattr("sys.executable", "/no/such/python")

    with pytest.raises(ReaderUnavailable, match="started") as caught:
        await make().read(letter())

    assert caught.value.retryable


async def test_the_worker_inherits_no_secret(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is its own."""
    monkeypatch.setenv("IMAP_PASSWORD", "hunter2")

    message = await make().read(letter("tell-environment"))

    assert "PYTHONPATH" in message.subject.split()
    assert "IMAP_PASSWORD" not in message.subject.split()


async def test_a_worker_that_is_killed_twice_is_dead_once() -> None:
    """Killing is idempotent and waits for the end."""
    worker = await Worker.start(KILLER, 1 << 29, 5)

    await worker.kill()
    await worker.kill()

    assert not worker.alive
