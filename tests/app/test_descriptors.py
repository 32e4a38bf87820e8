"""Room for descriptors: the table is large before it is needed, and the limit is kept."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from vedette.app.descriptors import make_room

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the table's size")

TELL = """
from pathlib import Path
from vedette.app.descriptors import make_room
make_room(1000)
print(Path("/proc/self/status").read_text().partition("FDSize:")[2].split()[0])
"""


RAISE = """
import resource
from vedette.app.descriptors import make_room
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 512))
make_room()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_no_descriptor_is_left_open() -> None:
    """Only the table stays large."""
    before = sorted(Path("/dev/fd").iterdir())

    make_room(300)

    assert sorted(Path("/dev/fd").iterdir()) == before


def test_there_is_no_more_room_than_the_limit() -> None:
    """A limit that is lower than what was asked for is no error."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert make_room(hard + 1_000) == hard


def test_a_low_soft_limit_is_raised_to_the_hard_one() -> None:
    """Each mailbox takes a descriptor, and a shell lets a process have 1,024."""
    done = subprocess.run(
        [sys.executable, "-c", RAISE],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )

    assert done.stdout.split() == ["512", "512"]


@linux
def test_the_table_holds_as_many_as_were_asked_for() -> None:
    """In a process of its own, as a table is never made smaller again."""
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )

    assert int(done.stdout) >= 1000
