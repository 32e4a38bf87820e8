"""What a symbol looks for: a host on a list, a phrase, an expression, an opinion and the like.

It must not know where a symbol looks, nor how anything is matched; whether a phrase or an
expression can be is asked of ``phrases`` and ``patterns``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from vedette.errors import UsageError
from vedette.guard.pack import (
    FACTS,
    Auth,
    Authenticated,
    Count,
    Exists,
    InList,
    Known,
    Mismatch,
    Pattern,
    Phrases,
    Size,
    Test,
)
from vedette.guard.patterns import Pattern as Regex
from vedette.guard.phrases import Index
from vedette.guard.reading.learned import read_scored, read_worded
from vedette.guard.reading.literals import literals_of
from vedette.guard.reading.table import Table, guess, shown
from vedette.guard.source import Scalar

#: Values of one field that are counted: as many links and addresses are looked at.
MAX_COUNT = 500
#: Octets; no server takes a message of a terabyte.
MAX_SIZE = 2**40

#: Keys that say what a symbol looks for: one of them, or ``auth`` alone.
TESTS = (
    "in_list",
    "phrases",
    "regex",
    "exists",
    "count",
    "size",
    "flag",
    "classifier",
    "wording",
    "mismatch",
)
#: Those that look at no field; ``auth`` too, where it is alone.
FIELDLESS = ("size", "flag", "classifier", "wording", "auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a symbol may refer to."""

    lists: Collection[str]
    symbols: Collection[str]
    has_scores: bool


def read_test(key: str, row: Table, scope: Scope) -> Test | None:
    """Read what a symbol looks for, said by ``key``; None if it is not right."""
    return _READERS[key](row, scope)


def names_fields(key: str, row: Table) -> bool:
    """Tell whether the test itself says where to look: ``exists: list_unsubscribe``."""
    return key == "exists" and not _is_flag(row, key)


def _is_flag(row: Table, key: str) -> bool:
    node = row.value(key)
    return isinstance(node, Scalar) and node.kind == "bool"


def _in_list(row: Table, known: Scope) -> Test | None:
    names = row.texts("in_list", "gambling")
    for name in names:
        if name not in known.lists:
            near = guess(name, sorted(known.lists))
            row.fail("in_list", f"there is no list {shown(name)}{near or '; add it to `lists`'}")
    return InList(lists=names) if names else None


def _phrases(row: Table, _: Scope) -> Test | None:
    phrases = row.texts("phrases", '"free spins"')
    before = len(row.mistakes)
    for phrase in phrases:
        if sum(char.isalnum() for char in phrase) < 2:  # noqa: PLR2004 -- one letter is in every mail
            row.fail("phrases", f"{shown(phrase)} has not two letters or digits: it is no evidence")
    if len(row.mistakes) == before:
        _check_phrases(row, phrases)
    return Phrases(phrases=phrases) if phrases else None


def _check_phrases(row: Table, phrases: tuple[str, ...]) -> None:
    try:
        Index(("", phrase) for phrase in phrases)
    except UsageError as error:
        row.fail("phrases", str(error))


def _regex(row: Table, _: Scope) -> Test | None:
    regex = row.text("regex", "'(?i)wager\\w+'")
    literals = row.texts("literals", "[wager, rollover]")
    if regex is None or not _is_readable(row, regex):
        return None
    needed = literals_of(regex)
    if not literals and not needed:
        what = "has no word that is in every match, and would be tried on every mail"
        row.fail("regex", f"{what}; add `literals`, words of which a text must hold one")
    lower = [each.casefold() for each in literals]
    lost = [each for each in needed if not any(word in each for word in lower)]
    if literals and lost:
        row.fail("literals", f"none of them is in {shown(lost[0])}, which `regex` matches")
    return Pattern(regex=regex, literals=literals or needed)


def _is_readable(row: Table, regex: str) -> bool:
    try:
        Regex(regex)
    except UsageError as error:
        row.fail("regex", str(error))
        return False
    return True


def _exists(row: Table, _: Scope) -> Test | None:
    if _is_flag(row, "exists"):
        if not row.yes("exists"):
            row.fail("exists", "can not be false; use `!` before the symbol's name in `need`")
        if "where" not in row and "header" not in row:
            row.missing("where", "say which field is to exist, as `exists: list_unsubscribe`")
        return Exists()
    if "where" in row or "header" in row:
        row.fail("exists", "the field is named by `where`; say `exists: true`")
    return Exists()


def _count(row: Table, _: Scope) -> Test | None:
    at_least = row.whole("count", low=1, high=MAX_COUNT)
    return None if at_least is None else Count(at_least=at_least)


def _size(row: Table, _: Scope) -> Test | None:
    table = row.inner("size", ("above", "below"))
    if table is None:
        return None
    above = table.whole("above", low=0, high=MAX_SIZE)
    below = table.whole("below", low=1, high=MAX_SIZE)
    if above is None and below is None:
        table.fail(None, "expected `above` or `below`, in octets")
        return None
    if below is not None and below <= (above or 0) + 1:
        table.fail("below", "leaves no size above `above`")
        return None
    return Size(above=above or 0, below=below)


def _flag(row: Table, _: Scope) -> Test | None:
    fact = row.text("flag", "user_has_written_to_sender")
    if fact is not None and fact not in FACTS:
        near = guess(fact, FACTS) or f"; known are {', '.join(FACTS)}"
        row.fail("flag", f"nothing is known as {shown(fact)}{near}")
        return None
    return None if fact is None else Known(fact=fact)


def _mismatch(row: Table, _: Scope) -> Test | None:
    if _is_flag(row, "mismatch"):
        if not row.yes("mismatch"):
            row.fail("mismatch", "can not be false; leave it out")
        return Mismatch()
    names = row.texts("mismatch", "paypal.com")
    return Mismatch(names=names) if names else None


def _auth(row: Table, _: Scope) -> Test | None:
    auth = row.choice("auth", Auth)
    return None if auth is None else Authenticated(auth=auth)


_READERS: dict[str, Callable[[Table, Scope], Test | None]] = {
    "in_list": _in_list,
    "phrases": _phrases,
    "regex": _regex,
    "exists": _exists,
    "count": _count,
    "size": _size,
    "flag": _flag,
    "classifier": lambda row, _: read_scored(row),
    "wording": lambda row, scope: read_worded(row, scope.symbols),
    "mismatch": _mismatch,
    "auth": _auth,
}
