"""Response codes: what a status response says in brackets. It must not know commands or states.

RFC 9051 section 7.1 and RFC 5530; RFC 4315 (COPYUID, APPENDUID), RFC 7162 (HIGHESTMODSEQ,
NOMODSEQ, MODIFIED), RFC 8474 (MAILBOXID), RFC 5465 (NOTIFICATIONOVERFLOW, BADEVENT).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import lru_cache
from typing import TypeAlias

from vedette.imap.lexer import INT63, ParseError, display, positive
from vedette.imap.sets import Range, UidSet, parse_ranges


@unique
class CodeName(StrEnum):
    """The codes that mean something here. A Code's name is text and may be any other."""

    ALERT = "ALERT"
    ALREADYEXISTS = "ALREADYEXISTS"
    APPENDUID = "APPENDUID"
    AUTHENTICATIONFAILED = "AUTHENTICATIONFAILED"
    AUTHORIZATIONFAILED = "AUTHORIZATIONFAILED"
    CANNOT = "CANNOT"
    CAPABILITY = "CAPABILITY"
    CLIENTBUG = "CLIENTBUG"
    CLOSED = "CLOSED"
    CONTACTADMIN = "CONTACTADMIN"
    COPYUID = "COPYUID"
    EXPIRED = "EXPIRED"
    EXPUNGEISSUED = "EXPUNGEISSUED"
    HIGHESTMODSEQ = "HIGHESTMODSEQ"
    INUSE = "INUSE"
    LIMIT = "LIMIT"
    MAILBOXID = "MAILBOXID"
    MODIFIED = "MODIFIED"
    NOMODSEQ = "NOMODSEQ"
    NONEXISTENT = "NONEXISTENT"
    NOPERM = "NOPERM"
    NOTIFICATIONOVERFLOW = "NOTIFICATIONOVERFLOW"
    OVERQUOTA = "OVERQUOTA"
    PERMANENTFLAGS = "PERMANENTFLAGS"
    PRIVACYREQUIRED = "PRIVACYREQUIRED"
    READ_ONLY = "READ-ONLY"
    READ_WRITE = "READ-WRITE"
    SERVERBUG = "SERVERBUG"
    THROTTLED = "THROTTLED"
    TRYCREATE = "TRYCREATE"
    UIDNEXT = "UIDNEXT"
    UIDNOTSTICKY = "UIDNOTSTICKY"
    UIDVALIDITY = "UIDVALIDITY"
    UNAVAILABLE = "UNAVAILABLE"
    UNSEEN = "UNSEEN"
    UNKNOWN_CTE = "UNKNOWN-CTE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyUid:
    """Where messages went (RFC 4315 section 3).

    ``runs`` pairs both sets in the server's order as (source, destination, count); it is
    empty when the server's two sets are not equally long.
    """

    uid_validity: int
    source: UidSet
    destination: UidSet
    runs: tuple[tuple[int, int, int], ...] = field(repr=False)

    def destination_of(self, uid: int) -> int | None:
        """Return the UID that a source message has in the destination, if it was told."""
        for source, destination, count in self.runs:
            if source <= uid < source + count:
                return destination + uid - source
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendUid:
    """Where an appended message went (RFC 4315 section 3)."""

    uid_validity: int
    uids: UidSet


Argument: TypeAlias = int | str | bytes | frozenset[str] | UidSet | CopyUid | AppendUid | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A response code. ``name`` is upper case.

    ``argument`` has the type that the name calls for; the raw bytes where it is unknown or
    broken; None where there is none. The properties below give it typed, or None.
    """

    name: str
    argument: Argument = None

    @property
    def number(self) -> int | None:
        """UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ or UNSEEN; a 0 from the server reads as None."""
        return self.argument if isinstance(self.argument, int) else None

    @property
    def text(self) -> str | None:
        """MAILBOXID."""
        return self.argument if isinstance(self.argument, str) else None

    @property
    def words(self) -> frozenset[str] | None:
        """PERMANENTFLAGS (None for NIL: unknown is not none) or CAPABILITY (upper case)."""
        return self.argument if isinstance(self.argument, frozenset) else None

    @property
    def uids(self) -> UidSet | None:
        """MODIFIED: the messages that a conditional STORE left alone."""
        return self.argument if isinstance(self.argument, UidSet) else None

    @property
    def copy_uid(self) -> CopyUid | None:
        """COPYUID."""
        return self.argument if isinstance(self.argument, CopyUid) else None

    @property
    def append_uid(self) -> AppendUid | None:
        """APPENDUID."""
        return self.argument if isinstance(self.argument, AppendUid) else None


# A code ends at the first "]" outside of quotes and parentheses; a keyword may hold one.
_CODE = re.compile(
    rb"\[([^\]\[ ()\"]++)"
    rb"(?: ++([^\]\"(]*+(?:(?:\"[^\"\\]*+(?:\\.[^\"\\]*+)*\"|\([^()]*+\))[^\]\"(]*+)*))?\] ?+"
)
_OBJECT_ID = re.compile(rb"\(? *+([A-Za-z0-9_-]{1,255}+) *+\)?")
# Longer lists than any server's are not worth keeping in the memo.
_MEMO_LENGTH = 4_096

_SYSTEM_FLAGS = {
    flag.lower(): flag
    for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent", "\\*")
}


def split_code(text: bytes) -> tuple[Code | None, str]:
    """Split the text of a status response into its code and what is for people.

    A bracket that does not close is text, not a code.
    """
    found = _CODE.match(text)
    if found is None:
        return None, display(text).strip()
    name = found[1].decode("ascii", "replace").upper()
    return Code(name=name, argument=_argument(name, found[2])), display(text[found.end() :]).strip()


def read_capabilities(words: bytes) -> frozenset[str]:
    """Read a capability list: upper case, ``LITERAL +`` mended.

    Equal lists of many connections are one object, because connections are many.
    """
    if len(words) > _MEMO_LENGTH:
        return _capabilities.__wrapped__(words)
    return _capabilities(words)


def read_flags(words: list[bytes]) -> frozenset[str]:
    """Read flags; system flags in RFC 9051's own spelling, NIL left out."""
    return frozenset(flag(word) for word in words if word.upper() != b"NIL")


def flag(word: bytes) -> str:
    """Read one flag or keyword."""
    text = display(word)
    return _SYSTEM_FLAGS.get(text.lower(), text) if text.startswith("\\") else text


# 256 lists: a fleet meets a few dozen server makes, each before and after login.
@lru_cache(maxsize=256)
def _capabilities(words: bytes) -> frozenset[str]:
    upper = display(words).upper().replace("LITERAL +", "LITERAL+").replace("LITERAL -", "LITERAL-")
    return frozenset(upper.split())


def _argument(name: str, raw: bytes | None) -> Argument:
    """Read the argument that the name calls for; what can not be read stays raw."""
    if raw is None:
        return None
    raw = raw.strip()
    read = _READERS.get(name)
    if read is None:
        return raw
    try:
        value = read(raw)
    except ParseError:
        return raw
    return raw if value is None else value


def _flag_list(raw: bytes) -> Argument:
    return read_flags(raw[1:-1].split()) if raw[:1] == b"(" and raw[-1:] == b")" else None


def _object_id(raw: bytes) -> Argument:
    found = _OBJECT_ID.fullmatch(raw)
    return found[1].decode() if found else None


def _append_uid(raw: bytes) -> Argument:
    match raw.split():
        case [validity, uids] if (number := positive(validity)) is not None:
            return AppendUid(uid_validity=number, uids=UidSet.parse(uids))
        case _:
            return None


def _copy_uid(raw: bytes) -> Argument:
    match raw.split():
        case [validity, source, destination] if (number := positive(validity)) is not None:
            sources, destinations = parse_ranges(source), parse_ranges(destination)
            return CopyUid(
                uid_validity=number,
                source=UidSet.of_ranges(sources),
                destination=UidSet.of_ranges(destinations),
                runs=_runs(sources, destinations),
            )
        case _:
            return None


def _runs(source: list[Range], destination: list[Range]) -> tuple[tuple[int, int, int], ...]:
    """Pair two lists of ranges in step. Costs the number of ranges."""
    if sum(b - a + 1 for a, b in source) != sum(b - a + 1 for a, b in destination):
        return ()
    runs = []
    targets = iter(destination)
    start, end = 1, 0
    for first, last in source:
        at = first
        while at <= last:
            if start > end:
                start, end = next(targets)
            count = min(last - at, end - start) + 1
            runs.append((at, start, count))
            at, start = at + count, start + count
    return tuple(runs)


_READERS: dict[str, Callable[[bytes], Argument]] = {
    CodeName.UIDVALIDITY: positive,
    CodeName.UIDNEXT: positive,
    CodeName.UNSEEN: positive,
    CodeName.HIGHESTMODSEQ: lambda raw: positive(raw, INT63),
    CodeName.CAPABILITY: read_capabilities,
    CodeName.PERMANENTFLAGS: _flag_list,
    CodeName.MAILBOXID: _object_id,
    CodeName.MODIFIED: UidSet.parse,
    CodeName.COPYUID: _copy_uid,
    CodeName.APPENDUID: _append_uid,
}
