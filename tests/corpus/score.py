"""How a guard did on the corpus: numbers by label, language, way of sending and family.

It tells numbers and names of families, never a message, so that a run over held-out families
teaches the author of a pack nothing but how well the pack does. It must not know any guard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, unique
from statistics import fmean

from tests.corpus.family import Expectation, Label, Sample


@unique
class Outcome(IntEnum):
    """What was done with a message, from the mildest."""

    LEFT = 0
    FLAGGED = 1
    QUARANTINED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One message, judged; without its text."""

    label: Label
    language: str
    kind: str
    family: str
    via: str
    expected: Expectation
    outcome: Outcome

    @property
    def as_owed(self) -> bool:
        """Whether the guard did what it owes the person."""
        match self.expected:
            case Expectation.QUARANTINED:
                return self.outcome is Outcome.QUARANTINED
            case Expectation.FLAGGED:
                return self.outcome >= Outcome.FLAGGED
            case Expectation.SPARED | Expectation.PROTECTED:
                return self.outcome < Outcome.QUARANTINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of how many, and the same over families, each of which counts once."""

    hits: int
    total: int
    families: float

    def __str__(self) -> str:
        return f"{self.hits}/{self.total} = {self.hits / self.total:.3f} (families {self.families:.3f})"

    @property
    def share(self) -> float:
        """Hits of the total."""
        return self.hits / self.total


def judge(samples: Iterable[Sample], decide: Callable[[Sample], Outcome]) -> list[Verdict]:
    """Return the verdict on each sample; ``decide`` may look at ``raw`` alone."""
    return [
        Verdict(
            label=sample.label,
            language=sample.language,
            kind=sample.kind,
            family=sample.family,
            via=sample.via.value,
            expected=sample.expected,
            outcome=decide(sample),
        )
        for sample in samples
    ]


def rate(verdicts: Iterable[Verdict], hit: Callable[[Verdict], bool]) -> Rate:
    """Return how often something holds."""
    by_family: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        by_family[verdict.family].append(hit(verdict))
    flat = [each for found in by_family.values() for each in found]
    if not flat:
        raise ValueError("no verdicts: a rate of nothing means nothing")
    families = fmean(fmean(found) for found in by_family.values())
    return Rate(hits=sum(flat), total=len(flat), families=families)


def rates(
    verdicts: Iterable[Verdict], by: Callable[[Verdict], str], hit: Callable[[Verdict], bool]
) -> dict[str, Rate]:
    """Return how often something holds in each group, the worst group first by name."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        groups[by(verdict)].append(verdict)
    return {name: rate(groups[name], hit) for name in sorted(groups)}


def report(verdicts: list[Verdict]) -> str:
    """Return the numbers that are published, as lines of text."""
    gambling = [each for each in verdicts if each.label is Label.GAMBLING]
    ham = [each for each in verdicts if each.label is Label.HAM]
    tables = {
        "gambling flagged or more, by language": rates(gambling, _language, _flagged),
        "gambling flagged or more, by way of sending": rates(gambling, _via, _flagged),
        "gambling quarantined, by way of sending": rates(gambling, _via, _quarantined),
        "ham quarantined, by language": rates(ham, _language, _quarantined),
        "ham quarantined, by kind": rates(ham, _kind, _quarantined),
        "ham flagged or more, by language": rates(ham, _language, _flagged),
        "as owed, by expectation": rates(verdicts, _expected, _owed),
    }
    lines: list[str] = []
    for title, table in tables.items():
        lines.append(title)
        lines += [f"  {name:<32} {found}" for name, found in table.items()]
    return "\n".join(lines) + "\n"


def _language(verdict: Verdict) -> str:
    return verdict.language


def _via(verdict: Verdict) -> str:
    return verdict.via


def _kind(verdict: Verdict) -> str:
    return verdict.kind


def _expected(verdict: Verdict) -> str:
    return verdict.expected.value


def _flagged(verdict: Verdict) -> bool:
    return verdict.outcome >= Outcome.FLAGGED


def _quarantined(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.QUARANTINED


def _owed(verdict: Verdict) -> bool:
    return verdict.as_owed
