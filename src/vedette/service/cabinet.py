"""Records read and written for a caller: the wall of its tenant, versions, the audit's note.

Every use case goes through here, so that each of these is kept in one place: what is another
tenant's is not there; a write names the version that it replaces; each has its note. It must not
know what is in a body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

import orjson

from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import (
    Drop,
    Kind,
    Note,
    Put,
    Record,
    RecordQuery,
    Records,
    Refusal,
    SealedValue,
)
from vedette.secret import Secret
from vedette.service.body import Unread, legible
from vedette.service.caller import Caller
from vedette.service.refusals import (
    BusyError,
    NotFoundError,
    PlanLimitError,
    StaleError,
    TakenError,
    invalid,
)

T = TypeVar("T")

#: The version that something is expected to have, or some of which it has one; None: whichever.
Versions: TypeAlias = int | Collection[int] | None

#: How often a write is tried anew on what others wrote meanwhile; each time one of them got on.
TRIES: Final = 8

#: Things of one page at most.
MAX_PAGE: Final = 1_000

#: What a kind is called in the error of a plan, and in its quota.
RESOURCES: Final[Mapping[Kind, str]] = {
    Kind.ACCOUNT: "accounts",
    Kind.ENDPOINT: "endpoints",
    Kind.GUARD: "guards",
}


class Sealer(Protocol):
    """Seals secrets for their place beside a record (``identity.vault`` is one).

    Every method raises StoreError, and SecretError where a key is not here.
    """

    async def seal(
        self, kind: Kind, tenant: TenantId, id_: str, name: str, secret: Secret[str]
    ) -> bytes:
        """Return the sealed value, which can be opened for that place alone."""

    async def open(self, value: SealedValue) -> Secret[str]:
        """Return a secret."""

    async def shred(self, tenants: Iterable[TenantId]) -> None:
        """Take the keys of tenants away: nothing that they sealed is ever opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A record to write, with what the audit says of it.

    ``secrets`` are by name, None takes one away. ``detail`` is a JSON object without any secret.
    """

    record: Record
    what: str
    detail: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, Secret[str] | None] = field(default_factory=dict)
    limit: int | None = None


#: Decides on what is there now; None: nothing changes. It is asked again where another came first.
Decide = Callable[[Record], Awaitable[Writing | None]]


#: What is to be written beside the end of a record.
Beside = Callable[[Record], Awaitable[Sequence[Put]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some things by id, and after which id the next ones are; None: these were the last.

    ``unread`` are those between them that a newer version wrote, and this one can not read.
    """

    items: tuple[T, ...]
    next: str | None
    unread: tuple[Unread, ...] = ()


def paged(found: Iterable[T | Unread], following: str | None) -> Page[T]:
    """Return a page of what was found in the order of ids."""
    items: list[T] = []
    unread: list[Unread] = []
    for each in found:
        if isinstance(each, Unread):
            unread.append(each)
        else:
            items.append(each)
    return Page(items=tuple(items), next=following, unread=tuple(unread))


class Cabinet:
    """What all use cases share. ``new_id`` returns an id that nobody has."""

    __slots__ = ("_clock", "new_id", "records", "sealer")

    def __init__(
        self, records: Records, sealer: Sealer, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self.records = records
        self.sealer = sealer
        self._clock = clock
        self.new_id = new_id

    def now(self) -> float:
        """Return the instant, in seconds since 1970."""
        return self._clock.now()

    async def record(self, caller: Caller, kind: Kind, id_: str) -> Record:
        """Return a record that the caller may see. Raises NotFoundError."""
        found = await self.records.record(kind, id_, tenant=caller.tenant)
        if found is None:
            raise NotFoundError(kind.value, id_)
        return found

    async def page(
        self,
        caller: Caller,
        query: RecordQuery,
        read: Callable[[Record], T],
        *,
        most: int = MAX_PAGE,
    ) -> Page[T]:
        """Return what ``read`` makes of records by id: those of a tenant, or all that are seen.

        Raises InvalidError for a limit that is not within 1 and ``most``, and NotFoundError for
        another's tenant.
        """
        if not 1 <= query.limit <= most:
            raise invalid("limit", f"expected a whole number from 1 to {most}")
        if caller.tenant is not None and query.tenant not in {None, caller.tenant}:
            raise NotFoundError("tenant", str(query.tenant))
        # One more than is wanted tells whether there is another page.
        asked = replace(query, tenant=caller.tenant or query.tenant, limit=query.limit + 1)
        found = await self.records.records(asked)
        kept = found[: query.limit]
        following = kept[-1].id if len(found) > len(kept) else None
        return paged(legible(kept, read).values(), following)

    async def add(self, caller: Caller, writing: Writing) -> Record:
        """Write a record that is new. Raises TakenError, PlanLimitError."""
        put = await self._put(writing, 0)
        record = writing.record
        written = await self.records.write(
            [put], now=self.now(), notes=[note(caller, writing)], tenant=caller.tenant
        )
        if written.refusal is Refusal.LIMIT:
            raise _over(record.kind, written.current, put.limit)
        if written.refusal is not None:
            raise TakenError(record.kind.value, record.id)
        return written.records[0]

    async def change(
        self, caller: Caller, kind: Kind, id_: str, decide: Decide, *, expected: Versions = None
    ) -> Record:
        """Replace a record by what ``decide`` makes of it; return it as it is then.

        Raises NotFoundError, StaleError where it has not the version that is ``expected``,
        PlanLimitError, BusyError.
        """
        for _ in range(TRIES):
            record = await self.record(caller, kind, id_)
            _insist(record, expected)
            writing = await decide(record)
            if writing is None:
                return record
            put = await self._put(writing, record.version)
            written = await self.records.write(
                [put], now=self.now(), notes=[note(caller, writing)], tenant=caller.tenant
            )
            if written.refusal is None:
                return written.records[0]
            if written.refusal is Refusal.LIMIT:
                raise _over(kind, written.current, put.limit)
        raise BusyError(kind.value, id_)

    async def drop(
        self,
        caller: Caller,
        record: Record,
        what: str,
        detail: Mapping[str, object],
        *,
        expected: Versions = None,
        also: Sequence[Kind] = (),
        beside: Beside | None = None,
    ) -> None:
        """Take a record and its secrets away, with those of other kinds that have its id.

        ``beside`` says for each what is written in the same transaction. Raises NotFoundError, StaleError, BusyError.
        """
        for _ in range(TRIES):
            _insist(record, expected)
            # Where others go with it, what was not seen of it may have brought them.
            is_free = expected is None and beside is None and not also
            version = None if is_free else record.version
            changes: list[Put | Drop] = [_drop(record, version)]
            going = [record]
            for kind in also:
                found = await self.records.record(kind, record.id, tenant=record.tenant)
                if found is not None:
                    changes.append(_drop(found, found.version))
                    going.append(found)
            if beside is not None:
                for each in going:
                    changes += await beside(each)
            written = await self.records.write(
                changes,
                now=self.now(),
                notes=[noted(caller, what, record, detail)],
                tenant=caller.tenant,
            )
            if written.refusal is None:
                return
            record = await self.record(caller, record.kind, record.id)
        raise BusyError(record.kind.value, record.id)

    async def opened(self, record: Record) -> dict[str, Secret[str]]:
        """Return the secrets beside a record, by name."""
        found = await self.records.secrets(record.kind, [record.id])
        return {each.name: await self.sealer.open(each) for each in found}

    async def write(self, caller: Caller, writings: Sequence[tuple[Writing, int]]) -> bool:
        """Write some records, each over its version, or none of them; whether that was done.

        Raises PlanLimitError.
        """
        puts = [await self._put(writing, version) for writing, version in writings]
        notes = [note(caller, writing) for writing, _ in writings]
        written = await self.records.write(puts, now=self.now(), notes=notes, tenant=caller.tenant)
        if written.refusal is Refusal.LIMIT:
            put = puts[written.refused]
            raise _over(put.record.kind, written.current, put.limit)
        return written.refusal is None

    async def _put(self, writing: Writing, expected: int) -> Put:
        record = writing.record
        secrets: dict[str, bytes | None] = {}
        for name, secret in writing.secrets.items():
            secrets[name] = None
            if secret is not None:
                secrets[name] = await self.sealer.seal(
                    record.kind, record.tenant, record.id, name, secret
                )
        return Put(record=record, expected=expected, secrets=secrets, limit=writing.limit)


def _drop(record: Record, expected: int | None) -> Drop:
    return Drop(kind=record.kind, id=record.id, tenant=record.tenant, expected=expected)


def fits(record: Record, expected: Versions) -> bool:
    """Tell whether a record has a version that somebody expects it to have."""
    if expected is None:
        return True
    return record.version in ((expected,) if isinstance(expected, int) else expected)


def _insist(record: Record, expected: Versions) -> None:
    """Raise StaleError where a record has not a version that is expected."""
    if fits(record, expected):
        return
    one = expected if isinstance(expected, int) else 0
    raise StaleError(record.kind.value, record.id, expected=one, version=record.version)


def note(caller: Caller, writing: Writing) -> Note:
    """Return what the audit says of a write."""
    return noted(caller, writing.what, writing.record, writing.detail)


def noted(caller: Caller, what: str, record: Record, detail: Mapping[str, object]) -> Note:
    """Return what the audit says of a deed: who, what, of which record of which tenant."""
    named = {record.kind.value: record.id, "tenant": record.tenant, **detail}
    return Note(actor=caller.name, what=what, detail=orjson.dumps(named).decode())


def _over(kind: Kind, current: int, limit: int | None) -> PlanLimitError:
    return PlanLimitError(RESOURCES.get(kind, kind.value), current=current, limit=limit or 0)
