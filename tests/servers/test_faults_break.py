"""A line that breaks, once or for a while: nothing is lost, nobody hammers, and it heals by itself."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.servers.lines import Lines, is_well, put, take, watched
from tests.support.dovecot import Dovecot
from tests.support.toxics import Cut, Reset, SlowClose, Toxic, Way
from vedette.model.account import AccountState, Health
from vedette.ports.link import Encryption

pytestmark = pytest.mark.server

#: The floors of the first waits of the curve (``sync.trouble``), less what clocks differ.
WAITS = (0.49, 0.98)
#: A message of several windows of 64 KiB.
LARGE = (b"x" * 75 + b"\r\n") * 2_000

BROKEN = [
    pytest.param(Reset, id="reset at once"),
    pytest.param(lambda: Cut(0), id="closed before the greeting"),
    pytest.param(lambda: Cut(20), id="cut inside the greeting or the first record"),
    pytest.param(lambda: Cut(600, reset=True), id="reset inside the handshake or after the login"),
    pytest.param(lambda: Cut(40, way=Way.UP, reset=True), id="reset inside our first words"),
    pytest.param(lambda: Cut(300, way=Way.UP), id="closed while the client speaks"),
]


def is_degraded(health: Health) -> bool:
    return health.state is AccountState.DEGRADED and health.error is not None


def hold_against_the_curve(lines: Lines) -> None:
    """Nobody tried again before the floor of the wait that fits; the last try went well."""
    for line in lines.lines:
        at = [*(failure.at for failure in lines.failures(line)), line.proxy.accepted[-1]]
        waits = [after - before for before, after in pairwise(at)]
        assert all(wait >= floor for wait, floor in zip(waits, WAITS, strict=False)), waits


@pytest.mark.parametrize("make", BROKEN)
async def test_a_line_that_breaks_every_time_heals_without_a_restart(
    dovecot: Dovecot, user: str, tmp_path: Path, make: Callable[[], Toxic]
) -> None:
    """Mail before, during and after comes; degraded meanwhile; a try a second, not a hundred."""
    async with watched(dovecot, user, tmp_path) as lines:
        await lines.deliver()
        await lines.until_all_came()
        toxics = put(lines, make)
        for line in lines.lines:
            line.proxy.cut()
        await lines.deliver(2)
        await lines.until_failed(2)
        await lines.until_health(is_degraded, "degraded account")
        take(toxics)
        await lines.deliver()
        await lines.until_all_came()
        await lines.until_health(is_well, "recovery")

        hold_against_the_curve(lines)
        assert all(len(line.proxy.accepted) <= 5 for line in lines.lines)
    assert lines.check().events == 8


async def test_a_refused_connection_is_tried_again_on_the_curve(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """ECONNREFUSED, as while a server starts: named in the health, and over when it is over."""
    async with watched(dovecot, user, tmp_path) as lines:
        for line in lines.lines:
            line.proxy.refuse()
            line.proxy.cut()
        await lines.deliver()
        await lines.until_failed(2)
        await lines.until_health(is_degraded, "degraded account")
        assert all("refused" in str(each.error) for each in lines.watching.engine.healths)
        for line in lines.lines:
            await line.proxy.listen()
        await lines.until_all_came()
        await lines.until_health(is_well, "recovery")

        hold_against_the_curve(lines)
    assert lines.check().events == 2


#: Octets of the answer to a FETCH that pass before the cut: none, within the words before the
#: first literal, its first octet, within a header, at and around the end of a window of 64 KiB,
#: and within the windows behind it.
OFFSETS = (0, 1, 8, 40, 80, 120, 160, 200, 300, 16_000, 65_536, 65_700, 150_000)
#: The same under TLS, counted from the push: records, their headers and their tags.
RECORDS = (0, 1, 3, 5, 21, 22, 40, 90, 300, 16_406, 65_536, 65_700, 150_000)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    ("encryption", "offsets", "word"),
    [(Encryption.NONE, OFFSETS, b" FETCH ("), (Encryption.IMPLICIT, RECORDS, b"")],
)
async def test_a_cut_anywhere_in_an_answer_commits_nothing_of_the_rest(
    dovecot: Dovecot,
    user: str,
    tmp_path: Path,
    encryption: Encryption,
    offsets: tuple[int, ...],
    word: bytes,
    *,
    reset: bool,
) -> None:
    """Mid-word, mid-literal, mid-record: the message is fetched again, whole, under its one id."""
    async with watched(dovecot, user, tmp_path, [encryption] * len(offsets)) as lines:
        await lines.deliver()
        await lines.until_all_came()
        cuts = [Cut(at, word=word, times=1, reset=reset) for at in offsets]
        for line, cut in zip(lines.lines, cuts, strict=True):
            line.proxy.put(cut)
        await lines.deliver(body=LARGE)
        await lines.until_failed(1)
        await lines.deliver(2)
        await lines.until_all_came()

        assert [cut.struck for cut in cuts] == [1] * len(offsets)
        assert all(len(line.proxy.accepted) == 2 for line in lines.lines)
        events = await lines.events()
    assert lines.check().events == 4 * len(offsets)
    bodies = Counter(event["data"]["text"]["plain"] for event in events)
    assert len(bodies) == 2, "a message that was cut is as whole as the others"


async def test_a_close_that_comes_late_is_not_waited_for(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """BYE is the end, whether or not the server closes the connection behind it."""
    async with watched(dovecot, user, tmp_path) as lines:
        put(lines, lambda: SlowClose(3600.0))
        for line in lines.lines:
            for pid in dovecot.session_pids(line.user):
                os.kill(pid, signal.SIGTERM)
        await lines.deliver()
        await lines.until_all_came()

        assert [len(line.proxy.accepted) for line in lines.lines] == [2, 2]
    assert lines.check().events == 2
