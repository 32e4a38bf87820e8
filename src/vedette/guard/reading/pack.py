"""The text of a pack to a ``Pack``: checked against itself, with every mistake told at once.

It must not know where the text is from, nor what a list's sources hold.
"""

from __future__ import annotations

import re
from dataclasses import replace

from vedette.errors import ConfigError
from vedette.guard.canonical import digest
from vedette.guard.pack import Kind, Pack
from vedette.guard.reading.actions import (
    LIMIT_KEYS,
    LOCK_KEYS,
    MAX_ACTIONS,
    read_actions,
    read_limits,
    read_lock,
)
from vedette.guard.reading.clues import Scope
from vedette.guard.reading.lists import MAX_LISTS, read_lists
from vedette.guard.reading.opinions import check_opinions
from vedette.guard.reading.outcomes import (
    MAX_ROWS,
    ROUTE_KEYS,
    TIER_KEYS,
    read_composites,
    read_routes,
    read_tiers,
)
from vedette.guard.reading.symbols import MAX_SYMBOLS, read_protections, read_symbols
from vedette.guard.reading.table import Table, shown
from vedette.guard.source import Mapping, Mistakes, Node, Place, Scalar, Sequence, compose

PACK_KEYS = (
    "guard",
    "title",
    "kind",
    "lock",
    "lists",
    "symbols",
    "composites",
    "protect",
    "verdicts",
    "routes",
    "actions",
    "limits",
)
_MOST = {
    "lists": MAX_LISTS,
    "symbols": MAX_SYMBOLS,
    "protect": MAX_SYMBOLS,
    "composites": MAX_ROWS,
    "verdicts": MAX_ROWS,
    "routes": MAX_ROWS,
    "actions": MAX_ACTIONS,
}

NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_NOTHING = Mapping(Place(1, 1), ())


def read_pack(text: str, *, file: str) -> Pack:
    """Read a pack.

    Raises ConfigError with one line for each mistake, ``file:line:column: what to do``, at
    most 20 of them in the order of the file.
    """
    mistakes = Mistakes(file)
    root = compose(text, mistakes)
    pack = None if root is None else _pack(root, mistakes)
    mistakes.raise_any()
    if pack is None:
        raise ConfigError(f"{file}:1:1: is no pack")
    return replace(pack, version=digest(pack))


def _pack(root: Node, mistakes: Mistakes) -> Pack | None:
    top = Table(root, mistakes, path="", keys=PACK_KEYS)
    if not isinstance(root, Mapping):
        return None
    for key, most in _MOST.items():
        node = top.value(key) if key in top else _NOTHING
        if _length(node) > most:
            top.fail(key, f"has more than {most} of them; make two packs")
            return None
    if "guard" not in top:
        top.missing("guard", "the name of the guard, such as `guard: gambling`")
    name = top.text("guard", "gambling") or ""
    if name and not NAME.fullmatch(name):
        top.fail(
            "guard", f"{shown(name)} is no name: small letters, digits and -, such as gambling"
        )
    kind = top.choice("kind", Kind) or Kind.STANDARD
    if "lock" in top and kind is not Kind.PROTECTIVE:
        top.fail("lock", "only a guard of `kind: protective` is locked")
    pack = Pack(
        name=name,
        version="",
        kind=kind,
        title=top.text("title", '"Gambling"') or "",
        lists=read_lists(_section(top, "lists")),
        actions=read_actions(top.inner("actions", None), name),
        limits=read_limits(top.inner("limits", LIMIT_KEYS)),
        lock=read_lock(top.inner("lock", LOCK_KEYS)) if kind is Kind.PROTECTIVE else None,
    )
    return _judgement(top, pack, mistakes)


def _judgement(top: Table, pack: Pack, mistakes: Mistakes) -> Pack:
    is_routing = pack.kind is Kind.ROUTING
    scope = Scope(
        lists=_names(top, "lists"),
        symbols=_names(top, "symbols"),
        has_scores=not is_routing,
    )
    symbols = read_symbols(_section(top, "symbols"), scope)
    protections = read_protections(_section(top, "protect"), scope)
    for each in protections:
        if each.symbol.name in _names(top, "symbols") | _names(top, "composites"):
            top.fail(
                "protect", f"{each.symbol.name} is a symbol already; protections have own names"
            )
    known = _names(top, "symbols")
    composites = read_composites(_section(top, "composites"), known)
    if is_routing and "composites" in top:
        top.fail("composites", "a routing pack has none; write the names into `when`")
    known |= _names(top, "composites")
    if "symbols" not in top:
        top.missing("symbols", "what the guard looks at")
    wanted, other = ("routes", "verdicts") if is_routing else ("verdicts", "routes")
    if wanted not in top:
        top.missing(wanted, f"a guard of `kind: {pack.kind}` decides by {wanted}")
    if other in top:
        top.fail(other, f"a guard of `kind: {pack.kind}` decides by {wanted}")
    actions = {each.name: each for each in pack.actions}
    # A mistake above would only be told again below: a symbol that is not read has no points.
    if len(mistakes):
        return pack
    verdicts, routes = top.rows("verdicts", TIER_KEYS), top.rows("routes", ROUTE_KEYS)
    whole = replace(
        pack,
        symbols=symbols,
        composites=composites,
        protections=protections,
        tiers=read_tiers(verdicts, actions, symbols, composites),
        routes=read_routes(routes, actions, known),
    )
    if not len(mistakes):
        check_opinions(top, verdicts, routes, whole)
    return whole


def _section(top: Table, key: str) -> Table:
    found = top.inner(key, None)
    return found or Table(_NOTHING, top.mistakes, path=key, keys=None)


def _names(top: Table, key: str) -> set[str]:
    node = top.value(key) if key in top else _NOTHING
    return {name.text for name, _ in node.pairs} if isinstance(node, Mapping) else set()


def _length(node: Node) -> int:
    match node:
        case Mapping(pairs=pairs):
            return len(pairs)
        case Sequence(items=items):
            return len(items)
        case Scalar():
            return 0
