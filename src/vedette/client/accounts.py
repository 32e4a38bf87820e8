"""Accounts: the mailboxes that are watched, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, Page, listing, nothing
from vedette.client.problem import Problem, problem_in
from vedette.client.shape import BESIDE, UNSET, Flag, Hidden, Text, Texts, Unset, Whole

#: Seconds for a look at an account from login to folders: the service gives it 90.
_VERIFYING: Final = 120.0
#: Seconds for a batch: each item is a transaction of its own.
_BATCH: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """How an account is doing; ``lag`` is in seconds, from a message's arrival to its event."""

    state: str
    reason: str | None
    since: datetime | None
    last_error_at: datetime | None
    last_error: str | None
    response_code: str | None
    last_proof_at: datetime | None
    last_event_at: datetime | None
    lag: float | None
    attempts: int
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account. ``version`` is None in a list, and for one that is kept elsewhere."""

    id: str
    tenant: str
    origin: str
    email: str
    title: str
    tags: tuple[str, ...]
    host: str
    port: int
    encryption: str
    verify_tls: bool
    ca: str | None
    pin: str | None
    minimum_tls: str
    security_level: int | None
    proxy: str | None
    private: bool
    user: str
    auth: str
    app: str | None
    token_command: tuple[str, ...]
    token_url: str | None
    mechanism: str | None
    folders: tuple[str, ...]
    start: Any
    depth: str
    cover: str
    authserv: tuple[str, ...]
    max_message: int
    active: bool
    pause: str | None
    paused_at: datetime | None
    consent: str | None
    canary: bool
    canary_interval: int
    canary_folder: str
    resync_since: datetime | None
    status: AccountStatus
    created_at: datetime
    updated_at: datetime
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What of an account is to be changed: a secret that is None or blank stays as it is."""

    email: Text = UNSET
    title: Text = UNSET
    tags: Texts = UNSET
    host: Text = UNSET
    port: Whole = UNSET
    encryption: Text = UNSET
    verify_tls: Flag = UNSET
    ca: Text = UNSET
    pin: Text = UNSET
    minimum_tls: Text = UNSET
    security_level: Whole = UNSET
    proxy: Text = UNSET
    private: Flag = UNSET
    user: Text = UNSET
    auth: Text = UNSET
    app: Text = UNSET
    token_command: Texts = UNSET
    token_url: Text = UNSET
    password: Hidden = UNSET
    token: Hidden = UNSET
    refresh_token: Hidden = UNSET
    proxy_password: Hidden = UNSET
    token_url_secret: Hidden = UNSET
    mechanism: Text = UNSET
    folders: Texts = UNSET
    start: str | int | Mapping[str, str | int | float] | Unset | None = UNSET
    depth: Text = UNSET
    cover: Text = UNSET
    authserv: Texts = UNSET
    max_message: Whole = UNSET
    active: Flag = UNSET
    consent: Text = UNSET
    canary: Flag = UNSET
    canary_interval: Whole = UNSET
    canary_folder: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWish(AccountChange):
    """An account to be made. An id and a tenant are for admins to choose."""

    id: Text = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One step of the way in: ``outcome`` is ok, warning, failed or skipped."""

    check: str
    outcome: str
    seconds: float
    detail: str
    remedy: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What came of trying an account out."""

    is_good: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known of an account without asking its mailbox."""

    account: str
    is_good: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A change of one of many accounts."""

    id: str
    change: AccountChange
    version: Whole = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One of many accounts, to be deleted."""

    id: str
    version: Whole = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is to be done with many accounts, 500 of each kind at most; each item by itself."""

    create: tuple[AccountWish, ...] = ()
    update: tuple[Alteration, ...] = ()
    delete: tuple[Removal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item; ``problem`` as the service sends it."""

    status: int
    account: Account | None
    problem: Mapping[str, Any] | None

    @property
    def refusal(self) -> Problem | None:
        """The problem as a noun; None where the item was done."""
        return None if self.problem is None else problem_in(self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDone:
    """What became of many items, in the order in which they were asked for."""

    create: tuple[Outcome, ...]
    update: tuple[Outcome, ...]
    delete: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many accounts were made, and how many were there already and are as they were."""

    created: int
    there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """From when on an account is to be followed anew."""

    since: datetime


LIST: Final = listing(
    "/v1/accounts", Account, "q", "state", "tag", "tenant", "host", "email", "active"
)
CREATE: Final = Operation(method="POST", path="/v1/accounts", answer=Account, wish=AccountWish)
TRY: Final = Operation(
    method="POST",
    path="/v1/accounts/verify",
    answer=Verified,
    wish=AccountWish,
    seconds=_VERIFYING,
)
BATCH: Final = Operation(
    method="POST", path="/v1/accounts/batch", answer=BatchDone, wish=Batch, seconds=_BATCH
)
IMPORT: Final = Operation(
    method="POST",
    path="/v1/accounts/import",
    answer=Imported,
    wish=tuple[AccountWish, ...],
    seconds=_BATCH,
)
GET: Final = Operation(method="GET", path="/v1/accounts/{account}", answer=Account)
UPDATE: Final = Operation(
    method="PATCH",
    path="/v1/accounts/{account}",
    answer=Account,
    wish=AccountChange,
    is_versioned=True,
)
DELETE: Final = nothing("DELETE", "/v1/accounts/{account}", is_versioned=True)
DIAGNOSE: Final = Operation(method="GET", path="/v1/accounts/{account}/diagnosis", answer=Diagnosis)
VERIFY: Final = Operation(
    method="POST", path="/v1/accounts/{account}/verify", answer=Verified, seconds=_VERIFYING
)
PAUSE: Final = Operation(
    method="POST", path="/v1/accounts/{account}/pause", answer=Account, is_versioned=True
)
RESUME: Final = Operation(
    method="POST", path="/v1/accounts/{account}/resume", answer=Account, is_versioned=True
)
RECONNECT: Final = Operation(
    method="POST", path="/v1/accounts/{account}/reconnect", answer=Account, is_versioned=True
)
RESYNC: Final = Operation(
    method="POST",
    path="/v1/accounts/{account}/resync",
    answer=Account,
    wish=Resync,
    is_versioned=True,
)


class Accounts:
    """``/v1/accounts``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: AccountWish, *, key: str | None = None) -> Account:
        """Register an account; it is watched within a second. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(
        self,
        *,
        q: str = "",
        state: str | None = None,
        tag: str | None = None,
        tenant: str | None = None,
        host: str | None = None,
        email: str | None = None,
        active: bool | None = None,
        limit: int = 100,
    ) -> AsyncIterator[Account]:
        """Yield accounts by id; ``limit`` is how many are asked for at a time."""
        query = _filters(q=q, state=state, tag=tag, tenant=tenant, host=host, email=email)
        return self._exchange.pages(LIST, Said(query={**query, "active": active, "limit": limit}))

    async def page(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        q: str = "",
        state: str | None = None,
        tag: str | None = None,
        tenant: str | None = None,
        host: str | None = None,
        email: str | None = None,
        active: bool | None = None,
    ) -> Page[Account]:
        """Return a page of accounts, to go on with later by its ``next``."""
        query = _filters(q=q, state=state, tag=tag, tenant=tenant, host=host, email=email)
        return await self._exchange.page(
            LIST, Said(query={**query, "active": active, "limit": limit, "after": after})
        )

    async def try_out(self, wish: AccountWish) -> Verified:
        """Try an account out before it is saved."""
        return await self._exchange.one(TRY, Said(wish=wish))

    async def batch(self, batch: Batch, *, key: str | None = None) -> BatchDone:
        """Create, change and delete many accounts; each is done or refused by itself."""
        return await self._exchange.one(BATCH, Said(wish=batch, key=key))

    async def import_all(
        self, wishes: Sequence[AccountWish], *, key: str | None = None
    ) -> Imported:
        """Register many accounts, or none of them where one is wrong; 8 MiB of JSON at most.

        One that is there already, by address, user and host, is left as it is. Mistakes are told by
        ``line N``, from 1.
        """
        return await self._exchange.one(IMPORT, Said(wish=tuple(wishes), key=key))

    async def get(self, account: str) -> Account:
        """Return an account, with its version and how it is doing."""
        return await self._exchange.one(GET, Said(ids={"account": account}))

    async def update(
        self, account: str, change: AccountChange, *, version: int | None = None
    ) -> Account:
        """Change an account; with a version a change by somebody else is not overwritten."""
        said = Said(ids={"account": account}, wish=change, version=version)
        return await self._exchange.one(UPDATE, said)

    async def delete(self, account: str, *, version: int | None = None) -> None:
        """Delete an account with its credentials."""
        await self._exchange.done(DELETE, Said(ids={"account": account}, version=version))

    async def verify(self, account: str) -> Verified:
        """Try an account out as it is saved."""
        return await self._exchange.one(VERIFY, Said(ids={"account": account}))

    async def diagnose(self, account: str) -> Diagnosis:
        """Say what is known of an account, with remedies; its mailbox is not asked."""
        return await self._exchange.one(DIAGNOSE, Said(ids={"account": account}))

    async def pause(self, account: str, *, version: int | None = None) -> Account:
        """Stop watching it until it is resumed."""
        return await self._order(PAUSE, account, version)

    async def resume(self, account: str, *, version: int | None = None) -> Account:
        """Watch it again; what came meanwhile is delivered."""
        return await self._order(RESUME, account, version)

    async def reconnect(self, account: str, *, version: int | None = None) -> Account:
        """Connect anew, with the same credentials even where they were refused."""
        return await self._order(RECONNECT, account, version)

    async def resync(self, account: str, since: datetime, *, version: int | None = None) -> Account:
        """Look anew through all mail from an instant on; what was not delivered then is."""
        said = Said(ids={"account": account}, wish=Resync(since=since), version=version)
        return await self._exchange.one(RESYNC, said)

    async def _order(
        self, operation: Operation[Account], account: str, version: int | None
    ) -> Account:
        return await self._exchange.one(operation, Said(ids={"account": account}, version=version))


def _filters(**given: str | None) -> dict[str, object]:
    return dict(given)
