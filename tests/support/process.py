"""One server process of the tests: started in a process group of its own, ended with all of it.

Must not know: which server it is. A server of the tests never runs as root: where the tests do,
it runs as the user ``nobody``, so there is one way for both, and the strict checks of mail
servers against root are met rather than switched off.
"""

from __future__ import annotations

import grp
import os
import pwd
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Asking a condition again every 10 ms: well under what a person or a test would notice, and
# still only 100 wake-ups a second.
_POLL = 0.01
# A mail server that has not gone five seconds after SIGTERM is not going to.
_GRACE = 5.0
# After SIGKILL the kernel ends a process at its next step; half a second is for a busy machine.
_BURIAL = 0.5
# Descriptors are handed out from the lowest; no test opens more than this.
_MOST_DESCRIPTORS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The Unix account that the servers run under."""

    name: str
    group: str
    uid: int
    gid: int

    def own(self, *paths: Path) -> None:
        """Hand the paths to this account; nothing to do unless we are root."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    """Return the account for servers: our own, or ``nobody`` where we are root."""
    uid = os.geteuid()
    entry = pwd.getpwnam("nobody") if uid == 0 else pwd.getpwuid(uid)
    group = grp.getgrgid(entry.pw_gid).gr_name
    return Account(name=entry.pw_name, group=group, uid=entry.pw_uid, gid=entry.pw_gid)


def wait_until(condition: Callable[[], bool], *, within: float, what: str) -> None:
    """Return as soon as the condition holds; raise TimeoutError naming ``what`` after ``within``."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(_POLL)


def open_descriptors() -> int:
    """Return how many file descriptors this process has open, also where /proc is not mounted."""
    with suppress(FileNotFoundError):
        # The listing has a descriptor of its own.
        return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - the count alone is wanted
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sum(_is_open(number) for number in range(min(limit, _MOST_DESCRIPTORS)))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class Daemon:
    """A foreground server process and everything it forks, in a process group of its own."""

    def __init__(self, argv: Sequence[str], *, environ: Mapping[str, str], log: Path) -> None:
        """Start ``argv``; its output goes to the end of ``log``."""
        account = server_account()
        as_other = os.geteuid() == 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environ},
                start_new_session=True,
                user=account.uid if as_other else None,
                group=account.gid if as_other else None,
                extra_groups=[] if as_other else None,
            )

    @property
    def pid(self) -> int:
        """The pid of the first process, which is the id of its group."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Tell whether the first process has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it in order: SIGTERM, then SIGKILL to what is left of the group."""
        if not self.has_ended():
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        self.kill()

    def kill(self) -> None:
        """End every process of the group at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(_GRACE)
        with suppress(TimeoutError):
            wait_until(lambda: not group_lives(self.pid), within=_BURIAL, what="the group to end")


def group_lives(group: int) -> bool:
    """Tell whether any process of the group is alive; a zombie is not, where /proc can tell."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self").exists():
        return True
    return any(_state(entry, group) not in "ZX" for entry in Path("/proc").iterdir())


def _state(entry: Path, group: int) -> str:
    """Return the state letter of a process of the group; X, as for a dead one, for all else."""
    if not entry.name.isdigit():
        return "X"
    try:
        stat = (entry / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X"
    # The name stands in brackets and may hold anything; fields count from behind it.
    state, _parent, owner = stat.rpartition(")")[2].split()[:3]
    return state if int(owner) == group else "X"
