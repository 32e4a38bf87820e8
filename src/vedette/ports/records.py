"""What people set through the API: records of a few kinds, each with a version, in one table.

A record is a tenant, a registered account, an endpoint, a guard, a key: whatever is set, read and
compared as a whole. What is in it is the affair of whoever reads it; the store keeps it, compares
versions, counts, and tells what changed (docs/decisions/0041-records.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final, Protocol

from vedette.model.ids import TenantId

#: No secrets are set.
NONE: Final[Mapping[str, bytes | None]] = MappingProxyType({})


@unique
class Kind(StrEnum):
    """What a record is of. An id is taken once for each kind, whoever's it is."""

    TENANT = "tenant"
    ACCOUNT = "account"
    ENDPOINT = "endpoint"
    GUARD = "guard"
    APP = "app"
    """An OAuth 2.0 client of a tenant."""
    KEY = "key"
    """A key of the API, by the digest of its secret."""
    LINK = "link"
    """A connect link, until it is used."""
    GRANT = "grant"
    """What the owner of a mailbox consented to, by the id of the account; its tokens are sealed."""
    REVOCATION = "revocation"
    """A consent that ended here, until its provider was told (RFC 7009)."""
    STATE = "state"
    """An authorization that is under way (RFC 6749 section 4.1.1)."""
    ANSWER = "answer"
    """What was answered to a request with an idempotency key."""
    SETTING = "setting"
    CURSOR = "cursor"
    """How far a reader of events acknowledged them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that was set. ``body`` is a JSON object, as text, without any secret.

    ``revision`` is higher than that of everything written before it, in the whole store.
    ``version`` begins with that of the first write and grows by one with each other: an id that is
    taken anew never has a version again that it had before. ``label`` is what a search looks into,
    and ``is_counted`` whether it counts against a limit. ``expires_at`` is when it is as if it were
    gone. Instants are in seconds since 1970. A record stays its tenant's.

    A store spells the body in its own way: without blanks, each member once, and what it can not
    hold (NUL, half of a character) in plain letters; of the label as well. An id or a tenant that it
    can not hold is an error.
    """

    kind: Kind
    id: str
    tenant: TenantId
    body: str
    label: str = ""
    is_counted: bool = False
    created_at: float = 0.0
    updated_at: float = 0.0
    expires_at: float | None = None
    version: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Write a record where its version is still ``expected``; 0: there must be none.

    The store sets version, revision and instants. ``secrets`` are sealed values by name, beside
    the record; None takes one away, and one that is not named stays.
    ``limit`` is how many counted records of its kind its tenant may have with this one: one that
    was counted before may always be written again.
    """

    record: Record
    expected: int
    secrets: Mapping[str, bytes | None] = field(default_factory=lambda: NONE)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Take a record and its secrets away where its version is still ``expected`` (None: any).

    One that is not there is STALE.
    """

    kind: Kind
    id: str
    tenant: TenantId
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the audit says of a write, in the same transaction; ``detail`` is a JSON object."""

    actor: str
    what: str
    detail: str


@unique
class Refusal(StrEnum):
    """Why nothing was written."""

    STALE = "stale"
    """The record has another version, is gone, was there already, or is another tenant's."""
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a write: the record of each Put as it is now, or why nothing was written.

    ``refused`` is the place, from 0, of the change that was refused. ``current`` is how many
    counted records there are where the limit refused it, those of the changes before it among them.
    """

    records: tuple[Record, ...] = ()
    refusal: Refusal | None = None
    refused: int = 0
    current: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """Which records: of a kind, by id, those after ``after``, at most ``limit``.

    ``text`` is found anywhere in the label, whatever its case. ``fields`` are values that members
    of the body have, by their names; of a list, that it holds the text.
    """

    kind: Kind
    tenant: TenantId | None = None
    after: str = ""
    text: str = ""
    fields: Mapping[str, str | bool] = field(default_factory=dict)
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """That a record was written or taken away."""

    kind: Kind
    id: str
    tenant: TenantId
    revision: int
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """One secret of a record as it is kept; ``value`` is what ``identity.envelope`` sealed."""

    kind: Kind
    id: str
    tenant: TenantId
    name: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A key of a tenant, wrapped by the key of the installation that ``wrapper`` names."""

    tenant: TenantId
    number: int
    wrapper: str
    wrapped: bytes
    created_at: float


class Records(Protocol):
    """Every method raises StoreError. What a method returns is on disk.

    A ``tenant`` that is given is a wall: what is another's is as if it were not there, and the
    database itself sees to that where it can. What belongs to no tenant has the tenant "".
    Records that expired are as if they were gone.
    """

    async def record(
        self, kind: Kind, id_: str, *, tenant: TenantId | None = None
    ) -> Record | None:
        """Return a record, or None."""

    async def several(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[Record]:
        """Return those of some records of a kind that are there, each once, by id."""

    async def records(self, query: RecordQuery) -> list[Record]:
        """Return records by kind, in the order of their ids (compared by code points)."""

    async def count(self, kind: Kind, tenant: TenantId | None = None) -> int:
        """Return how many counted records of a kind there are."""

    async def write(
        self,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        """Write all of it or nothing: the changes in their order, then the notes of the audit."""

    async def touched(self, after: int, *, limit: int = 1000) -> list[Touched]:
        """Return what was written after a revision, by revision; of each record the last only.

        That a record is gone is told for a day: who has not asked for as long asks for all again.
        It never skips a write that is committed later.
        """

    async def secrets(
        self, kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[SealedValue]:
        """Return all secrets of some records of a kind, by id and name."""

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        """Return secrets in the order of (kind, id, name), those after a place: for a rotation."""

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        """Put ``new`` in the place of a secret that is still the ``old`` one; whether it was."""

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        """Return the wrapped keys of a tenant, or of all, by tenant and number."""

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        """Write a key where ``expected`` stands (None: where none has its number)."""

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        """Take keys of a tenant away, those with lower numbers or all: what they sealed is gone."""

    async def expire(self, now: float, *, limit: int) -> int:
        """Take away what expired, and what is gone for a day, in a bounded step; return how many.

        Of ``limit`` or more there may be more.
        """

    async def listen(self, after: int | None = None) -> None:
        """Return when something may have been written after a revision, or after a second.

        With None it is what is written from now on. Any number may listen at the same time.
        """


class Recorded(Protocol):
    """A store that keeps records."""

    @property
    def records(self) -> Records:
        """Return what is kept."""
