"""How the gambling pack does on the corpus: numbers alone, of a run that is the same each time.

Of held-out families nothing but counts leaves this module. Must not know: how they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tests.corpus import generate, handwritten, items, links, obfuscation
from tests.corpus.family import Expectation, Label, Sample, Split, Via
from tests.corpus.handwritten import Letter
from tests.corpus.score import Outcome, Verdict, judge
from tests.packs.judged import decide, evidence, outcome, unlisting

#: Of each family; with some 130 families of ham more than 3,000 messages, which bounds the true
#: rate of what happened to none of them at 0.1 % (95 %, rule of three).
EACH = 25
#: Of each family that is put through every disguise: 45 disguises of some 90 messages.
EACH_DISGUISED = 4
SEED = 0
#: What is sent so says nothing that a list knows: only words are left.
UNLISTED = frozenset({Via.FRESH, Via.ESP, Via.FREEMAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

    hits: int
    total: int

    @property
    def rate(self) -> float:
        """Hits of the total; of nothing it is 1."""
        return self.hits / self.total if self.total else 1.0

    def __str__(self) -> str:
        return f"{self.hits:,} of {self.total:,}"


@cache
def verdicts(split: Split) -> tuple[Verdict, ...]:
    """Return the verdicts on every family of a split."""
    return tuple(judge(generate.messages(split, seed=SEED, each=EACH), decide))


def share(found: Iterable[Verdict], least: Outcome) -> Share:
    """Return how many were at least so dealt with."""
    outcomes = [verdict.outcome for verdict in found]
    return Share(hits=sum(each >= least for each in outcomes), total=len(outcomes))


def unlisted(verdict: Verdict) -> bool:
    """Tell whether this is gambling that only its words betray."""
    return verdict.label is Label.GAMBLING and verdict.expected is Expectation.FLAGGED


def listed(verdict: Verdict) -> bool:
    """Tell whether this is gambling from or to a host that the list knows."""
    return verdict.label is Label.GAMBLING and verdict.expected is Expectation.QUARANTINED


def ham(verdict: Verdict) -> bool:
    """Tell whether this is honest mail."""
    return verdict.label is Label.HAM


def stranger(verdict: Verdict) -> bool:
    """Tell whether this is honest mail of a sender that no list holds."""
    return ham(verdict) and not Via(verdict.via).is_on_the_list


def by_language(split: Split, which: Callable[[Verdict], bool]) -> Mapping[str, list[Verdict]]:
    """Return the verdicts of a kind by language."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts(split):
        if which(verdict):
            groups.setdefault(verdict.language, []).append(verdict)
    return dict(sorted(groups.items()))


def families(found: Iterable[Verdict], least: Outcome) -> float:
    """Return the mean of the shares of the families, each of which counts once."""
    groups: dict[str, list[bool]] = {}
    for verdict in found:
        groups.setdefault(verdict.family, []).append(verdict.outcome >= least)
    return sum(sum(each) / len(each) for each in groups.values()) / len(groups)


@cache
def disguised(split: Split) -> Mapping[str, Share]:
    """Return by disguise how many offers are still flagged of those that are without it."""
    hits: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for sample in _caught(split):
        for how in obfuscation.classes(sample.language):
            totals[how] += 1
            hits[how] += decide(obfuscation.obfuscated(sample, how)) >= Outcome.FLAGGED
    return {how: Share(hits=hits[how], total=totals[how]) for how in sorted(totals)}


@cache
def linked(split: Split) -> Mapping[str, Share]:
    """Return by disguise of a link to a listed host how many offers are quarantined."""
    chosen = [sample for sample in _caught(split) if _has_button(sample)][::5]
    return {
        how: Share(
            hits=sum(decide(items.with_link(each, how)) is Outcome.QUARANTINED for each in chosen),
            total=len(chosen),
        )
        for how in links.DISGUISES
    }


@cache
def unseen() -> tuple[tuple[Letter, Outcome], ...]:
    """Return the letters that judge, and what is done with each; no list knows any sender."""
    every = (letter for batch in handwritten.UNSEEN for letter in handwritten.letters(batch))
    guard = unlisting()
    return tuple((letter, outcome(guard.full(evidence(letter.raw)))) for letter in every)


@cache
def _caught(split: Split) -> tuple[Sample, ...]:
    found = generate.messages(split, seed=SEED, each=EACH_DISGUISED, label=Label.GAMBLING)
    return tuple(each for each in found if each.via in UNLISTED and decide(each) >= Outcome.FLAGGED)


def _has_button(sample: Sample) -> bool:
    return any(block.target for block in sample.letter.blocks)
