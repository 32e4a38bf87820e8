"""Guards that are tried, as JSON: a message, and what would be done with it. It must not know how guards judge."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import date
from typing import Any, Final

import orjson
from pydantic import Field

from vedette.api.pages import cursor, place
from vedette.api.problems import refuse
from vedette.api.shapes.model import GivenId, Instant, Shown, Wish, shown_instant
from vedette.model.ids import AccountId
from vedette.service.guards.backtest import Span
from vedette.service.guards.rehearsing import (
    MAX_FOLDERS,
    MAX_LAST,
    Draft,
    Ground,
    Rehearsed,
)
from vedette.service.guards.stretch import Found, Mark
from vedette.service.guards.trial import Trial
from vedette.service.mailbox.place import MAX_PATH, UINT32
from vedette.service.refusals import invalid

#: Characters of a cursor: a folder's name of so many octets, twice in base64, and three numbers.
_LONGEST: Final = 2_000


class TestWish(Wish):
    """A message to be judged: one of both."""

    # No more than a request holds.
    message: str | None = Field(
        default=None, description="The message as it is (RFC 5322), as text."
    )
    base64: str | None = Field(default=None, description="Its octets.")
    authserv: list[str] = Field(
        default=[], max_length=20, description="Whose Authentication-Results are believed."
    )


class BacktestWish(Wish):
    """On which mail a guard is tried. One of `since` and `last` is needed."""

    account: GivenId
    folders: list[GivenId] = Field(
        default=[],
        max_length=MAX_FOLDERS,
        description="Names, or special uses such as `\\\\Junk`; without any those that are watched.",
    )
    since: str | None = Field(
        default=None, max_length=10, description="Only mail since this day, such as `2026-11-01`."
    )
    last: int | None = Field(
        default=None, ge=1, le=MAX_LAST, description="Only the last so many of each folder."
    )
    # No more than a request holds.
    text: str | None = Field(
        default=None, description="A pack that is tried in the place of what is posted."
    )
    pack: str | None = Field(
        default=None, max_length=100, description="A shipped pack that is tried in its place."
    )
    next: str | None = Field(
        default=None,
        max_length=_LONGEST,
        description="`next` of the answer before, with the same members beside it.",
    )


class HitShown(Shown):
    """One reason."""

    symbol: str
    score: float
    field: str | None
    matched: str | None
    source: str | None


class TrialShown(Shown):
    """What a guard would do with a message, and why."""

    guard: str
    version: str
    verdict: str
    wanted: str
    kind: str | None
    score: float
    hits: list[HitShown]
    capped_by: list[HitShown]
    route: str | None
    failed: Any
    explanation: str


class JudgedShown(Shown):
    """A message of the mailbox that the guard would do something with."""

    id: str = Field(description="The message, as `/v1/accounts/…/messages` knows it.")
    folder: str
    uid: int
    arrived: Instant | None
    sender: str = Field(description="The host of the sender's address.")
    verdict: str
    wanted: str
    score: float
    allowed: bool = Field(description="It would be left alone: a person allowed the sender.")
    explanation: str


class TallyShown(Shown):
    """How many messages, and what would be done with them."""

    judged: int
    moved: int
    marked: int
    capped: int = Field(description="Those that something protected.")
    left: int = Field(description="Those of senders that it leaves alone.")
    unread: int = Field(description="Those that could not be read; they are not judged.")


class BacktestShown(Shown):
    """A stretch of a backtest."""

    guard: str
    version: str
    share: float = Field(description="Of more than this share of its mail moved, a guard stops.")
    tally: TallyShown = Field(description="The sum of this stretch.")
    items: list[JudgedShown]
    remarks: list[str] = Field(description="What it would know at its post, and does not here.")
    next: str | None = Field(description="Where the next stretch begins. Null: all is judged.")


def octets_of(wish: TestWish) -> bytes:
    """Return the message that is to be judged. Raises InvalidError."""
    if (wish.message is None) == (wish.base64 is None):
        raise invalid("message", "give either message or base64")
    if wish.message is not None:
        return wish.message.encode("utf-8", "replace")
    try:
        return b64decode(wish.base64 or "", validate=True)
    except ValueError:
        raise invalid("base64", "is no base64") from None


def trial(found: Trial) -> TrialShown:
    """Return a verdict as it is shown."""
    told = found.as_json()
    del told["file"]
    return TrialShown.model_validate(told)


def draft_of(wish: BacktestWish) -> Draft:
    """Return what is tried in the place of what is posted."""
    return Draft(text=wish.text, pack=wish.pack)


def ground_of(wish: BacktestWish) -> Ground:
    """Return on which mail. Raises InvalidError, and a problem for what is no cursor."""
    since = None
    if wish.since is not None:
        try:
            since = date.fromisoformat(wish.since)
        except ValueError:
            raise invalid("since", "is no day, such as 2026-11-01") from None
    return Ground(
        account=AccountId(wish.account),
        folders=tuple(wish.folders),
        span=Span(since=since, last=wish.last),
        mark=None if wish.next is None else _mark(wish.next),
    )


def backtested(found: Rehearsed) -> BacktestShown:
    """Return a stretch as it is shown."""
    stretch, tally = found.stretch, found.stretch.tally
    return BacktestShown(
        guard=found.guard,
        version=found.version,
        share=found.share,
        tally=TallyShown(
            judged=tally.judged,
            moved=tally.moved,
            marked=tally.marked,
            capped=tally.capped,
            left=tally.left,
            unread=tally.unread,
        ),
        items=[_judged(each) for each in stretch.found if each.judged.is_telling],
        remarks=[] if stretch.remark is None else [stretch.remark],
        next=None if stretch.next is None else _mark_text(stretch.next),
    )


def _judged(found: Found) -> JudgedShown:
    judged, verdict = found.judged, found.judged.verdict
    return JudgedShown(
        id=found.place.id,
        folder=judged.folder,
        uid=judged.uid,
        arrived=shown_instant(None if judged.arrived is None else judged.arrived.timestamp()),
        sender=judged.sender,
        verdict=verdict.name,
        wanted=verdict.wanted[0].name if verdict.wanted else "keep",
        score=verdict.score,
        allowed=judged.is_left,
        explanation=verdict.explained(),
    )


def _mark_text(mark: Mark) -> str:
    path = b64encode(mark.folder).decode()
    return cursor(orjson.dumps([path, mark.uid_validity, mark.uid, mark.end]).decode())


def _mark(given: str) -> Mark:
    """Return where a stretch begins. Raises a problem for another text."""
    try:
        path, *numbers = orjson.loads(place(given))
        folder = b64decode(path, validate=True)
        validity, uid, end = numbers
    except (TypeError, ValueError):
        raise _no_mark() from None
    whole = all(type(each) is int and 0 <= each <= UINT32 for each in numbers)
    if not whole or not 0 < len(folder) <= MAX_PATH or uid > end:
        raise _no_mark()
    return Mark(folder=folder, uid_validity=validity, uid=uid, end=end)


def _no_mark() -> Exception:
    return refuse("malformed", "next is no cursor of a backtest; take `next` of the answer before")
