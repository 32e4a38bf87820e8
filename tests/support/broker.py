"""A real broker for one test run: a process on loopback that can be stopped, killed and started.

What it acknowledged stays on the disk until ``close``. Must not know: which broker it is, nor the
product.
"""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from os import killpg
from pathlib import Path

from tests.support import debian
from tests.support.fault_proxy import FaultProxy
from tests.support.ports import free_port
from tests.support.process import Daemon, server_account, wait_until
from tests.support.started import Started

HOST = "127.0.0.1"


class Broker(Started):
    """A broker's process; a context manager that starts it, and ends and removes it."""

    #: Seconds within which it answers, on a busy machine.
    patience = 30.0

    def __init__(self, server: debian.Server) -> None:
        """Make its folder; raise debian.UnavailableError if it can not be had."""
        self.name = server.name
        self.tree = debian.find(server)
        self.port = free_port()
        self.base = Path(tempfile.mkdtemp(prefix=f"vd-{server.name}-", dir="/tmp"))
        self.base.chmod(0o755)
        self._daemon: Daemon | None = None
        server_account().own(self.base)

    @abstractmethod
    def argv(self) -> Sequence[str]:
        """Return what to run."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether it serves by now."""

    def environ(self) -> Mapping[str, str]:
        """Return what it needs of an environment."""
        return self.tree.environ()

    def write(self, name: str, *lines: str, mode: int = 0o644) -> Path:
        """Write a file that it may read."""
        path = self.base / name
        path.write_text("\n".join([*lines, ""]))
        path.chmod(mode)
        server_account().own(path)
        return path

    def start(self) -> None:
        """Start it and return once it answers; raise RuntimeError with its log if not."""
        self._daemon = Daemon(self.argv(), environ=self.environ(), log=self.base / "output")
        try:
            wait_until(self._serves, within=self.patience, what=f"{self.name} to answer")
        except TimeoutError as error:
            raise RuntimeError(f"{self.name} did not start: {self.output()[-2000:]}") from error

    def output(self) -> str:
        """Return what it printed."""
        return (self.base / "output").read_text(errors="replace")

    def stop(self) -> None:
        """End it in order."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon = None

    def pause(self) -> None:
        """Let it do nothing, its connections open; return once it does nothing."""
        group = self._signal(signal.SIGSTOP)
        # A thread in the midst of something ends that first.
        wait_until(lambda: _is_still(group), within=self.patience, what=f"{self.name} to stop")

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.base, ignore_errors=True)

    def proxy(self) -> FaultProxy:
        """Return a line to it, of which a test can ask for faults."""
        return FaultProxy(HOST, self.port)

    def says(self, question: bytes, answer: bytes) -> bool:
        """Tell whether its port answers a question so."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as probe:
                probe.sendall(question)
                said = b""
                while answer not in said:
                    piece = probe.recv(4096)
                    if not piece:
                        return False
                    said += piece
                return True
        except OSError:
            return False

    def _serves(self) -> bool:
        if self._daemon is None or self._daemon.has_ended():
            raise TimeoutError(f"{self.name} ended at once")
        return self.answers()

    def _signal(self, number: signal.Signals) -> int:
        if self._daemon is None:
            raise RuntimeError(f"{self.name} is not running")
        killpg(self._daemon.pid, number)
        return self._daemon.pid


def _is_still(group: int) -> bool:
    """Tell whether every thread of a process group is stopped."""
    return all(
        state in "TZX"
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        for state, owner in map(_standing, entry.glob("task/*/stat"))
        if owner == group
    )


def _standing(stat: Path) -> tuple[str, int]:
    """Return the state letter of a thread and its process group; X and 0 for one that is gone."""
    try:
        # The name stands in brackets and may hold anything; fields count from behind it.
        state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return "X", 0
    return state, int(group)
