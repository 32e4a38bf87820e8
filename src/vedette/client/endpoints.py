"""Endpoints over the API: where events go, and what became of them there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import BESIDE, UNSET, Flag, Hidden, Text, Texts, Unset, Whole
from vedette.secret import Secret

_ABOUT: Final = ("state", "account", "type", "from", "to", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint; ``secrets`` are the names of those that it has. ``version``: None in a list.

    ``origin`` is api, or file: kept in the configuration file of the service, and changed there.
    """

    id: str
    tenant: str | None
    type: str
    title: str
    active: bool
    origin: str
    place: str
    secrets: tuple[str, ...]
    settings: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    profile: str | None = None
    depth: str | None = None
    ordered: bool | None = None
    concurrency: int | None = None
    rate: float | None = None
    events: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    folders: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint(Endpoint):
    """An endpoint with the secret that was made for it just now; None where none was."""

    secret: Secret[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """What of an endpoint is to be changed; what each kind has is in the configuration's reference."""

    title: Text = UNSET
    active: Flag = UNSET
    profile: Text = UNSET
    depth: Text = UNSET
    ordered: Flag = UNSET
    concurrency: Whole = UNSET
    rate: float | Unset | None = UNSET
    events: Texts = UNSET
    tenants: Texts = UNSET
    accounts: Texts = UNSET
    folders: Texts = UNSET
    tags: Texts = UNSET
    url: Hidden = UNSET
    secret: Hidden = UNSET
    secret_old: Hidden = UNSET
    proxy: Hidden = UNSET
    headers: Mapping[str, Secret[str]] | Unset | None = UNSET
    timeout: float | Unset | None = UNSET
    verify_tls: Flag = UNSET
    ca_file: Text = UNSET
    private: Flag = UNSET
    command: str | tuple[str, ...] | Unset | None = UNSET
    environment: Texts = UNSET
    directory: Text = UNSET
    path: Text = UNSET
    fsync: Flag = UNSET
    stream: Text = UNSET
    maxlen: Whole = UNSET
    subject: Text = UNSET
    exchange: Text = UNSET
    routing_key: Text = UNSET
    topic: Text = UNSET
    mechanism: Text = UNSET
    table: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointWish(EndpointChange):
    """An endpoint to be made."""

    type: str
    id: Text = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """Whether an endpoint takes what it is sent."""

    endpoint: str
    is_disabled: bool
    disabled_at: datetime | None
    reason: str | None
    failures: int
    failing_since: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What became of an event that was sent to try an endpoint out."""

    is_good: bool
    event: str
    outcome: str
    detail: str
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNamed:
    """What a delivery is of."""

    id: str
    type: str
    tenant: str
    account: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery: ``state`` is due, delivered or failed."""

    delivery: int
    endpoint: str
    state: str
    in_flight: bool
    attempts: int
    queued_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    reason: str
    event: EventNamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Which dead letters are to be queued again."""

    account: Text = UNSET
    type: Text = UNSET
    from_: datetime | Unset | None = UNSET
    to: datetime | Unset | None = UNSET
    event: Text = UNSET
    limit: int | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """How many were queued, and whether there are more."""

    queued: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which events are to be delivered once more; ``next`` goes on with one that was begun."""

    account: Text = UNSET
    type: Text = UNSET
    from_: datetime | Unset | None = UNSET
    to: datetime | Unset | None = UNSET
    event: Text = UNSET
    next: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """How many were queued; with ``next`` the replay goes on."""

    queued: int
    next: str | None


_ONE: Final = "/v1/endpoints/{endpoint}"

LIST: Final = listing("/v1/endpoints", Endpoint, "q")
CREATE: Final = Operation(
    method="POST", path="/v1/endpoints", answer=NewEndpoint, wish=EndpointWish
)
GET: Final = Operation(method="GET", path=_ONE, answer=Endpoint)
UPDATE: Final = Operation(
    method="PATCH", path=_ONE, answer=Endpoint, wish=EndpointChange, is_versioned=True
)
DELETE: Final = nothing("DELETE", _ONE, is_versioned=True)
ROTATE: Final = Operation(
    method="POST", path=f"{_ONE}/rotate", answer=NewEndpoint, is_versioned=True
)
RETIRE: Final = Operation(method="POST", path=f"{_ONE}/retire", answer=Endpoint, is_versioned=True)
STATE: Final = Operation(method="GET", path=f"{_ONE}/state", answer=EndpointState)
ENABLE: Final = Operation(method="POST", path=f"{_ONE}/enable", answer=EndpointState)
TEST: Final = Operation(method="POST", path=f"{_ONE}/test", answer=Tested, seconds=120.0)
OWN: Final = listing(f"{_ONE}/deliveries", Delivery, *_ABOUT)
REDRIVE: Final = Operation(
    method="POST", path=f"{_ONE}/redrive", answer=Redriven, wish=Redrive, seconds=120.0
)
REPLAY: Final = Operation(
    method="POST", path=f"{_ONE}/replay", answer=Queued, wish=Replay, seconds=120.0
)
DELIVERIES: Final = listing("/v1/deliveries", Delivery, *_ABOUT)


class Endpoints:
    """``/v1/endpoints`` and ``/v1/deliveries``. All raise ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: EndpointWish, *, key: str | None = None) -> NewEndpoint:
        """Make an endpoint; its secret is in this answer alone. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, q: str = "", limit: int = 100) -> AsyncIterator[Endpoint]:
        """Yield endpoints by id."""
        return self._exchange.pages(LIST, Said(query={"q": q, "limit": limit}))

    async def get(self, endpoint: str) -> Endpoint:
        """Return an endpoint, with its version."""
        return await self._exchange.one(GET, _of(endpoint))

    async def update(
        self, endpoint: str, change: EndpointChange, *, version: int | None = None
    ) -> Endpoint:
        """Change an endpoint."""
        said = Said(ids={"endpoint": endpoint}, wish=change, version=version)
        return await self._exchange.one(UPDATE, said)

    async def delete(self, endpoint: str, *, version: int | None = None) -> None:
        """Delete an endpoint; what it was still to get is not delivered."""
        await self._exchange.done(DELETE, _of(endpoint, version))

    async def rotate(self, endpoint: str, *, version: int | None = None) -> NewEndpoint:
        """Make another secret; the one before signs as well until it is retired."""
        return await self._exchange.one(ROTATE, _of(endpoint, version))

    async def retire(self, endpoint: str, *, version: int | None = None) -> Endpoint:
        """Take the secret before away."""
        return await self._exchange.one(RETIRE, _of(endpoint, version))

    async def state(self, endpoint: str) -> EndpointState:
        """Return whether an endpoint takes what it is sent."""
        return await self._exchange.one(STATE, _of(endpoint))

    async def enable(self, endpoint: str) -> EndpointState:
        """Deliver again to an endpoint that was disabled."""
        return await self._exchange.one(ENABLE, _of(endpoint))

    async def test(self, endpoint: str) -> Tested:
        """Send an event to try an endpoint out, and return what it answered."""
        return await self._exchange.one(TEST, _of(endpoint))

    def deliveries(
        self,
        endpoint: str | None = None,
        *,
        state: str | None = None,
        account: str | None = None,
        type_: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        event: str | None = None,
        limit: int = 100,
    ) -> AsyncIterator[Delivery]:
        """Yield deliveries, those to one endpoint or to all, of the newest events first."""
        query: dict[str, object] = {"state": state, "account": account, "type": type_}
        query |= {"from": begin, "to": end}
        query |= {"event": event, "limit": limit}
        if endpoint is None:
            return self._exchange.pages(DELIVERIES, Said(query=query))
        return self._exchange.pages(OWN, Said(ids={"endpoint": endpoint}, query=query))

    async def redrive(self, endpoint: str, wish: Redrive) -> Redriven:
        """Queue dead letters again."""
        return await self._exchange.one(REDRIVE, Said(ids={"endpoint": endpoint}, wish=wish))

    async def replay(self, endpoint: str, wish: Replay) -> Queued:
        """Deliver events once more, a step at a time: go on with ``next``."""
        return await self._exchange.one(REPLAY, Said(ids={"endpoint": endpoint}, wish=wish))


def _of(endpoint: str, version: int | None = None) -> Said:
    return Said(ids={"endpoint": endpoint}, version=version)
