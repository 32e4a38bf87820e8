"""The command sink, with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import select
from pathlib import Path

import pytest

from tests.sinks.parcels import parcel
from tests.support.process import open_descriptors
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Outcome, Refused
from vedette.sinks.command import CommandSettings, CommandSink


async def outcome_of(command: tuple[str, ...] | str, **settings: object) -> Outcome:
    """Run it once for the usual parcel."""
    sink = CommandSink(CommandSettings(command=command, **settings))  # type: ignore[arg-type]
    await sink.start()
    try:
        async with asyncio.timeout(60):
            return await sink.send(parcel())
    finally:
        await sink.stop()


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused)
    return outcome.reason


async def test_status_0_is_delivered_and_the_event_is_on_standard_input(tmp_path: Path) -> None:
    """The body arrives byte for byte, then the input ends."""
    out = tmp_path / "out"
    outcome = await outcome_of(f"cat > {out}")

    assert isinstance(outcome, Delivered)
    assert out.read_bytes() == parcel().body


@pytest.mark.parametrize("status", [1, 2, 75, 100, 255])
async def test_any_other_status_is_refused_and_named(status: int) -> None:
    """No exit status disables the endpoint."""
    assert reason(await outcome_of(f"exit {status}")) == f"exec: exit status {status}"


async def test_the_first_words_of_standard_error_are_the_reason() -> None:
    """One line, printable, short; megabytes of it neither block the command nor stay."""
    line = "printf 'no\\r\\n\\033[31msuch table'; head -c 3000000 /dev/zero | tr '\\0' x"
    words = reason(await outcome_of(f"( {line} ) >&2; exit 3"))

    assert words.startswith("exec: exit status 3: no ?[31msuch table")
    assert words.isprintable()
    assert len(words) < 400


async def test_a_signal_is_named() -> None:
    """Killed from outside, or by the kernel for its memory."""
    assert reason(await outcome_of("kill -SEGV $$")) == "exec: killed by SIGSEGV"


async def test_a_program_that_is_missing_is_refused_not_raised() -> None:
    """It may be installed later; the schedule tries again."""
    assert "No such file" in reason(await outcome_of(("/nonexistent/tool",)))


async def test_a_command_that_does_not_read_its_input_is_judged_by_its_status() -> None:
    """A broken pipe is no failure: ``true`` is a fine command."""
    sink = CommandSink(CommandSettings(command=("true",)))
    big = parcel(body=b"x" * 5_000_000)

    assert isinstance(await sink.send(big), Delivered)


async def test_words_of_a_mail_are_never_part_of_the_command(tmp_path: Path) -> None:
    """A subject that is a shell line is data: on standard input, and nowhere else."""
    out, mark = tmp_path / "out", tmp_path / "pwned"
    body = json.dumps(
        {"account": f"$(touch {mark})", "data": {"subject": f"`touch {mark}`; touch {mark}"}}
    ).encode()
    command = f'echo "$VEDETTE_ACCOUNT" > {out}; env > {out}.env'
    sink = CommandSink(CommandSettings(command=command))
    outcome = await sink.send(parcel(body=body))

    assert isinstance(outcome, Delivered)
    assert not mark.exists()
    assert out.read_text().strip() == f"$(touch {mark})"
    assert "subject" not in (tmp_path / "out.env").read_text()


async def test_the_environment_is_ours_and_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's own variables, secrets among them, do not reach the command."""
    monkeypatch.setenv("VEDETTE_PASSWORD", "hunter2")
    out = tmp_path / "out"
    await outcome_of(("/bin/sh", "-c", f"env > {out}"), environment={"PATH": "/usr/bin:/bin"})

    names = dict(line.split("=", 1) for line in out.read_text().splitlines())
    assert {name: names[name] for name in names if name.startswith("VEDETTE_")} == {
        "VEDETTE_EVENT_ID": "evt-1",
        "VEDETTE_EVENT_TYPE": "message.received",
        "VEDETTE_ENDPOINT": "crm",
        "VEDETTE_ATTEMPT": "1",
        "VEDETTE_ACCOUNT": "acc",
        "VEDETTE_TENANT": "t",
    }
    assert "hunter2" not in out.read_text()


async def test_a_nul_in_a_name_is_dropped_and_a_body_that_is_no_json_is_sent() -> None:
    """Whatever the profile renders, the command runs."""
    sink = CommandSink(CommandSettings(command="cat >/dev/null"))

    assert isinstance(await sink.send(parcel(body=b'{"account":"a\\u0000b"}')), Delivered)
    assert isinstance(await sink.send(parcel(body=b"\xff not json")), Delivered)


def _pid_of(path: Path) -> int:
    return int(path.read_text())


async def _has_ended(pid: int) -> bool:
    """Tell whether a process that may not be our child ends within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        readable, _, _ = await asyncio.to_thread(select.select, [handle], [], [], 10)
    finally:
        os.close(handle)
    return bool(readable)


async def test_a_command_that_hangs_is_killed_with_all_its_children(tmp_path: Path) -> None:
    """The deadline ends the whole group, also what ignores SIGTERM."""
    child = tmp_path / "child"
    hang = f"trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {child}; sleep 600' & wait; sleep 600"
    outcome = await outcome_of(hang, timeout=1.0)

    assert reason(outcome) == "exec: no exit within 1 s; killed"
    assert await _has_ended(_pid_of(child))


async def test_a_command_over_its_time_may_clean_up(tmp_path: Path) -> None:
    """SIGTERM comes first; only what ignores it is killed outright."""
    mark = tmp_path / "cleaned"
    script = f"trap 'echo yes > {mark}; exit 9' TERM; sleep 600 & wait"
    outcome = await outcome_of(script, timeout=1.0)

    assert "no exit within" in reason(outcome)
    assert mark.read_text() == "yes\n"


async def test_a_cancelled_run_leaves_no_process(tmp_path: Path) -> None:
    """A stop of the courier ends the command as well."""
    fifo, pid = tmp_path / "fifo", tmp_path / "pid"
    os.mkfifo(fifo)
    sink = CommandSink(CommandSettings(command=f"echo $$ > {pid}; echo up > {fifo}; sleep 600"))
    task = asyncio.ensure_future(sink.send(parcel()))
    async with asyncio.timeout(60):
        assert (await asyncio.to_thread(fifo.read_text)).strip() == "up"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await _has_ended(_pid_of(pid))


async def test_a_child_left_in_the_background_does_not_hold_the_verdict(tmp_path: Path) -> None:
    """It keeps our pipes open; the exit of the command itself is what counts."""
    pid = tmp_path / "pid"
    async with asyncio.timeout(60):
        outcome = await outcome_of(f"sleep 600 & echo $! > {pid}; exit 0")
    os.kill(_pid_of(pid), 9)

    assert isinstance(outcome, Delivered)


async def test_many_runs_leave_no_descriptor_behind() -> None:
    """Each pipe is closed, whatever the verdict."""
    sink = CommandSink(CommandSettings(command="exit $((VEDETTE_ATTEMPT % 2))"))
    await sink.send(parcel())
    before = open_descriptors()
    await asyncio.gather(*(sink.send(parcel(attempt=n)) for n in range(1, 21)))

    assert open_descriptors() == before


@pytest.mark.parametrize("command", ["", "  ", (), ("",), ("a", "b\0c"), "a\0b"])
def test_a_command_that_is_empty_or_holds_a_nul_is_a_sink_error(
    command: tuple[str, ...] | str,
) -> None:
    """It is found when the sink is built."""
    with pytest.raises(SinkError):
        CommandSink(CommandSettings(command=command))


async def test_a_working_directory_that_is_missing_is_a_sink_error(tmp_path: Path) -> None:
    """It is found at the start, and named."""
    sink = CommandSink(CommandSettings(command="true", directory=tmp_path / "none"))
    with pytest.raises(SinkError, match="none"):
        await sink.start()
