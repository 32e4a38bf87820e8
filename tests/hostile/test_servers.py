"""A hostile server costs its own connection: no stall, bounded memory, and mail goes on.

P16, catalogue P1, P2, P9, P13 and V7. The figures are of a whole engine in a process of its own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.hostile.attacks import ATTACKS, Hostility
from tests.hostile.server import Talk
from tests.hostile.trial import Trial, bounded
from tests.support.clock import run
from tests.support.scripted import ScriptedServer
from tests.support.world import Setting, Watch, cursor, quiet

# A flood takes some seconds of processor time; a machine with other tenants has less of it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("hostility", ATTACKS.values(), ids=ATTACKS.keys())
def test_p16_a_hostile_server_can_not_stop_the_loop(hostility: Hostility, tmp_path: Path) -> None:
    """While it attacks a neighbour's mail comes; when it stops, so does its own."""
    with Trial(tmp_path) as trial:
        trial.hostile.arm(hostility.point, hostility.attack)
        if hostility.point in {"greeting", "LOGIN"}:
            trial.hostile.drop()
        elif hostility.point != "push":
            trial.hostile.deliver(b"Subject: bait\r\n\r\n")
        trial.next_mail_comes()
        trial.fired()
        trial.next_mail_comes()
        trial.next_mail_comes(trial.hostile)
        measured = trial.measure()
        said = [line["error"] for line in trial.lines if "failed" in line]

    assert trial.hostile.failures == []
    if hostility.says:
        assert any(each.startswith(hostility.says) for each in said)
    bounded(measured, growth=hostility.growth)


def test_p16_a_million_folders_are_listed_within_bounds(tmp_path: Path) -> None:
    """LIST may name as many folders as it likes: INBOX is watched, and its mail comes."""

    def folders(talk: Talk) -> None:
        for start in range(0, 1_000_000, 5_000):
            names = range(start, start + 5_000)
            talk.send(b"".join(b'* LIST (\\Noselect) "/" f%d\r\n' % n for n in names))

    with Trial(tmp_path, victim="everything") as trial:
        trial.hostile.arm("LIST", folders)
        trial.hostile.drop()
        trial.next_mail_comes()
        trial.fired()
        trial.next_mail_comes(trial.hostile)
        measured = trial.measure()

    # 10,000 folders are kept at some 500 octets, and the responses of one turn beside them.
    bounded(measured, growth=32)


def test_p16_a_folder_that_claims_every_uid_is_not_believed(tmp_path: Path) -> None:
    """4,294,967,295 messages are announced and listed, and none is handed over."""
    with Trial(tmp_path) as trial:
        trial.hostile.claimed = 2**32 - 1

        def everything(talk: Talk) -> None:
            trial.hostile.arm("UID SEARCH", everything)
            talk.send(b"* ESEARCH UID ALL 1:4294967295\r\n")

        trial.hostile.arm("UID SEARCH", everything)
        trial.hostile.drop()
        trial.next_mail_comes()
        trial.fired(3)
        trial.next_mail_comes()
        trial.hostile.claimed = None
        trial.hostile.disarm()
        trial.hostile.drop()
        trial.next_mail_comes(trial.hostile)
        measured = trial.measure()

    # What is listed is kept as ranges, and what is owed is bounded.
    bounded(measured, growth=32)


async def _top(spool: Path) -> list[int]:
    server = ScriptedServer()
    watch = Watch(Setting(read={b"INBOX": cursor(7, 0)}), server.dialer, spool)
    await watch.start()
    await quiet()
    server.box.uid_next = 2**32 - 1
    server.deliver()
    # The listing that is due every five minutes asks for what stands above it.
    await asyncio.sleep(1_000)
    assert watch.health.error is None
    found = watch.uids()
    await watch.stop()
    return found


def test_p16_the_last_uid_of_all_ends_nothing(tmp_path: Path) -> None:
    """A server that gives the highest UID away is watched on, and its message is told once."""
    assert run(_top(tmp_path)) == [2**32 - 1]
