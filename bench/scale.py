"""Ten thousand mailboxes in one process for half an hour: what is lost, how late, how much memory.

::

    python -m bench.scale --mailboxes 10000 --minutes 30 --arrivals 10 --drops 5

The engine watches mailboxes of ten hosts on the load server with its usual login rates, while
messages arrive and connections are cut at random instants. After two thirds of the time the server
is down for some seconds, so that every mailbox wants in again. At the end the store's events are
held against the server's messages. Printed are the logins of every second of the start and of the
return, a line for each minute, and a verdict; all of it is written as JSON too.

Must not know: the engine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.client import Client, client
from bench.load.options import Load
from bench.load.server import LoadServer, load_server
from bench.peers.environment import program
from bench.results import SCALE, begin
from bench.scene import AT_ONCE, end_when_told, quantile, until
from vedette.engine.gate import LoginRate

#: Seconds for which the server is down.
_DOWN = 10.0
#: Seconds beyond what the login rates need, for all mailboxes to be watched.
_PATIENCE = 180.0
#: The longest wait between two tries to connect after a network failure.
_RETRY = 330.0
#: Seconds after the last arrival within which everything must be had: a safety sync.
_AFTER = 330.0
#: The promises: p99 of announcement to commit in milliseconds, and growth after the first minutes.
_P99 = 50.0
_GROWTH = 1.10
_HOSTS = 10


@dataclass(slots=True, kw_only=True)
class Soak:
    """All that was seen. Curves are logins in each second; memory is in octets, by minute."""

    mailboxes: int
    minutes: float
    arrivals: float
    drops: float
    surroundings: dict[str, Any]
    start_curve: list[int] = field(default_factory=list)
    return_curve: list[int] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    announced: int = 0
    unannounced: int = 0
    unannounced_p99_s: float = 0.0
    dropped: int = 0
    arrived: int = 0
    committed: int = 0
    lost: int = 0
    twice: int = 0
    ghosts: int = 0
    server_share: float = 0.0
    verdict: list[str] = field(default_factory=list)


class Watch:
    """Looks at the server and the client once a second."""

    def __init__(self, one: Client, server: LoadServer, soak: Soak) -> None:
        self._one = one
        self._server = server
        self._soak = soak
        self.ages: list[float] = []
        self.waited: list[float] = []
        self._begun = time.monotonic()
        self._logins = 0
        self._next = self._begun

    def second(self, curve: list[int] | None = None) -> None:
        """Let a second pass, and note what happened in it."""
        self._next += 1.0
        time.sleep(max(0.0, self._next - time.monotonic()))
        stats = self._server.stats()
        if curve is not None:
            curve.append(stats.logins - self._logins)
        self._logins = stats.logins

    def minute(self) -> None:
        """Note what the client tells and costs."""
        told = self._one.do("report")
        self.ages += [age / 1e9 for age in told["latencies"]]
        self.waited += [age / 1e9 for age in told["waited"]]
        self._soak.rss.append(self._one.rss_of_all())
        self._soak.cpu.append(round(self._one.cpu(), 2))
        stats, ages = self._server.stats(), sorted(self.ages)
        print(
            f"{time.monotonic() - self._begun:6.0f} s  {stats.watching:6} watched"
            f"  {self._soak.rss[-1] / 2**20:7.1f} MiB  {self._soak.cpu[-1]:8.1f} s of processor"
            f"  {len(ages):6} messages, p50 {quantile(ages, 0.5):.1f},"
            f" p99 {quantile(ages, 0.99):.1f} ms  {stats.dropped:5} drops",
            flush=True,
        )

    def logged_in(self, curve: list[int], patience: float) -> None:
        """Wait until every mailbox is watched, and note the logins of each second."""
        end = time.monotonic() + patience
        while self._server.stats().watching < self._soak.mailboxes:
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{self._server.stats().watching} of {self._soak.mailboxes} mailboxes are"
                    f" watched after {patience:.0f} s"
                )
            self.second(curve)


def run(soak: Soak) -> None:
    """Start, soak, restart the server, soak on, end; fill in what was seen."""
    load = Load(mailboxes=soak.mailboxes, hosts=_HOSTS, size=10_000)
    with load_server(load) as server:
        more = {"paced": True, "hosts": load.addresses}
        with client("vedette", program("vedette"), server, more) as one:
            watch = Watch(one, server, soak)
            patience = _PATIENCE + soak.mailboxes / LoginRate().total_per_second
            one.do("connect", last=soak.mailboxes, at_once=AT_ONCE, wait=False)
            watch.logged_in(soak.start_curve, patience)
            _print_curve("start", soak.start_curve)
            begun, before = time.monotonic(), server.stats().cpu_ns
            server.arrive(soak.arrivals)
            server.drops(soak.drops)
            _pass(watch, soak.minutes * 40)
            # Nothing else is cut meanwhile, or there would be no moment at which all are back.
            server.drops(0.0)
            server.restart(_DOWN)
            until(lambda: server.stats().watching == 0)
            watch.logged_in(soak.return_curve, patience + _DOWN + _RETRY)
            server.drops(soak.drops)
            _print_curve("return after the server was down", soak.return_curve)
            _pass(watch, soak.minutes * 60 - (time.monotonic() - begun))
            server.arrive(0.0)
            server.drops(0.0)
            soak.server_share = (server.stats().cpu_ns - before) / 1e7 / (time.monotonic() - begun)
            _finish(watch, one, server, soak)


def _pass(watch: Watch, seconds: float) -> None:
    end = time.monotonic() + seconds
    minute = time.monotonic()
    while time.monotonic() < end:
        watch.second()
        if time.monotonic() >= minute:
            watch.minute()
            minute += 60.0


def _finish(watch: Watch, one: Client, server: LoadServer, soak: Soak) -> None:
    """Wait until all is had or the time is over, then hold one ledger against the other."""
    end = time.monotonic() + _AFTER
    while True:
        _compare(one, server, soak)
        if not soak.lost or time.monotonic() > end:
            break
        time.sleep(2.0)
    watch.minute()
    ages, waited = sorted(watch.ages), sorted(watch.waited)
    stats = server.stats()
    soak.p50_ms, soak.p99_ms = quantile(ages, 0.5), quantile(ages, 0.99)
    soak.announced, soak.unannounced = len(ages), len(waited)
    soak.unannounced_p99_s = quantile(waited, 0.99) / 1000 if waited else 0.0
    soak.dropped = stats.dropped
    soak.verdict = list(_verdict(soak))


def _compare(one: Client, server: LoadServer, soak: Soak) -> None:
    ids: dict[tuple[int, int], set[str]] = defaultdict(set)
    for mailbox, uid, event in one.do("ledger")["rows"]:
        ids[mailbox, uid].add(event)
    there = {
        (mailbox, uid)
        for mailbox in range(soak.mailboxes)
        for uid in range(1, server.count(mailbox) + 1)
    }
    soak.arrived, soak.committed = len(there), len(ids)
    soak.lost = len(there - ids.keys())
    soak.ghosts = len(ids.keys() - there)
    soak.twice = sum(len(names) - 1 for names in ids.values())


def _verdict(soak: Soak) -> Iterable[str]:
    """Yield what is not as promised."""
    for count, what in (
        (soak.lost, "lost"),
        (soak.twice, "with a second id"),
        (soak.ghosts, "that never were"),
    ):
        if count:
            yield f"{count} messages {what}"
    if soak.p99_ms > _P99:
        yield f"p99 from announcement to commit {soak.p99_ms:.1f} ms, promised {_P99:.0f}"
    # The first two minutes fill pools and page caches once; in fewer than five nothing is flat.
    steady = soak.rss[2:] if len(soak.rss) >= 5 else soak.rss[-1:]
    if steady[-1] > min(steady) * _GROWTH:
        yield f"memory grew from {min(steady) / 2**20:.0f} to {steady[-1] / 2**20:.0f} MiB"
    # A rate has a burst of a second (LoginRate), which may share a second with the rate itself.
    most = 2 * LoginRate().total_per_second
    for name, curve in (("start", soak.start_curve), ("return", soak.return_curve)):
        if curve and max(curve) > most:
            yield f"{max(curve)} logins in one second of the {name}, allowed {most:.0f}"


def _print_curve(name: str, curve: list[int]) -> None:
    print(f"{name}: {sum(curve)} logins in {len(curve)} s, by second:")
    highest = max([*curve, 1])
    for second, count in enumerate(curve, 1):
        print(f"{second:5} {count:5} {'#' * round(count * 60 / highest)}")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    """Soak, print the verdict; return 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale")
    parser.add_argument("--mailboxes", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--arrivals", type=float, default=10.0, help="messages per second")
    parser.add_argument("--drops", type=float, default=5.0, help="cut connections per second")
    parser.add_argument("--output", type=Path, default=SCALE)
    given = parser.parse_args(words)
    end_when_told()
    surroundings = begin(runs=1, scale=1.0, versions={}, missing={})
    soak = Soak(
        mailboxes=given.mailboxes,
        minutes=given.minutes,
        arrivals=given.arrivals,
        drops=given.drops,
        surroundings=asdict(surroundings),
    )
    (Path(__file__).parents[1] / ".cache").mkdir(exist_ok=True)
    try:
        run(soak)
    finally:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        soak.surroundings["load_after"] = os.getloadavg()[0]
        given.output.write_text(json.dumps(asdict(soak), indent=1) + "\n", encoding="utf-8")
    print(
        f"{soak.arrived} messages arrived: {soak.committed} committed, {soak.lost} lost,"
        f" {soak.twice} second ids, {soak.ghosts} that never were\n"
        f"{soak.announced} were announced: p50 {soak.p50_ms:.1f}, p99 {soak.p99_ms:.1f} ms to the"
        f" commit; {soak.unannounced} came while nobody was connected: p99"
        f" {soak.unannounced_p99_s:.1f} s\n"
        f"{soak.dropped} connections were cut; the server used {soak.server_share:.0f} % of a core"
    )
    for line in soak.verdict:
        print(f"NOT KEPT: {line}")
    if not soak.verdict:
        print("All promises were kept.")
    return 1 if soak.verdict else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
