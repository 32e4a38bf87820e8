"""Evidence as Sieve tests, in two kinds: what surely holds, and what possibly holds.

A script sees less than a guard: no links, no disguises taken off, no proof of a sender. So there
are two readings of each piece of evidence. A test that holds *surely* is true only where the
guard finds the evidence; one that holds *possibly* is true wherever the guard may find it. A
script acts on the first kind, and leaves a message alone on the second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import assert_never

from vedette.guard import hosts, letters
from vedette.guard.expression import Every, Name, Node, Not, Some
from vedette.guard.pack import (
    Composite,
    Count,
    Exists,
    Field,
    InList,
    Known,
    Pattern,
    Phrases,
    Symbol,
)
from vedette.guard.sieve.words import every, listed, literal, no, quoted, some

#: Domains of one list that a script names: it is read for each message.
MAX_DOMAINS = 2_000

# Fields whose addresses a script can test, and their header fields.
_ADDRESSES: Mapping[Field, tuple[str, ...]] = {
    Field.FROM: ("from",),
    Field.REPLY_TO: ("reply-to",),
    Field.SENDER: ("sender",),
    Field.TO: ("to", "cc"),
}
# Header fields that hold all that the guard sees in a field, and more.
_HEADERS: Mapping[Field, str] = {
    Field.SUBJECT: "subject",
    Field.FROM_NAME: "from",
    Field.LIST_UNSUBSCRIBE: "list-unsubscribe",
    Field.LIST_ID: "list-id",
}
_TEXTS = (Field.TEXT, Field.LINK_TEXT)
# Wherever a part has a file name. How that is encoded a script can not undo.
_ATTACHED = some(
    [
        'header :contains ["content-type", "content-disposition"] "name"',
        f"body :raw :contains {listed(['filename', ';name=', '; name=', '  name='])}",
    ]
)
#: What no message that is just delivered can be.
_LATER = ("is_flagged", "is_answered")
#: What never is.
NEVER = "false"
# A way to unsubscribe that is nobody's who sends for many: such a host is no evidence.
_UNSUBSCRIBED = every(
    [
        'header :matches "list-unsubscribe" '
        + listed(["<http://?*.?*>*", "<https://?*.?*>*", "<mailto:?*@?*.?*>*"]),
        f'not header :contains "list-unsubscribe" {listed(sorted(hosts.SHARED))}',
    ]
)
# Characters of a phrase that a text may write in other ways (see ``letters.plain``), and the
# asterisk, which lets a word go on.
_WRITTEN_ANYHOW = frozenset(" \t\r\n-_'\N{RIGHT SINGLE QUOTATION MARK}\"/*?\\")
_ASCII_LOW = str.maketrans(ascii_uppercase, ascii_lowercase)
#: What is always so.
ALWAYS = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """The domains of a list; ``whole`` if there are no others on it."""

    entries: tuple[str, ...]
    whole: bool


class Conditions:
    """The evidence of one pack as tests. ``lists`` has the lists as far as they are at hand."""

    __slots__ = ("_composites", "_lists", "_symbols")

    def __init__(
        self,
        symbols: Iterable[Symbol],
        composites: Iterable[Composite],
        lists: Mapping[str, Domains],
    ) -> None:
        self._symbols = {each.name: each for each in symbols}
        self._composites = {each.name: each for each in composites}
        self._lists = lists

    def surely(self, node: Node, known: Collection[str] = ()) -> str | None:
        """Return a test that is true only if the expression is; None if there is none.

        ``known`` are names that hold anyway.
        """
        match node:
            case Name(name=name):
                return ALWAYS if name in known else self._sure_name(name)
            case Not(part=part):
                test = self.possibly(part)
                return None if test is None else _not(test)
            case Every(parts=parts):
                tests = [self.surely(each, known) for each in parts]
                sure = [each for each in tests if each is not None]
                return _every(sure) if len(sure) == len(tests) else None
            case Some(parts=parts):
                tests = [self.surely(each, known) for each in parts]
                sure = [each for each in tests if each is not None]
                return _some(sure) if sure else None
            case _:
                assert_never(node)

    def possibly(self, node: Node) -> str | None:
        """Return a test that is true wherever the expression is; None if there is none."""
        match node:
            case Name(name=name):
                if name in self._composites:
                    return self.possibly(self._composites[name].expr.node)
                return self.possible(self._symbols[name])
            case Not(part=part):
                test = self.surely(part)
                return ALWAYS if test is None else _not(test)
            case Every(parts=parts):
                found = [test for each in parts if (test := self.possibly(each)) is not None]
                return _every(found) if found else None
            case Some(parts=parts):
                tests = [self.possibly(each) for each in parts]
                found = [each for each in tests if each is not None]
                return _some(found) if len(found) == len(tests) else None
            case _:
                assert_never(node)

    def sure(self, symbol: Symbol) -> str | None:
        """Return a test that is true only if a symbol holds; None if there is none."""
        if symbol.auth is not None:
            # Which Authentication-Results are to be believed a script can not tell.
            return None
        tests: list[str] = []
        match symbol.test:
            case InList(lists=names):
                tests = _from(symbol.where, self._domains(names))
            case Phrases(phrases=phrases):
                tests = [
                    f"header :matches {quoted(name)} {listed(_as_words(phrases))}"
                    for name in _named(symbol, (Field.SUBJECT,))
                ]
            case Exists() | Count(at_least=1):
                names_ = _named(symbol, (Field.SUBJECT,))
                tests = [f'header :matches {quoted(name)} "?*"' for name in names_]
                tests += [_UNSUBSCRIBED for each in symbol.where if each is Field.LIST_UNSUBSCRIBE]
            case _:
                return None
        return some(tests) if tests else None

    def possible(self, symbol: Symbol) -> str | None:
        """Return a test that is true wherever a symbol holds; None if there is none."""
        found: str | None = None
        match symbol.test:
            case InList(lists=names):
                whole = all(name in self._lists and self._lists[name].whole for name in names)
                if whole and set(symbol.where) <= _ADDRESSES.keys():
                    found = _some(_from(symbol.where, self._domains(names)))
            case Phrases(phrases=phrases):
                found = _anywhere(symbol, phrases)
            case Pattern(literals=literals) if literals:
                found = _anywhere(symbol, literals)
            case Exists() | Count():
                headers = _named(symbol, _HEADERS)
                if len(headers) == len(symbol.where):
                    found = _some([f"exists {quoted(each)}" for each in headers])
            case Known(fact=fact) if fact in _LATER:
                found = NEVER
            case _:
                found = None
        return found

    def _sure_name(self, name: str) -> str | None:
        if name in self._composites:
            return self.surely(self._composites[name].expr.node)
        return self.sure(self._symbols[name])

    def _domains(self, names: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for name in names:
            entries = self._lists[name].entries if name in self._lists else ()
            found |= dict.fromkeys(entries)
        return [each for each in found if _is_plain(each)][:MAX_DOMAINS]


def _from(fields: Sequence[Field], domains: Sequence[str]) -> list[str]:
    headers = [name for field in fields for name in _ADDRESSES.get(field, ())]
    if not headers or not domains:
        return []
    return [
        f"address :domain :is {listed(headers)} {listed(domains)}",
        f"address :domain :matches {listed(headers)} {listed(f'*.{each}' for each in domains)}",
    ]


def _is_plain(domain: str) -> bool:
    """Tell whether a domain means the same to a script, also for what lies below it."""
    if hosts.normalise(domain) != domain or hosts.is_address(domain):
        return False
    return not any(each == domain or each.endswith(f".{domain}") for each in hosts.SHARED)


def _named(symbol: Symbol, fields: Collection[Field]) -> list[str]:
    """Return the header fields that a symbol looks at, as far as a script can look there."""
    found = []
    for field in symbol.where:
        if field is Field.HEADERS and symbol.header:
            found.append(symbol.header)
        elif field in fields and field in _HEADERS:
            found.append(_HEADERS[field])
    return found


def _anywhere(symbol: Symbol, phrases: Sequence[str]) -> str | None:
    """Return a test for fields that may hold a phrase, whatever is between its letters."""
    patterns = list(dict.fromkeys(each for phrase in phrases for each in _loosely(phrase)))
    tests = []
    for field in symbol.where:
        if field in _TEXTS:
            tests.append(f"body :text :matches {listed(patterns)}")
        elif field in {Field.SUBJECT, Field.FROM_NAME, Field.HEADERS}:
            [name] = _named(_only(symbol, field), _HEADERS) or [""]
            if not name:
                return None
            tests.append(f"header :matches {quoted(name)} {listed(patterns)}")
        elif field is Field.ATTACHMENTS:
            tests.append(_ATTACHED)
        else:
            return None
    return _some(list(dict.fromkeys(tests)))


def _only(symbol: Symbol, field: Field) -> Symbol:
    return Symbol(
        name=symbol.name,
        stage=symbol.stage,
        where=(field,),
        test=symbol.test,
        score=0.0,
        header=symbol.header,
    )


def _as_words(phrases: Iterable[str]) -> list[str]:
    """Return patterns for whole words: with blanks, or nothing, beside them."""
    found: dict[str, None] = {}
    for phrase in phrases:
        bare = phrase.strip()
        core = literal(bare.strip("*"))
        left = ("*",) if bare.startswith("*") else ("", "* ")
        right = ("*",) if bare.endswith("*") else ("", " *")
        found |= dict.fromkeys(f"{before}{core}{after}" for before in left for after in right)
    return list(found)


def _loosely(phrase: str) -> Iterator[str]:
    """Yield patterns that find a phrase however its case, accents, blanks and marks are written.

    A server knows no case and no accent beyond ASCII (``i;ascii-casemap``, section 2.7.3), and
    what it takes for one character is its own affair, so each way of writing is a pattern.
    """
    plain = letters.plain(phrase)[0]
    ways = (plain, phrase, phrase.lower())
    cased = [each for way in ways for each in (way, way.capitalize(), way.title(), way.upper())]
    for way in dict.fromkeys(each.translate(_ASCII_LOW) for each in cased):
        text = "".join("*" if each in _WRITTEN_ANYHOW else each for each in way)
        while "**" in text:
            text = text.replace("**", "*")
        yield f"*{text.strip('*')}*" if text.strip("*") else "*"


def _not(test: str) -> str:
    return {ALWAYS: NEVER, NEVER: ALWAYS}.get(test) or no(test)


def _every(tests: Sequence[str]) -> str:
    left = [each for each in dict.fromkeys(tests) if each != ALWAYS]
    if NEVER in left:
        return NEVER
    return every(left) if left else ALWAYS


def _some(tests: Sequence[str]) -> str:
    left = [each for each in dict.fromkeys(tests) if each != NEVER]
    if ALWAYS in left:
        return ALWAYS
    return some(left) if left else NEVER
