"""The real ``vedette`` command as a process of its own, with a configuration on disk.

It must not know what a test does with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from tests.support.process import wait_until

#: A loaded machine starts Python in seconds; the rest is patience.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command: nothing of the tester's own mail and state."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VEDETTE_")}
    return {**kept, "XDG_STATE_HOME": "/nonexistent", "NO_COLOR": "1", **more}


def command(*words: str) -> list[str]:
    """Return the words that run ``vedette`` with the interpreter of the tests."""
    return [sys.executable, "-m", "vedette", *words]


def vedette(
    *words: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    within: float = PATIENCE,
) -> Ended:
    """Run one command to its end, without a terminal."""
    done = subprocess.run(
        command(*words),
        env=environment(**(env or {})),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=within,
        check=False,
    )
    return Ended(
        status=done.returncode,
        out=done.stdout.decode("utf-8", "replace"),
        err=done.stderr.decode("utf-8", "replace"),
    )


class Process(Protocol):
    """As much of ``subprocess.Popen`` as a service needs."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


#: Starts a command with these words, and has its output and its log end up in two files.
Start: TypeAlias = Callable[[Sequence[str], Path, Path], Process]


class Service:
    """One run of ``vedette``: a command that goes on until it is stopped. A context manager."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        start: Start | None = None,
    ) -> None:
        self.out_file = folder / "out"
        self.err_file = folder / "err"
        with self.out_file.open("wb") as out, self.err_file.open("wb") as err:
            self.process: Process = (
                start(words, self.out_file, self.err_file)
                if start is not None
                else subprocess.Popen(
                    command(*words),
                    env=environment(**(env or {})),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    # A group of its own: a test can see what of it is left.
                    start_new_session=True,
                )
            )

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self.out_file.read_text(errors="replace")

    @property
    def err(self) -> str:
        """What it has logged so far."""
        return self.err_file.read_text(errors="replace")

    def until_logged(self, words: str, *, times: int = 1, within: float = PATIENCE) -> None:
        """Wait until a word was logged so often; fail when the process ends before."""

        def logged() -> bool:
            ended = self.process.poll() is not None
            if self.err.count(words) >= times:
                return True
            if ended:
                raise AssertionError(f"it ended with {self.process.returncode}: {self.err[-2000:]}")
            return False

        try:
            wait_until(logged, within=within, what=f"{words!r} in the log")
        except TimeoutError as error:
            raise AssertionError(f"{error}; it logged {self.err[-2000:]}") from error

    def until_connected(self, *, accounts: int = 1, within: float = PATIENCE) -> None:
        """Wait until so many accounts were connected."""
        self.until_logged('"account.watched"', times=accounts, within=within)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def ended(self, *, within: float = PATIENCE) -> int:
        """Wait for its end and return its status."""
        return self.process.wait(within)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()


@dataclass(slots=True, kw_only=True)
class Configuration:
    """A ``vedette.toml`` that a test writes and writes again."""

    file: Path
    state: Path
    accounts: dict[str, str]
    endpoints: dict[str, str]
    tail: str = ""
    #: Without one a start is half a second faster, and services of other tests have the port.
    api: str = "enabled = false"

    def write(self) -> None:
        """Put it on disk in one step, as a careful editor does."""
        parts = [f'state = "{self.state}"\n']
        parts += [f"[accounts.{name}]\n{text}\n" for name, text in self.accounts.items()]
        parts += [f"[endpoints.{name}]\n{text}\n" for name, text in self.endpoints.items()]
        parts.append(f"[api]\n{self.api}\n")
        fresh = self.file.with_suffix(".new")
        fresh.write_text("\n".join([*parts, self.tail]))
        fresh.replace(self.file)


def account(user: str, *, port: int, ca_file: Path, more: str = "") -> str:
    """Return the text of an account on a server of the tests."""
    return (
        f'url = "imaps://{user}@localhost:{port}"\npassword = "pass"\n'
        f'tls = {{ ca_file = "{ca_file}" }}\n{more}'
    )
