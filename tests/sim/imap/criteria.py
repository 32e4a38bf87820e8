r"""SEARCH: which messages match (RFC 9051 section 6.4.4).

Criteria are read into functions once and asked of each message. It must not know sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from tests.sim.imap.folder import Mail
from tests.sim.imap.items import GMAIL_BASE
from tests.sim.imap.view import View
from vedette.demo.arguments import STAR, Arguments, BadSyntaxError, Ranges
from vedette.demo.search import RETURNS, read_returns

#: Criteria nest no deeper than a person would write.
MAX_DEPTH: Final = 16

#: The option that keeps what was found (RFC 5182 section 2.1).
SAVE: Final = "SAVE"

Test = Callable[[Mail], bool]

_FLAGS: Final = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
_DATES: Final[dict[str, Callable[[date, date], bool]]] = {
    "BEFORE": lambda day, given: day < given,
    "ON": lambda day, given: day == given,
    "SINCE": lambda day, given: day >= given,
}
_NAMES: Final = frozenset({"MODSEQ", "EMAILID", "X-GM-MSGID"})
_TEXTS: Final = frozenset({"BODY", "TEXT", "FROM", "TO", "SUBJECT", "CC", "BCC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to look for; ``returns`` is None for a plain SEARCH. ``uids``: where to look."""

    test: Test
    returns: tuple[str, ...] | None
    uids: Sequence[int]


def read_query(words: Arguments, view: View, *, saves: bool = False) -> Query:
    """Read the arguments of SEARCH; with ``saves`` it can be kept as ``$`` (RFC 5182).

    Raises BadSyntaxError, BadCharsetError.
    """
    returns = read_returns(words, known=RETURNS | {SAVE} if saves else RETURNS)
    criteria = _Criteria(words, view)
    test = criteria.all_of()
    words.end()
    # A question about some UIDs need not go through the whole folder.
    uids = view.uids if criteria.only is None else criteria.only
    return Query(test=test, returns=returns, uids=uids)


def found_by(query: Query, view: View) -> list[int]:
    """Return the UIDs that match and are still there, in order."""
    mails = view.folder.mails
    return [
        uid
        for uid in query.uids
        if uid not in view.veiled and (mail := mails.get(uid)) is not None and query.test(mail)
    ]


class _Criteria:
    """Reads criteria. ``only`` is where all matches lie, if the outermost ones say so."""

    __slots__ = ("_view", "_words", "only")

    def __init__(self, words: Arguments, view: View) -> None:
        self.only: list[int] | None = None
        self._view = view
        self._words = words

    def all_of(self, depth: int = 0) -> Test:
        tests = [self._key(depth, outermost=depth == 0)]
        while self._words.skip(b" "):
            tests.append(self._key(depth, outermost=depth == 0))
        if len(tests) == 1:
            return tests[0]
        return lambda mail: all(test(mail) for test in tests)

    def _key(self, depth: int, *, outermost: bool = False) -> Test:
        words = self._words
        if depth > MAX_DEPTH:
            raise BadSyntaxError(f"criteria nested {MAX_DEPTH} deep at most were expected")
        if words.skip(b"("):
            inner = self.all_of(depth + 1)
            words.expect(b")")
            return inner
        if words.digit() or words.sees(b"*"):
            return self._numbered(words.set())
        key = words.word()
        simple = _simple(key)
        if simple is not None:
            return simple
        words.space()
        if key == "UID":
            return self._by_uid(words.set(), outermost=outermost)
        if key == "NOT":
            return _not(self._key(depth + 1))
        return self._either(depth) if key == "OR" else self._valued(key)

    def _either(self, depth: int) -> Test:
        first = self._key(depth + 1)
        self._words.space()
        second = self._key(depth + 1)
        return lambda mail: first(mail) or second(mail)

    def _valued(self, key: str) -> Test:
        words = self._words
        if key in {"KEYWORD", "UNKEYWORD"}:
            test = _flag(words.atom())
            return test if key == "KEYWORD" else _not(test)
        if key in {"LARGER", "SMALLER"}:
            bound, sign = words.number(), 1 if key == "LARGER" else -1
            return lambda mail: (mail.letter.length - bound) * sign > 0
        if key.removeprefix("SENT") in _DATES:
            return _dated(key, words.date())
        return self._named(key) if key in _NAMES else self._texts(key)

    def _named(self, key: str) -> Test:
        """Read a criterion about the server's own names and numbers."""
        if key == "MODSEQ":
            least = self._words.number()
            return lambda mail: mail.modseq >= least
        name = self._words.atom()
        if key == "EMAILID":
            return lambda mail: f"M{mail.letter.serial:08d}" == name
        return lambda mail: str(GMAIL_BASE + mail.letter.serial) == name

    def _texts(self, key: str) -> Test:
        words = self._words
        if key == "HEADER":
            name = words.astring().lower()
            words.space()
            return _field(name, words.astring().lower())
        if key in {"BODY", "TEXT"}:
            wanted = words.astring().lower()
            whole = key == "TEXT"
            return lambda mail: (
                wanted in (mail.letter.octets() if whole else mail.letter.text()).lower()
            )
        if key in _TEXTS:
            return _field(key.lower().encode(), words.astring().lower())
        raise BadSyntaxError("no such criterion")

    def _by_uid(self, ranges: Ranges, *, outermost: bool) -> Test:
        chosen = self._view.chosen(ranges, by_uid=True)
        if outermost and self.only is None:
            self.only = chosen
            return lambda _mail: True
        among = frozenset(chosen)
        return lambda mail: mail.uid in among

    def _numbered(self, ranges: Ranges) -> Test:
        # A number beyond the last matches nothing; it is an error only in FETCH and its kin.
        view = self._view
        top = len(view.uids)
        bounds = [sorted(top if each == STAR else each for each in pair) for pair in ranges]
        return lambda mail: any(low <= view.number(mail.uid) <= high for low, high in bounds)


def _simple(key: str) -> Test | None:
    """Return the test of a criterion without a value."""
    if key in {"ALL", "OLD"}:
        return lambda _mail: True
    if key in {"RECENT", "NEW"}:
        return lambda _mail: False
    if key in _FLAGS:
        return _flag(_FLAGS[key])
    if key.startswith("UN") and key[2:] in _FLAGS:
        return _not(_flag(_FLAGS[key[2:]]))
    return None


def _not(test: Test) -> Test:
    return lambda mail: not test(mail)


def _flag(flag: str) -> Test:
    return lambda mail: flag in mail.flags


def _dated(key: str, given: date) -> Test:
    compare, sent = _DATES[key.removeprefix("SENT")], key.startswith("SENT")

    def test(mail: Mail) -> bool:
        moment = mail.letter.date if sent else mail.internal_date
        return compare(datetime.fromtimestamp(moment, UTC).date(), given)

    return test


def _field(name: bytes, wanted: bytes) -> Test:
    def test(mail: Mail) -> bool:
        fields = (line.partition(b":") for line in mail.letter.header.splitlines())
        return any(found.lower() == name and wanted in text.lower() for found, _, text in fields)

    return test
