"""What a pack may make of weak evidence: of scorers' opinions two points, and nothing alone.

A learned score looks perfect on mail of the senders that it was trained with and errs on others,
so it tips a balance and never decides. Tags and endpoints may follow from it alone: they touch no
mailbox. A disguise alone may flag, and takes nothing away; of tiers ``outcomes`` sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.guard.pack import DISGUISED, OPINIONS, Action, Known, Pack
from vedette.guard.reading.learned import MAX_OPINION
from vedette.guard.reading.outcomes import DISGUISE_ALONE, FLAG_WEIGHT
from vedette.guard.reading.table import Table


def check_opinions(
    top: Table, verdicts: Sequence[Table], routes: Sequence[Table], pack: Pack
) -> None:
    """Note what hangs on opinions too much. The rows are those of the pack's tiers and routes."""
    _check_disguise(routes, pack)
    opinions = {each.name for each in pack.symbols if isinstance(each.test, OPINIONS)}
    if not opinions:
        return
    hanging = set(opinions)
    alone = set(opinions)
    for each in pack.composites:
        if each.expr.names & hanging:
            hanging.add(each.name)
        if each.expr.holds(alone):
            alone.add(each.name)
    scores = {each.name: each.score for each in pack.symbols}
    scores |= {each.name: each.score for each in pack.composites}
    points = sum(scores[name] for name in hanging)
    if points > MAX_OPINION:
        top.fail(
            "symbols",
            f"{points:g} points hang on scorers' opinions ({', '.join(sorted(hanging))}), and "
            f"at most {MAX_OPINION:g} may, all together",
        )
    actions = {each.name: each for each in pack.actions}
    for row, tier in zip(verdicts, pack.tiers, strict=False):
        reached = tier.at <= sum(scores[name] for name in alone)
        if reached and (tier.need is None or tier.need.holds(alone)) and _acts(actions[tier.do]):
            row.fail(
                "at", f"is reached by a scorer's opinion alone, which never decides: {tier.do}"
            )
    for row, route in zip(routes, pack.routes, strict=False):
        if route.when.holds(alone) and any(_acts(actions[each]) for each in route.do):
            row.fail("when", "holds by a scorer's opinion alone, which never decides")


def _check_disguise(routes: Sequence[Table], pack: Pack) -> None:
    weak = {
        each.name
        for each in pack.symbols
        if isinstance(each.test, OPINIONS) or each.test == Known(fact=DISGUISED)
    }
    taking = {each.name for each in pack.actions if each.weight > FLAG_WEIGHT}
    for row, route in zip(routes, pack.routes, strict=False):
        if route.when.holds(weak) and not taking.isdisjoint(route.do):
            row.fail("when", DISGUISE_ALONE)


def _acts(action: Action) -> bool:
    return action.weight > 0
