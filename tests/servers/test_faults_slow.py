"""A line that is slow or comes in crumbs is a line: nothing is lost and nobody reconnects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.lines import is_well, put, take, watched
from tests.support.dovecot import Dovecot
from tests.support.toxics import Bandwidth, Latency, Slicer, Toxic, Way
from vedette.ports.link import Encryption

pytestmark = pytest.mark.server

#: Enough for a window of 64 KiB and a second one.
LARGE = b"x" * 75 + b"\r\n"

SLOW = [
    pytest.param(lambda: Latency(0.1, jitter=0.1), 100, id="latency and jitter"),
    pytest.param(lambda: Latency(0.1, way=Way.BOTH), 100, id="latency both ways"),
    pytest.param(lambda: Bandwidth(200_000), 1000, id="200 kB a second"),
    pytest.param(lambda: Bandwidth(2_000, way=Way.UP), 1, id="a thin way up"),
    pytest.param(lambda: Slicer(1), 50, id="one octet in each segment"),
    pytest.param(lambda: Slicer(1, way=Way.UP), 1, id="one octet in each segment, up"),
    pytest.param(lambda: Slicer(1447), 1000, id="segments across every border"),
]


@pytest.mark.parametrize(("make", "rows"), SLOW)
async def test_a_slow_line_brings_everything_over_one_login(
    dovecot: Dovecot, user: str, tmp_path: Path, make: Callable[[], Toxic], rows: int
) -> None:
    """TLS and plaintext: mail before, during and after comes, and the account stays well."""
    async with watched(dovecot, user, tmp_path) as lines:
        await lines.deliver(body=LARGE * rows)
        toxics = put(lines, make)
        await lines.deliver(2, body=LARGE * rows)
        await lines.until_all_came()
        take(toxics)
        await lines.deliver()
        await lines.until_all_came()

        assert [len(line.proxy.accepted) for line in lines.lines] == [1, 1]
        assert all(map(is_well, lines.watching.engine.healths))
    assert lines.check().events == 8


@pytest.mark.parametrize("encryption", [*Encryption])
async def test_a_start_in_crumbs_is_a_start(
    dovecot: Dovecot, user: str, tmp_path: Path, encryption: Encryption
) -> None:
    """Greeting, STARTTLS, handshake, login and listing, an octet or two at a time, late."""
    async with watched(dovecot, user, tmp_path, [encryption]) as lines:
        put(lines, lambda: Slicer(2, way=Way.BOTH))
        put(lines, lambda: Latency(0.0005, way=Way.BOTH))
        lines.lines[0].proxy.cut()
        await lines.deliver(3)
        await lines.until_all_came()

        assert len(lines.lines[0].proxy.accepted) == 2
    assert lines.check().events == 3
