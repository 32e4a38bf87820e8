"""What a service has in memory stays there."""

from __future__ import annotations

import subprocess
import sys

TELL = """
import ctypes, os, resource, signal
from vedette.app.undumped import stay_undumped
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
stay_undumped()
print(*resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_a_process_that_crashes_leaves_no_core() -> None:
    """Neither a file, by the limit, nor a gift to a collector, as it is not dumpable."""
    done = subprocess.run(
        [sys.executable, "-c", TELL], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.stdout.split() == ["0", "0", "0"]
    # WCOREDUMP would have been told as a status of its own; Popen tells the signal alone.
    assert done.returncode == -11
