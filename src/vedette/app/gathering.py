"""Makes settings of what is registered: records, secrets, tenants and consents, joined.

What can not be read, or opened, is told in one line and stands for itself alone: all others go on.
It must not know when anything changes, nor what becomes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

import structlog

from vedette.app.enrolled import Known, enrolled, held
from vedette.config.settings import AccountSettings, EndpointSettings, GuardSettings
from vedette.errors import SecretError, VedetteError
from vedette.identity.oauth.consent import digest_of
from vedette.identity.oauth.tokens import Supply
from vedette.identity.vault import Opened, Vault
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.consent import Consents
from vedette.ports.link import Target
from vedette.ports.records import Kind, Record, Recorded
from vedette.ports.registration import Auth, Origin, Pause, Registration
from vedette.ports.source import Sourced
from vedette.secret import Secret
from vedette.service.accounts.credentials import supply_of
from vedette.service.accounts.pausing import is_agreed, under
from vedette.service.accounts.registration import registration_of
from vedette.service.accounts.tenant import tenant_of
from vedette.service.body import members
from vedette.service.endpoints import endpoint as endpoints
from vedette.service.guards import post as guards

T = TypeVar("T")

_log = structlog.stdlib.get_logger(__name__)

#: Accounts that are made before others have a turn on the loop: 1 ms.
_TURN: Final = 20
#: Servers that are remembered, to have each once: there are some hundred, and few accounts at the rest.
_SERVERS: Final = 1_000
#: Digits that tell one consent of a mailbox from the next.
_SHOWN: Final = 16
#: Consents that are asked for at once.
_AT_ONCE: Final = 50


class State(Recorded, Consents, Protocol):
    """What of a store is read here."""

    async def edition(self) -> int:
        """Return a number that is another one after each consent, at whichever instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """What of a tenant its accounts heed: since when it is paused, and the consent that it asks."""

    paused_at: float | None = None
    consent: str | None = None


class Gathering:
    """What is known beside the records. Every method raises StoreError."""

    def __init__(self, state: State, unlock: Callable[[], Awaitable[Vault]]) -> None:
        self._state = state
        self._unlock = unlock
        self._tenants: dict[TenantId, Tenancy] = {}
        #: The accounts with a consent that stands, as far as was read.
        self.consented: frozenset[AccountId] = frozenset()
        #: Those that ask for one, and whether it is missing.
        self.asking: dict[AccountId, bool] = {}
        #: Servers, each by itself.
        self._targets: dict[Target, Target] = {}
        #: What the tokens of accounts come from that log in by a grant.
        self.supplies: dict[AccountId, Supply] = {}

    @property
    def tenants(self) -> set[TenantId]:
        """The tenants that their accounts have something to heed of."""
        return set(self._tenants)

    def tenant(self, id_: TenantId, record: Record | None) -> bool:
        """Learn of a tenant, None: it is gone; return whether its accounts have to heed it."""
        now = Tenancy()
        if record is not None:
            try:
                found = tenant_of(record)
            except VedetteError as error:
                _log.error("registered.unreadable", kind="tenant", id=id_, error=str(error))
                return False
            now = Tenancy(paused_at=found.stopped_at, consent=found.consent)
        before = self._tenants.get(id_, Tenancy())
        if now == Tenancy():
            self._tenants.pop(id_, None)
        else:
            self._tenants[id_] = now
        return now != before

    def filed(self, account: AccountSettings) -> AccountSettings:
        """Return an account of the file, as its tenant lets it."""
        tenancy = self._tenants.get(account.account.tenant)
        is_paused = tenancy is not None and tenancy.paused_at is not None
        return held(account, Pause.TENANT) if is_paused else account

    def forget(self, account: AccountId) -> None:
        """Forget an account that is gone."""
        self.asking.pop(account, None)
        self.supplies.pop(account, None)

    async def accounts(self, records: Sequence[Record]) -> dict[AccountId, AccountSettings | None]:
        """Return accounts as they are to be watched; one that can not be read is left out."""
        opened = await self._opened(Kind.ACCOUNT, records)
        read: list[tuple[Registration, Mapping[str, Secret[str]], str | None]] = []
        for record in records:
            try:
                registration = registration_of(record)
            except VedetteError as error:
                _log.error("registered.unreadable", kind="account", id=record.id, error=str(error))
                continue
            failed = opened.failed.get(record.id)
            refused = None if failed is None else str(failed)
            read.append((registration, opened.secrets.get(record.id, {}), refused))
        return await self._enrolled(read)

    async def sourced(self, found: Iterable[Sourced]) -> dict[AccountId, AccountSettings | None]:
        """Return accounts that others keep, as they are to be watched."""
        return await self._enrolled(
            [(each.registration, each.secrets, each.refused) for each in found]
        )

    async def endpoints(
        self, records: Sequence[Record]
    ) -> dict[EndpointId, EndpointSettings | None]:
        """Return endpoints; None for one that is not active or can not be used."""
        opened = await self._opened(Kind.ENDPOINT, records)
        made: dict[EndpointId, EndpointSettings | None] = {}
        for record in records:
            made[EndpointId(record.id)] = None
            try:
                _insist(opened, record)
                found = endpoints.endpoint_of(record)
                if found.active:
                    made[EndpointId(record.id)] = endpoints.settings_of(
                        found, opened.secrets.get(record.id, {})
                    )
            except VedetteError as error:
                _log.error("endpoint.refused", endpoint=record.id, error=str(error))
        return made

    async def guards(self, records: Sequence[Record]) -> dict[str, GuardSettings | None]:
        """Return guards; None for one that is not active.

        One that can not be used is left out, and stands as it stood: to stop is up to people.
        """
        opened = await self._opened(Kind.GUARD, records)
        made: dict[str, GuardSettings | None] = {}
        for record in records:
            try:
                _insist(opened, record)
                found = guards.guard_of(record)
                secrets = opened.secrets.get(record.id, {})
                made[record.id] = (
                    await asyncio.to_thread(guards.settings_of, found, secrets)
                    if found.active
                    else None
                )
            except VedetteError as error:
                _log.error("guard.refused", guard=record.id, error=str(error))
        return made

    async def doubtful(self) -> list[AccountId]:
        """Read which consents stand; return the accounts for which that may make a difference."""
        self.consented = await self._state.consented()
        return [
            account
            for account, is_missing in self.asking.items()
            if is_missing is (account in self.consented)
        ]

    async def _enrolled(
        self, read: Sequence[tuple[Registration, Mapping[str, Secret[str]], str | None]]
    ) -> dict[AccountId, AccountSettings | None]:
        made: dict[AccountId, AccountSettings | None] = {}
        for start in range(0, len(read), _AT_ONCE):
            page = [
                (self._under(each), secrets, why) for each, secrets, why in read[start:][:_AT_ONCE]
            ]
            # Most accounts ask for no consent, and have no grant: a task for each costs more than all.
            missing = await _together(
                {
                    each.account.id: self._withheld(each)
                    for each, _, _ in page
                    if each.consent is not None
                }
            )
            granted = await _together(
                {
                    each.account.id: self._granted(each, had)
                    for each, had, _ in page
                    if each.origin is not Origin.API and each.grant.auth is Auth.OAUTH2
                }
            )
            for count, (registration, secrets, refused) in enumerate(page, start=1):
                id_ = registration.account.id
                if id_ not in missing:
                    self.asking.pop(id_, None)
                consent = granted.get(id_, (0.0, ""))
                known = Known(
                    secrets=secrets,
                    refused=refused,
                    withheld=missing.get(id_),
                    consented_at=consent[0],
                    lent=consent[1],
                )
                made[id_] = self._sharing(enrolled(registration, known))
                supply = supply_of(registration, secrets)
                if supply is None:
                    self.supplies.pop(id_, None)
                else:
                    self.supplies[id_] = supply
                if count % _TURN == 0:
                    await asyncio.sleep(0)
        return made

    def _sharing(self, settings: AccountSettings) -> AccountSettings:
        """Return an account with the server of one before, where that is the same: a sixth of it."""
        target = settings.target
        if target.proxy is not None:
            # Its password is its own.
            return settings
        if len(self._targets) >= _SERVERS:
            self._targets.clear()
        shared = self._targets.setdefault(target, target)
        return settings if shared is target else replace(settings, target=shared)

    def _under(self, registration: Registration) -> Registration:
        tenancy = self._tenants.get(registration.account.tenant)
        if tenancy is None:
            return registration
        return under(registration, paused_at=tenancy.paused_at, consent=tenancy.consent)

    async def _granted(
        self, registration: Registration, secrets: Mapping[str, Secret[str]]
    ) -> tuple[float, str]:
        """Return by what the consent of an account that others keep is told from another one.

        That is when it was given here (0: it was not), or what it goes by as it was handed over.
        Accounts of the API have a wish to reconnect with it, in the same transaction.
        """
        if registration.origin is Origin.API or registration.grant.auth is not Auth.OAUTH2:
            return 0.0, ""
        account = registration.account
        found = await self._state.records.record(Kind.GRANT, account.id, tenant=account.tenant)
        told = {} if found is None else members(found)
        if told.get("address") or told.get("scope"):
            at = told.get("consentedAt")
            return (float(at) if isinstance(at, int | float) else 0.0), ""
        # A refresh token of the host's own table, which tells neither.
        token = secrets.get("refresh_token")
        if token is None:
            return 0.0, ""
        digest, seed = digest_of(token), str(told.get("seed", ""))
        is_ours = digest in {seed, *told.get("lineage", ())}
        return 0.0, (seed if is_ours else digest)[:_SHOWN]

    async def _withheld(self, registration: Registration) -> str | None:
        """Say why the mail of an account must not be read, or None."""
        account, wanted = registration.account.id, registration.consent
        given = None
        if account in self.consented:
            given = await self._state.consent_of(account)
        is_missing = self.asking[account] = not is_agreed(wanted, given)
        return f"consent missing: to version {wanted} of the words" if is_missing else None

    async def _opened(self, kind: Kind, records: Sequence[Record]) -> Opened:
        sealed = await self._state.records.secrets(kind, [each.id for each in records])
        if not sealed:
            return Opened()
        try:
            return await (await self._unlock()).open_all(sealed)
        except SecretError as error:
            return Opened(failed={each.id: error for each in sealed})


def _insist(opened: Opened, record: Record) -> None:
    """Raise SecretError where a secret of a record can not be opened."""
    if record.id in opened.failed:
        raise opened.failed[record.id]


async def _together(asked: Mapping[AccountId, Awaitable[T]]) -> dict[AccountId, T]:
    """Return the answers for some accounts, which are asked at the same time."""
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
