"""Symbols and protections: what a pack looks at, where, and for how many points.

What a symbol looks for is read by ``clues``. It must not know how anything is matched.
"""

from __future__ import annotations

import re

from vedette.guard.pack import (
    BODY_FIELDS,
    DISGUISED,
    OPINIONS,
    WROTE_TO,
    Auth,
    Cap,
    Field,
    Known,
    Protection,
    Stage,
    Symbol,
    Test,
)
from vedette.guard.reading.clues import (
    FIELDLESS,
    TESTS,
    Scope,
    names_fields,
    read_test,
)
from vedette.guard.reading.learned import MAX_OPINION
from vedette.guard.reading.table import Table, shown
from vedette.guard.source import Place, Scalar

#: Points of one symbol: more than the highest tier of any pack of ours.
MAX_SCORE = 20.0
#: Symbols of one pack, protections too; the largest of ours has 40.
MAX_SYMBOLS = 300

#: What proves that a message is of the sender that it names.
PROOFS = (Auth.ALIGNED, Auth.DMARC)

_SHARED = ("stage", "where", "header", "auth", "says", "literals", "map", "beside", *TESTS)
#: Tests whose points come by threshold, of an opinion.
LEARNED = ("classifier", "wording")
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
)
#: Fields in which a disguise can be told: a link that names another host, a name another sender.
MISMATCH_FIELDS = (Field.LINKS, Field.FROM_NAME)

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_HEADER = re.compile(r"[!-9;-~]{1,100}")  # RFC 5322 section 2.2: printable ASCII but the colon.


def read_symbols(table: Table, scope: Scope) -> tuple[Symbol, ...]:
    """Read the symbols of a pack."""
    found = []
    for name, place, node in table.items():
        if _is_name(name, place, table):
            row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=SYMBOL_KEYS)
            symbol = _symbol(name, row, scope, _score(row, scope), default=())
            found.append(symbol)
    return tuple(each for each in found if each is not None)


def read_protections(table: Table, scope: Scope) -> tuple[Protection, ...]:
    """Read the protections of a pack: symbols with a cap in place of a score."""
    found = []
    for name, place, node in table.items():
        if not _is_name(name, place, table):
            continue
        row = Table(node, table.mistakes, path=f"{table.path}.{name}", keys=PROTECTION_KEYS)
        cap = row.choice("cap", Cap)
        if "cap" not in row:
            row.missing("cap", "`flag` lets the message be flagged, `none` left alone")
        for key in LEARNED:
            if key in row:
                row.fail(key, "an opinion protects nobody; say what the message shows")
        symbol = _symbol(name, row, scope, 0.0, default=(Field.SUBJECT, Field.TEXT))
        if symbol is not None and cap is not None:
            _check_fact(row, symbol, cap)
            found.append(Protection(symbol=symbol, cap=cap))
    return tuple(found)


def _check_fact(row: Table, symbol: Symbol, cap: Cap) -> None:
    if symbol.test == Known(fact=DISGUISED):
        row.fail("flag", "a disguise protects nobody; say what speaks for the message")
    if symbol.test == Known(fact=WROTE_TO) and cap is Cap.NONE and symbol.auth not in PROOFS:
        # Where no server says who sent a message, From is the sender's own word.
        row.fail("cap", "anybody can write a From; say `cap: flag`, or add `auth: aligned`")


def _is_name(name: str, place: Place, table: Table) -> bool:
    if NAME.fullmatch(name):
        return True
    what = (
        f"{shown(name)} is no name of a symbol: capital letters, digits and _, such as LINK_LISTED"
    )
    table.mistakes.at(place, f"{table.path}: {what}")
    return False


def _score(row: Table, scope: Scope) -> float:
    if not scope.has_scores:
        if "score" in row:
            row.fail("score", "a routing pack has no scores; leave it out")
        return 0.0
    if "score" not in row:
        row.missing("score", "points from 0 to 20; 0 for what only composites and `need` name")
        return 0.0
    node = row.value("score")
    if isinstance(node, Scalar) and node.kind in {"int", "float"} and node.text.startswith("-"):
        row.fail("score", "is negative; what speaks for a message belongs under `protect`")
        return 0.0
    if any(key in row for key in LEARNED):
        return row.number("score", low=0, high=MAX_OPINION, of="what was learned") or 0.0
    return row.number("score", low=0, high=MAX_SCORE) or 0.0


def _symbol(
    name: str, row: Table, scope: Scope, score: float, *, default: tuple[Field, ...]
) -> Symbol | None:
    before = len(row.mistakes)
    where = row.choices("where", Field)
    auth = row.choice("auth", Auth)
    key = _test_key(row)
    if key is None:
        return None
    if "where" not in row:
        where = _where(key, row, default)
    test = read_test(key, row, scope)
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
    """Return where a symbol looks that does not say so by ``where``."""
    if "header" in row:
        return (Field.HEADERS,)
    if key in FIELDLESS or names_fields(key, row):
        return row.choices("exists", Field) if key == "exists" else ()
    usual: dict[str, tuple[Field, ...]] = {"mismatch": (Field.LINKS,)}
    if default:
        usual |= {"in_list": (Field.FROM,), "phrases": default, "regex": default}
    if key not in usual:
        fields = ", ".join(each.value for each in (Field.SUBJECT, Field.TEXT, Field.LINKS))
        row.missing("where", f"say where to look, such as [{fields}]")
    return usual.get(key, ())


def _check_where(key: str, row: Table, where: tuple[Field, ...]) -> None:
    """Note fields in which this test finds nothing."""
    if key in FIELDLESS:
        for place in ("where", "header"):
            if place in row:
                row.fail(place, f"`{key}` looks at no field; leave it out")
        return
    allowed = {"in_list": HOST_FIELDS, "mismatch": MISMATCH_FIELDS}.get(key, tuple(Field))
    for field in where:
        if field not in allowed:
            names = ", ".join(each.value for each in allowed)
            given = "where" if "where" in row else "header"
            row.fail(given, f"`{key}` finds nothing in {field.value}; it looks in {names}")
    if key == "mismatch" and len(where) > 1:
        row.fail("where", "`mismatch` looks at one of links and from_name; make two symbols")
    _check_header(row, where)


def _check_header(row: Table, where: tuple[Field, ...]) -> None:
    if "header" not in row:
        if Field.HEADERS in where:
            row.missing("header", "the name of the header field that `headers` means")
        return
    if Field.HEADERS not in where:
        row.fail("header", "is read only where `where` has `headers`")
    text = row.text("header", "X-Mailer")
    if text is not None and not _HEADER.fullmatch(text):
        row.fail("header", f"{shown(text)} is no name of a header field")


def _check_extras(key: str, row: Table) -> None:
    if "literals" in row and key != "regex":
        row.fail("literals", "belongs to `regex`, which is not there")
    if "map" in row and key not in LEARNED:
        row.fail("map", "belongs to `classifier` or `wording`, neither of which is there")
    if "beside" in row and key != "wording":
        row.fail("beside", "belongs to `wording`, which is not there")


def _stage(row: Table, test: Test | None, where: tuple[Field, ...]) -> Stage:
    body = [each.value for each in where if each in BODY_FIELDS]
    if isinstance(test, OPINIONS):
        body = ["classifier" if "classifier" in row else "wording"]
    elif test == Known(fact=DISGUISED):
        body = [DISGUISED]
    needed = Stage.BODY if body else Stage.HEAD
    said = row.choice("stage", Stage) or needed
    if said is Stage.HEAD and body:
        row.fail("stage", f"{', '.join(body)} is not known at the head; say `stage: body`")
    return said
