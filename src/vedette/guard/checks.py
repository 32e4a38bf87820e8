"""Symbols made ready: each becomes one look at a message that finds it or does not.

What is costly is shared: the phrases of all symbols are found in one pass over each field. It
must not know scores, tiers and actions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, assert_never

from vedette.guard.domains import DomainList
from vedette.guard.evidence import Evidence
from vedette.guard.pack import (
    Auth,
    Authenticated,
    Count,
    Exists,
    Field,
    InList,
    Known,
    Mismatch,
    Pattern,
    Phrases,
    Scored,
    Size,
    Symbol,
)
from vedette.guard.standin import Views
from vedette.guard.verdict import Hit


class Look:
    """One message while one guard looks at it."""

    __slots__ = ("_facts", "_found", "evidence", "views")

    def __init__(self, evidence: Evidence, views: Views) -> None:
        self.evidence = evidence
        self.views = views

    def is_authenticated(self, auth: Auth) -> bool:
        """Tell whether the sender is authenticated as said, by a server that is trusted."""
        return auth in self.views.auth

    def knows(self, fact: str) -> bool:
        """Tell whether a fact is known: given with the message, or one of its flags."""
        flag = _FLAGS.get(fact)
        if flag is not None:
            return any(each.lower() == flag for each in self.evidence.flags)
        return fact in self.evidence.facts


_FLAGS = {"is_flagged": "\\flagged", "is_answered": "\\answered"}

#: A look at some of a symbol's fields; what it finds has the symbol's score.
Check: TypeAlias = Callable[[Look, tuple[Field, ...]], Hit | None]


def check_of(symbol: Symbol, lists: Mapping[str, DomainList]) -> Check:
    """Make a symbol ready. ``lists`` are those that are loaded; others hold nothing."""
    check = _test(symbol, lists)
    auth = symbol.auth
    if auth is None:
        return check

    def authenticated(look: Look, where: tuple[Field, ...]) -> Hit | None:
        return check(look, where) if look.is_authenticated(auth) else None

    return authenticated


def _test(symbol: Symbol, lists: Mapping[str, DomainList]) -> Check:
    match symbol.test:
        case InList(lists=names):
            return _listed(symbol, [lists[name] for name in names if name in lists])
        case Phrases(phrases=phrases):
            return _phrases(symbol, phrases)
        case Pattern():
            return _pattern(symbol, symbol.test)
        case Exists():
            return _counted(symbol, 1)
        case Count(at_least=at_least):
            return _counted(symbol, at_least)
        case Size() as size:
            return _sized(symbol, size)
        case Authenticated(auth=auth):
            return _if(symbol, lambda look: look.is_authenticated(auth), auth.value)
        case Known(fact=fact):
            return _if(symbol, lambda look: look.knows(fact), fact)
        case Scored() as scored:
            return _scored(symbol, scored)
        case Mismatch():
            return _mismatch(symbol, symbol.test)
        case _:
            assert_never(symbol.test)


def _listed(symbol: Symbol, lists: Collection[DomainList]) -> Check:
    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            for host in look.views.hosts(field):
                for each in lists:
                    entry = each.find(host)
                    if entry is not None:
                        source = f"{each.name}@{each.version}" if each.version else each.name
                        return _hit(symbol, field, entry, source)
        return None

    return check


def _phrases(symbol: Symbol, phrases: tuple[str, ...]) -> Check:
    folded = [(phrase, phrase.casefold()) for phrase in phrases]

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            text = look.views.text(field).plain
            for phrase, each in folded:
                if each in text:
                    return _hit(symbol, field, phrase)
        return None

    return check


def _pattern(symbol: Symbol, pattern: Pattern) -> Check:
    import re2  # type: ignore[import-untyped]

    compiled = re2.compile(pattern.regex)

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            view = look.views.text(field)
            for literal in pattern.literals:
                if literal.casefold() in view.plain and compiled.search(view.raw):
                    return _hit(symbol, field, literal)
        return None

    return check


def _counted(symbol: Symbol, at_least: int) -> Check:
    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            if len([each for each in look.views.values(field) if each.strip()]) >= at_least:
                return _hit(symbol, field)
        return None

    return check


def _sized(symbol: Symbol, size: Size) -> Check:
    below = float("inf") if size.below is None else size.below
    return _if(symbol, lambda look: size.above < look.evidence.size < below)


def _if(symbol: Symbol, holds: Callable[[Look], bool], matched: str = "") -> Check:
    hit = Hit(symbol=symbol.name, score=symbol.score, matched=matched)
    return lambda look, _: hit if holds(look) else None


def _scored(symbol: Symbol, scored: Scored) -> Check:
    def check(look: Look, _: tuple[Field, ...]) -> Hit | None:
        opinion = look.evidence.opinions.get(scored.scorer, 0.0)
        points = [points for threshold, points in scored.steps if opinion >= threshold]
        if not points:
            return None
        return Hit(symbol=symbol.name, score=points[-1], matched=scored.scorer)

    return check


def _mismatch(symbol: Symbol, mismatch: Mismatch) -> Check:
    return lambda look, where: None


def _hit(symbol: Symbol, field: Field, matched: str = "", source: str = "") -> Hit:
    name = symbol.header if field is Field.HEADERS and symbol.header else field.value
    return Hit(symbol=symbol.name, score=symbol.score, field=name, matched=matched, source=source)
