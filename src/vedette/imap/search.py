"""UID SEARCH and its criteria. It must not know states, tags or answers.

RFC 9051 section 6.4.4; RETURN is RFC 4731, and SAVE in it RFC 5182. Criteria are values and nest; text goes through
the encoder, so that no value can become a criterion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from typing import ClassVar, TypeAlias, assert_never

from vedette.errors import UsageError
from vedette.imap.commands import Command
from vedette.imap.dates import write_date
from vedette.imap.encoder import Encoder
from vedette.imap.lexer import INT63, UINT32
from vedette.imap.messages import write_uids
from vedette.imap.sets import UidSet


@unique
class Mark(StrEnum):
    """Criteria without a value."""

    ALL = "ALL"
    SEEN = "SEEN"
    UNSEEN = "UNSEEN"
    DELETED = "DELETED"
    UNDELETED = "UNDELETED"
    FLAGGED = "FLAGGED"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class InUids:
    """Messages of these UIDs."""

    uids: UidSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FromNumber:
    """The message of a sequence number and all behind it.

    Numbers shift when messages go: this bounds a question, and names no message.
    """

    number: int


@unique
class DateKey(StrEnum):
    """By INTERNALDATE or by the Date field; times and zones are disregarded."""

    SINCE = "SINCE"
    BEFORE = "BEFORE"
    ON = "ON"
    SENTSINCE = "SENTSINCE"
    SENTBEFORE = "SENTBEFORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDate:
    """Messages of a day, since it, or before it."""

    key: DateKey
    day: date


@unique
class NumberKey(StrEnum):
    """By size in octets, or by MODSEQ (CONDSTORE)."""

    LARGER = "LARGER"
    SMALLER = "SMALLER"
    MODSEQ = "MODSEQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByNumber:
    """Messages larger, smaller, or changed at or after a MODSEQ."""

    key: NumberKey
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHeader:
    """Messages whose header field ``name`` contains ``value``."""

    name: str
    value: str


@unique
class TextKey(StrEnum):
    """Where a text is looked for: in the envelope's fields, the body, or header and body."""

    FROM = "FROM"
    TO = "TO"
    CC = "CC"
    BCC = "BCC"
    SUBJECT = "SUBJECT"
    BODY = "BODY"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByText:
    """Messages in which a text is found, whatever its case."""

    key: TextKey
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKeyword:
    """Messages with a keyword, or without it."""

    name: str
    present: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ByEmailId:
    """The message of this EMAILID (RFC 8474)."""

    email_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByGmailMessageId:
    """The message of this X-GM-MSGID."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Messages that do not match."""

    criterion: Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Messages that match one of two."""

    first: Criterion
    second: Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Messages that match all of some criteria: ``(…)`` within another one."""

    criteria: tuple[Criterion, ...]


Criterion: TypeAlias = (
    Mark
    | InUids
    | FromNumber
    | ByDate
    | ByNumber
    | ByHeader
    | ByText
    | ByKeyword
    | ByEmailId
    | ByGmailMessageId
    | Not
    | Either
    | Every
)


def any_of(criteria: Sequence[Criterion]) -> Criterion:
    """Return what matches one of some criteria, nested no deeper than their number's logarithm.

    Raises UsageError when there is none: nothing would match, and SEARCH has no word for it.
    """
    if not criteria:
        raise UsageError("SEARCH for one of no criteria")
    if len(criteria) == 1:
        return criteria[0]
    half = len(criteria) // 2
    return Either(first=any_of(criteria[:half]), second=any_of(criteria[half:]))


@unique
class SearchReturn(StrEnum):
    """What an extended search returns; COUNT and MAX stay small whatever the folder holds."""

    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"
    ALL = "ALL"
    SAVE = "SAVE"
    """Keep what was found as ``$`` (``messages.Saved``); alone, nothing is returned."""


# Deeper criteria than this are a mistake, and servers refuse them.
_DEPTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class UidSearch(Command):
    """UID SEARCH: messages that match all ``criteria``.

    ``returns`` asks for an extended answer and needs ESEARCH; some servers answer with a
    plain SEARCH all the same.
    """

    criteria: tuple[Criterion, ...]
    returns: tuple[SearchReturn, ...] = ()
    verb: ClassVar[str] = "UID SEARCH"

    @property
    def needs(self) -> tuple[str, ...]:
        """ESEARCH, for the extended form; SEARCHRES, to save."""
        if SearchReturn.SAVE in self.returns:
            return ("ESEARCH", "SEARCHRES")
        return ("ESEARCH",) if self.returns else ()

    def write(self, out: Encoder) -> None:
        """Write what to return and the criteria."""
        if not self.criteria:
            raise UsageError("SEARCH needs a criterion")
        if self.returns:
            names = b" ".join(SearchReturn(each).value.encode() for each in self.returns)
            out.syntax(b"RETURN (" + names + b")")
        charset = [_needs_charset(each, 0) for each in self.criteria]
        if any(charset) and not out.utf8:
            out.syntax(b"CHARSET UTF-8")
        for each in self.criteria:
            _write(out, each)


def _needs_charset(criterion: Criterion, depth: int) -> bool:
    if depth > _DEPTH:
        raise UsageError(f"criteria nest deeper than {_DEPTH}")
    match criterion:
        case ByHeader(value=value) | ByText(value=value):
            return not value.isascii()
        case Not(criterion=inner):
            return _needs_charset(inner, depth + 1)
        case Either(first=first, second=second):
            either = [_needs_charset(each, depth + 1) for each in (first, second)]
            return any(either)
        case Every(criteria=criteria):
            every = [_needs_charset(each, depth + 1) for each in criteria]
            return any(every)
        case _:
            return False


def _write(out: Encoder, criterion: Criterion) -> None:
    match criterion:
        case Mark():
            out.syntax(criterion.value.encode())
        case InUids() | FromNumber():
            _write_set(out, criterion)
        case ByDate(key=date_key, day=day):
            out.syntax(DateKey(date_key).value.encode())
            out.syntax(write_date(day))
        case ByNumber(key=number_key, value=value):
            out.syntax(NumberKey(number_key).value.encode())
            out.number(value, INT63 if number_key is NumberKey.MODSEQ else UINT32)
        case ByHeader() | ByText():
            _write_text(out, criterion)
        case ByKeyword(name=name, present=present):
            out.syntax(b"KEYWORD" if present else b"UNKEYWORD")
            out.atom(name)
        case ByEmailId(email_id=email_id):
            out.syntax(b"EMAILID")
            out.atom(email_id)
        case ByGmailMessageId(message_id=message_id):
            out.syntax(b"X-GM-MSGID")
            out.number(message_id, 2**64 - 1)
        case Not() | Either() | Every():
            _write_nested(out, criterion)
        case _:
            assert_never(criterion)


def _write_text(out: Encoder, criterion: ByHeader | ByText) -> None:
    if isinstance(criterion, ByHeader):
        out.syntax(b"HEADER")
        out.ascii_string(criterion.name, what="the name of a header field")
    else:
        out.syntax(TextKey(criterion.key).value.encode())
    out.string(criterion.value)


def _write_set(out: Encoder, criterion: InUids | FromNumber) -> None:
    if isinstance(criterion, InUids):
        out.syntax(b"UID")
        write_uids(out, criterion.uids)
    else:
        out.number(criterion.number, UINT32, minimum=1)
        out.syntax(b":*", sep=b"")


def _write_nested(out: Encoder, criterion: Not | Either | Every) -> None:
    match criterion:
        case Not(criterion=inner):
            out.syntax(b"NOT")
            _write(out, inner)
        case Either(first=first, second=second):
            out.syntax(b"OR")
            _write(out, first)
            _write(out, second)
        case Every(criteria=criteria):
            if not criteria:
                raise UsageError("parentheses around no criterion")
            out.open()
            for each in criteria:
                _write(out, each)
            out.syntax(b")", sep=b"")
        case _:
            assert_never(criterion)
