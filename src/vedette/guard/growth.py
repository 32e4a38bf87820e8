"""Whether a symbol, a list or an expression finds more than it did, or less.

It must not know what finding more means: that depends on where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

from vedette.guard.expression import Expression, printed
from vedette.guard.ladder import Sign
from vedette.guard.pack import (
    Count,
    Exists,
    InList,
    List,
    Mismatch,
    Pattern,
    Phrases,
    Scored,
    Size,
    Symbol,
    Test,
    Worded,
)

#: Points of an opinion by threshold.
Steps: TypeAlias = tuple[tuple[float, float], ...]
#: A part that changed: its name, what it was, what it is, and what is found now.
Growth: TypeAlias = tuple[str, str, str, Sign]

#: Words that are told of many.
_TOLD = 5
#: Names up to which two expressions are compared case by case.
_MAX_NAMES = 12


def of_symbol(old: Symbol, new: Symbol) -> Iterator[Growth]:
    """Yield how a symbol changed but for its score."""
    if old.stage is not new.stage:
        sign = Sign.UP if new.stage == "head" else Sign.DOWN
        yield "stage", old.stage.value, new.stage.value, sign
    yield from of_words("where", old.where, new.where)
    if old.auth is not new.auth:
        sign = Sign.DOWN if old.auth is None else Sign.UP if new.auth is None else Sign.BOTH
        yield "auth", old.auth or "none", new.auth or "none", sign
    if old.header != new.header:
        yield "header", old.header or "none", new.header or "none", Sign.BOTH
    if old.says != new.says:
        yield "says", repr(old.says), repr(new.says), Sign.NONE
    if old.test != new.test:
        yield from _of_test(old.test, new.test)


def of_words(name: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Growth]:
    """Yield what was added to a set of words, which finds more, and what was taken away."""
    before, after = set(old), set(new)
    if added := sorted(after - before):
        yield name, "", _told(added), Sign.UP
    if gone := sorted(before - after):
        yield name, _told(gone), "", Sign.DOWN


def of_expression(old: Expression | None, new: Expression | None) -> Sign:
    """Return whether an expression holds more often; none at all holds always."""
    if old is None or new is None:
        return Sign.NONE if old is new else Sign.UP if new is None else Sign.DOWN
    if old.node == new.node:
        return Sign.NONE
    names = sorted(old.names | new.names)
    if len(names) > _MAX_NAMES:
        return Sign.BOTH
    found = Sign.NONE
    for count in range(len(names) + 1):
        for case in combinations(names, count):
            before, after = old.holds(case), new.holds(case)
            if before != after:
                found |= Sign.UP if after else Sign.DOWN
    return found


def of_number(name: str, old: float, new: float, *, more: Sign) -> Iterator[Growth]:
    """Yield how a number changed; ``more`` is what a greater one means."""
    if old != new:
        yield name, f"{old:g}", f"{new:g}", more if new > old else more.turned


def of_list(old: List, new: List) -> Iterator[Growth]:
    """Yield how a list changed; what its sources hold is not known here."""
    yield from of_words("entries", old.entries, new.entries)
    yield from of_words("sources", old.sources, new.sources)
    if old.format != new.format:
        yield "format", old.format, new.format, Sign.BOTH
    for name, before, after, sign in of_words("never", old.never, new.never):
        yield name, before, after, sign.turned
    for name, before, after, _ in of_words("canary", old.gate.canaries, new.gate.canaries):
        yield name, before, after, Sign.BOTH
    # A gate that lets less shrink keeps more; how else it works depends on what comes.
    shrink = (old.gate.max_shrink, new.gate.max_shrink)
    yield from of_number("max_shrink", *shrink, more=Sign.DOWN)
    yield from of_number("min_entries", old.gate.min_entries, new.gate.min_entries, more=Sign.BOTH)
    yield from of_number("max_growth", old.gate.max_growth, new.gate.max_growth, more=Sign.BOTH)
    yield from of_number("every", old.every, new.every, more=Sign.BOTH)


def _of_test(old: Test, new: Test) -> Iterator[Growth]:
    match old, new:
        case Phrases(), Phrases():
            yield from of_words("phrases", old.phrases, new.phrases)
        case InList(), InList():
            yield from of_words("in_list", old.lists, new.lists)
        case Pattern(), Pattern():
            if old.regex != new.regex:
                yield "regex", old.regex, new.regex, Sign.BOTH
            yield from of_words("literals", old.literals, new.literals)
        case Exists() | Count(), Exists() | Count():
            yield from of_number("count", _least(old), _least(new), more=Sign.DOWN)
        case Size(), Size():
            yield from of_number("size.above", old.above, new.above, more=Sign.DOWN)
            yield from of_number("size.below", _below(old), _below(new), more=Sign.UP)
        case Mismatch(), Mismatch() if old.names and new.names:
            yield from of_words("mismatch", old.names, new.names)
        case Scored(), Scored() if replace(old, steps=()) == replace(new, steps=()):
            yield from _of_steps(old.steps, new.steps)
        case Worded(), Worded() if replace(old, steps=()) == replace(new, steps=()):
            yield from _of_steps(old.steps, new.steps)
        case _:
            yield "test", _shown(old), _shown(new), Sign.BOTH


def _least(test: Exists | Count) -> int:
    return test.at_least if isinstance(test, Count) else 1


def _below(size: Size) -> float:
    return float("inf") if size.below is None else size.below


def _of_steps(old: Steps, new: Steps) -> Iterator[Growth]:
    """Yield how the points of an opinion changed, threshold by threshold."""
    if [threshold for threshold, _ in old] != [threshold for threshold, _ in new]:
        yield "map", str(old), str(new), Sign.BOTH
        return
    for (threshold, before), (_, after) in zip(old, new, strict=True):
        yield from of_number(f"map.{threshold:g}", before, after, more=Sign.UP)


def _shown(test: Test) -> str:
    return str(test)


def shown(expression: Expression | None) -> str:
    """Return an expression for a line of a difference."""
    return "nothing" if expression is None else printed(expression.node)


def _told(words: list[str]) -> str:
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return ", ".join(words[:_TOLD]) + more
