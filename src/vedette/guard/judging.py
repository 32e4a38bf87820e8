"""A pack made ready, and the judgement of one message: pure, bounded, and never raising.

The order is always the same. Symbols: each counts once. Composites: symbols that mean more
together. Tiers: the first whose score is reached and whose needed evidence is there. Protections:
they cap what that tier would do. At the head stage only symbols of the header are known; then a
tier acts only if nothing of the body can take its needed evidence away.

It must not know mailboxes, modes and breakers: whether a verdict is carried out is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vedette.guard.checks import Look, Phrasebook, Ready, check_of
from vedette.guard.domains import DomainList, Entries
from vedette.guard.evidence import Evidence
from vedette.guard.pack import (
    BODY_FIELDS,
    Action,
    Cap,
    Composite,
    Field,
    Kind,
    List,
    Pack,
    Stage,
    Symbol,
    Tier,
    Worded,
)
from vedette.guard.verdict import Hit, Verdict
from vedette.guard.views import Views

#: Scores are summed in whole thousandths, so that no order of symbols gives another sum.
_PARTS = 1_000
_FLAG_WEIGHT = 1


class Guard:
    """A pack made ready. It holds no state of any message and may be used by many at once."""

    __slots__ = (
        "_actions",
        "_flag",
        "_late",
        "_late_points",
        "_looks",
        "_phrasebook",
        "_protections",
        "_worded",
        "pack",
    )

    def __init__(self, pack: Pack, lists: Mapping[str, Sequence[DomainList]]) -> None:
        """Make a pack ready.

        ``lists`` has for each list of the pack what it consists of now, one part for each source
        that is at hand; of a list that it does not have only the entries in the pack are known.
        """
        self.pack = pack
        loaded = {each.name: lists.get(each.name, (_entries(each),)) for each in pack.lists}
        shields = [each.symbol for each in pack.protections]
        self._phrasebook = Phrasebook((*pack.symbols, *shields))
        checks = [(each, check_of(each, loaded)) for each in pack.symbols]
        plain = [(each, check) for each, check in checks if not isinstance(each.test, Worded)]
        self._looks = {
            Stage.HEAD: [(check, each.where) for each, check in plain if each.stage is Stage.HEAD],
            Stage.BODY: [(check, each.where) for each, check in plain],
        }
        self._worded = [
            (check, each.test.beside) for each, check in checks if isinstance(each.test, Worded)
        ]
        self._protections = [
            (Ready(check_of(each.symbol, loaded), each.symbol.where, _head(each.symbol)), each.cap)
            for each in pack.protections
        ]
        self._actions = {each.name: each for each in pack.actions}
        flags = [each for each in pack.actions if each.weight == _FLAG_WEIGHT]
        flags.sort(key=lambda each: each.name != "flag")
        self._flag = flags[0] if flags else None
        late: list[Symbol | Composite] = [*pack.composites]
        late += [each for each in pack.symbols if each.stage is Stage.BODY]
        self._late = {each.name for each in late}
        self._late_points = sum(round(each.score * _PARTS) for each in late)

    def head(self, evidence: Evidence, views: Views | None = None) -> Verdict:
        """Judge by the header alone. Never raises: what can not be judged is kept."""
        return self._judged(Stage.HEAD, evidence, views)

    def full(self, evidence: Evidence, views: Views | None = None) -> Verdict:
        """Judge by the whole message. Never raises: what can not be judged is kept.

        ``views`` are those of the same evidence, where another guard made them already.
        """
        return self._judged(Stage.BODY, evidence, views)

    def _judged(self, stage: Stage, evidence: Evidence, views: Views | None) -> Verdict:
        try:
            look = Look(evidence, views or Views(evidence), self._phrasebook, stage)
            return self._judge(stage, look)
        except Exception as error:  # noqa: BLE001 -- a message that can not be judged stays, whatever is wrong
            return Verdict(
                guard=self.pack.name,
                version=self.pack.version,
                stage=stage,
                score=0.0,
                failed=type(error).__name__,
            )

    def _judge(self, stage: Stage, look: Look) -> Verdict:
        hits = self._hits(stage, look)
        names = {hit.symbol for hit in hits}
        for composite in self.pack.composites:
            if composite.expr.holds(names):
                names.add(composite.name)
                hits.append(Hit(symbol=composite.name, score=composite.score))
        total = sum(round(hit.score * _PARTS) for hit in hits)
        possible = names | self._late if stage is Stage.HEAD else names
        route = ""
        if self.pack.kind is Kind.ROUTING:
            route, wanted = self._routed(names, possible)
            tiers: tuple[Tier, ...] = ()
        else:
            most = total + (self._late_points if stage is Stage.HEAD else 0)
            tiers = self._tiers(stage, total, most, names, possible)
            wanted = (self._actions[tiers[0].do],) if tiers else ()
        capped_by, cap = self._capped_by(stage, look) if _takes(wanted) else ((), None)
        hits.sort(key=lambda hit: -hit.score)
        return Verdict(
            guard=self.pack.name,
            version=self.pack.version,
            stage=stage,
            score=total / _PARTS,
            actions=self._allowed(wanted, tiers, cap),
            wanted=wanted,
            hits=tuple(hits),
            decisive=_decisive(tiers, names),
            capped_by=capped_by,
            route=route,
        )

    def _hits(self, stage: Stage, look: Look) -> list[Hit]:
        """Return the symbols that hold, in the order of the pack."""
        looks = self._looks[stage]
        found = (check(look, where) for check, where in looks)
        hits = [hit for hit in found if hit is not None]
        if stage is Stage.BODY and self._worded:
            look.held = names = {hit.symbol for hit in hits}
            late = (check(look, ()) for check, beside in self._worded if beside.holds(names))
            hits += [hit for hit in late if hit is not None]
        return hits

    def _tiers(
        self, stage: Stage, total: int, most: int, names: set[str], possible: set[str]
    ) -> tuple[Tier, ...]:
        """Return the tiers that hold, in order.

        At the head stage a tier needs evidence of its own, and there is nothing to do yet when
        a tier above it, which does something else, may still come to hold.
        """
        found: list[Tier] = []
        waiting: set[str] = set()
        for tier in self.pack.tiers:
            need, at = tier.need, round(tier.at * _PARTS)
            if total >= at and (need is None or need.surely(names, possible)):
                if stage is Stage.BODY or need is not None:
                    found.append(tier)
            elif most >= at and (need is None or need.surely(possible, names)) and not found:
                waiting.add(tier.do)
        if stage is Stage.HEAD and found and waiting - {found[0].do}:
            return ()
        return tuple(found)

    def _routed(self, names: set[str], possible: set[str]) -> tuple[str, tuple[Action, ...]]:
        """Return the first route that holds; none while one before it may come to hold."""
        for route in self.pack.routes:
            if route.when.surely(names, possible):
                return route.name, tuple(self._actions[each] for each in route.do)
            if route.when.surely(possible, names):
                break
        return "", ()

    def _capped_by(self, stage: Stage, look: Look) -> tuple[tuple[Hit, ...], Cap | None]:
        """Return the protections that hold, and the lowest of their caps."""
        found: list[Hit] = []
        cap: Cap | None = None
        for ready, limit in self._protections:
            hit = _found(ready, stage, look)
            if hit is not None:
                found.append(hit)
                cap = Cap.NONE if Cap.NONE in {cap, limit} else Cap.FLAG
        return tuple(found), cap

    def _allowed(
        self, wanted: tuple[Action, ...], tiers: tuple[Tier, ...], cap: Cap | None
    ) -> tuple[Action, ...]:
        """Return what a cap leaves: the first lower tier that it allows, else a flag."""
        if cap is None:
            return wanted
        most = _FLAG_WEIGHT if cap is Cap.FLAG else 0
        lower = (*wanted, *(self._actions[tier.do] for tier in tiers))
        fit = tuple(each for each in lower if each.weight <= most)
        if self.pack.kind is Kind.ROUTING:
            return fit
        if not fit and most and self._flag is not None:
            return (self._flag,)
        return fit[:1]


def _found(ready: Ready, stage: Stage, look: Look) -> Hit | None:
    where = ready.head if stage is Stage.HEAD else ready.body
    return None if where is None else ready.check(look, where)


def _entries(wanted: List) -> Entries:
    return Entries(wanted.entries, name=wanted.name)


def _head(symbol: Symbol) -> tuple[Field, ...] | None:
    """Return where a protection looks at the head stage: in every field that is known then."""
    head = tuple(each for each in symbol.where if each not in BODY_FIELDS)
    return head if head or symbol.stage is Stage.HEAD else None


def _decisive(tiers: tuple[Tier, ...], names: set[str]) -> tuple[str, ...]:
    need = tiers[0].need if tiers else None
    return tuple(sorted(need.names & names)) if need is not None else ()


def _takes(actions: tuple[Action, ...]) -> bool:
    return any(each.weight for each in actions)
