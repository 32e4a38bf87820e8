"""JSON lines: real files, real pipes, full disks and readers that leave."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import select
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.sinks.parcels import parcel
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Outcome, Refused
from vedette.sinks import lines
from vedette.sinks.lines import LinesSettings, LinesSink


@asynccontextmanager
async def sink_to(path: Path | None, *, fsync: bool = False) -> AsyncIterator[LinesSink]:
    """Run a sink."""
    sink = LinesSink(LinesSettings(path=path, fsync=fsync))
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()


def body(number: int) -> bytes:
    return b'{"n":%d}' % number


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


@pytest.mark.parametrize("fsync", [False, True])
async def test_each_event_is_one_line_of_the_file(tmp_path: Path, fsync: bool) -> None:  # noqa: FBT001 - a case
    """Lines come in the order of the sends, also when these overlap."""
    async with sink_to(tmp_path / "events.jsonl", fsync=fsync) as sink:
        sends = (sink.send(parcel(n, body=body(n))) for n in range(200))
        outcomes = await asyncio.gather(*sends)

    written = (tmp_path / "events.jsonl").read_bytes().splitlines()
    assert {type(outcome) for outcome in outcomes} == {Delivered}
    assert [json.loads(line)["n"] for line in written] == list(range(200))


async def test_a_file_is_appended_to_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    """What was there stays; mail is nobody else's."""
    path = tmp_path / "events.jsonl"
    async with sink_to(path) as sink:
        await sink.send(parcel(1, body=body(1)))
    async with sink_to(path) as sink:
        await sink.send(parcel(2, body=body(2)))

    assert path.read_bytes() == body(1) + b"\n" + body(2) + b"\n"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_line_feed_between_tokens_does_not_break_the_line(tmp_path: Path) -> None:
    """JSON may be laid out over lines; a consumer reads one event in one line."""
    path = tmp_path / "events.jsonl"
    async with sink_to(path) as sink:
        await sink.send(parcel(body=b'{\r\n"a":\n1}'))

    assert json.loads(path.read_text()) == {"a": 1}
    assert path.read_bytes().count(b"\n") == 1


async def test_a_rotated_file_is_opened_again_under_its_name(tmp_path: Path) -> None:
    """Rotation moves the file away; the next event goes to the new one."""
    path, old = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    async with sink_to(path) as sink:
        await sink.send(parcel(1, body=body(1)))
        path.rename(old)
        path.touch()  # logrotate's ``create``
        await sink.send(parcel(2, body=body(2)))
        assert path.read_bytes() == body(2) + b"\n"
        path.unlink()
        await sink.send(parcel(3, body=body(3)))

    assert (old.read_bytes(), path.read_bytes()) == (body(1) + b"\n", body(3) + b"\n")


async def test_half_a_line_of_a_power_cut_does_not_swallow_the_next_event(tmp_path: Path) -> None:
    """The next event begins on a line of its own."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(body(1) + b"\n" + b'{"n":')
    async with sink_to(path) as sink:
        await sink.send(parcel(2, body=body(2)))

    assert path.read_bytes().splitlines()[-1] == body(2)


async def test_a_full_disk_is_refused_with_the_systems_words() -> None:
    """Nothing is lost: the delivery stays due."""
    async with sink_to(Path("/dev/full")) as sink:
        reason = refused(await sink.send(parcel())).reason

    assert reason == f"/dev/full: {os.strerror(errno.ENOSPC)}"


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the system take only part of a write, as a disk that fills up does."""
    import resource  # noqa: PLC0415 - limits of the process are this test's alone
    import signal  # noqa: PLC0415 - as above

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_half_a_line_of_a_full_disk_is_taken_back(tmp_path: Path) -> None:
    """The write that did not fit leaves no trace; with space again the event is written whole."""
    path = tmp_path / "events.jsonl"
    async with sink_to(path) as sink:
        await sink.send(parcel(1, body=body(1)))
        with file_size_limit(20):
            outcome = await sink.send(parcel(2, body=b'{"pad":"' + b"x" * 40 + b'"}'))
            left = path.read_bytes()
        await sink.send(parcel(2, body=body(2)))

    assert isinstance(outcome, Refused)
    assert left == body(1) + b"\n"
    assert path.read_bytes() == body(1) + b"\n" + body(2) + b"\n"


async def test_a_folder_that_is_missing_is_a_sink_error_at_the_start(tmp_path: Path) -> None:
    """The message names the path and the reason."""
    sink = LinesSink(LinesSettings(path=tmp_path / "none" / "events.jsonl"))
    with pytest.raises(SinkError, match="No such file"):
        await sink.start()


async def test_a_fifo_without_a_reader_is_a_sink_error_and_not_a_hang(tmp_path: Path) -> None:
    """Opening it must not wait for somebody to come."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    async with asyncio.timeout(60):
        with pytest.raises(SinkError):
            await LinesSink(LinesSettings(path=path)).start()


@contextmanager
def stdout_pipe() -> Iterator[int]:
    """Put a small pipe in the place of standard output; give its reading end."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    saved = os.dup(1)
    sys.stdout.flush()
    os.dup2(writing, 1)
    os.close(writing)
    try:
        yield reading
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        try:
            os.close(reading)
        except OSError as error:
            assert error.errno == errno.EBADF  # noqa: PT017 - the test closed it, as a reader leaves


async def test_a_reader_that_left_is_noticed_without_any_event() -> None:
    """``vedette watch | head -1`` ends when ``head`` ends, not with the next mail."""
    with stdout_pipe() as reading:
        async with sink_to(None) as sink:
            assert isinstance(await sink.send(parcel()), Delivered)
            assert not sink.closed.is_set()
            os.close(reading)
            async with asyncio.timeout(60):
                await sink.closed.wait()


async def test_a_line_to_a_reader_that_left_is_refused() -> None:
    """EPIPE is an outcome and a sign to stop, not an exception."""
    with stdout_pipe() as reading:
        async with sink_to(None) as sink:
            os.close(reading)
            reason = refused(await sink.send(parcel())).reason

            assert reason == "stdout: its reader is gone"
            async with asyncio.timeout(60):
                await sink.closed.wait()


async def test_a_paused_reader_sees_each_line_once_whatever_was_given_up_meanwhile() -> None:
    """An attempt that was cut leaves its line queued; the next one learns what became of it."""
    with stdout_pipe() as reading:
        async with sink_to(None) as sink:
            big = [parcel(n, body=b'{"n":%d,"pad":"%s"}' % (n, b"x" * 6000)) for n in range(3)]
            for each in big:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(sink.send(each), 0.01)
            read = asyncio.to_thread(_read_lines, reading, 3)
            retries = asyncio.gather(*(sink.send(each) for each in big))
            async with asyncio.timeout(60):
                seen, outcomes = await asyncio.gather(read, retries)

    assert [json.loads(line)["n"] for line in seen] == [0, 1, 2]
    assert {type(outcome) for outcome in outcomes} == {Delivered}


def _read_lines(fd: int, count: int) -> list[bytes]:
    data = b""
    while data.count(b"\n") < count:
        data += os.read(fd, 65536)
    return data.splitlines()


async def test_what_waits_for_a_paused_reader_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a line is refused, so that memory stays flat."""
    monkeypatch.setattr(lines, "MAX_WAITING_BYTES", 20_000)
    with stdout_pipe() as reading:
        async with sink_to(None) as sink:
            waiting = [
                asyncio.ensure_future(sink.send(parcel(n, body=b"x" * 6000))) for n in range(5)
            ]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            reasons = {refused(task.result()).reason for task in done}
            assert reasons == {"stdout: its reader does not keep up"}
            await asyncio.to_thread(_read_lines, reading, 3)
            await asyncio.gather(*waiting)


async def test_the_loop_runs_on_while_the_reader_pauses() -> None:
    """A full pipe blocks the sink's own thread, and nothing else."""
    with stdout_pipe() as reading:
        async with sink_to(None) as sink:
            task = asyncio.ensure_future(sink.send(parcel(body=b"x" * 20_000)))
            turns = 0
            while turns < 100:
                await asyncio.sleep(0)
                turns += 1
            assert not task.done()
            await asyncio.to_thread(_read_lines, reading, 1)
            assert isinstance(await task, Delivered)


async def test_a_stop_does_not_wait_for_a_paused_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends the program even if ``less`` was never scrolled."""
    monkeypatch.setattr(lines, "STOP_GRACE", 0.1)
    with stdout_pipe() as reading:
        async with asyncio.timeout(60):
            async with sink_to(None) as sink:
                thread = sink._thread
                task = asyncio.ensure_future(sink.send(parcel(body=b"x" * 20_000)))
                await asyncio.to_thread(select.select, [reading], [], [], 60)
            with pytest.raises(asyncio.CancelledError):
                await task
        assert thread is not None
        assert thread.is_alive()
        await asyncio.to_thread(_read_lines, reading, 1)
        thread.join(60)
        assert not thread.is_alive()


PROGRAM = """
import asyncio, sys
from tests.sinks.parcels import parcel
from vedette.sinks.lines import LinesSettings, LinesSink

async def main():
    sink = LinesSink(LinesSettings())
    await sink.start()
    await sink.send(parcel())
    await asyncio.wait_for(sink.closed.wait(), 60)
    await sink.stop()

asyncio.run(main())
"""


def test_a_program_piped_into_head_ends_cleanly() -> None:
    """No traceback, no complaint at the end of the interpreter, status 0."""
    shell = f'"{sys.executable}" -c "$PROGRAM" | head -c 1 >/dev/null; exit "${{PIPESTATUS[0]}}"'
    run = subprocess.run(
        ["/bin/bash", "-c", shell],
        env={"PROGRAM": PROGRAM, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        timeout=100,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, b"")


PAUSED = """
import asyncio
from tests.sinks.parcels import parcel
from vedette.sinks import lines

async def main():
    lines.STOP_GRACE = 0.1
    sink = lines.LinesSink(lines.LinesSettings())
    await sink.start()
    try:
        await asyncio.wait_for(sink.send(parcel(body=b"x" * 1_000_000)), 0.1)
    except TimeoutError:
        await sink.stop()

asyncio.run(main())
"""


def test_a_program_whose_reader_pauses_can_still_end() -> None:
    """The write that never returns does not keep the process."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PAUSED], env=environment, stdout=subprocess.PIPE
    ) as program:
        assert program.wait(100) == 0


async def test_stop_is_idempotent_and_a_late_send_is_refused(tmp_path: Path) -> None:
    """Nothing is written after the stop."""
    path = tmp_path / "events.jsonl"
    async with sink_to(path) as sink:
        await sink.stop()
        await sink.stop()
        assert isinstance(await sink.send(parcel()), Refused)

    assert path.read_bytes() == b""
