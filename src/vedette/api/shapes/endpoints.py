"""Endpoints and their deliveries as JSON. What an endpoint may say is for its reader to judge.

It must not know how an endpoint is kept.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from pydantic import Field

from vedette.api.pages import cursor
from vedette.api.problems import refuse
from vedette.api.shapes.model import (
    GivenId,
    GivenInstant,
    GivenSecret,
    Instant,
    Shown,
    Wish,
    instant,
    shown_instant,
)
from vedette.config.sinks import EndpointKind
from vedette.model.delivery import DeliveryState, EndpointState, Profile
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import StoredDelivery
from vedette.secret import Secret
from vedette.service.accounts.registration import instant_of
from vedette.service.endpoints.endpoint import MAX_HEADERS, MEMBERS, RegisteredEndpoint
from vedette.service.endpoints.outgoing import MAX_SKIPPED, Slot, Tested, Wanted, words_of
from vedette.service.refusals import InvalidError, Mistake

#: Entries of a list of an endpoint, and characters of one.
_ENTRIES: Final = 1_000
_TEXT: Final = 4_000
#: Characters of a cursor of a replay: two spans of numbers and the names of an endpoint and others.
_CURSOR: Final = 4_000


class EndpointChange(Wish):
    """What of an endpoint is to be changed. A secret that is null or blank stays.

    Stored secrets that would go elsewhere by it are to be given anew in the same request.
    """

    title: str | None = Field(default=None, max_length=200)
    active: bool | None = None
    profile: Literal["vedette", "emailengine", "inbound-email-received"] | None = None
    depth: Literal["metadata", "text", "full"] | None = None
    ordered: bool | None = None
    concurrency: int | None = Field(default=None, ge=1, le=256)
    rate: float | None = Field(default=None, ge=0, le=10_000, description="Attempts a second.")
    events: list[str] | None = Field(
        default=None, max_length=_ENTRIES, description="Types; each may end in `*`."
    )
    tenants: list[str] | None = Field(default=None, max_length=_ENTRIES)
    accounts: list[str] | None = Field(default=None, max_length=_ENTRIES)
    folders: list[str] | None = Field(default=None, max_length=_ENTRIES)
    tags: list[str] | None = Field(default=None, max_length=_ENTRIES)
    url: GivenSecret | None = Field(default=None, description="Where to; never shown whole.")
    secret: GivenSecret | None = Field(
        default=None, description="Signs; made where it is not given."
    )
    secret_old: GivenSecret | None = None
    proxy: GivenSecret | None = None
    headers: dict[str, GivenSecret] | None = Field(default=None, max_length=MAX_HEADERS)
    timeout: float | None = Field(default=None, gt=0, le=3_600)
    verify_tls: bool | None = None
    ca_file: str | None = Field(default=None, max_length=_TEXT)
    private: bool | None = Field(default=None, description="Inside addresses; for admins.")
    command: str | list[str] | None = Field(default=None, max_length=_TEXT)
    environment: list[str] | None = Field(default=None, max_length=_ENTRIES)
    directory: str | None = Field(default=None, max_length=_TEXT)
    path: str | None = Field(default=None, max_length=_TEXT)
    fsync: bool | None = None
    stream: str | None = Field(default=None, max_length=_TEXT)
    maxlen: int | None = Field(default=None, ge=0)
    subject: str | None = Field(default=None, max_length=_TEXT)
    exchange: str | None = Field(default=None, max_length=_TEXT)
    routing_key: str | None = Field(default=None, max_length=_TEXT)
    topic: str | None = Field(default=None, max_length=_TEXT)
    mechanism: str | None = Field(default=None, max_length=_TEXT)
    table: str | None = Field(default=None, max_length=_TEXT)

    def form(self) -> dict[str, object]:
        """Return the members that were sent; headers are secrets too."""
        form = super().form()
        if self.headers is not None:
            form["headers"] = {
                name: Secret(value.get_secret_value()) for name, value in self.headers.items()
            }
        return form


class EndpointWish(EndpointChange):
    """An endpoint to be made."""

    id: GivenId | None = Field(default=None, description="For admins to choose.")
    tenant: GivenId | None = Field(
        default=None, description="Of an admin: whose it is; without, it takes the events of all."
    )
    type: Literal["webhook", "exec", "file", "stdout", "redis", "nats", "amqp", "kafka", "postgres"]


class EndpointShown(Shown):
    """An endpoint, without its secrets."""

    id: str
    tenant: str | None = Field(description="Null: it takes the events of all.")
    type: EndpointKind
    title: str
    active: bool
    origin: Literal["api", "file"] = Field(
        description="Who keeps it: one of the configuration `file` is changed there."
    )
    place: str = Field(description="Where it goes, as far as that is shown.")
    secrets: list[str] = Field(description="Which secrets are set.")
    profile: Profile | None = None
    depth: str | None = None
    ordered: bool | None = None
    concurrency: int | None = None
    rate: float | None = None
    events: list[str] | None = None
    tenants: list[str] | None = None
    accounts: list[str] | None = None
    folders: list[str] | None = None
    tags: list[str] | None = None
    settings: dict[str, Any] = Field(description="What is set of its kind alone.")
    created_at: Instant
    updated_at: Instant


class NewEndpoint(EndpointShown):
    """An endpoint whose signing secret was made just now."""

    secret: str | None = Field(
        description="The signing secret, where it was made. It can not be had again."
    )


class StateShown(Shown):
    """How an endpoint is doing."""

    endpoint: str
    is_disabled: bool
    disabled_at: Instant | None
    reason: str | None
    failures: int = Field(description="Failures in a row.")
    failing_since: Instant | None
    delivered_at: Instant | None = Field(description="When it last took an event.")


class TestedShown(Shown):
    """What came of a test."""

    is_good: bool
    event: str = Field(description="The id of the event that was sent.")
    outcome: str = Field(description="`delivered`, `refused` or `gone`.")
    detail: str = Field(description="The answer, such as its status.")
    milliseconds: int


class WantedWish(Wish):
    """Which events."""

    account: GivenId | None = None
    type: str | None = Field(default=None, max_length=1000, description="With commas between.")
    from_: GivenInstant | None = Field(default=None, alias="from")
    to: GivenInstant | None = None
    event: GivenId | None = None


class RedriveWish(WantedWish):
    """Which dead letters are queued again; without filters all."""

    limit: int = Field(default=1_000, ge=1, le=10_000, description="The oldest so many.")


class ReplayWish(WantedWish):
    """Which events are sent once more: one filter at least."""

    next: str | None = Field(
        default=None, max_length=_CURSOR, description="`next` of the request before, to go on."
    )


class QueuedShown(Shown):
    """How much was queued."""

    queued: int
    next: str | None = Field(description="Ask again with it: there is more. Null: it is done.")


class RedrivenShown(Shown):
    """How much was queued, and whether there is more."""

    queued: int
    has_more: bool


class EventNamed(Shown):
    """What a delivery is of."""

    id: str
    type: str
    tenant: str
    account: str
    time: Instant


class DeliveryShown(Shown):
    """A delivery as it stands."""

    delivery: int
    endpoint: str
    state: DeliveryState
    in_flight: bool
    attempts: int
    queued_at: Instant
    next_at: Instant | None
    settled_at: Instant | None
    reason: str
    event: EventNamed


def endpoint(found: RegisteredEndpoint) -> EndpointShown:
    """Return an endpoint as it is shown."""
    own = MEMBERS[found.kind]
    common = {name: value for name, value in found.members.items() if name not in own}
    return EndpointShown.model_validate(
        {
            **common,
            "id": found.id,
            "tenant": found.tenant,
            "type": found.kind,
            "title": found.title,
            "active": found.active,
            "origin": found.origin.value,
            "place": found.place,
            "secrets": list(found.sealed),
            "settings": {name: value for name, value in found.members.items() if name in own},
            "createdAt": instant(found.created_at),
            "updatedAt": instant(found.updated_at),
        }
    )


def new(found: RegisteredEndpoint, secret: Secret[str] | None) -> NewEndpoint:
    """Return an endpoint with the secret that was made for it."""
    shown = endpoint(found).model_dump()
    return NewEndpoint(**shown, secret=None if secret is None else secret.reveal())


def state(found: EndpointState) -> StateShown:
    """Return how an endpoint is doing as it is shown."""
    return StateShown(
        endpoint=found.id,
        is_disabled=found.disabled_at is not None,
        disabled_at=shown_instant(found.disabled_at),
        reason=found.disabled_reason or None,
        failures=found.failures,
        failing_since=shown_instant(found.failing_since),
        delivered_at=shown_instant(found.delivered_at),
    )


def tested(found: Tested) -> TestedShown:
    """Return what came of a test as it is shown."""
    outcome, detail = words_of(found.outcome)
    return TestedShown(
        is_good=outcome == "delivered",
        event=found.event,
        outcome=outcome,
        detail=detail,
        milliseconds=round(found.took * 1000),
    )


def delivery(found: StoredDelivery) -> DeliveryShown:
    """Return a delivery as it is shown."""
    waits = found.state is DeliveryState.DUE
    return DeliveryShown(
        delivery=found.delivery,
        endpoint=found.endpoint,
        state=found.state,
        in_flight=waits and found.is_in_flight,
        attempts=found.attempts,
        queued_at=instant(found.queued_at),
        next_at=instant(found.due) if waits else None,
        settled_at=None if waits else instant(found.due),
        reason=found.reason,
        event=EventNamed(
            id=found.event,
            type=found.type,
            tenant=found.tenant,
            account=found.account,
            time=instant(found.time),
        ),
    )


def wanted(wish: WantedWish, *, limit: int) -> Wanted:
    """Return which events are meant. Raises InvalidError."""
    return which(
        account=wish.account,
        types=wish.type,
        since=wish.from_,
        until=wish.to,
        event=wish.event,
        limit=limit,
    )


def which(
    *,
    account: str | None,
    types: str | None,
    since: str | None,
    until: str | None,
    event: str | None,
    limit: int,
) -> Wanted:
    """Return which events are meant. Raises InvalidError."""
    instants: dict[str, float | None] = {}
    mistakes = []
    for name, given in (("from", since), ("to", until)):
        instants[name] = None if given is None else instant_of(given)
        if given is not None and instants[name] is None:
            mistakes.append(Mistake(field=name, why="is no instant, such as 2026-11-01T00:00:00Z"))
    if mistakes:
        raise InvalidError(mistakes)
    return Wanted(
        account=None if account is None else AccountId(account),
        types=tuple(each for part in (types or "").split(",") if (each := part.strip())),
        start=instants["from"],
        end=instants["to"],
        event=None if event is None else EventId(event),
        limit=limit,
    )


def slot_text(found: Slot | None) -> str | None:
    """Return the cursor of the next page of deliveries."""
    return None if found is None else cursor(f"{found.time!r} {found.skip}")


def slot(given: str) -> Slot | None:
    """Return where a page begins. Raises a problem for another text."""
    if not given:
        return None
    time, _, skip = given.partition(" ")
    try:
        found = Slot(time=float(time), skip=int(skip))
    except ValueError:
        found = Slot(time=math.nan)
    if math.isfinite(found.time) and 0 <= found.skip <= MAX_SKIPPED:
        return found
    raise refuse("malformed", "after is no cursor of deliveries; take `next` of the page before")
