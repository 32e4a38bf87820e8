r"""SEARCH: which messages match (RFC 3501 section 6.4.4), and how it is answered (RFC 4731).

Criteria are read into functions once and then asked of each message. Text is looked for
in the octets as they are, ASCII case aside; encoded words are not decoded. It must not know
the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from vedette.demo.arguments import STAR, Arguments, BadSyntaxError, Ranges
from vedette.demo.fetch import fields_of, header_of
from vedette.demo.mailbox import Mail
from vedette.demo.view import View

#: Criteria nest no deeper than a person would write.
MAX_DEPTH: Final = 16
#: The charsets in which text may be given: both are octets to us.
CHARSETS: Final = ("US-ASCII", "UTF-8")

#: Number, message: does it match?
Test = Callable[[int, Mail], bool]


class BadCharsetError(Exception):
    """The text of the criteria is in a charset that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for, and what to return: None for a plain SEARCH, else the RETURN options."""

    test: Test
    returns: tuple[str, ...] | None


_FLAGS: Final = {
    "ANSWERED": "\\answered",
    "DELETED": "\\deleted",
    "DRAFT": "\\draft",
    "FLAGGED": "\\flagged",
    "SEEN": "\\seen",
}
_FIELDS: Final = {
    "BCC": b"bcc", "CC": b"cc", "FROM": b"from", "SUBJECT": b"subject", "TO": b"to",
}  # fmt: skip
_DATES: Final[dict[str, Callable[[date, date], bool]]] = {
    "BEFORE": lambda day, given: day < given,
    "ON": lambda day, given: day == given,
    "SINCE": lambda day, given: day >= given,
}
#: What SEARCH returns on demand (RFC 4731).
RETURNS: Final = frozenset({"MIN", "MAX", "COUNT", "ALL"})


def read_search(words: Arguments, view: View) -> Search:
    """Read the arguments of SEARCH. Raises BadSyntaxError, BadCharsetError."""
    returns = read_returns(words)
    test = _Criteria(words, view).all_of()
    words.end()
    return Search(test=test, returns=returns)


def read_returns(words: Arguments, *, known: Collection[str] = RETURNS) -> tuple[str, ...] | None:
    """Read what stands before the criteria: RETURN and CHARSET; return None for a plain SEARCH.

    ``known`` is what can be returned. Raises BadSyntaxError, BadCharsetError.
    """
    returns = None
    if words.sees(b"RETURN "):
        words.word()
        words.space()
        asked = words.parenthesised(words.word, least=0)
        unknown = set(asked).difference(known)
        if unknown:
            raise BadSyntaxError(f"{min(unknown)} is nothing that SEARCH returns")
        # RFC 4731 section 3.1: an empty list asks for ALL.
        returns = tuple(asked) or ("ALL",)
        words.space()
    if words.sees(b"CHARSET "):
        words.word()
        words.space()
        if words.astring().upper().decode("ascii", "replace") not in CHARSETS:
            raise BadCharsetError
        words.space()
    return returns


def answer(search: Search, view: View, *, tag: str, by_uid: bool) -> str:
    """Search and return the untagged response."""
    found = [
        mail.uid if by_uid else number for number, mail in view.mails() if search.test(number, mail)
    ]
    return written(search.returns, found, tag=tag, by_uid=by_uid)


def written(
    returns: tuple[str, ...] | None, found: Sequence[int], *, tag: str, by_uid: bool
) -> str:
    """Return the untagged response that tells of these numbers, which rise."""
    if returns is None:
        return " ".join(["* SEARCH", *map(str, found)])
    parts = [f'* ESEARCH (TAG "{tag}")' + (" UID" if by_uid else "")]
    # MIN, MAX and ALL are left out where nothing was found (RFC 4731 section 3.1).
    if "MIN" in returns and found:
        parts.append(f"MIN {found[0]}")
    if "MAX" in returns and found:
        parts.append(f"MAX {found[-1]}")
    if "COUNT" in returns:
        parts.append(f"COUNT {len(found)}")
    if "ALL" in returns and found:
        parts.append(f"ALL {write_set(found)}")
    return " ".join(parts)


def write_set(numbers: Sequence[int]) -> str:
    """Return rising numbers as a sequence set."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)


class _Criteria:
    r"""Reads criteria. The view gives ``*`` and ``\Recent`` their meaning."""

    __slots__ = ("_view", "_words")

    def __init__(self, words: Arguments, view: View) -> None:
        self._words = words
        self._view = view

    def all_of(self, depth: int = 0) -> Test:
        tests = [self._key(depth)]
        while self._words.skip(b" "):
            tests.append(self._key(depth))
        return _all(tests)

    def _key(self, depth: int) -> Test:
        words = self._words
        if depth > MAX_DEPTH:
            raise BadSyntaxError(f"criteria nested {MAX_DEPTH} deep at most were expected")
        if words.skip(b"("):
            inner = self.all_of(depth + 1)
            words.expect(b")")
            return inner
        if words.digit() or words.sees(b"*"):
            return self._numbers(words.set(), by_uid=False)
        return self._named(words.word(), depth)

    def _named(self, key: str, depth: int) -> Test:
        if key in _FLAGS:
            return _flag(_FLAGS[key])
        if key.startswith("UN") and key[2:] in _FLAGS:
            return _not(_flag(_FLAGS[key[2:]]))
        simple = self._simple(key)
        if simple is not None:
            return simple
        self._words.space()
        if key == "NOT":
            return _not(self._key(depth + 1))
        if key == "OR":
            first = self._key(depth + 1)
            self._words.space()
            return _either(first, self._key(depth + 1))
        return self._valued(key)

    def _simple(self, key: str) -> Test | None:
        view = self._view
        tests: dict[str, Test] = {
            "ALL": lambda _number, _mail: True,
            "RECENT": lambda _number, mail: view.is_recent(mail.uid),
            "OLD": lambda _number, mail: not view.is_recent(mail.uid),
            "NEW": _all(
                [lambda _number, mail: view.is_recent(mail.uid), _not(_flag(_FLAGS["SEEN"]))]
            ),
        }
        return tests.get(key)

    def _valued(self, key: str) -> Test:
        words = self._words
        if key == "UID":
            return self._numbers(words.set(), by_uid=True)
        if key in {"KEYWORD", "UNKEYWORD"}:
            test = _flag(words.atom().lower())
            return test if key == "KEYWORD" else _not(test)
        if key in {"LARGER", "SMALLER"}:
            bound, sign = words.number(), 1 if key == "LARGER" else -1
            return lambda _number, mail: (len(mail.octets) - bound) * sign > 0
        if key.removeprefix("SENT") in _DATES:
            return _dated(key, words.date())
        return self._texts(key)

    def _texts(self, key: str) -> Test:
        words = self._words
        if key in {"BODY", "TEXT"}:
            return _within(words.astring(), header_too=key == "TEXT")
        if key == "HEADER":
            name = words.astring().lower()
            words.space()
        elif key in _FIELDS:
            name = _FIELDS[key]
        else:
            raise BadSyntaxError("no such criterion")
        return _field(name, words.astring())

    def _numbers(self, ranges: Ranges, *, by_uid: bool) -> Test:
        view = self._view
        if by_uid:
            uids = frozenset(view.chosen(ranges, by_uid=True))
            return lambda _number, mail: mail.uid in uids
        # A number beyond the last matches nothing; it is an error only in FETCH and its kin.
        top = len(view)
        bounds = [sorted(top if each == STAR else each for each in pair) for pair in ranges]
        return lambda number, _mail: any(low <= number <= high for low, high in bounds)


def _all(tests: list[Test]) -> Test:
    return lambda number, mail: all(test(number, mail) for test in tests)


def _either(first: Test, second: Test) -> Test:
    return lambda number, mail: first(number, mail) or second(number, mail)


def _not(test: Test) -> Test:
    return lambda number, mail: not test(number, mail)


def _flag(flag: str) -> Test:
    return lambda _number, mail: flag in {each.lower() for each in mail.flags}


def _dated(key: str, given: date) -> Test:
    compare = _DATES[key.removeprefix("SENT")]
    if not key.startswith("SENT"):
        return lambda _number, mail: compare(datetime.fromtimestamp(mail.date, UTC).date(), given)

    def sent(_number: int, mail: Mail) -> bool:
        raw = next((field for name, field in _fields(mail) if name == b"date"), b"")
        try:
            day = parsedate_to_datetime(raw.partition(b":")[2].decode("ascii", "replace")).date()
        except ValueError:
            return False
        return compare(day, given)

    return sent


def _within(text: bytes, *, header_too: bool) -> Test:
    wanted = text.lower()
    return lambda _number, mail: (
        wanted
        in (mail.octets if header_too else mail.octets[len(header_of(mail.octets)) :]).lower()
    )


def _field(name: bytes, text: bytes) -> Test:
    """Look for text in a field; an empty text asks only whether the field is there."""
    wanted = text.lower()
    return lambda _number, mail: any(
        wanted in field.partition(b":")[2].lower()
        for found, field in _fields(mail)
        if found == name
    )


def _fields(mail: Mail) -> list[tuple[bytes, bytes]]:
    return fields_of(header_of(mail.octets))
