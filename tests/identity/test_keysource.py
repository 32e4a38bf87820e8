"""The key of the installation comes from a file, the environment or a command, or not at all."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from pathlib import Path

import pytest

from vedette.errors import SecretError
from vedette.identity import command
from vedette.identity.command import printed
from vedette.identity.keyloading import keyring
from vedette.identity.keysource import KeyCommand, KeyFile, KeySource, KeyVariable
from vedette.secret import Secret

HEX = bytes(range(100, 132)).hex()
PRINTS = (sys.executable, "-c", f"print('{HEX}')")


async def name(source: KeySource, *, makes: bool = False) -> str:
    """Return the fingerprint of a key."""
    return (await keyring(source, makes=makes)).current.name


def listed(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def test_the_same_key_is_had_from_everywhere(tmp_path: Path) -> None:
    """A file, a variable and a command that hold the same are the same key."""
    file = tmp_path / "key"
    file.write_text(f"{HEX}\n")
    file.chmod(0o600)

    names = {
        await name(KeyFile(path=file)),
        await name(KeyVariable(name="KEY", text=Secret(HEX))),
        await name(KeyCommand(command=PRINTS)),
    }

    assert len(names) == 1


async def test_the_first_start_makes_the_file(tmp_path: Path) -> None:
    """For its owner alone; the next start has the same key."""
    file = tmp_path / "state" / "secrets.key"

    made = await name(KeyFile(path=file), makes=True)

    assert file.stat().st_mode & 0o777 == 0o600
    assert await name(KeyFile(path=file), makes=True) == made
    assert listed(file.parent) == ["secrets.key"]


async def test_starts_at_the_same_time_make_one_key(tmp_path: Path) -> None:
    """Whoever is second has the key of the first."""
    file = tmp_path / "secrets.key"

    names = await asyncio.gather(*(name(KeyFile(path=file), makes=True) for _ in range(8)))

    assert len(set(names)) == 1
    assert listed(tmp_path) == ["secrets.key"]


async def test_a_later_start_makes_no_key(tmp_path: Path) -> None:
    """A second one would be in the way of the one that is to be put back."""
    file = tmp_path / "secrets.key"

    with pytest.raises(SecretError, match=r"secrets\.key is missing.*from a backup"):
        await name(KeyFile(path=file))
    assert not file.exists()


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o620, 0o644])
async def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """It says what to do."""
    file = tmp_path / "key"
    file.write_text(HEX)
    file.chmod(mode)

    with pytest.raises(SecretError, match="chmod 600"):
        await name(KeyFile(path=file))


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
async def test_a_file_of_owner_and_group_is_taken(tmp_path: Path, mode: int) -> None:
    """So that a secret of Kubernetes or systemd can be mounted."""
    file = tmp_path / "key"
    file.write_text(HEX)
    file.chmod(mode)

    assert await name(KeyFile(path=file))


async def test_a_pipe_is_no_key(tmp_path: Path) -> None:
    """A start that waits for whoever writes to it would wait for ever."""
    file = tmp_path / "key"
    os.mkfifo(file, 0o600)

    async with asyncio.timeout(10):
        with pytest.raises(SecretError, match="it is no file"):
            await name(KeyFile(path=file))


@pytest.mark.parametrize("octets", [b"", b"\xff" * 64, b"a" * 10_000_000])
async def test_a_file_of_something_else_is_refused(tmp_path: Path, octets: bytes) -> None:
    """It may be empty, binary or huge."""
    file = tmp_path / "key"
    file.write_bytes(octets)
    file.chmod(0o600)

    with pytest.raises(SecretError, match="holds no key"):
        await name(KeyFile(path=file))


async def test_old_keys_are_had_and_never_made(tmp_path: Path) -> None:
    """Where one is missing the start says so."""
    old = KeyVariable(name="OLD", text=Secret(HEX))
    ring = await keyring(KeyFile(path=tmp_path / "new"), [old], makes=True)
    assert await name(old) in repr(ring)

    with pytest.raises(SecretError, match="lost is missing"):
        await keyring(KeyFile(path=tmp_path / "new"), [KeyFile(path=tmp_path / "lost")], makes=True)
    assert not (tmp_path / "lost").exists()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit(3)", "failed with status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "failed with status -9"),
        ("pass", "printed nothing"),
        ("print('x' * 2_000_000)", "printed more than"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "is not UTF-8"),
        ("print('hunter2')", "holds no key"),
    ],
)
async def test_a_command_that_gives_no_key_is_told(program: str, words: str) -> None:
    """In one line, without anything of what it printed."""
    with pytest.raises(SecretError, match=words) as caught:
        await name(KeyCommand(command=(sys.executable, "-c", program)))

    assert "hunter2" not in str(caught.value)


async def test_what_a_command_says_beside_is_in_no_error() -> None:
    """A script that is traced shows the key there."""
    program = f"import sys; print('{HEX}', file=sys.stderr); sys.exit(1)"

    with pytest.raises(SecretError) as caught:
        await name(KeyCommand(command=(sys.executable, "-c", program)))

    assert HEX not in str(caught.value)


@pytest.mark.parametrize("ends", ["wait", "exit"])
async def test_a_command_has_a_deadline_and_leaves_nobody(tmp_path: Path, ends: str) -> None:
    """Its children go with it, also when it has ended and they hold its output open."""
    mark = tmp_path / "child"
    program = f"sleep 600 & echo $! > {mark}; {ends}"

    with pytest.raises(SecretError, match="did not end within 1 s"):
        await printed(["sh", "-c", program], what="the command", seconds=1)

    assert is_gone(int(mark.read_text()))


def is_gone(process: int) -> bool:
    """Whether a process has ended, or does so within ten seconds."""
    try:
        number = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    with os.fdopen(number, "rb"):
        return bool(select.select([number], [], [], 10)[0])


@pytest.mark.parametrize("words", [(), ("",), ("true", "a\0b")])
async def test_a_command_of_nothing_is_refused(words: tuple[str, ...]) -> None:
    """Or of what no system can run."""
    with pytest.raises(SecretError, match="give a program"):
        await printed(words, what="the command", seconds=1)


async def test_a_program_that_is_not_there_is_told() -> None:
    """With the system's own words."""
    with pytest.raises(SecretError, match="No such file"):
        await printed(["/nowhere/vault"], what="the command", seconds=10)


async def test_no_shell_reads_the_command() -> None:
    """What looks like one is an argument."""
    found = await printed(["printf", "%s", "$(id) ; `id`"], what="the command", seconds=10)

    assert found.reveal() == "$(id) ; `id`"


async def test_an_output_up_to_the_bound_is_taken() -> None:
    """Whole."""
    program = f"print('x' * {command.MOST - 1})"

    found = await printed([sys.executable, "-c", program], what="the command", seconds=30)

    assert len(found.reveal()) == command.MOST - 1
