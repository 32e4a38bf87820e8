"""What a caller looks for, as criteria of IMAP SEARCH (RFC 9051 section 6.4.4).

A caller gives values, and never a criterion: each value is written by the protocol's encoder, so no
text becomes a command. It must not know sessions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from vedette.imap import (
    ByDate,
    ByHeader,
    ByKeyword,
    ByNumber,
    ByText,
    Criterion,
    DateKey,
    InUids,
    Mark,
    Not,
    NumberKey,
    TextKey,
    UidSet,
)
from vedette.service.mailbox.place import UINT32
from vedette.service.refusals import InvalidError, Mistake

#: Characters of a text. Ten of them, each octet quoted, are within the 8,000 of a command.
MAX_TEXT: Final = 200

#: What stands in no argument of a command, and in no text that anybody looks for.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
#: The name of a header field (RFC 5322 section 2.2).
_FIELD: Final = re.compile(r"[!-9;-~]{1,100}")
#: A keyword: an atom without what only system flags have (RFC 9051 section 9, flag-keyword).
KEYWORD: Final = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; None and what is left out do not matter.

    ``texts`` are found in the parts of a message that they name. ``header`` is a field's name and
    what it contains, as ``Name: value``. ``since`` and ``before`` compare the day on which the
    server got a message, in its own zone.
    """

    texts: Mapping[TextKey, str | None] = field(default_factory=dict)
    header: str | None = None
    message_id: str | None = None
    keyword: str | None = None
    since: date | None = None
    before: date | None = None
    larger: int | None = None
    smaller: int | None = None
    seen: bool | None = None
    flagged: bool | None = None
    answered: bool | None = None
    uid: int | None = None


def criteria(question: Question) -> tuple[Criterion, ...]:
    """Return what a search compiles to; nothing at all where it is for everything.

    Raises InvalidError with a line for each field that can not be looked for.
    """
    mistakes: list[Mistake] = []
    found: list[Criterion] = []
    for key, text in question.texts.items():
        if text is not None and _is_good(key.value.lower(), text, mistakes):
            found.append(ByText(key=key, value=text))
    if question.header is not None:
        name, colon, value = question.header.partition(":")
        if not colon or not _FIELD.fullmatch(name):
            mistakes.append(Mistake(field="header", why="expected a field as Name: value"))
        elif _is_good("header", value, mistakes):
            found.append(ByHeader(name=name, value=value.strip(" ")))
    if question.message_id is not None and _is_good("messageId", question.message_id, mistakes):
        found.append(ByHeader(name="Message-ID", value=question.message_id))
    if question.keyword is not None:
        if KEYWORD.fullmatch(question.keyword):
            found.append(ByKeyword(name=question.keyword))
        else:
            mistakes.append(Mistake(field="keyword", why="is no keyword"))
    if mistakes:
        raise InvalidError(mistakes)
    return (*found, *_days(question), *_numbers(question), *_marks(question))


def _is_good(name: str, text: str, mistakes: list[Mistake]) -> bool:
    if len(text) > MAX_TEXT:
        mistakes.append(Mistake(field=name, why=f"has more than {MAX_TEXT} characters"))
    elif _CONTROL.search(text):
        mistakes.append(Mistake(field=name, why="holds a control character"))
    else:
        return True
    return False


def _days(question: Question) -> list[Criterion]:
    days = ((DateKey.SINCE, question.since), (DateKey.BEFORE, question.before))
    return [ByDate(key=key, day=day) for key, day in days if day is not None]


def _numbers(question: Question) -> list[Criterion]:
    sizes = ((NumberKey.LARGER, question.larger), (NumberKey.SMALLER, question.smaller))
    found: list[Criterion] = [
        ByNumber(key=key, value=min(max(0, size), UINT32))
        for key, size in sizes
        if size is not None
    ]
    if question.uid is not None:
        found.append(InUids(uids=UidSet((min(max(1, question.uid), UINT32),))))
    return found


def _marks(question: Question) -> list[Criterion]:
    asked = (
        (Mark.SEEN, question.seen),
        (Mark.FLAGGED, question.flagged),
        (Mark.ANSWERED, question.answered),
    )
    return [mark if wanted else Not(criterion=mark) for mark, wanted in asked if wanted is not None]
