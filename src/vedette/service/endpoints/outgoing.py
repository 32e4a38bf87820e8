"""What is asked of deliveries: what became of them, once more, a test, an endpoint enabled again.

Each is asked of an endpoint that the caller sees, and about events of its own tenant. It must not
know how anything is sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, Protocol

import orjson

from vedette.config.settings import EndpointSettings
from vedette.errors import ConfigError, UsageError
from vedette.model.delivery import DeliveryState, EndpointState, Outcome, Parcel
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.outbox.envelope import SPEC_VERSION, instant, source
from vedette.outbox.occurrence import SERVICE
from vedette.ports.audit import Audit
from vedette.ports.store import DeliveryQuery, EventQuery, Store, StoredDelivery
from vedette.service.cabinet import Cabinet, noted
from vedette.service.caller import Caller
from vedette.service.endpoints.endpoint import RegisteredEndpoint, record_of
from vedette.service.endpoints.endpoints import READ, WRITE, Endpoints
from vedette.service.endpoints.replay import Bookmark, Replayed
from vedette.service.refusals import ConflictError, RefusalError, invalid

#: What is sent to see whether an endpoint takes it. No mail leads to one.
TEST: Final = "endpoint.test"
#: Tests at once: each is a connection to wherever somebody says.
AT_ONCE: Final = 8
#: Deliveries of a page, and how many of one instant a cursor can skip.
MAX_PAGE: Final = 1_000
MAX_SKIPPED: Final = 10_000
#: Endpoints of a tenant, whose deliveries are its own.
_ENDPOINTS: Final = 1_000


class IdleError(RefusalError):
    """No engine runs here that could send."""

    code = "not_running"
    exit_status = 69
    retryable = True

    def __init__(self) -> None:
        super().__init__("no engine runs here: start vedette serve, which delivers")


class BusyTestingError(RefusalError):
    """As many tests are under way as may be."""

    code = "too_many"
    exit_status = 75
    retryable = True


class Dispatch(Protocol):
    """The engine's way out. Every method raises StoreError."""

    def knows(self, endpoint: EndpointId) -> bool:
        """Tell whether it delivers to an endpoint."""

    def enable(self, endpoint: EndpointId) -> bool:
        """Try a disabled endpoint again; False for one that it does not know."""

    async def replay(
        self,
        query: EventQuery,
        names: Sequence[EndpointId],
        asked: float | None = None,
        rest: Bookmark | None = None,
    ) -> Replayed:
        """Queue stored events again. Raises UsageError for a rest that no filter leaves."""

    async def redrive(self, query: EventQuery, names: Sequence[EndpointId]) -> tuple[int, bool]:
        """Queue dead letters again; return how many, and whether there are more."""


class Attempt(Protocol):
    """Sends one parcel by settings, as a delivery is sent."""

    async def __call__(self, settings: EndpointSettings, parcel: Parcel) -> Outcome:
        """Return what came of it. Whatever happens is an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events: instants are inclusive at the start, exclusive at the end."""

    account: AccountId | None = None
    types: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    event: EventId | None = None
    limit: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a page of deliveries begins: at an instant, behind so many of it."""

    time: float = math.inf
    skip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Some deliveries, those of the newest events first; where the next begin, None at the end."""

    items: tuple[StoredDelivery, ...]
    next: Slot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one request of a replay did. It goes on at ``rest``; None: it is done."""

    queued: int
    asked: float
    rest: Bookmark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came of a test, and how long it took, in seconds."""

    event: EventId
    outcome: Outcome
    took: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What an engine lends; None where none runs here."""

    dispatch: Dispatch | None = None
    attempt: Attempt | None = None


class Outgoing:
    """Every method takes who asks, and raises NotFoundError for an endpoint it does not see."""

    def __init__(
        self, endpoints: Endpoints, cabinet: Cabinet, store: Store, audit: Audit, ways: Ways
    ) -> None:
        self._audit = audit
        self._endpoints = endpoints
        self._cabinet = cabinet
        self._store = store
        self._ways = ways
        self._testing = 0

    async def state(self, caller: Caller, id_: str) -> EndpointState:
        """Return how an endpoint is doing."""
        caller.needs(READ)
        await self._endpoints.get(caller, id_)
        return await self._store.endpoint_state(EndpointId(id_))

    async def enable(self, caller: Caller, id_: str) -> EndpointState:
        """Try a disabled endpoint again, its backlog first. Raises IdleError, ConflictError."""
        caller.needs(WRITE)
        found = await self._endpoints.get(caller, id_)
        self._ready(id_).enable(EndpointId(id_))
        await self._note(caller, "endpoint.enabled", found)
        return await self._store.endpoint_state(EndpointId(id_))

    async def deliveries(
        self,
        caller: Caller,
        wanted: Wanted,
        *,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        slot: Slot | None = None,
    ) -> DeliveryPage:
        """Return deliveries. A tenant sees those to its own endpoints; a page may be short."""
        caller.needs(READ)
        if endpoint is not None:
            await self._endpoints.get(caller, endpoint)
        slot = slot or Slot()
        limit = min(wanted.limit, MAX_PAGE)
        end = math.inf if wanted.end is None else wanted.end
        query = DeliveryQuery(
            endpoint=None if endpoint is None else EndpointId(endpoint),
            state=state,
            tenant=caller.tenant,
            account=wanted.account,
            types=wanted.types,
            start=wanted.start,
            end=min(end, math.nextafter(slot.time, math.inf)),
            event=wanted.event,
            limit=limit + slot.skip,
        )
        found = await self._store.deliveries(query)
        page = _behind(found, slot)[:limit]
        following = _following(page, slot) if len(found) >= query.limit else None
        if caller.tenant is not None and endpoint is None:
            own = await self._own(caller)
            page = [each for each in page if each.endpoint in own]
        return DeliveryPage(items=tuple(page), next=following)

    async def redrive(self, caller: Caller, id_: str, wanted: Wanted) -> tuple[int, bool]:
        """Queue the dead letters of an endpoint again; return how many, and whether more wait."""
        caller.needs(WRITE)
        found = await self._endpoints.get(caller, id_)
        dispatch = self._ready(id_)
        done = await dispatch.redrive(_query(caller, wanted), [EndpointId(id_)])
        await self._note(caller, "endpoint.redriven", found, queued=done[0])
        return done

    async def replay(
        self, caller: Caller, id_: str, wanted: Wanted, progress: Progress | None = None
    ) -> Progress:
        """Send an endpoint what was committed once more, in steps: go on with what is returned.

        Raises InvalidError for everything at once, and where it goes on with what fits no more.
        """
        caller.needs(WRITE)
        found = await self._endpoints.get(caller, id_)
        if wanted == Wanted(limit=wanted.limit):
            raise invalid("from", "say which events: from, to, account, type or event")
        dispatch = self._ready(id_)
        asked = self._cabinet.now() if progress is None else progress.asked
        rest = None if progress is None else progress.rest
        query = _query(caller, wanted)
        try:
            done = await dispatch.replay(query, [EndpointId(id_)], asked, rest)
        except UsageError:
            raise invalid("next", "belongs to another replay; begin anew without it") from None
        await self._note(caller, "endpoint.replayed", found, queued=done.queued)
        return Progress(queued=done.queued, asked=asked, rest=done.rest)

    async def test(self, caller: Caller, id_: str) -> Tested:
        """Send an endpoint an event that tells of nothing, as any is sent; once, and not queued."""
        caller.needs(WRITE)
        found = await self._endpoints.get(caller, id_)
        if self._ways.attempt is None:
            raise IdleError
        if self._testing >= AT_ONCE:
            raise BusyTestingError(f"{AT_ONCE} endpoints are tested already; try again")
        try:
            settings = await self._endpoints.settings(caller, id_)
        except ConfigError as error:
            raise ConflictError(f"the endpoint can not be delivered to: {error}") from None
        parcel = self._parcel(found, settings)
        self._testing += 1
        begun = monotonic()
        try:
            outcome = await self._ways.attempt(settings, parcel)
        finally:
            self._testing -= 1
        await self._note(caller, "endpoint.tested", found)
        return Tested(event=parcel.event, outcome=outcome, took=monotonic() - begun)

    def _parcel(self, found: RegisteredEndpoint, settings: EndpointSettings) -> Parcel:
        now, id_ = self._cabinet.now(), EventId(f"test-{self._cabinet.new_id()}")
        tenant = found.tenant or TenantId(SERVICE)
        event = {
            "specversion": SPEC_VERSION,
            "id": id_,
            "source": source(tenant, SERVICE),
            "type": TEST,
            "time": instant(now),
            "datacontenttype": "application/json",
            "tenant": tenant,
            "account": SERVICE,
            "subject": found.id,
            "data": {"endpoint": {"id": found.id}},
        }
        return Parcel(
            delivery=0,
            endpoint=settings.endpoint.id,
            event=id_,
            type=TEST,
            lane=b"",
            body=orjson.dumps(event),
            attempt=1,
            queued_at=now,
        )

    async def _own(self, caller: Caller) -> frozenset[str]:
        page = await self._endpoints.page(caller, limit=_ENDPOINTS)
        return frozenset(each.id for each in page.items)

    def _ready(self, id_: str) -> Dispatch:
        dispatch = self._ways.dispatch
        if dispatch is None:
            raise IdleError
        if not dispatch.knows(EndpointId(id_)):
            raise ConflictError(
                "nothing is delivered to the endpoint: it is not active, or only just"
            )
        return dispatch

    async def _note(
        self, caller: Caller, what: str, found: RegisteredEndpoint, **detail: object
    ) -> None:
        note = noted(caller, what, record_of(found), detail)
        await self._audit.audit(
            actor=note.actor, what=note.what, detail=note.detail, now=self._cabinet.now()
        )


def words_of(outcome: Outcome) -> tuple[str, str]:
    """Return what came of an attempt in one word, and why."""
    name = type(outcome).__name__.lower()
    return name, getattr(outcome, "reason", "") or getattr(outcome, "detail", "")


def _query(caller: Caller, wanted: Wanted) -> EventQuery:
    return EventQuery(
        tenant=caller.tenant,
        account=wanted.account,
        types=wanted.types,
        start=wanted.start,
        end=wanted.end,
        event=wanted.event,
        limit=wanted.limit,
    )


def _behind(found: Sequence[StoredDelivery], slot: Slot) -> list[StoredDelivery]:
    """Return what is behind a slot: the page before had so many of its instant."""
    at = sum(each.time == slot.time for each in found[: slot.skip])
    return list(found[at:])


def _following(page: Sequence[StoredDelivery], slot: Slot) -> Slot | None:
    if not page:
        return None
    last = page[-1].time
    of_it = sum(each.time == last for each in page)
    skip = min(of_it + (slot.skip if last == slot.time else 0), MAX_SKIPPED)
    return replace(slot, time=last, skip=skip)
