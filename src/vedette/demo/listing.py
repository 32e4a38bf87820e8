r"""LIST and LSUB: which mailboxes there are (RFC 3501 section 6.3.8, RFC 5258, RFC 6154).

Every mailbox counts as subscribed, none is remote, and special uses are always told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError, quoted
from vedette.demo.conversation import Conversation, RefusedError
from vedette.demo.mailbox import DELIMITER, Mailbox, Maildrop, canonical

#: Octets in a name or pattern: what file systems allow in one.
MAX_NAME: Final = 255
#: Patterns in one LIST; each is held against every name.
MAX_PATTERNS: Final = 16

_SELECTIONS: Final = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURNS: Final = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What LIST asks for: ``selects`` and ``returns`` are options of RFC 5258 section 3."""

    patterns: tuple[str, ...]
    selects: frozenset[str]
    returns: frozenset[str]


def list_(talk: Conversation, words: Arguments) -> str:
    """LIST, plain or extended."""
    asked = _read(words)
    if any(len(pattern) > MAX_NAME for pattern in asked.patterns):
        raise RefusedError(f"[LIMIT] a pattern has {MAX_NAME} characters at most")
    if asked.patterns == ("",):
        # RFC 3501 section 6.3.8: an empty name asks for the delimiter and the root.
        talk.say(f'* LIST (\\Noselect) "{DELIMITER}" ""')
        return "that is all"
    drop = talk.owner
    for box in _matching(drop, asked.patterns):
        below = "RECURSIVEMATCH" in asked.selects and _has_chosen_below(drop, box, asked.selects)
        if below or _is_chosen(box, asked.selects):
            talk.say(_item(drop, box, asked, below=below))
    return "that is all"


def lsub(talk: Conversation, words: Arguments) -> str:
    """LSUB: every mailbox counts as subscribed."""
    words.space()
    reference = words.mailbox()
    words.space()
    pattern = reference + words.pattern()
    words.end()
    if len(pattern) > MAX_NAME:
        raise RefusedError(f"[LIMIT] a pattern has {MAX_NAME} characters at most")
    for box in _matching(talk.owner, (pattern,)):
        talk.say(f'* LSUB () "{DELIMITER}" {quoted(box.name)}')
    return "that is all"


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern: ``*`` is anything, ``%`` anything on one level.

    Every place in the name that the pattern can have reached is kept, so the work is
    bounded whatever the pattern is.
    """
    places = {0}
    for sign in pattern:
        if sign == "*":
            places = set(range(min(places), len(name) + 1))
        elif sign == "%":
            places = {end for place in places for end in range(place, _level(name, place) + 1)}
        else:
            places = {place + 1 for place in places if name[place : place + 1] == sign}
        if not places:
            return False
    return len(name) in places


def _read(words: Arguments) -> _Asked:
    words.space()
    selects: frozenset[str] = frozenset()
    if words.sees(b"("):
        selects = _options(words, _SELECTIONS)
        words.space()
    # RFC 5258 section 3.1: it says how deep, and so needs another that says what.
    if "RECURSIVEMATCH" in selects and not selects & {"SUBSCRIBED", "SPECIAL-USE"}:
        raise BadSyntaxError("expected an option beside RECURSIVEMATCH")
    reference = words.mailbox()
    words.space()
    if words.sees(b"("):
        patterns = tuple(reference + each for each in words.parenthesised(words.pattern))
        if len(patterns) > MAX_PATTERNS:
            raise RefusedError(f"[LIMIT] {MAX_PATTERNS} patterns at most")
    else:
        patterns = (reference + words.pattern(),)
    returns: frozenset[str] = frozenset()
    if words.skip(b" "):
        if words.word() != "RETURN":
            raise BadSyntaxError("expected RETURN")
        words.space()
        returns = _options(words, _RETURNS)
    words.end()
    return _Asked(patterns=patterns, selects=selects, returns=returns)


def _options(words: Arguments, known: frozenset[str]) -> frozenset[str]:
    options = frozenset(words.parenthesised(words.word, least=0))
    if options - known:
        raise BadSyntaxError("no such option of LIST here")
    return options


def _is_chosen(box: Mailbox, selects: frozenset[str]) -> bool:
    """Whether the selection options take a mailbox: all of them must (RFC 5258 section 3.1)."""
    return "SPECIAL-USE" not in selects or box.use is not None


def _has_chosen_below(drop: Maildrop, box: Mailbox, selects: frozenset[str]) -> bool:
    return any(
        name.startswith(box.name + DELIMITER) and _is_chosen(each, selects)
        for name, each in drop.mailboxes.items()
    )


def _matching(drop: Maildrop, patterns: tuple[str, ...]) -> list[Mailbox]:
    wanted = [canonical(pattern) for pattern in patterns]
    return [
        box
        for name, box in sorted(drop.mailboxes.items())
        if any(matches(pattern, name) for pattern in wanted)
    ]


def _item(drop: Maildrop, box: Mailbox, asked: _Asked, *, below: bool) -> str:
    attributes = ["\\HasChildren" if drop.children(box) else "\\HasNoChildren"]
    if "SUBSCRIBED" in asked.selects | asked.returns:
        attributes.append("\\Subscribed")
    if box.use is not None:
        attributes.append(box.use)
    criteria = " ".join(f'"{each}"' for each in sorted(asked.selects - {"RECURSIVEMATCH"}))
    childinfo = f' ("CHILDINFO" ({criteria}))' if below else ""
    return f'* LIST ({" ".join(attributes)}) "{DELIMITER}" {quoted(box.name)}{childinfo}'


def _level(name: str, place: int) -> int:
    end = name.find(DELIMITER, place)
    return len(name) if end < 0 else end
