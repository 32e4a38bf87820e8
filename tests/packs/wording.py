"""Learns the wording of offers of gambling from the corpus: ``python -m tests.packs.wording``.

What it writes ships beside the packs; the same corpus gives the same table. Logistic regression
over words, stems and symbols, each weighed by how rare it is (tf-idf, Salton and Buckley
1988), with a pull of all weights towards nothing. It learns from the letters that teach and from
the develop half of the families.

Must not know: any letter that judges.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zlib import crc32

from tests.corpus import generate, handwritten
from tests.corpus.family import Label, Split
from tests.packs.judged import NOBODY, PACKS, evidence, pack
from tests.packs.letters import letter
from vedette.guard.judging import Guard
from vedette.guard.pack import Worded
from vedette.guard.views import Views
from vedette.guard.wording import Wording, encoded, windows

TABLE = Path(PACKS) / "wordings" / "gambling.tsv"

#: Rounds over all rows; the loss hardly moves after some twenty.
ROUNDS = 30
#: How far one row moves the weights at first, and what share of itself a weight loses in a round.
#: Like the pack's threshold they were chosen by teaching all batches but one and trying that one.
RATE, PULL = 16.0, 0.02
#: How much slower the bias moves: it is in every row, a word in a few.
SLOWER = 10
#: Symbols that say how a message is sent: writers of letters set that at random.
FORM = frozenset({"BULK"})
#: What a message of a generated family counts beside a letter: hundreds of them share their words.
GENERATED = 0.2
#: Messages of each family.
EACH = 6
#: Entries of the table, those that move opinions most.
ENTRIES = 20_000

_PREFACE = """\
The wording of offers of gambling: words, stems (-) and symbols (=), with weight and rarity.
Written by `python -m tests.packs.wording` from the corpus of the tests; not edited by hand."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message: what it says, whether it is an offer, and what it counts."""

    stems: tuple[str, ...]
    is_offer: bool
    heft: float


def rows() -> list[Row]:
    """Return all that is learned from, in an order that has no sense."""
    return evened([*_letters(), *_pairs(), *_families()])


def evened(found: Sequence[Row]) -> list[Row]:
    """Return rows of which both kinds count the same, mixed."""
    heft = {kind: sum(row.heft for row in found if row.is_offer is kind) for kind in (True, False)}
    half = sum(heft.values()) / 2
    even = [Row(row.stems, row.is_offer, row.heft * half / heft[row.is_offer]) for row in found]
    return sorted(even, key=lambda row: crc32(" ".join(row.stems).encode()))


def _letters() -> Iterator[Row]:
    for batch in handwritten.TAUGHT:
        for each in handwritten.letters(batch):
            yield Row(_stems(each.raw), each.is_offer, 1.0)


def _pairs() -> Iterator[Row]:
    """Yield kinds of offers beside the honest mail that shares words with each."""
    kinds = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
    for name, is_offer in (("offer", True), ("honest", False)):
        for each in kinds[name]:
            yield Row(_stems(letter(each["text"], subject=each["subject"])), is_offer, 1.0)


def _families() -> Iterator[Row]:
    for sample in generate.messages(Split.DEVELOP, each=EACH):
        yield Row(_stems(sample.raw), sample.label is not Label.HAM, GENERATED)


def _stems(raw: bytes) -> tuple[str, ...]:
    shown = evidence(raw)
    views = Views(shown)
    held = {hit.symbol for hit in _unworded().full(shown, views).hits}
    return tuple(sorted(set().union(*windows(views, held))))


@cache
def _unworded() -> Guard:
    """Return the guard without lists, and with those symbols alone that need no table."""
    whole = pack("gambling")
    plain = tuple(
        each
        for each in whole.symbols
        if not isinstance(each.test, Worded) and each.name not in FORM
    )
    return Guard(replace(whole, symbols=plain, composites=()), {"gambling": [NOBODY]})


def learned(found: Iterable[Row]) -> Wording:
    """Return the table that some rows teach."""
    taught = list(found)
    counts = Counter(stem for row in taught for stem in row.stems)
    rarity = {stem: math.log((1 + len(taught)) / (1 + count)) + 1 for stem, count in counts.items()}
    weights = dict.fromkeys(counts, 0.0)
    bias = 0.0
    # Weights are kept divided by ``scale``, so that all shrink at once.
    scale, shrink = 1.0, 1.0 - PULL / len(taught)
    lengths = [math.sqrt(sum(rarity[stem] ** 2 for stem in row.stems)) for row in taught]
    for turn in range(ROUNDS):
        rate = RATE / (1 + turn)
        for row, length in zip(taught, lengths, strict=True):
            margin = bias + scale * sum(weights[s] * rarity[s] for s in row.stems) / length
            miss = float(row.is_offer) - (0.5 + 0.5 * math.tanh(margin / 2))
            move = rate * row.heft * miss
            bias += move / SLOWER
            scale *= shrink
            move /= length * scale
            for stem in row.stems:
                weights[stem] += move * rarity[stem]
    whole = {stem: (scale * weight, rarity[stem]) for stem, weight in weights.items()}
    kept = sorted(whole, key=lambda stem: (-abs(whole[stem][0]) * whole[stem][1], stem))[:ENTRIES]
    return Wording({stem: whole[stem] for stem in kept}, bias, max(rarity.values()))


def written() -> str:
    """Return the table as text."""
    return encoded(learned(rows()), _PREFACE)


def main() -> None:
    """Write the table."""
    TABLE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
