"""Events as they are pulled, and the places of readers. It must not know how events are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from vedette.api.pages import cursor, place
from vedette.api.problems import refuse
from vedette.api.shapes.model import Instant, Shown, Wish, instant
from vedette.ports.store import StoredEvent
from vedette.ports.tail import Spot
from vedette.service.events.feed import Place

#: Characters of a cursor: two numbers of 20 digits, in base64.
LONGEST: Final = 80
#: Digits of one of them.
_DIGITS: Final = 19


class EventsShown(Shown):
    """A part of the events, in the order of their commits."""

    items: list[dict[str, Any]] = Field(description="Each a CloudEvent, as endpoints get it.")
    next: str = Field(description="The cursor behind them: `?after=`, and what is acknowledged.")


class StandingShown(Shown):
    """How many deliveries of an event there are, by what became of them."""

    due: int
    delivered: int
    failed: int


class EventShown(Shown):
    """One event."""

    event: dict[str, Any] = Field(description="A CloudEvent, as endpoints get it.")
    deliveries: StandingShown


class NewestShown(Shown):
    """The newest events, newest first."""

    items: list[EventShown]


class AckWish(Wish):
    """That a reader has done with all events up to a cursor."""

    reader: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The name of the reader.")
    cursor: str = Field(max_length=LONGEST, description="`next` of a page, or an id of the stream.")


class ReaderShown(Shown):
    """How far a reader acknowledged."""

    reader: str
    cursor: str
    at: Instant


def text(spot: Spot) -> str:
    """Return a spot as its cursor."""
    return cursor(f"{spot.xid}.{spot.seq}")


def spot(given: str) -> Spot:
    """Return the spot of a cursor. Raises a problem for another text."""
    xid, dot, seq = place(given).partition(".")
    if not (dot and _is_number(xid) and _is_number(seq)):
        raise refuse("malformed", "the cursor is none of events; take `next` of a page of them")
    return Spot(xid=int(xid), seq=int(seq))


def page(bodies: list[bytes], reached: Spot) -> bytes:
    """Return a page as JSON; the bodies are JSON already, and are not read again."""
    return b'{"items":[' + b",".join(bodies) + b'],"next":"' + text(reached).encode() + b'"}'


def whole(found: StoredEvent) -> bytes:
    """Return one event as JSON."""
    told = StandingShown(due=found.due, delivered=found.delivered, failed=found.failed)
    deliveries = told.model_dump_json(by_alias=True).encode()
    return b'{"event":' + found.body + b',"deliveries":' + deliveries + b"}"


def newest(found: Sequence[StoredEvent]) -> bytes:
    """Return events as JSON, with what became of their deliveries."""
    return b'{"items":[' + b",".join(map(whole, found)) + b"]}"


def reader(found: Place) -> ReaderShown:
    """Return the place of a reader as it is shown."""
    return ReaderShown(reader=found.reader, cursor=text(found.spot), at=instant(found.at))


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdigit() and len(given) <= _DIGITS
