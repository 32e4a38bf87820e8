"""A link that is dead and looks alive: found by the proof, in the time that is promised."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.lines import Lines, is_well, take, watched
from tests.support.dovecot import Dovecot
from tests.support.toxics import Corrupt, HalfOpen, Toxic, Way
from vedette.engine.session import ANSWER, PROMPT
from vedette.errors import NetworkError
from vedette.ports.link import Encryption
from vedette.sync.cadence import Tempo

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(300)]

TEMPO = Tempo(proof=1.0)

#: What a dead link may cost: the wait for the next proof, its deadline, and the first wait of the
#: curve; the rest is a loaded machine's.
FOUND = TEMPO.proof + PROMPT + 1.0 + 30.0
#: One that dies between two proofs, under a command that is not answered at once, costs that.
FOUND_LATE = FOUND - PROMPT + ANSWER

DEAD: list[tuple[Encryption, Callable[[], Toxic]]] = [
    *[(each, HalfOpen) for each in (Encryption.IMPLICIT, Encryption.NONE)],
    *[(each, lambda: HalfOpen(way=Way.UP)) for each in (Encryption.IMPLICIT, Encryption.NONE)],
    *[(each, lambda: HalfOpen(way=Way.DOWN)) for each in (Encryption.IMPLICIT, Encryption.NONE)],
    # A record that claims to be longer than it is: the rest of it never comes.
    (Encryption.IMPLICIT, lambda: Corrupt(3, times=1, flip=0x20)),
]


async def test_a_half_open_link_is_found_within_the_proof(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Both ways or one, TLS or not: one failure that says so, one new login, the mail of before."""
    loop = asyncio.get_running_loop()
    encryptions = [encryption for encryption, _ in DEAD]
    async with watched(dovecot, user, tmp_path, encryptions, tempo=TEMPO) as lines:
        await lines.deliver()
        await lines.until_all_came()
        toxics = [(line, make()) for line, (_, make) in zip(lines.lines, DEAD, strict=True)]
        for line, toxic in toxics:
            line.proxy.put(toxic)
        began = loop.time()
        # The link that was dead stays dead; a new one is well.
        take([(line, toxic) for line, toxic in toxics if isinstance(toxic, HalfOpen)])
        await lines.deliver(2)
        await lines.until_all_came(within=FOUND_LATE)
        await lines.until_health(is_well, "recovery")

        for line in lines.lines:
            failures = lines.failures(line)
            assert len(failures) == 1
            assert isinstance(failures[0].error, NetworkError)
            assert "did not answer" in str(failures[0].error)
            is_proof = any(word in str(failures[0].error) for word in ("IDLE", "DONE"))
            assert failures[0].at - began <= (FOUND if is_proof else FOUND_LATE)
            assert len(line.proxy.accepted) == 2
    assert lines.check().events == 3 * len(DEAD)


async def test_a_server_that_stands_still_is_waited_for_and_not_hammered(
    make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """SIGSTOP for the whole server: connects get no greeting, none hurries, and CONT heals all."""
    server = make_dovecot()
    async with watched(server, user, tmp_path, tempo=TEMPO) as lines:
        await deliver_to_all(lines)
        os.killpg(server.process_group, signal.SIGSTOP)
        try:
            await lines.until_failed(1)
            for line in lines.lines:
                await line.proxy.until_accepted(2, within=60.0)
        finally:
            os.killpg(server.process_group, signal.SIGCONT)
        await deliver_to_all(lines)
        await lines.until_health(is_well, "recovery")

        assert all(len(line.proxy.accepted) <= 3 for line in lines.lines)
        assert all("answer" in str(lines.failures(line)[0].error) for line in lines.lines)
    assert lines.check().events == 4


async def deliver_to_all(lines: Lines) -> None:
    await lines.deliver()
    await lines.until_all_came()
