"""The use cases of endpoints: make, see, change, delete, and change the signing secret.

An endpoint of a tenant takes that tenant's events; one of nobody, which only an admin makes, takes
those of all. One by which a held guard tells its partner stays as it is: who could change it could
silence the partner. It must not know how events are delivered: who delivers follows the records.
"""

from __future__ import annotations

import base64
import secrets as entropy
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind
from vedette.model.ids import TenantId
from vedette.outbox.signature import PREFIX
from vedette.ports.records import Kind, Record, RecordQuery
from vedette.secret import Secret
from vedette.service.accounts import fields
from vedette.service.accounts.tenants import Tenants
from vedette.service.beside import joined
from vedette.service.cabinet import Cabinet, Decide, Page, Versions, Writing
from vedette.service.caller import Caller
from vedette.service.endpoints.endpoint import (
    RegisteredEndpoint,
    endpoint_of,
    record_of,
    settings_of,
)
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.endpoints.wish import WishedEndpoint, wished
from vedette.service.reach import Ports, usual_ports
from vedette.service.refusals import (
    ConflictError,
    HeldError,
    NotFoundError,
    TakenError,
    invalid,
)

READ: Final = "endpoints:read"
WRITE: Final = "endpoints:write"

#: Octets of a signing secret that we make (Standard Webhooks asks for 24 to 64).
_OCTETS: Final = 32

#: Tells by which endpoints held guards tell their partners.
Partners: TypeAlias = Callable[[], Awaitable[Collection[str]]]


async def nobodys() -> Collection[str]:
    """Return no endpoint: where there are no guards."""
    return ()


class Endpoints:
    """What is done with endpoints. ``filed`` are those of the configuration file."""

    __slots__ = ("_cabinet", "_dice", "_filed", "_partners", "_ports", "_tenants")

    def __init__(
        self,
        cabinet: Cabinet,
        tenants: Tenants,
        *,
        filed: FiledEndpoints | None = None,
        partners: Partners = nobodys,
        dice: Callable[[int], bytes] = entropy.token_bytes,
        ports: Ports = usual_ports,
    ) -> None:
        self._cabinet = cabinet
        self._tenants = tenants
        self._filed = FiledEndpoints() if filed is None else filed
        self._partners = partners
        self._dice = dice
        self._ports = ports

    async def create(
        self,
        caller: Caller,
        wish: Mapping[str, object],
        *,
        id_: str | None = None,
        tenant: TenantId | None = None,
    ) -> tuple[RegisteredEndpoint, Secret[str] | None]:
        """Make an endpoint; a webhook's signing secret is returned once, where none was given.

        An admin that names no tenant makes one for the events of all. ``wish`` has ``type``,
        ``title``, ``active``, the members of ``endpoint.MEMBERS`` and, as ``Secret``, ``url``,
        ``secret``, ``proxy`` and the values of ``headers``. Raises InvalidError, TakenError,
        PlanLimitError, ForbiddenError.
        """
        caller.needs(WRITE)
        owner, limit = await self._owner(caller, tenant)
        base = RegisteredEndpoint(
            id=self._chosen(caller, id_), tenant=owner, kind=EndpointKind.WEBHOOK
        )
        if wish.get("type") is None:
            raise invalid("type", f"is missing: one of {', '.join(EndpointKind)}")
        wanted = wished(caller, wish, base, {}, ports=self._ports())
        found, given, made = wanted.endpoint, dict(wanted.secrets), None
        if found.kind is EndpointKind.WEBHOOK and "secret" not in given:
            given["secret"] = made = self._secret()
            found = replace(found, sealed=tuple(sorted(given)))
        writing = Writing(
            record=record_of(found),
            what="endpoint.created",
            detail={"type": found.kind.value, "place": found.place},
            secrets=given,
            limit=limit,
        )
        return endpoint_of(await self._cabinet.add(caller, writing)), made

    async def get(self, caller: Caller, id_: str) -> RegisteredEndpoint:
        """Return an endpoint. Raises NotFoundError."""
        caller.needs(READ)
        found = self._filed.of(id_, caller.tenant)
        return found or endpoint_of(await self._cabinet.record(caller, Kind.ENDPOINT, id_))

    async def settings(self, caller: Caller, id_: str) -> EndpointSettings:
        """Return how an endpoint is delivered to. Raises NotFoundError, ConfigError."""
        filed = self._filed.of(id_, caller.tenant) and self._filed.settings(id_)
        if filed:
            return filed
        record = await self._cabinet.record(caller, Kind.ENDPOINT, id_)
        return settings_of(endpoint_of(record), await self._cabinet.opened(record))

    async def page(
        self, caller: Caller, *, after: str = "", text: str = "", limit: int = 100
    ) -> Page[RegisteredEndpoint]:
        """Return endpoints in the order of their ids."""
        caller.needs(READ)
        query = RecordQuery(kind=Kind.ENDPOINT, after=after, text=text, limit=limit)
        page = await self._cabinet.page(caller, query, endpoint_of)
        beside = self._filed.after(after, tenant=caller.tenant, text=text)
        return joined(page, beside, limit)

    async def update(
        self,
        caller: Caller,
        id_: str,
        wish: Mapping[str, object],
        *,
        expected: Versions = None,
    ) -> RegisteredEndpoint:
        """Change some of an endpoint; what is not named stays, and so does a blank secret."""
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)

        async def decide(record: Record) -> Writing | None:
            base = endpoint_of(record)
            held = await self._cabinet.opened(record)
            wanted = wished(caller, wish, base, held, ports=self._ports())
            if wanted.endpoint == base and not wanted.secrets:
                return None
            if not _is_told_as_before(base, wanted):
                await self._free(id_)
            return Writing(
                record=record_of(wanted.endpoint, over=record),
                what="endpoint.updated",
                detail={"changed": list(wanted.changed)},
                secrets=wanted.secrets,
            )

        return await self._change(caller, id_, decide, expected)

    async def rotate(
        self, caller: Caller, id_: str, *, expected: Versions = None
    ) -> tuple[RegisteredEndpoint, Secret[str]]:
        """Sign with a new secret, which is returned once, and with the old one beside it.

        The old one of a rotation before goes. Raises ConflictError where nothing is signed, and
        HeldError where a partner might verify by that one still.
        """
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)
        new = self._secret()

        async def decide(record: Record) -> Writing | None:
            base = endpoint_of(record)
            if base.kind is not EndpointKind.WEBHOOK:
                raise ConflictError(f"an endpoint of type {base.kind.value} signs nothing")
            if "secret_old" in base.sealed:
                await self._free(id_)
            held = await self._cabinet.opened(record)
            given = {"secret": new}
            if "secret" in held:
                given["secret_old"] = held["secret"]
            sealed = tuple(sorted({*base.sealed, *given}))
            return Writing(
                record=record_of(replace(base, sealed=sealed), over=record),
                what="endpoint.rotated",
                secrets=given,
            )

        return await self._change(caller, id_, decide, expected), new

    async def retire(
        self, caller: Caller, id_: str, *, expected: Versions = None
    ) -> RegisteredEndpoint:
        """End a rotation: nothing is signed with the old secret any more."""
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)

        async def decide(record: Record) -> Writing | None:
            base = endpoint_of(record)
            if "secret_old" not in base.sealed:
                return None
            await self._free(id_)
            sealed = tuple(each for each in base.sealed if each != "secret_old")
            return Writing(
                record=record_of(replace(base, sealed=sealed), over=record),
                what="endpoint.retired",
                secrets={"secret_old": None},
            )

        return await self._change(caller, id_, decide, expected)

    async def delete(self, caller: Caller, id_: str, *, expected: Versions = None) -> None:
        """Delete an endpoint with its secrets."""
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)
        record = await self._cabinet.record(caller, Kind.ENDPOINT, id_)
        await self._free(id_)
        detail = {"place": endpoint_of(record).place}
        await self._cabinet.drop(caller, record, "endpoint.deleted", detail, expected=expected)

    async def _free(self, id_: str) -> None:
        """Raise HeldError where a held guard's partner is told by an endpoint."""
        if id_ in await self._partners():
            raise HeldError(id_)

    async def _change(
        self,
        caller: Caller,
        id_: str,
        decide: Decide,
        expected: Versions,
    ) -> RegisteredEndpoint:
        record = await self._cabinet.change(caller, Kind.ENDPOINT, id_, decide, expected=expected)
        return endpoint_of(record)

    async def _owner(
        self, caller: Caller, tenant: TenantId | None
    ) -> tuple[TenantId | None, int | None]:
        """Return whose a new endpoint is, and how many of them that tenant may have."""
        wanted = caller.tenant or tenant
        if tenant not in {None, wanted}:
            raise NotFoundError("tenant", str(tenant))
        if wanted is None:
            return None, None
        found = await self._tenants.of(wanted)
        if found.is_leaving:
            raise ConflictError(f"the tenant {wanted} is being deleted")
        return wanted, found.max_endpoints

    def _chosen(self, caller: Caller, id_: str | None) -> str:
        if id_ is None:
            return self._cabinet.new_id()
        caller.needs_admin("id: to choose it")
        try:
            fields.name(id_)
        except ValueError as error:
            raise invalid("id", str(error)) from None
        if id_ in self._filed.ids:
            raise TakenError("endpoint", id_)
        return id_

    def _secret(self) -> Secret[str]:
        return Secret(PREFIX + base64.b64encode(self._dice(_OCTETS)).decode())


def _is_told_as_before(base: RegisteredEndpoint, wanted: WishedEndpoint) -> bool:
    """Tell whether who is told by an endpoint is told as before, or where nobody was told yet."""
    found = wanted.endpoint
    called = replace(base, title=found.title, active=found.active)
    return called == found and not wanted.secrets and found.active >= base.active
