"""What was learned from mail: a scorer's opinion, and a table of weighted words.

Each gives points by threshold, and no more than two: it tips a balance and never decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise

from vedette.guard import wording
from vedette.guard.pack import Scored, Worded
from vedette.guard.reading.names import read_names
from vedette.guard.reading.table import Table, guess, shown

#: Points of all that was learned, together (decision 2 of the model).
MAX_OPINION = 2.0

_THRESHOLD = re.compile(r"\d?\.?\d{1,6}")
_SCORER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read_scored(row: Table) -> Scored | None:
    """Read a scorer's opinion; None if it is not right."""
    scorer = row.text("classifier", "rspamd")
    if scorer is not None and not _SCORER.fullmatch(scorer):
        row.fail("classifier", f"{shown(scorer)} is no name of a scorer")
        scorer = None
    steps = _steps_of(row)
    return Scored(scorer=scorer, steps=steps) if scorer is not None and steps else None


def read_worded(row: Table, symbols: Collection[str]) -> Worded | None:
    """Read how a message is to be worded; None if it is not right."""
    name = row.text("wording", "gambling")
    known = wording.names()
    if name is not None and name not in known:
        near = guess(name, known) or f"; there are {', '.join(known)}"
        row.fail("wording", f"no table is called {shown(name)}{near}")
        name = None
    if "beside" not in row:
        row.missing("beside", "symbols one of which is there too, such as `GAME | BONUS`")
    beside, steps = read_names(row, "beside", symbols), _steps_of(row)
    if beside is not None and beside.holds(()):
        row.fail("beside", "holds for a message that shows nothing; name symbols without `!`")
    if name is None or beside is None or not steps:
        return None
    return Worded(table=name, version=wording.version(name), steps=steps, beside=beside)


def _steps_of(row: Table) -> tuple[tuple[float, float], ...]:
    """Read the points of an opinion, none of them above the symbol's score."""
    table = row.inner("map", None)
    if table is None:
        row.missing("map", "points by threshold, such as {0.9: 1, 0.98: 2}")
        return ()
    steps = _steps(table)
    score = row.number("score", low=0, high=MAX_OPINION) if "score" in row else MAX_OPINION
    if steps and score is not None and steps[-1][1] > score:
        table.fail(None, f"gives {steps[-1][1]:g}, more than the symbol's score of {score:g}")
    return steps


def _steps(table: Table) -> tuple[tuple[float, float], ...]:
    """Read points by threshold; both must rise."""
    steps: list[tuple[float, float]] = []
    for key, place, _ in table.items():
        if not _THRESHOLD.fullmatch(key) or not 0 < float(key) <= 1:
            what = f"{shown(key)} is no threshold above 0 and up to 1, such as 0.9"
            table.mistakes.at(place, f"{table.path}: {what}")
            return ()
        points = table.number(key, low=0, high=MAX_OPINION)
        if points is None:
            return ()
        steps.append((float(key), points))
    rising = all(one[0] < two[0] and one[1] <= two[1] for one, two in pairwise(steps))
    if not steps or not rising:
        table.fail(None, "thresholds and points must rise, such as {0.9: 1, 0.98: 2}")
    return tuple(steps)
