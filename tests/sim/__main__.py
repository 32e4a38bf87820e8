"""``python -m tests.sim``: run many histories, or replay one.

Every failure is printed with its seed, its schedule hash, the commit and the command that
replays it. The exit status is 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys

from tests.sim.campaign import Campaign
from tests.sim.defects import DEFECTS
from tests.sim.scenario import play


def main() -> int:
    """Do what the arguments say; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many (500)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--jobs", type=int, default=None, help="processes (one for each core)")
    parser.add_argument("--defect", choices=sorted(DEFECTS), help="plant a defect in the engine")
    parser.add_argument("--replay", type=int, metavar="SEED", help="tell the story of one seed")
    arguments = parser.parse_args()
    planted = arguments.defect
    if arguments.replay is not None:
        return _replay(arguments.replay, planted)
    campaign = Campaign(planted=planted)
    campaign.run(range(arguments.first, arguments.first + arguments.seeds), jobs=arguments.jobs)
    if planted is None:
        campaign.hunt(arguments.first, jobs=arguments.jobs)
    return campaign.report(sys.stdout)


def _replay(seed: int, planted: str | None) -> int:
    defect = None if planted is None else DEFECTS[planted].plant()
    verdict = play(seed, planted=defect, is_told=True)
    end = f"seed {seed}, schedule {verdict.schedule_hash}, {verdict.seconds:.0f} s of virtual time"
    failures = [f"  {failure}" for failure in verdict.failures]
    sys.stdout.write("\n".join((*verdict.story, end, *failures, "")))
    return 1 if verdict.failures else 0


if __name__ == "__main__":
    sys.exit(main())
