"""The use cases of OAuth 2.0 apps: register one with a provider's addresses, see, change, delete.

Client id and secret are set together and kept as one sealed value (``identity.oauth.apps``), and
what was sealed is never shown. It must not know how consents are had.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from vedette.errors import StoreError
from vedette.identity.oauth.apps import CLIENT, App, client_text, read
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record, RecordQuery
from vedette.ports.registration import Auth, Grant, Pause
from vedette.service.accounts.pausing import started
from vedette.service.accounts.registration import record_of, registration_of
from vedette.service.accounts.tenant import DEFAULT
from vedette.service.accounts.tenants import Tenants
from vedette.service.body import members, written
from vedette.service.cabinet import Cabinet, Page, Versions, Writing, fits
from vedette.service.caller import Caller
from vedette.service.oauth.wish import Wished, wished
from vedette.service.parting import Parting
from vedette.service.reach import Ports, usual_ports
from vedette.service.refusals import ConflictError, NewerError, NotFoundError, invalid

READ: Final = "oauth:read"
WRITE: Final = "oauth:write"


class OAuthApps:
    """What is done with apps. Each method takes who asks first.

    An app of the tenant ``default`` serves all tenants that name it; only its own change it.
    """

    __slots__ = ("_cabinet", "_parting", "_ports", "_tenants")

    def __init__(self, cabinet: Cabinet, tenants: Tenants, ports: Ports = usual_ports) -> None:
        self._cabinet = cabinet
        self._ports = ports
        self._parting = Parting(cabinet)
        self._tenants = tenants

    async def create(
        self, caller: Caller, wish: Mapping[str, object], *, tenant: TenantId | None = None
    ) -> App:
        """Register an app; ``clientSecret`` and ``keyFile`` are given as ``Secret``.

        Raises InvalidError, ForbiddenError, NotFoundError.
        """
        caller.needs(WRITE)
        owner = caller.tenant or tenant or DEFAULT
        if tenant not in {None, owner}:
            raise NotFoundError("tenant", str(tenant))
        await self._tenants.of(owner)
        found = wished(caller, wish, None, self._cabinet.new_id(), owner, ports=self._ports())
        if found.client is None:
            raise invalid("clientSecret", "is missing: what the provider gave with the client id")
        record = await self._cabinet.add(caller, _writing(found, None, "oauth_app.created"))
        return _app(record)

    async def get(self, caller: Caller, id_: str) -> App:
        """Return an app. Raises NotFoundError."""
        caller.needs(READ)
        return _app(await self._cabinet.record(caller, Kind.APP, id_))

    async def page(
        self, caller: Caller, *, after: str = "", tenant: TenantId | None = None, limit: int = 100
    ) -> Page[App]:
        """Return apps in the order of their ids."""
        caller.needs(READ)
        query = RecordQuery(kind=Kind.APP, tenant=tenant, after=after, limit=limit)
        return await self._cabinet.page(caller, query, _app)

    async def update(
        self,
        caller: Caller,
        id_: str,
        wish: Mapping[str, object],
        *,
        expected: Versions = None,
    ) -> App:
        """Change some of an app; a client id changes with its secret alone.

        Accounts that the provider refused because of the app are tried again. Raises
        NotFoundError, StaleError, InvalidError, ForbiddenError.
        """
        caller.needs(WRITE)
        is_new_client = False

        async def decide(record: Record) -> Writing:
            nonlocal is_new_client
            ports = self._ports()
            found = wished(caller, wish, record, record.id, record.tenant, ports=ports)
            is_new_client = found.client is not None
            return _writing(found, record, "oauth_app.updated")

        record = await self._cabinet.change(caller, Kind.APP, id_, decide, expected=expected)
        if is_new_client:
            await self._again(caller, id_)
        return _app(record)

    async def delete(self, caller: Caller, id_: str, *, expected: Versions = None) -> None:
        """Delete an app that no account is connected by. Raises ConflictError, StaleError.

        Consents that are left of it go before it: its provider can be told of them only by it.
        """
        caller.needs(WRITE)
        record = await self._cabinet.record(caller, Kind.APP, id_)
        tenant = None if record.tenant == DEFAULT else record.tenant
        query = RecordQuery(kind=Kind.ACCOUNT, tenant=tenant, fields={"app": id_}, limit=1)
        users = await self._cabinet.records.records(query)
        if users:
            raise ConflictError("accounts are connected by this app; change or delete them first")
        if fits(record, expected):
            await self._end_consents(caller, id_, tenant)
        await self._cabinet.drop(caller, record, "oauth_app.deleted", {}, expected=expected)

    async def _end_consents(self, caller: Caller, app: str, tenant: TenantId | None) -> None:
        """Forget the consents of an app, of accounts that log in otherwise by now."""
        query = RecordQuery(kind=Kind.GRANT, tenant=tenant, fields={"app": app})
        while page := await self._cabinet.records.records(query):
            for grant in page:
                # An app of all tenants has consents of all of them, whoever may delete it.
                acting = replace(caller, tenant=grant.tenant)
                with suppress(NotFoundError):
                    await self._cabinet.drop(
                        acting, grant, "oauth.forgotten", {"app": app}, beside=self._parting.of
                    )

    async def _again(self, caller: Caller, id_: str) -> None:
        """Wish for another try of each account that was refused because of the app."""
        after = ""
        while True:
            query = RecordQuery(
                kind=Kind.GRANT, tenant=caller.tenant, after=after, fields={"app": id_}
            )
            page = await self._cabinet.records.records(query)
            for grant in page:
                withdrawn = members(grant).get("withdrawn")
                if isinstance(withdrawn, dict) and withdrawn.get("isOfApp"):
                    await self._reconnect(caller, grant.id)
            if len(page) < query.limit:
                return
            after = page[-1].id

    async def _reconnect(self, caller: Caller, account: str) -> None:
        async def decide(record: Record) -> Writing:
            return Writing(
                record=again(record, now=self._cabinet.now()),
                what="account.reconnected",
                detail={"reason": "oauth_app"},
            )

        try:
            await self._cabinet.change(caller, Kind.ACCOUNT, account, decide)
        except NotFoundError:
            # Kept elsewhere, or deleted meanwhile.
            return


def again(record: Record, *, now: float, app: str | None = None) -> Record:
    """Return an account's record with the wish to try its login once more; ``app``: by that app."""
    found = registration_of(record)
    if app is not None:
        found = replace(found, grant=Grant(auth=Auth.OAUTH2, app=app))
    found = started(found, Pause.AUTH_FAILURE, now=now)
    return record_of(replace(found, reconnect=found.reconnect + 1), over=record)


def _app(record: Record) -> App:
    try:
        return read(record)
    except StoreError as error:
        raise NewerError(record.kind.value, record.id, "it has not what an app has") from error


def _writing(found: Wished, over: Record | None, what: str) -> Writing:
    record = Record(
        kind=Kind.APP,
        id=found.id,
        tenant=found.tenant,
        body=written(found.body, over=over),
        label=f"{found.body['title']} {found.body['provider']}",
    )
    secrets = {} if found.client is None else {CLIENT: client_text(found.client)}
    detail = {"provider": found.body["provider"], "client": found.client is not None}
    return Writing(record=record, what=what, detail=detail, secrets=secrets)
