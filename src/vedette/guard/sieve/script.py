"""The surest part of a pack as a Sieve script: what it files, the guard would have moved too.

A rule is one or two symbols that a script can test and that carry a tier by themselves: their
points reach it, and its needed evidence is there or can be tested. Before a message is filed, all
is looked for that may protect it. Everything else is kept (RFC 5228 section 2.10.2), and the guard
judges it when it arrives. It must not know a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vedette.errors import UsageError
from vedette.guard.expression import Name
from vedette.guard.pack import Action, ActionKind, InList, Kind, Pack, Symbol, Tier
from vedette.guard.sieve.conditions import ALWAYS, NEVER, Conditions, Domains
from vedette.guard.sieve.words import comment, every, listed, quoted, some

#: Octets of a script; Dovecot refuses one of 1 MiB.
MAX_SCRIPT = 512 * 1024

#: Characters of its rules, without what protects.
MAX_RULES = 128 * 1024

_PARTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script, how many rules it has, and what it can not say: each a line for a person.

    ``unguarded`` are protections among that which a script can not look for.
    """

    text: str
    rules: int
    left_out: tuple[str, ...]
    unguarded: tuple[str, ...]


def exported(pack: Pack, lists: Mapping[str, Domains], *, folder: str | None = None) -> Script:
    """Return the script of a pack. ``folder`` takes the place of the one that the pack names.

    Raises UsageError where a script could not file a single message.
    """
    if pack.kind is Kind.ROUTING:
        raise UsageError(f"{pack.name} routes mail to endpoints, of which a server knows nothing")
    conditions = Conditions(
        (*pack.symbols, *(each.symbol for each in pack.protections)), pack.composites, lists
    )
    tests = {
        each.name: test
        for each in pack.symbols
        if each.score and (test := conditions.sure(each)) is not None
    }
    tiers, action = _moving(pack)
    carriages = [_Carriage(pack, tier, conditions) for tier in tiers]
    found = list(dict.fromkeys((*_singles(carriages, tests), *_pairs(carriages, tests))))
    rules = list(_fitting(found))
    if not rules:
        raise UsageError(
            f"nothing in {pack.name} is sure enough for a script: no one or two of its symbols "
            "that a server can test carry a tier"
        )
    shields = {
        each.symbol.name: conditions.possibly(Name(each.symbol.name)) for each in pack.protections
    }
    unguarded = tuple(
        f"{name}: whether it holds a script can not tell"
        for name, test in shields.items()
        if test is None
    )
    left_out = list(_left_out(pack, tests))
    if len(rules) < len(found):
        left_out.append(f"{len(found) - len(rules)} more rules, which would make it too long")
    seen = [test for test in shields.values() if test is not None and test != NEVER]
    text = _written(pack, action, folder or action.target, rules, seen)
    head = [
        *_opening(pack),
        *(comment(f"Not looked for, though it protects: {each}.") for each in unguarded),
    ]
    head += [comment(f"Left to the guard: {each}.") for each in left_out]
    whole = "\n".join((*head, "", text)).replace("\n", "\r\n")
    if len(whole.encode()) > MAX_SCRIPT:
        raise UsageError(f"the script of {pack.name} would have more than {MAX_SCRIPT:,} octets")
    return Script(text=whole, rules=len(rules), left_out=tuple(left_out), unguarded=unguarded)


def _moving(pack: Pack) -> tuple[Sequence[Tier], Action]:
    """Return the tiers at the top that move mail to one place, which no other can come before."""
    actions = {each.name: each for each in pack.actions}
    first = actions[pack.tiers[0].do] if pack.tiers else None
    if first is None or first.kind is not ActionKind.MOVE:
        raise UsageError(f"the first thing that {pack.name} does is not to move mail")
    tiers = []
    for tier in pack.tiers:
        if tier.do != first.name:
            break
        tiers.append(tier)
    return tiers, first


def _singles(carriages: Sequence[_Carriage], tests: Mapping[str, str]) -> Iterator[str]:
    """Yield the rules of one symbol."""
    for carriage in carriages:
        for name, test in tests.items():
            also = carriage.rest((name,))
            if also is not None:
                yield _rule([test], also)


def _pairs(carriages: Sequence[_Carriage], tests: Mapping[str, str]) -> Iterator[str]:
    """Yield the rules of one symbol with several others, none of which carries a tier alone."""
    for carriage in carriages:
        left = [name for name in tests if carriage.rest((name,)) is None]
        pairs: dict[tuple[str, str], list[str]] = {}
        for one, other in combinations(left, 2):
            also = carriage.rest((one, other))
            if also is not None:
                # Who sends comes first in a pack, so one sender is tested with all that he says.
                pairs.setdefault((one, also), []).append(tests[other])
        for (one, also), others in pairs.items():
            yield _rule([tests[one], some(others)], also)


def _fitting(rules: Sequence[str]) -> Iterator[str]:
    """Yield rules as long as they fit: a server reads all of them for each message."""
    left = MAX_RULES
    for rule in rules:
        left -= len(rule)
        if left < 0:
            return
        yield rule


def _rule(tests: Sequence[str], also: str) -> str:
    return every([*tests, *([] if also == ALWAYS else [also])])


class _Carriage:
    """Whether symbols carry a tier, and what else is to be tested for it."""

    __slots__ = ("_at", "_composites", "_conditions", "_known", "_need", "_scores")

    def __init__(self, pack: Pack, tier: Tier, conditions: Conditions) -> None:
        self._scores = {each.name: round(each.score * _PARTS) for each in pack.symbols}
        self._scores |= {each.name: round(each.score * _PARTS) for each in pack.composites}
        self._composites = pack.composites
        self._at = round(tier.at * _PARTS)
        self._need = tier.need
        self._conditions = conditions
        self._known: dict[frozenset[str], str | None] = {}

    def rest(self, symbols: Sequence[str]) -> str | None:
        """Return what else must be tested; None if these symbols do not carry the tier."""
        held = set(symbols)
        for each in self._composites:
            if each.expr.holds(held):
                held.add(each.name)
        if sum(self._scores[name] for name in held) < self._at:
            return None
        if self._need is None:
            return ALWAYS
        key = self._need.names & held
        if key not in self._known:
            found = self._conditions.surely(self._need.node, key)
            self._known[key] = None if found == NEVER else found
        return self._known[key]


def _written(
    pack: Pack, action: Action, folder: str, rules: Sequence[str], shields: Sequence[str]
) -> str:
    """Return the commands of the script."""
    tests = f"{some(rules)}{some(shields) if shields else ''}"
    needs = ["fileinto"]
    needs += ["imap4flags"] if action.seen else []
    needs += ["body"] if "body :text" in tests else []
    flags = f":flags {quoted(chr(92) + 'Seen')} " if action.seen else ""
    lines = [f"require {listed(needs)};", "", f"if {some(list(dict.fromkeys(rules)))}", "{"]
    if shields:
        lines += [
            comment(
                f"What may protect a message is left where it is, and to the guard {pack.name}."
            ),
            f"if {some(list(dict.fromkeys(shields)))}",
            "{",
            "  stop;",
            "}",
        ]
    lines += [f"fileinto {flags}{quoted(folder)};", "stop;", "}", ""]
    return "\n".join(lines)


def _opening(pack: Pack) -> list[str]:
    return [
        comment(f"The surest part of the guard pack {pack.name} ({pack.version[:12]})."),
        comment(
            "Made by vedette guard sieve: change the pack and make it anew. Everything that this "
            "does not file is kept, and judged by the guard. What it files is not in the guard's "
            "journal: nothing is taken back by itself, and nothing goes to the trash after a time."
        ),
        "#",
    ]


def _left_out(pack: Pack, tests: Mapping[str, str]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for symbol in pack.symbols:
        if symbol.score and symbol.name not in tests:
            reasons.setdefault(_why(symbol), []).append(symbol.name)
    for why, names in reasons.items():
        yield f"{', '.join(names)}: {why}"


def _why(symbol: Symbol) -> str:
    if symbol.auth is not None:
        return "who a sender proved to be a script can not tell"
    if isinstance(symbol.test, InList):
        return "no domain of the list is at hand, or it looks where a script can not"
    return "what it looks for, or where, a script can not test"
