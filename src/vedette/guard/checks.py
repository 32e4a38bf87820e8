"""Symbols made ready: each becomes one look at a message that finds it or does not.

What is costly is shared: the phrases of all symbols, and the words that their expressions need,
are found in one pass over each field. What is looked at of one message is bounded, and counted.
It must not know scores, tiers and actions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from vedette.guard import disguise, wording
from vedette.guard.domains import DomainList
from vedette.guard.evidence import Evidence
from vedette.guard.pack import (
    BODY_FIELDS,
    DISGUISED,
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
    Stage,
    Symbol,
    Test,
    Worded,
)
from vedette.guard.patterns import Pattern as Regex
from vedette.guard.phrases import Found, Index
from vedette.guard.skeleton import View
from vedette.guard.verdict import Hit
from vedette.guard.views import Views

#: Characters that the expressions of one pack read of one message, all together: RE2 reads at
#: least 100 in a microsecond, so this is 20 ms at most.
MAX_PATTERN_TEXT = 2_000_000
#: Characters of one text that an expression reads however many there are: ten pages.
_LEAST_WINDOW = 16 * 1024

_FLAGS = {"is_flagged": "\\flagged", "is_answered": "\\answered"}


class Phrasebook:
    """The phrases and literals of some symbols in one index, by the symbols' names."""

    __slots__ = ("fields", "index", "window")

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        phrases: list[tuple[str, str]] = []
        literals: list[tuple[str, str]] = []
        patterns = 0
        fields: dict[tuple[Field, str], None] = {}
        early: set[tuple[Field, str]] = set()
        for symbol in symbols:
            if isinstance(symbol.test, Phrases | Pattern):
                where = [(field, symbol.header or "") for field in symbol.where]
                fields |= dict.fromkeys(where)
                early.update(where if symbol.stage is Stage.HEAD else ())
            if isinstance(symbol.test, Phrases):
                phrases += [(symbol.name, each) for each in symbol.test.phrases]
            elif isinstance(symbol.test, Pattern):
                patterns += 1
                literals += [(symbol.name, each) for each in symbol.test.literals]
        self.index = Index(phrases, literals)
        every = tuple(fields)
        self.fields = {
            Stage.HEAD: tuple(
                each for each in every if each[0] not in BODY_FIELDS or each in early
            ),
            Stage.BODY: every,
        }
        # Each text is read in up to three forms.
        self.window = max(_LEAST_WINDOW, MAX_PATTERN_TEXT // (3 * max(1, patterns)))


class Look:
    """One message while one guard looks at it."""

    __slots__ = (
        "_anywhere", "_found", "_left", "_phrasebook", "_stage", "_worded", "evidence", "held",
        "views", "work",
    )  # fmt: skip

    def __init__(
        self,
        evidence: Evidence,
        views: Views,
        phrasebook: Phrasebook,
        stage: Stage = Stage.BODY,
    ) -> None:
        self.evidence = evidence
        self.views = views
        self._phrasebook = phrasebook
        self._found: dict[tuple[Field, str], dict[str, Found]] = {}
        self._anywhere: set[str] | None = None
        self._stage = stage
        self._left = MAX_PATTERN_TEXT
        self._worded: dict[str, float] = {}
        #: The symbols that hold, once all but those of a wording were looked for.
        self.held: AbstractSet[str] = frozenset()
        #: Characters read and hosts looked up so far; each is one step.
        self.work = 0

    def finds(self, name: str) -> bool:
        """Tell whether anything of a symbol was found in any field; nothing is, of most."""
        if self._anywhere is None:
            fields = self._phrasebook.fields[self._stage]
            self._anywhere = {name for field in fields for name in self.phrases(*field)}
        return name in self._anywhere

    def phrases(self, field: Field, header: str) -> Mapping[str, Found]:
        """Return what was found in a field, by symbol."""
        found = self._found.get((field, header))
        if found is None:
            view = self.views.text(field, header)
            self.work += len(view.plain) + len(view.skeleton)
            found = self._found[field, header] = self._phrasebook.index.find(view)
        return found

    def worded(self, table: str) -> float:
        """Return how much the message is worded as this table's kind is, from 0 to 1."""
        opinion = self._worded.get(table)
        if opinion is None:
            stretches = wording.windows(self.views, self.held)
            self.work += sum(map(len, stretches))
            opinion = max(map(wording.shipped(table).opinion, stretches))
            self._worded[table] = opinion
        return opinion

    def matches(self, regex: Regex, view: View) -> bool:
        """Try an expression on the beginning of a text, as long as something is left to spend."""
        most = self._phrasebook.window
        if len(view.raw) > most or len(view.plain) > most:
            view = View(view.raw[:most], view.plain[:most], view.skeleton[:most])
        cost = len(view.raw) + len(view.plain) + len(view.skeleton)
        if cost > self._left:
            return False
        self._left -= cost
        self.work += cost
        return regex.matches(view)

    def knows(self, fact: str) -> bool:
        """Tell whether a fact is known: given with the message, seen in it, or one of its flags."""
        if fact == DISGUISED:
            return self.views.disguised
        flag = _FLAGS.get(fact)
        if flag is not None:
            return any(each.lower() == flag for each in self.evidence.flags)
        return fact in self.evidence.facts


#: A look at some fields of a message, which is what a symbol does.
Check: TypeAlias = Callable[[Look, tuple[Field, ...]], Hit | None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A symbol made ready: its check, and where it looks at each stage."""

    check: Check
    body: tuple[Field, ...]
    head: tuple[Field, ...] | None
    """None for what is looked for only when the body is known."""


def check_of(symbol: Symbol, lists: Mapping[str, Sequence[DomainList]]) -> Check:
    """Make a symbol ready. ``lists`` has the parts of each list; a list without parts is empty."""
    check = _MAKERS[type(symbol.test)](symbol, lists)
    return check if symbol.auth is None else partial(_authenticated, symbol, check)


def _authenticated(
    symbol: Symbol, check: Check, look: Look, where: tuple[Field, ...]
) -> Hit | None:
    proved = symbol.auth is None or look.views.proves(symbol.auth)
    return check(look, where) if proved else None


def _listed(symbol: Symbol, lists: Mapping[str, Sequence[DomainList]]) -> Check:
    names = symbol.test.lists if isinstance(symbol.test, InList) else ()
    own = [part for name in names for part in lists.get(name, ())]

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            hosts = look.views.hosts(field)
            look.work += len(hosts)
            for host in hosts:
                for each in own:
                    entry = each.find(host)
                    if entry is not None:
                        source = f"{each.name}@{each.version}" if each.version else each.name
                        return _hit(symbol, field, entry, source)
        return None

    return check


def _phrases(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    name, header = symbol.name, symbol.header or ""

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        if not look.finds(name):
            return None
        for field in where:
            found = look.phrases(field, header).get(name)
            if found is not None:
                return _hit(symbol, field, found.phrase)
        return None

    return check


def _pattern(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    name, header = symbol.name, symbol.header or ""
    regex = Regex(symbol.test.regex if isinstance(symbol.test, Pattern) else "")

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        if not look.finds(name):
            return None
        for field in where:
            found = look.phrases(field, header).get(name)
            if found is not None and look.matches(regex, look.views.text(field, header)):
                return _hit(symbol, field, found.phrase)
        return None

    return check


def _counted(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    least = symbol.test.at_least if isinstance(symbol.test, Count) else 1
    header = symbol.header or ""

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            if field is Field.LINKS:
                many = len(look.views.links)
            else:
                many = sum(not each.isspace() for each in look.views.values(field, header))
            if many >= least:
                return _hit(symbol, field)
        return None

    return check


def _sized(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    size = symbol.test if isinstance(symbol.test, Size) else Size()
    below = float("inf") if size.below is None else size.below
    return _if(symbol, lambda look: size.above < look.evidence.size < below)


def _proved(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    if not isinstance(symbol.test, Authenticated):
        return _never
    auth = symbol.test.auth
    return _if(symbol, lambda look: look.views.proves(auth), auth.value)


def _known(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    fact = symbol.test.fact if isinstance(symbol.test, Known) else ""
    return _if(symbol, lambda look: look.knows(fact), fact)


def _scored(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    if not isinstance(symbol.test, Scored):
        return _never
    scorer, steps = symbol.test.scorer, symbol.test.steps

    def check(look: Look, _: tuple[Field, ...]) -> Hit | None:
        return _thought(symbol, steps, look.evidence.opinions.get(scorer, 0.0), scorer)

    return check


def _worded(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    if not isinstance(symbol.test, Worded):
        return _never
    table, steps = symbol.test.table, symbol.test.steps
    # Read now, and not while the first message waits.
    wording.shipped(table)

    def check(look: Look, _: tuple[Field, ...]) -> Hit | None:
        opinion = look.worded(table)
        return _thought(symbol, steps, opinion, f"{opinion:.0%}")

    return check


def _thought(
    symbol: Symbol, steps: Sequence[tuple[float, float]], opinion: float, matched: str
) -> Hit | None:
    points = max((points for least, points in steps if opinion >= least), default=None)
    if points is None:
        return None
    return Hit(symbol=symbol.name, score=min(points, symbol.score), matched=matched)


def _mismatch(symbol: Symbol, _: Mapping[str, Sequence[DomainList]]) -> Check:
    names = symbol.test.names if isinstance(symbol.test, Mismatch) else ()
    pretended = disguise.Pretence(names)

    def check(look: Look, where: tuple[Field, ...]) -> Hit | None:
        for field in where:
            if field is Field.FROM_NAME:
                host = pretended.by_name(look.views)
            else:
                host = pretended.by_link(look.views)
            if host is not None:
                return _hit(symbol, field, host)
        return None

    return check


def _if(symbol: Symbol, holds: Callable[[Look], bool], matched: str = "") -> Check:
    hit = Hit(symbol=symbol.name, score=symbol.score, matched=matched)
    return lambda look, _: hit if holds(look) else None


def _never(_look: Look, _where: tuple[Field, ...]) -> Hit | None:
    return None


def _hit(symbol: Symbol, field: Field, matched: str = "", source: str = "") -> Hit:
    name = symbol.header if field is Field.HEADERS and symbol.header else field.value
    return Hit(symbol=symbol.name, score=symbol.score, field=name, matched=matched, source=source)


_MAKERS: dict[type[Test], Callable[[Symbol, Mapping[str, Sequence[DomainList]]], Check]] = {
    InList: _listed,
    Phrases: _phrases,
    Pattern: _pattern,
    Exists: _counted,
    Count: _counted,
    Size: _sized,
    Authenticated: _proved,
    Known: _known,
    Scored: _scored,
    Worded: _worded,
    Mismatch: _mismatch,
}
