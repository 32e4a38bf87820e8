"""Hostile mail costs work in proportion to its size: counted in calls, not in seconds.

Every case is built at two sizes; the larger may take at most a little more than its
share of calls of Python and C functions. What hides inside one call, such as one
regular expression, is judged by the kernel: see ``test_m4`` in ``tests/reader``.
"""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from tests.mime.bombs import BOMBS, Bomb
from vedette import mime
from vedette.mime import Defect

# Twice the bytes may take twice the calls; a fifth more for steps at limits.
TOLERANCE = 2.4
# Under this, fixed costs hide the slope: no bomb at all.
FLOOR = 2000
# No message that is read on the event loop (256 KiB) may cost more than this: some 0.1 s.
CEILING = 800_000


def calls(data: bytes) -> int:
    """Return how many functions are called while ``data`` is read."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in {"call", "c_call"}:
            count += 1

    sys.setprofile(counted)
    try:
        message = mime.read(data, trusted_authserv={"mx.example.org"})
    finally:
        sys.setprofile(None)
    assert Defect.INTERNAL not in message.defects
    return count


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_m4_twice_the_bytes_take_at_most_twice_the_calls(bomb: Bomb) -> None:
    """No loop of the reader meets another over the same bytes."""
    mime.read(bomb(100))  # what is imported on first use is not counted

    small, large = calls(bomb(100_000)), calls(bomb(200_000))

    assert large <= max(FLOOR, small * TOLERANCE)
    assert large <= CEILING
