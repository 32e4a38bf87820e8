"""SIGKILL at random moments, two hundred times, while mail arrives: nothing is lost.

Two services run side by side, each with a mailbox, a webhook and a file of its
own. A third of the kills falls into the start, the rest into the first moments
of the watch, where cursors move and deliveries are under way. The seed is
printed; ``VEDETTE_KILL_SEED`` repeats it and ``VEDETTE_KILLS`` asks for more.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.books import Books, Verdict, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.process import group_lives, wait_until
from tests.support.receiver import Receiver
from tests.support.service import Configuration, Service, account

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(400)]

KILLS = int(os.environ.get("VEDETTE_KILLS", "200"))
LANES = 2

#: Seconds after the start within which a kill meets imports, migration, login and baseline.
START = 0.9
#: Seconds after the connect within which a kill meets fetches, commits and deliveries.
WATCH = 0.6
#: Seconds between two messages: some twenty fall into each life of a service.
PACE = 0.12


class Feeder:
    """Delivers mail without a pause until it is told to stop."""

    def __init__(self, server: Dovecot, user: str, dice: random.Random) -> None:
        self._server = server
        self._user = user
        self._dice = dice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._dice.random() * 2 * PACE):
            burst = [letter(new_token()) for _ in range(self._dice.choice((1, 1, 1, 2, 5)))]
            folder = "Junk" if self._dice.random() < 0.2 else "INBOX"
            self._server.deliver_many(self._user, burst, folder=folder)


class Lane:
    """One mailbox, its service and its books; the service is killed again and again."""

    def __init__(self, server: Dovecot, user: str, folder: Path, dice: random.Random) -> None:
        self.server = server
        self.user = user
        self.folder = folder
        self.dice = dice
        self.hooked = Books()
        self.written = Books()
        self.kills = 0

    def run(self, kills: int) -> None:
        """Kill so often, then let the rest come and compare."""
        self.folder.mkdir()
        with Receiver(self.hooked) as receiver:
            self._configure(receiver.url)
            # The watch begins at now: what comes before the first baseline is the past.
            self._live(lambda service: service.until_connected())
            feeder = Feeder(self.server, self.user, random.Random(self.dice.random()))
            feeder.start()
            try:
                for _ in range(kills):
                    self._live(self._wait_a_moment)
                    self.kills += 1
            finally:
                feeder.stop()
            self._settle(receiver)

    def _configure(self, url: str) -> None:
        Configuration(
            file=self.folder / "vedette.toml",
            state=self.folder / "state",
            accounts={
                "box": account(self.user, port=self.server.tls_port, ca_file=self.server.ca_file)
            },
            endpoints={
                "hook": f'type = "webhook"\nurl = "{url}"',
                "file": f'type = "file"\npath = "{self.folder / "events.jsonl"}"',
            },
        ).write()

    def _service(self) -> Service:
        return Service(["serve", "--config", str(self.folder / "vedette.toml")], folder=self.folder)

    def _live(self, until: Callable[[Service], None]) -> None:
        """Let a service live until a moment, kill it, and see that nothing of it is left."""
        with self._service() as service:
            until(service)
            service.kill()
        wait_until(
            lambda: not group_lives(service.process.pid),
            within=10,
            what="the workers of a killed service to end",
        )

    def _wait_a_moment(self, service: Service) -> None:
        moment = self.dice.random() * START
        if self.dice.random() < 2 / 3:
            service.until_connected()
            moment = self.dice.random() * WATCH
        try:
            status = service.process.wait(moment)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"it ended by itself with {status}: {service.err[-2000:]}")

    def _settle(self, receiver: Receiver) -> None:
        """Run once more in peace until all that the server holds has come twice."""
        held = self.server.holdings(self.user)
        with receiver.lock:
            self.hooked.expect_held(held)
        self.written.expect_held(held)
        with self._service() as service:
            service.until_connected()
            wait_until(receiver.all_came, within=60, what="the webhook to have everything")
            wait_until(self._all_written, within=60, what="the file to have everything")
            service.send(signal.SIGTERM)
            assert service.ended() == 0, service.err[-2000:]
        for line in (self.folder / "events.jsonl").read_bytes().splitlines():
            self.written.take(line)

    def _all_written(self) -> bool:
        text = (self.folder / "events.jsonl").read_text()
        return all(token in text for token in self.written.expected)

    def verdicts(self) -> list[Verdict]:
        return [self.hooked.check(), self.written.check()]


def test_two_hundred_kills_lose_nothing_and_repeat_only_the_same_id(
    dovecot: Dovecot, user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After kill -9 at random moments every message came, each under one id."""
    seed = int(os.environ.get("VEDETTE_KILL_SEED", str(random.SystemRandom().getrandbits(32))))
    dice = random.Random(seed)
    sys.stdout.write(f"seed {seed}\n")
    lanes = [
        Lane(dovecot, f"{user}-{number}", tmp_path / str(number), random.Random(dice.random()))
        for number in range(LANES)
    ]

    with ThreadPoolExecutor(LANES) as pool:
        runs = [pool.submit(lane.run, KILLS // LANES) for lane in lanes]
        for run in runs:
            run.result()

    with capsys.disabled():
        for lane in lanes:
            hooked, written = lane.verdicts()
            sys.stdout.write(
                f"\nkill -9: seed {seed}, {lane.kills} kills, {hooked.events} events; "
                f"webhook repeats {hooked.repeats}, file repeats {written.repeats}\n"
            )
    assert sum(lane.kills for lane in lanes) >= KILLS // LANES * LANES
