"""A run of a fuzz target: known inputs are mutated until the time is over or a law is broken.

With ``atheris`` a run is guided by coverage, else it is random from a seed that it prints. What
a run learns is kept in ``.cache/fuzz``; ``--minimise`` takes from it into the corpus what reaches
new lines. A finding is written into the corpus as ``crash-…``: from then on it is a test.

Must not know: what is fuzzed, and which laws it has.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

from tests.fuzz.coverage import smallest

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
LEARNT = HERE.parents[1] / ".cache" / "fuzz"

#: A corpus file is read by people and run by every test run; a longer one is left out.
LONGEST_KEPT = 4_000


class BrokenLawError(AssertionError):
    """The target did what it must never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What to throw at which check.

    ``name`` is the folder of the corpus. ``check`` takes one input and raises what it finds.
    ``words`` are the octets that matter to the target, ``longest`` the bound of an input in
    octets, ``seeds`` honest inputs that lie elsewhere.
    """

    name: str
    check: Callable[[bytes], None]
    words: tuple[bytes, ...]
    longest: int
    seeds: tuple[Path, ...] = ()

    @property
    def corpus(self) -> Path:
        """The folder of the inputs that every test run holds against the laws."""
        return CORPUS / self.name

    @property
    def cases(self) -> list[Path]:
        """The files of the corpus, in the order of their names."""
        return sorted(path for path in self.corpus.iterdir() if path.is_file())

    def known(self) -> list[bytes]:
        """Return the corpus and the seeds."""
        return [path.read_bytes() for path in (*self.cases, *self.seeds)]

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
                (self.corpus / f"crash-{name}").write_bytes(data)
                raise
            held += 1
        return held

    def minimise(self) -> int:
        """Add to the corpus what a run learnt and no smaller input reaches; return how many."""
        learnt = sorted((LEARNT / self.name).glob("*"))
        inputs = {path.read_bytes() for path in learnt if path.stat().st_size <= LONGEST_KEPT}
        fresh = smallest(self.check, self.known(), inputs)
        for data in fresh:
            (self.corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        return len(fresh)

    def main(self) -> int:
        """Run guided by coverage where ``atheris`` is installed, else at random."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--seconds", type=float, default=60.0, help="how long to run")
        parser.add_argument("--seed", type=int, default=None, help="a random run, of this seed")
        parser.add_argument("--minimise", action="store_true", help="only renew the corpus")
        options = parser.parse_args()
        if options.minimise:
            sys.stdout.write(f"{self.minimise()} inputs added\n")
            return 0
        if importlib.util.find_spec("atheris") is not None and options.seed is None:
            self._guided(options.seconds)
            return 0
        seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
        sys.stdout.write(f"seed {seed}\n")
        held = self.run(options.seconds, seed)
        sys.stdout.write(f"{held} inputs held, {held / options.seconds:.0f} a second\n")
        return 0

    def _guided(self, seconds: float) -> None:
        """Let libFuzzer choose the inputs, by the lines of the package that they reach."""
        atheris = importlib.import_module("atheris")
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and (found.__module__ or "").startswith("vedette."):
                atheris.instrument_func(found)
        learnt = LEARNT / self.name
        learnt.mkdir(parents=True, exist_ok=True)
        words = LEARNT / f"{self.name}.dict"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in self.words))
        folders = dict.fromkeys([learnt, self.corpus, *(path.parent for path in self.seeds)])
        arguments = [
            sys.argv[0],
            *map(str, folders),
            f"-max_total_time={int(seconds)}",
            f"-max_len={self.longest}",
            f"-dict={words}",
            f"-artifact_prefix={self.corpus}/",
            "-print_final_stats=1",
        ]
        atheris.Setup(arguments, self.check)
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)
