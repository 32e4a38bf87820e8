"""Fifty mailboxes on three instances, for real: one instance goes, and the others take over.

::

    python -m bench.failover [--mailboxes N] [--output FILE]

Each instance is a ``vedette serve``; the mail server is Dovecot and the database Postgres, all on
this machine, with a message to one mailbox after the other all the while. Three ends are tried: killed
(SIGKILL), standing still (SIGSTOP) and asked to end (SIGTERM). Told are the seconds from then until
each mailbox of the one that went is watched by another, the ages of messages, and the books. Must not
know: how mailboxes are shared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.results import FOLDER, begin
from tests.ownership.instances import Instances
from tests.support.authority import Authority
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres

OUTPUT: Final = FOLDER / "failover.json"
NAMES: Final = ("one", "two", "three")
ENDS: Final = {
    "killed": signal.SIGKILL,
    "standing still": signal.SIGSTOP,
    "asked to end": signal.SIGTERM,
}
#: Seconds between two messages: each mailbox has one every five seconds.
PAUSE: Final = 0.1
#: Seconds until the others must have taken over; three times what is promised.
WITHIN: Final = 60.0
#: Seconds of load before and after, so that ages in peace are among all ages.
PEACE: Final = 5.0
#: Seconds between two looks into the logs of the others.
LOOK: Final = 0.05


def measure(end: str, instances: Instances) -> dict[str, Any]:
    """Let one of three go, and return how the others took over."""
    instances.start_all(*NAMES)
    instances.deliver()
    instances.until_received()
    owners = asyncio.run(instances.owners())
    orphans = {user for user, owner in owners.items() if owner == "two"}
    others = [name for name in NAMES if name != "two"]
    with instances.load(pause=PAUSE):
        time.sleep(PEACE)
        logs = {name: len(instances.services[name].err) for name in others}
        instances.services["two"].send(ENDS[end])
        curve = watch(instances, orphans, logs)
        time.sleep(PEACE)
    instances.services["two"].send(signal.SIGCONT)
    instances.until_received(within=WITHIN)
    ages = sorted(instances.ages())
    return {
        "orphans": len(orphans),
        "curve": curve,
        "messages": len(ages),
        "age_p50": round(statistics.median(ages), 3),
        "age_p99": round(ages[int(len(ages) * 0.99)], 3),
        "age_most": round(ages[-1], 3),
        # ``until_received`` raises where one is missing.
        "lost": 0,
        "second_ids": len(instances.doubles()),
    }


def watch(instances: Instances, orphans: set[str], logs: dict[str, int]) -> list[float]:
    """Return after how many seconds each orphan was watched by another, the first one first."""
    began = time.monotonic()
    found: dict[str, float] = {}
    while len(found) < len(orphans):
        now = time.monotonic() - began
        if now > WITHIN:
            raise TimeoutError(f"{len(orphans) - len(found)} mailboxes were not taken over")
        for name, since in logs.items():
            for user in instances.watched(name, since=since):
                if user in orphans:
                    found.setdefault(user, round(now, 2))
        time.sleep(LOOK)
    return sorted(found.values())


def told(end: str, values: dict[str, Any]) -> str:
    """Return what came of one end as a line."""
    curve = values["curve"]
    return (
        f"{end}: {values['orphans']} mailboxes watched again after {curve[0]:.1f} s (first),"
        f" {statistics.median(curve):.1f} s (half), {curve[-1]:.1f} s (all); ages of"
        f" {values['messages']} messages: p50 {values['age_p50']:.2f} s, p99"
        f" {values['age_p99']:.1f} s; {values['lost']} lost, {values['second_ids']} second ids"
    )


def main(words: Sequence[str]) -> int:
    """Measure each end on instances of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.failover")
    parser.add_argument("--mailboxes", type=int, default=50)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args(words)
    run = begin(runs=1, scale=1.0, versions={}, missing={})
    found: dict[str, Any] = {"date": run.date, "commit": run.commit, "mailboxes": given.mailboxes}
    with tempfile.TemporaryDirectory(prefix="vedette-failover-") as name:
        folder = Path(name)
        with Dovecot(authority=Authority(folder)) as server, Postgres(durable=True) as database:
            for number, end in enumerate(ENDS):
                users = [f"failover-{number}-{each}" for each in range(given.mailboxes)]
                url = database.url(asyncio.run(database.make()))
                place = folder / str(number)
                place.mkdir()
                with Instances(place, server, url, users) as instances:
                    found[end] = measure(end, instances)
                print(told(end, found[end]), flush=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
