"""The tiers of a pack as a function: score and evidence in, how much is done out.

By trying every case that matters, it tells which evidence makes the outcome stronger, and whether
one pack's tiers do more than another's. It must not know messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Flag
from itertools import combinations, pairwise, product

from vedette.guard.pack import Pack

#: Names in all conditions up to which every case is tried: 1,024 of them, at each threshold.
MAX_NAMES = 10
_FLAG = 1


class Sign(Flag):
    """Which way an outcome goes when something is added."""

    NONE = 0
    UP = 1
    DOWN = 2
    BOTH = 3

    @property
    def turned(self) -> Sign:
        """The other way."""
        return {Sign.UP: Sign.DOWN, Sign.DOWN: Sign.UP}.get(self, self)


#: How much is done: without a cap, capped to a flag, capped to nothing (see ``Action.weight``).
Outcome = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the tiers of one pack do."""

    tiers: tuple[tuple[float, object, str, int], ...]
    pack: Pack

    @classmethod
    def of(cls, pack: Pack) -> Ladder:
        """Make the ladder of a pack."""
        weights = {each.name: each.weight for each in pack.actions}
        rows = tuple((each.at, each.need, each.do, weights[each.do]) for each in pack.tiers)
        return cls(rows, pack)

    @property
    def names(self) -> frozenset[str]:
        """The names that its conditions ask for."""
        needs = (tier.need for tier in self.pack.tiers)
        return frozenset().union(*(need.names for need in needs if need is not None))

    def outcome(self, score: float, names: Sequence[str]) -> Outcome:
        """Return how much is done at a score with this evidence."""
        held = [
            weight
            for (at, _, _, weight), tier in zip(self.tiers, self.pack.tiers, strict=True)
            if score >= at and (tier.need is None or tier.need.holds(names))
        ]
        if not held:
            return -1, -1, -1
        flagged = next((each for each in held if each <= _FLAG), _FLAG)
        return held[0], flagged, next((each for each in held if each == 0), -1)

    def signs(self) -> tuple[Sign, dict[str, Sign]]:
        """Return what more points do, and what each name of its conditions does."""
        names = self.names
        if len(names) > MAX_NAMES:
            return Sign.BOTH, dict.fromkeys(names, Sign.BOTH)
        points = _points(self)
        by_name = dict.fromkeys(names, Sign.NONE)
        by_score = Sign.NONE
        for case in _cases(names):
            for low, high in pairwise(points):
                by_score |= _sign(self.outcome(low, case), self.outcome(high, case))
            for name in names.difference(case):
                for score in points:
                    more = self.outcome(score, (*case, name))
                    by_name[name] |= _sign(self.outcome(score, case), more)
        return by_score, by_name


def compared(old: Ladder, new: Ladder) -> Sign:
    """Return which way every outcome goes from one ladder to another; BOTH if that is unclear."""
    names = old.names | new.names
    if len(names) > MAX_NAMES:
        return Sign.BOTH
    found = Sign.NONE
    for case, score in product(_cases(names), sorted({*_points(old), *_points(new)})):
        found |= _sign(old.outcome(score, case), new.outcome(score, case))
    return found


def _points(ladder: Ladder) -> list[float]:
    """Return one score of each kind: below all thresholds, and at each."""
    return sorted({-1.0, *(at for at, _, _, _ in ladder.tiers)})


def _cases(names: frozenset[str]) -> Iterator[tuple[str, ...]]:
    ordered = sorted(names)
    for count in range(len(ordered) + 1):
        yield from combinations(ordered, count)


def _sign(before: Outcome, after: Outcome) -> Sign:
    found = Sign.NONE
    for one, two in zip(before, after, strict=True):
        if two > one:
            found |= Sign.UP
        elif two < one:
            found |= Sign.DOWN
    return found
