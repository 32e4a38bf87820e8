"""Consents that are under way, and what becomes of one that was given, whichever way it was had.

What is under way is a record of its own, for a while. Whoever finishes takes it away by its version,
so that of all instances and all replays one alone goes on. The tokens, and the account's wish to log
in by them, are written in one transaction. It must not know browsers nor devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from vedette.errors import LinkError, SecretError
from vedette.identity.oauth import claims
from vedette.identity.oauth.apps import App, AppBook, Client, Flow
from vedette.identity.oauth.consent import Consent, ConsentBook, Pair
from vedette.identity.oauth.exchange import Denied, Outcome
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Note, Put, Record
from vedette.secret import Secret
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.accounts.registration import registration_of
from vedette.service.cabinet import TRIES, Cabinet
from vedette.service.caller import Caller
from vedette.service.oauth.apps import READ, WRITE, again
from vedette.service.parting import Parting
from vedette.service.refusals import BusyError, ConflictError, NotFoundError, RefusalError

#: Seconds that a consent is kept for an account that does not exist yet.
WAITING: Final = 3_600.0
#: The secrets of an account that a consent takes the place of.
_REPLACED: Final = ("password", "token", "refresh_token", "token_url_secret")


class AuthorizationError(RefusalError):
    """The consent was not given, or can not be used; nothing was changed."""

    code = "authorization_refused"
    exit_status = 77


class UnknownStateError(RefusalError):
    """What came back belongs to nothing that was begun here, or that is still under way."""

    code = "unknown_state"
    exit_status = 77

    def __init__(self) -> None:
        super().__init__(
            "this consent was not begun here, took more than ten minutes, or was used before;"
            " begin it anew"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A consent that is kept: for which account, and whose mailbox the provider says it is."""

    account: AccountId
    tenant: TenantId
    app: str
    address: str
    is_registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """What a consent is for. ``is_delegated`` lets somebody else's consent open a shared mailbox."""

    account: AccountId
    tenant: TenantId
    app: str
    is_delegated: bool = False


class Connecting:
    """What all ways to a consent share."""

    def __init__(
        self,
        cabinet: Cabinet,
        vault: Vault,
        transport: Transport,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.cabinet = cabinet
        self.transport = transport
        self._vault = vault
        self._elsewhere = elsewhere or Elsewhere()
        self._parting = Parting(cabinet)
        self._consents = ConsentBook(cabinet.records, vault)
        self._apps = AppBook(cabinet.records, vault)

    async def forget(self, caller: Caller, account: AccountId) -> None:
        """Forget a consent with its tokens; the account has to be connected anew.

        Its provider is told later that nobody uses it any more.
        """
        caller.needs(WRITE)
        record = await self.cabinet.record(caller, Kind.GRANT, account)
        await self.cabinet.drop(caller, record, "oauth.forgotten", {}, beside=self._parting.of)

    async def stay(self, account: AccountId, tenant: TenantId) -> None:
        """Keep a consent for as long as its account, which is registered by now."""
        for _ in range(TRIES):
            found = await self._consents.read(account, tenant)
            if found is None or found.expires_at is None:
                return
            kept = replace(found, expires_at=None)
            now = self.cabinet.now()
            if await self._consents.write(kept, tokens=False, now=now) is not None:
                return
        raise BusyError("account", account)

    async def consent(self, caller: Caller, account: AccountId) -> Consent:
        """Return the consent of an account; its tokens are not to be shown. Raises NotFoundError."""
        caller.needs(READ)
        record = await self.cabinet.record(caller, Kind.GRANT, account)
        found = await self._consents.read(account, record.tenant)
        if found is None:
            raise NotFoundError(Kind.GRANT.value, account)
        return found

    async def whose(
        self,
        caller: Caller,
        app: str,
        account: AccountId,
        tenant: TenantId | None,
        *,
        is_delegated: bool,
    ) -> Whose:
        """Return what a consent is to be for, within the wall of the caller's tenant."""
        found = await self.cabinet.records.record(Kind.ACCOUNT, account)
        kept = self._elsewhere.of(account)
        known = kept.account.tenant if kept is not None else None
        owner = known if found is None else found.tenant
        wanted = caller.tenant or tenant or owner
        if wanted is None:
            raise NotFoundError("account", account)
        if owner not in {None, wanted} or tenant not in {None, wanted}:
            raise NotFoundError("account", account)
        return Whose(account=account, tenant=wanted, app=app, is_delegated=is_delegated)

    async def app(self, whose: Whose) -> tuple[App, Client]:
        """Return the app of a consent. Raises NotFoundError, ConflictError."""
        try:
            app, client = await self._apps.app(whose.app, whose.tenant)
        except LinkError as error:
            raise NotFoundError("app", whose.app) from error
        if app.flow is not Flow.CODE:
            raise ConflictError(
                f"{app} acts without the owners of mailboxes; nobody has to consent"
            )
        return app, client

    async def keep(
        self,
        whose: Whose,
        id_: str,
        body: Mapping[str, Any],
        secrets: Mapping[str, Secret[str]],
        until: float,
    ) -> None:
        """Keep what is under way."""
        sealed: dict[str, bytes | None] = {
            name: await self._vault.seal(Kind.STATE, whose.tenant, id_, name, secret)
            for name, secret in secrets.items()
        }
        record = Record(
            kind=Kind.STATE,
            id=id_,
            tenant=whose.tenant,
            body=orjson.dumps(body).decode(),
            expires_at=until,
        )
        put = Put(record=record, expected=0, secrets=sealed)
        written = await self.cabinet.records.write(
            [put], now=self.cabinet.now(), tenant=whose.tenant
        )
        if written.refusal is not None:
            raise BusyError("consent", whose.account)

    async def move(self, record: Record, body: Mapping[str, Any]) -> Record | None:
        """Write what is under way anew; return it, or None where somebody else was faster."""
        new = replace(record, body=orjson.dumps(body).decode())
        put = Put(record=new, expected=record.version)
        written = await self.cabinet.records.write([put], now=self.cabinet.now())
        return written.records[0] if written.refusal is None else None

    async def take(self, record: Record) -> None:
        """Take what is under way, as the only one who does. Raises UnknownStateError."""
        drop = Drop(kind=Kind.STATE, id=record.id, tenant=record.tenant, expected=record.version)
        written = await self.cabinet.records.write([drop], now=self.cabinet.now())
        if written.refusal is not None:
            raise UnknownStateError

    async def settle(
        self, whose: Whose, app: App, client: Client, outcome: Outcome, nonce: str | None
    ) -> Connected:
        """Keep the tokens that a provider gave, and have the account try them."""
        if isinstance(outcome, Denied):
            raise AuthorizationError(f"the provider gave no tokens: {outcome.said}")
        if outcome.refresh is None:
            raise AuthorizationError(
                f"{app} was given no refresh token, so the mailbox could be read for an hour only:"
                " ask for offline access by its scopes or extra parameters"
            )
        now = self.cabinet.now()
        try:
            owner = await claims.owner(self.transport, app, client, outcome, nonce=nonce, now=now)
        except LinkError as error:
            raise AuthorizationError(str(error)) from error
        pair = Pair(
            refresh=outcome.refresh,
            access=outcome.access,
            obtained_at=now,
            expires_at=now + outcome.lifetime,
        )
        consent = Consent(
            account=whose.account,
            tenant=whose.tenant,
            app=whose.app,
            pair=pair,
            address=owner.address,
            scope=outcome.scope,
            consented_at=now,
        )
        known = await self.known(whose)
        if known is not None and not whose.is_delegated:
            try:
                _compare(owner, known)
            except AuthorizationError:
                await self._decline(consent, app, client)
                raise
        await self._write(consent)
        return Connected(
            account=whose.account,
            tenant=whose.tenant,
            app=whose.app,
            address=owner.address,
            is_registered=known is not None,
        )

    async def _decline(self, consent: Consent, app: App, client: Client) -> None:
        """Have a provider told that a consent was given for nothing."""
        puts = await self._parting.of_consent(consent, app, client)
        if puts:
            await self.cabinet.records.write(puts, now=self.cabinet.now(), tenant=consent.tenant)

    async def _write(self, consent: Consent) -> None:
        """Write a consent and the wish to log in by it, in one transaction."""
        account, tenant = consent.account, consent.tenant
        note = Note(
            actor="oauth",
            what="oauth.consented",
            detail=orjson.dumps(
                {"account": account, "tenant": tenant, "app": consent.app}
            ).decode(),
        )
        records, now = self.cabinet.records, self.cabinet.now()
        for _ in range(TRIES):
            old = await records.record(Kind.GRANT, account, tenant=tenant)
            seed = "" if old is None else orjson.loads(old.body).get("seed", "")
            registered = await records.record(Kind.ACCOUNT, account, tenant=tenant)
            # One that was deleted meanwhile leaves no tokens behind.
            is_there = registered is not None or self._elsewhere.of(account, tenant) is not None
            new = replace(
                consent,
                seed=seed,
                version=0 if old is None else old.version,
                expires_at=None if is_there else now + WAITING,
            )
            changes = [await self._consents.put(new, tokens=True)]
            if registered is not None:
                changes.append(
                    Put(
                        record=again(registered, now=now, app=consent.app),
                        expected=registered.version,
                        secrets=dict.fromkeys(_REPLACED),
                    )
                )
            written = await records.write(changes, now=now, notes=[note], tenant=tenant)
            if written.refusal is None:
                return
        raise BusyError("account", account)

    async def known(self, whose: Whose) -> Account | None:
        """Return the account that a consent is for, where it is registered."""
        record = await self.cabinet.records.record(Kind.ACCOUNT, whose.account, tenant=whose.tenant)
        if record is not None:
            return registration_of(record).account
        kept = self._elsewhere.of(whose.account, whose.tenant)
        return None if kept is None else kept.account

    async def under_way(
        self, id_: str, tenant: TenantId | None
    ) -> tuple[Record, Mapping[str, Any], Mapping[str, Secret[str]]]:
        """Return what is under way by its id, with its secrets. Raises UnknownStateError."""
        record = await self.cabinet.records.record(Kind.STATE, id_, tenant=tenant)
        if record is None:
            raise UnknownStateError
        secrets = {}
        for value in await self.cabinet.records.secrets(Kind.STATE, [id_]):
            try:
                secrets[value.name] = await self._vault.open(value)
            except SecretError as error:
                raise UnknownStateError from error
        return record, orjson.loads(record.body), secrets


def _compare(owner: claims.Owner, account: Account) -> None:
    """Raise AuthorizationError where somebody consented for another mailbox than the account's."""
    if not owner.is_one_of(account.email, account.credentials.user):
        raise AuthorizationError(
            f"the consent is of {owner.address}, and the account is {account.email}: log in there,"
            " or say that the mailbox is shared with whoever consents"
        )


def whose_of(record: Record, body: Mapping[str, Any]) -> Whose:
    """Return what a consent that is under way is for."""
    return Whose(
        account=AccountId(body["account"]),
        tenant=record.tenant,
        app=body["app"],
        is_delegated=body["delegated"],
    )
