"""``python -m tests.chaos``: kill the service thousands of times, or judge a run again.

::

    python -m tests.chaos run --kills 10000 --seed 7 --store postgres --folder .cache/chaos
    python -m tests.chaos check .cache/chaos/7

The exit status is 1 on a fault. A run ends at its first fault and keeps the
round's folder whole: configuration, state, log, and what was delivered.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.chaos import history
from tests.chaos.campaign import WITHOUT_MOVE, Campaign
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options
from tests.support.postgres import Postgres

#: Where a service can have its state.
STORES = ("sqlite", "postgres")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="kill and judge")
    run.add_argument("--kills", type=int, default=10_000)
    run.add_argument("--seed", type=int, default=None, help="of the plan; drawn when not given")
    run.add_argument("--store", choices=STORES, default=STORES[0], help="where the state is")
    run.add_argument("--folder", type=Path, default=Path(".cache/chaos"))
    run.add_argument("--lanes", type=int, default=2 * len(os.sched_getaffinity(0)))
    check = commands.add_parser("check", help="judge the books of a run again")
    check.add_argument("folder", type=Path)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _run(arguments: argparse.Namespace, seed: int, folder: Path) -> bool:
    kills, lanes, store = arguments.kills, arguments.lanes, arguments.store
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _say(f"chaos: seed {seed}, {kills} kills on {store} in {lanes} lanes; books in {folder}")
    with (
        # What it answered is on its disk, as in earnest.
        Postgres(durable=True) if store == "postgres" else nullcontext() as postgres,
        tempfile.TemporaryDirectory() as keys,
        Dovecot(Options(), authority=(authority := Authority(Path(keys)))) as server,
        Dovecot(Options(without=WITHOUT_MOVE), authority=authority) as other,
    ):
        campaign = Campaign(
            servers=(server, other),
            postgres=postgres,
            folder=folder,
            seed=seed,
            kills=kills,
            lanes=lanes,
            say=_say,
        )
        kept = campaign.run()
    for what, count in sorted(campaign.tally.items()):
        _say(f"  {count:7} {what}")
    for fault in campaign.faults:
        _say(fault)
    return kept


def main() -> int:
    """Do what was asked; return the exit status."""
    arguments = _arguments()
    if arguments.command == "check":
        rounds = len(list(arguments.folder.rglob(history.HELD)))
        faults = history.judge(arguments.folder)
        for fault in faults:
            _say(fault)
        _say(f"{rounds} rounds, {len(faults)} faults")
        return int(bool(faults) or not rounds)
    seed = random.SystemRandom().getrandbits(32) if arguments.seed is None else arguments.seed
    try:
        kept = _run(arguments, seed, (arguments.folder / str(seed)).absolute())
    except UnavailableError as error:
        _say(str(error))
        return 1
    _say(f"chaos: seed {seed}: {'nothing lost, one id each' if kept else 'BROKEN'}")
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
