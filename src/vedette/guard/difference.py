"""What changed from one pack to another, and whether that loosens it.

A change tightens when no message is treated more leniently after it; it loosens when some are;
where that can not be told it is unclear, which counts as loosening. A symbol that finds more may do
either: what it does is found out from the tiers that ask for it (see ``ladder``).

It must not know messages, what sources of lists hold, and which pack is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import TypeVar

from vedette.guard import growth
from vedette.guard.growth import Growth
from vedette.guard.ladder import Ladder, Sign, compared
from vedette.guard.pack import Action, Cap, InList, Kind, Limits, Lock, Pack

Part = TypeVar("Part")


@unique
class Turn(StrEnum):
    """Which way a change turns."""

    TIGHTEN = "tightens"
    LOOSEN = "loosens"
    UNCLEAR = "unclear"
    NEUTRAL = "neutral"
    """Nothing is treated otherwise, as by another title."""

    @property
    def waits(self) -> bool:
        """Whether a locked guard lets it happen only after its delay."""
        return self in {Turn.LOOSEN, Turn.UNCLEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; ``before`` is empty for what is new, ``after`` for what is gone."""

    place: str
    before: str
    after: str
    turn: Turn

    def told(self) -> str:
        """Return one line: ``symbols.LISTED.score: 6 -> 5 (loosens)``."""
        if not self.before:
            return f"{self.place}: + {self.after} ({self.turn})"
        if not self.after:
            return f"{self.place}: - {self.before} ({self.turn})"
        return f"{self.place}: {self.before} -> {self.after} ({self.turn})"


def loosens(changes: Iterable[Change]) -> bool:
    """Tell whether one of the changes has to wait where the guard is locked."""
    return any(each.turn.waits for each in changes)


def difference(old: Pack, new: Pack) -> tuple[Change, ...]:
    """Return what changed; nothing for packs of one version."""
    signs = _Signs(old)
    found = [
        *_kind(old, new),
        *_lock(old.lock, new.lock),
        *_lists(old, new, signs),
        *_symbols(old, new, signs),
        *_composites(old, new, signs),
        *_protections(old, new),
        *_tiers(old, new),
        *_actions(old, new),
        *_limits(old.limits, new.limits),
    ]
    if not found and old.version != new.version:
        # Whatever is not told apart above must not pass for nothing.
        return (_change("version", old.version, new.version, Turn.UNCLEAR),)
    return tuple(found)


class _Signs:
    """What more of each part of a pack does to the outcome."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self.points, self._names = Ladder.of(pack).signs()
        if pack.kind is Kind.ROUTING:
            asked = frozenset().union(*(route.when.names for route in pack.routes))
            self._names = dict.fromkeys(asked, Sign.BOTH)

    def of(self, name: str) -> Sign:
        """Return what finding a symbol or composite more often does."""
        sign = self._names.get(name, Sign.NONE)
        if any(each.name == name and each.score for each in self._pack.symbols):
            sign |= self.points
        if any(each.name == name and each.score for each in self._pack.composites):
            sign |= self.points
        for composite in self._pack.composites:
            if name in composite.expr.names:
                sign |= self.of(composite.name)
        return sign

    def of_list(self, name: str, seen: frozenset[str] = frozenset()) -> Sign:
        """Return what a longer list does: more evidence, more protection, or less of a list."""
        sign = Sign.NONE
        for symbol in self._pack.symbols:
            if isinstance(symbol.test, InList) and name in symbol.test.lists:
                sign |= self.of(symbol.name)
        for each in self._pack.protections:
            if isinstance(each.symbol.test, InList) and name in each.symbol.test.lists:
                sign |= Sign.DOWN
        for other in self._pack.lists:
            if name in other.never and other.name not in seen:
                sign |= self.of_list(other.name, seen | {name}).turned
            if name in other.gate.canaries:
                sign |= Sign.BOTH
        return sign


def _turn(grown: Sign, effect: Sign) -> Turn:
    """Return the turn of finding more or less of what has an effect."""
    if grown is Sign.NONE:
        return Turn.NEUTRAL
    if Sign.BOTH in {grown, effect}:
        return Turn.UNCLEAR
    if effect is Sign.NONE:
        # What nothing uses yet may be used by what comes next; to take it away says nothing good.
        return Turn.NEUTRAL if grown is Sign.UP else Turn.UNCLEAR
    return Turn.TIGHTEN if grown is effect else Turn.LOOSEN


def _change(place: str, before: str, after: str, turn: Turn) -> Change:
    return Change(place=place, before=before, after=after, turn=turn)


def _grown(place: str, parts: Iterable[Growth], effect: Sign) -> Iterator[Change]:
    for name, before, after, sign in parts:
        yield _change(f"{place}.{name}", before, after, _turn(sign, effect))


def _pairs(
    old: Mapping[str, Part], new: Mapping[str, Part]
) -> Iterator[tuple[str, Part | None, Part | None]]:
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _kind(old: Pack, new: Pack) -> Iterator[Change]:
    if old.name != new.name:
        yield _change("guard", old.name, new.name, Turn.UNCLEAR)
    if old.title != new.title:
        yield _change("title", repr(old.title), repr(new.title), Turn.NEUTRAL)
    if old.kind is not new.kind:
        turn = Turn.UNCLEAR
        if {old.kind, new.kind} == {Kind.STANDARD, Kind.PROTECTIVE}:
            turn = Turn.TIGHTEN if new.kind is Kind.PROTECTIVE else Turn.LOOSEN
        yield _change("kind", old.kind, new.kind, turn)
    if old.routes != new.routes:
        yield _change("routes", _names(old.routes), _names(new.routes), Turn.UNCLEAR)


def _names(parts: Iterable[object]) -> str:
    return ", ".join(str(getattr(each, "name", each)) for each in parts) or "none"


def _lock(old: Lock | None, new: Lock | None) -> Iterator[Change]:
    if old is None or new is None:
        if old is not new:
            turn = Turn.TIGHTEN if old is None else Turn.LOOSEN
            yield _change("lock", "" if old is None else "locked", "locked" if new else "", turn)
        return
    yield from _grown(
        "lock", growth.of_number("delay", old.delay, new.delay, more=Sign.UP), Sign.UP
    )
    if old.partner != new.partner:
        turn = Turn.LOOSEN if new.partner else Turn.TIGHTEN
        yield _change("lock.partner_can_expedite", str(old.partner), str(new.partner), turn)
    if old.consent != new.consent:
        # Without its consent an account is not read: either way somebody is guarded otherwise.
        yield _change("lock.consent", str(old.consent), str(new.consent), Turn.UNCLEAR)


def _lists(old: Pack, new: Pack, signs: _Signs) -> Iterator[Change]:
    pairs = _pairs({each.name: each for each in old.lists}, {each.name: each for each in new.lists})
    for name, before, after in pairs:
        effect = signs.of_list(name)
        if before is not None and after is not None:
            yield from _grown(f"lists.{name}", growth.of_list(before, after), effect)
        else:
            sign = Sign.UP if before is None else Sign.DOWN
            turn = _turn(sign, effect)
            yield _change("lists", name if before else "", name if after else "", turn)


def _symbols(old: Pack, new: Pack, signs: _Signs) -> Iterator[Change]:
    pairs = _pairs(
        {each.name: each for each in old.symbols}, {each.name: each for each in new.symbols}
    )
    for name, before, after in pairs:
        place = f"symbols.{name}"
        if before is not None and after is not None:
            score = growth.of_number("score", before.score, after.score, more=Sign.UP)
            yield from _grown(place, score, signs.points)
            yield from _grown(place, growth.of_symbol(before, after), signs.of(name))
        elif after is not None:
            effect = signs.points if after.score else Sign.NONE
            yield _change("symbols", "", name, _turn(Sign.UP, effect | signs.of(name)))
        else:
            yield _change("symbols", name, "", _turn(Sign.DOWN, signs.of(name)))


def _composites(old: Pack, new: Pack, signs: _Signs) -> Iterator[Change]:
    pairs = _pairs(
        {each.name: each for each in old.composites}, {each.name: each for each in new.composites}
    )
    for name, before, after in pairs:
        place = f"composites.{name}"
        if before is not None and after is not None:
            score = growth.of_number("score", before.score, after.score, more=Sign.UP)
            yield from _grown(place, score, signs.points)
            if before.expr.node != after.expr.node:
                turn = _turn(growth.of_expression(before.expr, after.expr), signs.of(name))
                texts = growth.shown(before.expr), growth.shown(after.expr)
                yield _change(f"{place}.expr", *texts, turn)
            if before.says != after.says:
                yield _change(f"{place}.says", repr(before.says), repr(after.says), Turn.NEUTRAL)
        elif after is not None:
            effect = signs.points if after.score else Sign.NONE
            yield _change("composites", "", name, _turn(Sign.UP, effect | signs.of(name)))
        else:
            yield _change("composites", name, "", _turn(Sign.DOWN, signs.of(name)))


def _protections(old: Pack, new: Pack) -> Iterator[Change]:
    pairs = _pairs(
        {each.symbol.name: each for each in old.protections},
        {each.symbol.name: each for each in new.protections},
    )
    for name, before, after in pairs:
        if before is not None and after is not None:
            yield from _grown(
                f"protect.{name}", growth.of_symbol(before.symbol, after.symbol), Sign.DOWN
            )
            if before.cap is not after.cap:
                turn = Turn.LOOSEN if after.cap is Cap.NONE else Turn.TIGHTEN
                yield _change(f"protect.{name}.cap", before.cap, after.cap, turn)
        elif after is not None:
            yield _change("protect", "", name, Turn.LOOSEN)
        else:
            yield _change("protect", name, "", Turn.TIGHTEN)


def _tiers(old: Pack, new: Pack) -> Iterator[Change]:
    before, after = _rows(old), _rows(new)
    if before == after:
        return
    sign = compared(Ladder.of(old), Ladder.of(new))
    turn = {Sign.UP: Turn.TIGHTEN, Sign.DOWN: Turn.LOOSEN}.get(sign, Turn.UNCLEAR)
    for number in range(max(len(before), len(after))):
        one = before[number] if number < len(before) else ""
        two = after[number] if number < len(after) else ""
        if one != two:
            yield _change(f"verdicts[{number + 1}]", one, two, turn)


def _rows(pack: Pack) -> list[str]:
    return [f"{each.do} at {each.at:g} needs {growth.shown(each.need)}" for each in pack.tiers]


def _actions(old: Pack, new: Pack) -> Iterator[Change]:
    pairs = _pairs(
        {each.name: each for each in old.actions}, {each.name: each for each in new.actions}
    )
    for name, before, after in pairs:
        if before is not None and after is not None:
            yield from _action(f"actions.{name}", before, after)
        else:
            one, two = (f"{name} ({each.kind})" if each else "" for each in (before, after))
            # Which tiers use it is told by the tiers; a mark may be what a cap falls to.
            turn = Turn.UNCLEAR if (before or after) and _is_mark(before or after) else Turn.NEUTRAL
            yield _change("actions", one, two, turn)


def _is_mark(action: Action | None) -> bool:
    return action is not None and action.weight == 1


def _action(place: str, old: Action, new: Action) -> Iterator[Change]:
    if old.kind is not new.kind:
        turn = Turn.TIGHTEN if new.weight > old.weight else Turn.UNCLEAR
        turn = Turn.LOOSEN if new.weight < old.weight else turn
        yield _change(f"{place}.kind", old.kind, new.kind, turn)
    if old.target != new.target:
        yield _change(f"{place}.target", old.target, new.target, Turn.UNCLEAR)
    if old.seen != new.seen:
        turn = Turn.TIGHTEN if new.seen else Turn.LOOSEN
        yield _change(f"{place}.seen", str(old.seen), str(new.seen), turn)
    if old.retain != new.retain:
        # What is kept for a shorter time can be taken back, and proves something, for less long.
        kept = new.retain is None or (old.retain is not None and new.retain > old.retain)
        turn = Turn.TIGHTEN if kept else Turn.LOOSEN
        yield _change(f"{place}.retain", _time(old.retain), _time(new.retain), turn)


def _time(seconds: float | None) -> str:
    return "for ever" if seconds is None else f"{seconds:g} s"


def _limits(old: Limits, new: Limits) -> Iterator[Change]:
    for name, before, after in (
        ("max_actions", old.actions_per_hour, new.actions_per_hour),
        ("max_share", old.share, new.share),
        ("max_symbol_share", old.symbol_share, new.symbol_share),
    ):
        yield from _grown("limits", growth.of_number(name, before, after, more=Sign.UP), Sign.UP)
    window = growth.of_number("window", old.window, new.window, more=Sign.BOTH)
    yield from _grown("limits", window, Sign.UP)
