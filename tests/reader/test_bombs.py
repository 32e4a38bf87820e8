"""Every bomb of the mail reader is read by a real worker within its processor time.

This is the judge of what no count of calls can see: a regular expression or a
library that takes quadratic time inside one call. A quadratic step over 1 MB takes
minutes; the kernel allows seconds.
"""

from __future__ import annotations

import pytest

from tests.mime.bombs import BOMBS
from vedette.mime import Defect
from vedette.reader import MessageReader

SIZE = 1_000_000
# The slowest bomb takes a fifth of a second on a machine of 2020; a quadratic one, minutes.
SECONDS = 4


@pytest.mark.timeout(300)
async def test_m4_every_bomb_is_read_within_its_processor_time() -> None:
    """No worker dies, and none of them is the last resort."""
    reader = MessageReader(cpu_seconds=SECONDS, deadline=60, inline_below=0)

    for name, bomb in BOMBS.items():
        message = await reader.read(bomb(SIZE), trusted_authserv={"mx.example.org"})
        assert Defect.INTERNAL not in message.defects, name

    assert reader.workers == 1
    await reader.stop()
