"""Symbols and protections: what a pack looks at, where, and for how many points.

It must not know how anything is matched; whether a pattern can be is asked of ``patterns``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from vedette.errors import UsageError
from vedette.guard import patterns as compiled
from vedette.guard.pack import (
    BODY_FIELDS,
    FACTS,
    Auth,
    Authenticated,
    Cap,
    Count,
    Exists,
    Field,
    InList,
    Known,
    Mismatch,
    Pattern,
    Phrases,
    Protection,
    Scored,
    Size,
    Stage,
    Symbol,
    Test,
)
from vedette.guard.reading.literals import literals_of
from vedette.guard.reading.table import Table, guess, shown
from vedette.guard.source import Place, Scalar

#: Points of one symbol: more than the highest tier of any pack of ours.
MAX_SCORE = 20.0
#: Points of a scorer's opinion (decision 2): it tips a balance and never decides.
MAX_OPINION = 2.0
#: Characters of one regular expression; RE2 bounds what comes of it by memory.
MAX_REGEX = 1_000
#: Symbols of one pack, protections too; the largest of ours has 40.
MAX_SYMBOLS = 300

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
    "mismatch",
)
_SHARED = ("stage", "where", "header", "auth", "says", "literals", "map", *TESTS)
SYMBOL_KEYS = (*_SHARED, "score")
PROTECTION_KEYS = (*_SHARED, "cap")

#: Fields that name hosts.
HOST_FIELDS = (
    Field.FROM,
    Field.REPLY_TO,
    Field.SENDER,
    Field.RETURN_PATH,
    Field.DKIM_D,
    Field.LIST_UNSUBSCRIBE,
    Field.LIST_ID,
    Field.TO,
    Field.LINKS,
    Field.LINK_TEXT,
)
#: Fields in which a disguise can be told: a link that names another host, a name another sender.
MISMATCH_FIELDS = (Field.LINKS, Field.FROM_NAME)

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_HEADER = re.compile(r"[!-9;-~]{1,100}")  # RFC 5322 section 2.2: printable ASCII but the colon.
_SCORER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a symbol may refer to."""

    lists: Collection[str]
    has_scores: bool


def read_symbols(table: Table, known: Scope) -> tuple[Symbol, ...]:
    """Read the symbols of a pack."""
    found = []
    for name, place, node in table.items():
        if _is_name(name, place, table):
            row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=SYMBOL_KEYS)
            symbol = _symbol(name, row, known, _score(row, known), default=())
            found.append(symbol)
    return tuple(each for each in found if each is not None)


def read_protections(table: Table, known: Scope) -> tuple[Protection, ...]:
    """Read the protections of a pack: symbols with a cap in place of a score."""
    found = []
    for name, place, node in table.items():
        if not _is_name(name, place, table):
            continue
        row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=PROTECTION_KEYS)
        cap = row.choice("cap", Cap)
        if "cap" not in row:
            row.missing("cap", "`flag` lets the message be flagged, `none` left alone")
        if "classifier" in row:
            row.fail("classifier", "an opinion protects nobody; say what the message shows")
        symbol = _symbol(name, row, known, 0.0, default=(Field.SUBJECT, Field.TEXT))
        if symbol is not None and cap is not None:
            found.append(Protection(symbol=symbol, cap=cap))
    return tuple(found)


def _is_name(name: str, place: Place, table: Table) -> bool:
    if NAME.fullmatch(name):
        return True
    what = (
        f"{shown(name)} is no name of a symbol: capital letters, digits and _, such as LINK_LISTED"
    )
    table.mistakes.at(place, f"{table.path}: {what}")
    return False


def _score(row: Table, known: Scope) -> float:
    if not known.has_scores:
        if "score" in row:
            row.fail("score", "a routing pack has no scores; leave it out")
        return 0.0
    if "score" not in row:
        row.missing("score", "points from 0 to 20; 0 for what only composites and `need` name")
        return 0.0
    most = MAX_OPINION if "classifier" in row else MAX_SCORE
    score = row.number("score", low=-1e9, high=1e9)
    if score is not None and score < 0:
        row.fail("score", "is negative; what speaks for a message belongs under `protect`")
    elif score is not None and score > most:
        who = "a scorer's opinion" if "classifier" in row else "a symbol"
        row.fail("score", f"{score:g} is more than {most:g}, the most that {who} may add")
    return score or 0.0


def _symbol(
    name: str, row: Table, known: Scope, score: float, *, default: tuple[Field, ...]
) -> Symbol | None:
    before = len(row.mistakes)
    where = row.choices("where", Field)
    auth = row.choice("auth", Auth)
    key = _test_key(row)
    if key is None:
        return None
    if "where" not in row:
        where = _where(key, row, default)
    test = _READERS[key](row, known)
    _check_where(key, row, where)
    _check_extras(key, row)
    stage = _stage(row, test, where)
    if test is None or len(row.mistakes) > before:
        return None
    header = row.text("header", "X-Mailer") if "header" in row else None
    return Symbol(
        name=name,
        stage=stage,
        where=where,
        test=test,
        score=score,
        auth=auth if key != "auth" else None,
        header=header.lower() if header else None,
        says=row.text("says", '"the sender is on a list"') or "",
    )


def _test_key(row: Table) -> str | None:
    given = [key for key in TESTS if key in row]
    if len(given) == 1:
        return given[0]
    if given:
        row.fail(given[1], f"a symbol looks for one thing; `{given[0]}` is there already")
        return None
    if "auth" in row:
        return "auth"
    row.missing(TESTS[0], f"a symbol looks for something: {', '.join(TESTS)} or auth")
    return None


def _where(key: str, row: Table, default: tuple[Field, ...]) -> tuple[Field, ...]:
    if "header" in row:
        return (Field.HEADERS,)
    if key == "exists" and isinstance(row.value(key), Scalar):
        node = row.value(key)
        if not (isinstance(node, Scalar) and node.kind == "bool"):
            return row.choices(key, Field)
    if key == "mismatch":
        return (Field.LINKS,)
    if key == "in_list" and default:
        return (Field.FROM,)
    if key in {"phrases", "regex"} and default:
        return default
    if key in {"size", "flag", "classifier", "auth"}:
        return ()
    fields = ", ".join(each.value for each in (Field.SUBJECT, Field.TEXT, Field.LINKS))
    row.missing("where", f"say where to look, such as [{fields}]")
    return ()


def _check_where(key: str, row: Table, where: tuple[Field, ...]) -> None:
    """Note fields in which this test finds nothing."""
    if key in {"size", "flag", "classifier", "auth"} and where:
        what = "`header`" if "where" not in row else "`where`"
        row.fail("where" if "where" in row else "header", f"`{key}` has no {what}; leave it out")
    allowed: tuple[Field, ...] = tuple(Field)
    if key == "in_list":
        allowed = HOST_FIELDS
    elif key == "mismatch":
        allowed = MISMATCH_FIELDS
    for field in where:
        if field not in allowed:
            names = ", ".join(each.value for each in allowed)
            row.fail("where", f"`{key}` finds nothing in {field.value}; it looks in {names}")
    if key == "mismatch" and len(where) > 1:
        row.fail("where", "`mismatch` looks at one of links and from_name; make two symbols")
    if Field.HEADERS in where and "header" not in row:
        row.missing("header", "the name of the header field that `headers` means")
    if "header" in row:
        if Field.HEADERS not in where:
            row.fail("header", "is read only where `where` has `headers`")
        text = row.text("header", "X-Mailer")
        if text is not None and not _HEADER.fullmatch(text):
            row.fail("header", f"{shown(text)} is no name of a header field")


def _check_extras(key: str, row: Table) -> None:
    if "literals" in row and key != "regex":
        row.fail("literals", "belongs to `regex`, which is not there")
    if "map" in row and key != "classifier":
        row.fail("map", "belongs to `classifier`, which is not there")


def _stage(row: Table, test: Test | None, where: tuple[Field, ...]) -> Stage:
    body = [each.value for each in where if each in BODY_FIELDS]
    if isinstance(test, Scored):
        body = ["classifier"]
    needed = Stage.BODY if body else Stage.HEAD
    said = row.choice("stage", Stage) or needed
    if said is Stage.HEAD and body:
        row.fail("stage", f"{', '.join(body)} is not known at the head; say `stage: body`")
    return said


def _in_list(row: Table, known: Scope) -> Test | None:
    names = row.texts("in_list", "gambling")
    for name in names:
        if name not in known.lists:
            near = guess(name, sorted(known.lists))
            row.fail("in_list", f"there is no list {shown(name)}{near or '; add it to `lists`'}")
    return InList(lists=names) if names else None


def _phrases(row: Table, _: Scope) -> Test | None:
    phrases = row.texts("phrases", '"free spins"')
    for phrase in phrases:
        if sum(char.isalnum() for char in phrase) < 2:  # noqa: PLR2004 -- one letter is in every mail
            row.fail("phrases", f"{shown(phrase)} has not two letters or digits: it is no evidence")
    return Phrases(phrases=phrases) if phrases else None


def _regex(row: Table, _: Scope) -> Test | None:
    regex = row.text("regex", "'(?i)wager\\w+'")
    literals = row.texts("literals", "[wager, rollover]")
    if regex is None:
        return None
    if len(regex) > MAX_REGEX:
        row.fail("regex", f"is longer than {MAX_REGEX} characters; make two symbols")
        return None
    try:
        compiled.Pattern(regex)
    except UsageError as error:
        row.fail("regex", str(error))
        return None
    needed = literals_of(regex)
    if not literals and not needed:
        what = "matches texts that share no three letters, and would be tried on every mail"
        row.fail("regex", f"{what}; add `literals`, words of which one is in every match")
        return None
    if literals and needed:
        lower = [each.casefold() for each in literals]
        lost = [each for each in needed if not any(word in each for word in lower)]
        if lost:
            row.fail("literals", f"none of them is in {shown(lost[0])}, which `regex` matches")
            return None
    return Pattern(regex=regex, literals=literals or needed)


def _exists(row: Table, _: Scope) -> Test | None:
    node = row.value("exists")
    if isinstance(node, Scalar) and node.kind == "bool":
        if not row.yes("exists"):
            row.fail("exists", "can not be false; use `!` before the symbol's name in `need`")
        if "where" not in row and "header" not in row:
            row.missing("where", "say which field is to exist, as `exists: list_unsubscribe`")
        return Exists()
    if "where" in row or "header" in row:
        row.fail("exists", "the field is named by `where`; say `exists: true`")
    return Exists()


def _count(row: Table, _: Scope) -> Test | None:
    at_least = row.whole("count", low=1, high=500)  # As many links and addresses are looked at.
    return None if at_least is None else Count(at_least=at_least)


def _size(row: Table, _: Scope) -> Test | None:
    table = row.inner("size", ("above", "below"))
    if table is None:
        return None
    most = 2**40  # Octets; no server takes a message of a terabyte.
    above = table.whole("above", low=0, high=most)
    below = table.whole("below", low=1, high=most)
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


def _classifier(row: Table, _: Scope) -> Test | None:
    scorer = row.text("classifier", "rspamd")
    table = row.inner("map", None)
    if table is None:
        row.missing("map", "points by threshold, such as {0.9: 1, 0.98: 2}")
        return None
    if scorer is not None and not _SCORER.fullmatch(scorer):
        row.fail("classifier", f"{shown(scorer)} is no name of a scorer")
        scorer = None
    steps: list[tuple[float, float]] = []
    for key, place, _node in table.items():
        try:
            threshold = float(key)
        except ValueError:
            threshold = -1.0
        if not 0 < threshold <= 1:
            table.mistakes.at(place, f"{table.path}: {shown(key)} is no threshold from 0 to 1")
            return None
        points = table.number(key, low=0, high=MAX_OPINION)
        if points is None:
            return None
        steps.append((threshold, points))
    if (
        not steps
        or steps != sorted(set(steps))
        or [s[1] for s in steps] != sorted(s[1] for s in steps)
    ):
        table.fail(None, "thresholds and points must rise, such as {0.9: 1, 0.98: 2}")
        return None
    score = row.number("score", low=0, high=MAX_OPINION) if "score" in row else MAX_OPINION
    if score is not None and steps[-1][1] > score:
        table.fail(None, f"gives {steps[-1][1]:g}, more than the symbol's score of {score:g}")
        return None
    return None if scorer is None else Scored(scorer=scorer, steps=tuple(steps))


def _mismatch(row: Table, _: Scope) -> Test | None:
    node = row.value("mismatch")
    if isinstance(node, Scalar) and node.kind == "bool":
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
    "classifier": _classifier,
    "mismatch": _mismatch,
    "auth": _auth,
}
