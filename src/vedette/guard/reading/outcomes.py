"""Composites, tiers and routes: what symbols mean together, and what is done then.

Here a pack is held against itself: a name that nothing has, a tier that nothing reaches, a
condition that every message meets. It must not know how a symbol is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, combinations

from vedette.guard.expression import Expression
from vedette.guard.pack import (
    DISGUISED,
    OPINIONS,
    Action,
    Composite,
    Known,
    Route,
    Symbol,
    Tier,
)
from vedette.guard.reading.names import read_names
from vedette.guard.reading.symbols import MAX_SCORE, NAME
from vedette.guard.reading.table import Table, guess, shown

#: Composites, tiers and routes of one pack, each.
MAX_ROWS = 200
#: Actions of a cap to ``flag`` have at most this weight (see ``Action.weight``).
FLAG_WEIGHT = 1
#: What is wrong where nothing but odd letters moves mail.
DISGUISE_ALONE = "holds by a disguise alone, which honest senders have too; name more evidence"
#: Names up to which two conditions are compared by trying every case: 4,096 of them.
_MAX_CASES = 12

COMPOSITE_KEYS = ("expr", "score", "says")
TIER_KEYS = ("do", "at", "need")
ROUTE_KEYS = ("name", "when", "do")


def read_composites(table: Table, symbols: Collection[str]) -> tuple[Composite, ...]:
    """Read the composites; each may name symbols and composites above it."""
    known = set(symbols)
    found = []
    for name, place, node in table.items():
        row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=COMPOSITE_KEYS)
        if not NAME.fullmatch(name) or name in symbols:
            what = "is a symbol already" if name in symbols else "is no name: capital letters"
            table.mistakes.at(place, f"{table.path}: {shown(name)} {what}")
        if "expr" not in row:
            row.missing("expr", 'names of symbols, such as "OFFER & GAME"')
        expr = read_names(row, "expr", known)
        score = row.number("score", low=0, high=MAX_SCORE)
        if "score" not in row:
            row.missing("score", "points that its symbols give together beside their own, or 0")
        if expr is not None and not expr.is_monotone:
            # More evidence must never make a score smaller.
            row.fail("expr", "`!` takes points away for what is there; use it in `need`")
            expr = None
        known.add(name)
        if expr is not None and score is not None:
            says = row.text("says", '"an offer of a game"') or ""
            found.append(Composite(name=name, expr=expr, score=score, says=says))
    return tuple(found)


def read_tiers(
    rows: list[Table],
    actions: Mapping[str, Action],
    symbols: tuple[Symbol, ...],
    composites: tuple[Composite, ...],
) -> tuple[Tier, ...]:
    """Read the tiers, and note those that nothing reaches or that act on too little."""
    parts: tuple[Symbol | Composite, ...] = (*symbols, *composites)
    names = {each.name for each in parts}
    most = sum(each.score for each in parts)
    found: list[Tier] = []
    for row in rows:
        tier = _tier(row, actions, names)
        if tier is None:
            continue
        action = actions[tier.do]
        if tier.need is None and action.weight > FLAG_WEIGHT:
            what = f"`{tier.do}` takes mail away, and a score alone may only flag"
            row.missing("need", f'{what}; name hard evidence, such as "LISTED | OFFER_GAME"')
        elif tier.need is not None:
            _check_need(row, tier.need, symbols, composites, weight=action.weight)
        if tier.at > most:
            row.fail("at", f"is never reached: all points together are {most:g}")
        for number, above in enumerate(found, start=1):
            if above.at <= tier.at and _implies(tier.need, above.need):
                row.fail("do", f"is never reached: tier {number} holds whenever this one does")
                break
        found.append(tier)
    return tuple(found)


def _tier(row: Table, actions: Mapping[str, Action], names: Collection[str]) -> Tier | None:
    for key, what in (("do", "the name of an action"), ("at", "a score, such as 8")):
        if key not in row:
            row.missing(key, what)
    do = row.text("do", "quarantine")
    at = row.number("at", low=0, high=1000)
    need = read_names(row, "need", names) if "need" in row else None
    if do is not None and do not in actions:
        row.fail("do", _no_action(do, actions))
        return None
    if do is None or at is None or ("need" in row and need is None):
        return None
    if at <= 0 and need is None:
        row.fail("at", "is reached by every message; say a score above 0")
    return Tier(do=do, at=at, need=need)


def _check_need(
    row: Table,
    need: Expression,
    symbols: tuple[Symbol, ...],
    composites: tuple[Composite, ...],
    *,
    weight: int,
) -> None:
    if len(need.names) <= _MAX_CASES and not _can_hold(need):
        row.fail("need", "can not hold: it contradicts itself")
        return
    if weight <= FLAG_WEIGHT:
        return
    if need.holds(()):
        row.fail("need", "holds for a message that shows nothing; name evidence without `!`")
        return
    opinions = {each.name for each in symbols if isinstance(each.test, OPINIONS)}
    if need.holds(with_composites(opinions, composites)):
        row.fail("need", "holds by a scorer's opinion alone, which never decides")
        return
    weak = opinions | {each.name for each in symbols if each.test == Known(fact=DISGUISED)}
    if need.holds(with_composites(weak, composites)):
        row.fail("need", DISGUISE_ALONE)


def with_composites(names: Collection[str], composites: Iterable[Composite]) -> set[str]:
    """Return names of symbols and of the composites that hold by them."""
    found = set(names)
    for each in composites:
        if each.expr.holds(found):
            found.add(each.name)
    return found


def read_routes(
    rows: list[Table], actions: Mapping[str, Action], names: Collection[str]
) -> tuple[Route, ...]:
    """Read the routes of a routing pack; the first that holds decides."""
    found: list[Route] = []
    for number, row in enumerate(rows, start=1):
        for key, what in (("when", "names of symbols"), ("do", "names of actions")):
            if key not in row:
                row.missing(key, what)
        when = read_names(row, "when", names)
        do = row.texts("do", "invoices")
        for each in do:
            if each not in actions:
                row.fail("do", _no_action(each, actions))
        name = row.text("name", "invoices") or f"route-{number}"
        if any(above.name == name for above in found):
            row.fail("name", f"{shown(name)} is there twice")
        if when is None:
            continue
        if any(_implies(when, above.when) for above in found):
            row.fail("when", "is never reached: a route above holds whenever this one does")
        found.append(Route(name=name, when=when, do=do))
    return tuple(found)


def _no_action(name: str, actions: Mapping[str, Action]) -> str:
    near = guess(name, sorted(actions))
    return f"there is no action {shown(name)}{near or '; add it to `actions`'}"


def _can_hold(need: Expression) -> bool:
    return any(need.holds(each) for each in _cases(need.names))


def _cases(names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Return every selection of some names."""
    ordered = sorted(names)
    return chain.from_iterable(combinations(ordered, count) for count in range(len(ordered) + 1))


def _implies(one: Expression | None, other: Expression | None) -> bool:
    """Tell whether ``other`` holds whenever ``one`` does; None holds always."""
    if other is None:
        return True
    if one is None:
        return False
    if one.node == other.node:
        return True
    names = one.names | other.names
    if len(names) > _MAX_CASES:
        return False
    return all(other.holds(each) for each in _cases(names) if one.holds(each))
