"""A run of a fuzz target: seeds are mutated until the time is over or a law is broken.

Must not know: what is fuzzed, and which laws it has.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class BrokenLawError(AssertionError):
    """The target did what it must never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What to throw at which check.

    ``check`` takes one input and raises what it finds. ``seeds`` are files with an honest input
    each, ``words`` the octets that matter to the target, ``longest`` the bound of an input in
    octets. A finding is kept in the folder ``findings``.
    """

    check: Callable[[bytes], None]
    seeds: tuple[Path, ...]
    words: tuple[bytes, ...]
    longest: int
    findings: Path

    def known(self) -> list[bytes]:
        """Return the seeds, in the order of their names."""
        return [path.read_bytes() for path in self.seeds]

    def mutate(self, known: Sequence[bytes], dice: random.Random) -> bytes:
        """Make an input of known ones: splice, repeat, drop, flip, and words that matter."""
        data = bytearray(dice.choice(known))
        for _ in range(dice.randint(1, 8)):
            place = dice.randint(0, len(data))
            length = dice.choice((1, 4, 40, 400))
            match dice.randint(0, 4):
                case 0:
                    data[place:place] = dice.choice(self.words) * dice.choice((1, 1, 1, 3, 70))
                case 1:
                    del data[place : place + length]
                case 2:
                    data[place:place] = data[place : place + length] * dice.randint(1, 4)
                case 3:
                    other = dice.choice(known)
                    start = dice.randint(0, len(other))
                    data[place:place] = other[start : start + length]
                case _:
                    if place < len(data):
                        data[place] = dice.randint(0, 255)
        return bytes(data[: self.longest])

    def run(self, seconds: float, seed: int) -> int:
        """Mutate for some seconds; return how many inputs held. A finding is kept, then raised."""
        dice = random.Random(seed)
        known = self.known()
        for data in known:
            self.check(data)
        held = len(known)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = self.mutate(known, dice)
            try:
                self.check(data)
            except Exception:
                name = hashlib.sha256(data).hexdigest()[:16]
                self.findings.mkdir(parents=True, exist_ok=True)
                (self.findings / f"crash-{name}").write_bytes(data)
                raise
            held += 1
        return held

    def main(self) -> int:
        """Run guided by coverage where ``atheris`` is installed, else at random."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--seconds", type=float, default=60.0, help="how long to run")
        parser.add_argument("--seed", type=int, default=None, help="repeat the run of this seed")
        options = parser.parse_args()
        if importlib.util.find_spec("atheris") is not None and options.seed is None:
            self._guided(options.seconds)
            return 0
        seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
        sys.stdout.write(f"seed {seed}\n")
        held = self.run(options.seconds, seed)
        sys.stdout.write(f"{held} inputs held\n")
        return 0

    def _guided(self, seconds: float) -> None:
        atheris = importlib.import_module("atheris")
        atheris.instrument_all()
        self.findings.mkdir(parents=True, exist_ok=True)
        places = dict.fromkeys([self.findings, *(path.parent for path in self.seeds)])
        arguments = [sys.argv[0], *map(str, places), f"-max_total_time={int(seconds)}"]
        atheris.Setup(arguments, self.check)
        atheris.Fuzz()
