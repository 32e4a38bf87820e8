"""The events for who pulls them: in the order of their commits, none skipped, each told once.

A reader keeps where he is, or has it kept here under a name. Who asks where there is nothing new
waits, and one look along the tail serves all who wait (``heralds.py``). It must not know how events
are sent.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from vedette.model.event import ON_REQUEST
from vedette.model.ids import AccountId, EventId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import Drop, Kind, Note, Put, Record, RecordQuery, Records, Refusal
from vedette.ports.store import EventQuery, Store, StoredEvent
from vedette.ports.tail import Spot, Stretch, Tail, TailQuery
from vedette.service.caller import Caller
from vedette.service.events.heralds import Herald, Waiting
from vedette.service.keys import NOBODY
from vedette.service.refusals import (
    BusyError,
    ConflictError,
    NotFoundError,
    PlanLimitError,
    RefusalError,
    invalid,
)

READ: Final = "events:read"
WRITE: Final = "events:write"

#: Events of one page, at most.
MAX_PAGE: Final = 1_000
#: Seconds that somebody may wait for the next event: proxies give up after 60.
LONGEST: Final = 30.0
#: Who wait at once, in all and of one key. Each is a connection, and one of the answers that may be
#: under way at once (``api.gate``): no more than half of those are for waiting.
WAITERS: Final = 100
WAITERS_OF_ONE: Final = 20
#: Looks along the tail for one answer. A tenant of few events among many passes so many thousands,
#: and is told where to go on.
LOOKS: Final = 20
#: Readers whose places are kept for one tenant.
READERS: Final = 100
#: Seconds for which the place of a reader is kept who does not come back.
KEPT: Final = 90 * 86_400.0
#: How often a place is written anew that another request of the reader wrote meanwhile.
_TRIES: Final = 8

#: Every type, and those too that are for who names them.
_EVERY: Final = ("*", f"{ON_REQUEST}*")

_READER: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class CrowdedError(RefusalError):
    """As many wait for events already as may."""

    code = "too_many"
    exit_status = 75
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is pulled: behind a spot, of an account, of types; ``wait`` is in seconds."""

    after: Spot = field(default_factory=Spot)
    account: AccountId | None = None
    types: tuple[str, ...] = ()
    limit: int = 100
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a reader acknowledged."""

    reader: str
    spot: Spot
    at: float


class Feed:
    """Every method raises StoreError, and ForbiddenError for who may not."""

    def __init__(self, tail: Tail, store: Store, records: Records, clock: Clock) -> None:
        self._tail = tail
        self._store = store
        self._records = records
        self._clock = clock
        self._herald = Herald(tail)
        self._waiting: Counter[str] = Counter()
        #: Seconds of the longest wait.
        self.longest = LONGEST

    async def stop(self) -> None:
        """Send everybody away who waits. Idempotent."""
        await self._herald.stop()

    @property
    def waiting(self) -> int:
        """How many wait, or are told events as they come."""
        return self._waiting.total()

    @property
    def is_over(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._herald.is_over

    async def pull(self, caller: Caller, ask: Ask) -> Stretch:
        """Return what is behind a spot; where there is nothing yet, wait for the next.

        Raises CrowdedError, ConflictError for a spot that the state has never reached.
        """
        caller.needs(READ)
        if not 1 <= ask.limit <= MAX_PAGE:
            raise invalid("limit", f"expected a whole number from 1 to {MAX_PAGE}")
        query = _query(caller, ask)
        found = await self._look(query)
        wait = min(ask.wait, self.longest)
        if found.events or not found.is_end:
            return found
        await self._check(query.after)
        if wait <= 0 or self.is_over:
            return found
        deadline = asyncio.get_running_loop().time() + wait
        with self._place(caller):
            while not found.events and not self.is_over:
                query = replace(query, after=found.reached)
                reached = await self._heard(query, deadline)
                if reached is not None:
                    return replace(found, reached=reached)
                found = await self._look(query)
        return found

    async def admit(self, caller: Caller, ask: Ask) -> Callable[[], None]:
        """Take a place for ``stream``, and return what gives it back, which may be called twice.

        Raises CrowdedError, ConflictError for a spot that the state has never reached.
        """
        caller.needs(READ)
        await self._check(ask.after)
        place = ExitStack()
        place.enter_context(self._place(caller))
        return place.close

    async def stream(self, caller: Caller, ask: Ask, *, pulse: float) -> AsyncGenerator[Stretch]:
        """Yield what is behind a spot, for ever; every ``pulse`` seconds where there is nothing.

        The next is not read before the last was taken, so whoever is slow costs one page. Whoever is
        told was admitted.
        """
        caller.needs(READ)
        query = _query(caller, ask)
        while not self.is_over:
            found = await self._look(query)
            query = replace(query, after=found.reached)
            if found.events or not found.is_end:
                yield found
                continue
            deadline = asyncio.get_running_loop().time() + pulse
            reached = await self._heard(query, deadline)
            if reached is not None:
                query = replace(query, after=reached)
                yield replace(found, reached=reached)

    async def end(self) -> Spot:
        """Return the spot that everything to come is behind."""
        return await self._tail.tail_end()

    async def event(self, caller: Caller, id_: EventId) -> StoredEvent:
        """Return one event. Raises NotFoundError."""
        caller.needs(READ)
        # Who names an event asks for it, of whichever type it is.
        query = EventQuery(event=id_, types=_EVERY, tenant=caller.tenant, limit=1)
        found = await self._store.events(query)
        if not found:
            raise NotFoundError("event", id_)
        return found[0]

    async def newest(self, caller: Caller, query: EventQuery) -> list[StoredEvent]:
        """Return events, newest first; those of the caller's tenant, whatever the query says."""
        caller.needs(READ)
        if not 1 <= query.limit <= MAX_PAGE:
            raise invalid("limit", f"expected a whole number from 1 to {MAX_PAGE}")
        return await self._store.events(replace(query, tenant=caller.tenant))

    # Where readers are.

    async def place(self, caller: Caller, reader: str) -> Spot:
        """Return how far a reader acknowledged; one who never did is before every event."""
        caller.needs(READ)
        record = await self._kept(caller, reader)
        return Spot() if record is None else _read(record).spot

    async def places(self, caller: Caller, *, after: str = "", limit: int = 100) -> list[Place]:
        """Return the readers of the caller's tenant, by name."""
        caller.needs(READ)
        owner = caller.tenant or NOBODY
        query = RecordQuery(
            kind=Kind.CURSOR,
            tenant=owner,
            after=f"{owner}/{after}" if after else "",
            limit=limit,
        )
        return [_read(record) for record in await self._records.records(query)]

    async def acknowledge(self, caller: Caller, reader: str, spot: Spot) -> Place:
        """Keep how far a reader is; a spot that he is past already changes nothing.

        Raises PlanLimitError, BusyError, ConflictError for a spot that was never reached.
        """
        caller.needs(WRITE)
        await self._check(spot)
        for _ in range(_TRIES):
            before = await self._kept(caller, reader)
            now = self._clock.now()
            known = None if before is None else _read(before)
            if known is not None and known.spot >= spot:
                return known
            record = _record(caller, Place(reader=reader, spot=spot, at=now))
            version = 0 if before is None else before.version
            written = await self._records.write(
                [Put(record=record, expected=version, limit=READERS)], now=now, tenant=caller.tenant
            )
            if written.refusal is None:
                return _read(written.records[0])
            if written.refusal is Refusal.LIMIT:
                raise PlanLimitError("readers", current=written.current, limit=READERS)
        raise BusyError("reader", reader)

    async def forget(self, caller: Caller, reader: str) -> None:
        """Forget how far a reader is, if that is known."""
        caller.needs(WRITE)
        record = await self._kept(caller, reader)
        if record is None:
            return
        owner = record.tenant
        detail = orjson.dumps({"reader": reader, "tenant": owner}).decode()
        note = Note(actor=caller.name, what="reader.forgotten", detail=detail)
        gone = Drop(kind=Kind.CURSOR, id=record.id, tenant=owner)
        await self._records.write([gone], now=self._clock.now(), notes=[note], tenant=caller.tenant)

    async def _kept(self, caller: Caller, reader: str) -> Record | None:
        if not _READER.fullmatch(reader):
            raise invalid("reader", "expected 1 to 64 letters, digits, points, - and _")
        owner = caller.tenant or NOBODY
        return await self._records.record(Kind.CURSOR, f"{owner}/{reader}", tenant=owner)

    async def _heard(self, query: TailQuery, deadline: float) -> Spot | None:
        """Wait for news; after the deadline return up to where there are none."""
        waiting = Waiting(
            after=query.after, tenant=query.tenant, account=query.account, types=query.types
        )
        try:
            async with asyncio.timeout_at(deadline):
                await self._herald.news(waiting)
        except TimeoutError:
            return query.after if waiting.found.is_set() else max(query.after, self._herald.spot)
        return None

    async def _look(self, query: TailQuery) -> Stretch:
        """Look until something is found, or the end, or so many looks were made."""
        found = await self._tail.tail(query)
        for _ in range(LOOKS - 1):
            if found.events or found.is_end:
                break
            found = await self._tail.tail(replace(query, after=found.reached))
        return found

    async def _check(self, spot: Spot) -> None:
        """Raise ConflictError for a spot behind what was ever committed.

        The state was brought back from a copy: what comes would be taken for what was read.
        """
        if spot > Spot() and spot > await self._tail.tail_end():
            raise ConflictError(
                "the cursor is ahead of all events that are stored: the state was brought back "
                "from a copy, or the cursor is another installation's; begin anew without it"
            )

    @contextmanager
    def _place(self, caller: Caller) -> Iterator[None]:
        """Take a place among those who wait. Raises CrowdedError."""
        is_full = self._waiting.total() >= WAITERS
        if is_full or self._waiting[caller.name] >= WAITERS_OF_ONE:
            raise CrowdedError("too many wait for events already; ask without waiting, or later")
        self._waiting[caller.name] += 1
        try:
            yield
        finally:
            self._waiting[caller.name] -= 1
            if not self._waiting[caller.name]:
                del self._waiting[caller.name]


def _query(caller: Caller, ask: Ask) -> TailQuery:
    return TailQuery(
        after=ask.after,
        tenant=caller.tenant,
        account=ask.account,
        types=ask.types,
        limit=ask.limit,
    )


def _record(caller: Caller, place: Place) -> Record:
    owner: TenantId = caller.tenant or NOBODY
    body = {"xid": str(place.spot.xid), "seq": str(place.spot.seq), "at": place.at}
    return Record(
        kind=Kind.CURSOR,
        id=f"{owner}/{place.reader}",
        tenant=owner,
        body=orjson.dumps(body).decode(),
        label=place.reader,
        is_counted=True,
        expires_at=place.at + KEPT,
    )


def _read(record: Record) -> Place:
    body = orjson.loads(record.body)
    return Place(
        reader=record.id.rpartition("/")[2],
        spot=Spot(xid=int(body["xid"]), seq=int(body["seq"])),
        at=float(body["at"]),
    )
