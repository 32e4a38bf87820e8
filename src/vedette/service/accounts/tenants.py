"""The use cases of tenants: make, change, pause, limit, delete.

A tenant's pause is not copied into its accounts: it is derived where they are read
(``pausing.under``). A limit is written first and gone over to then; a deletion is written first and
carried out then, in bounded steps: ``recover`` goes on with what was cut off. It must not know how
accounts are watched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.consent import Consents
from vedette.ports.records import Drop, Kind, Record, RecordQuery
from vedette.service.accounts import fields
from vedette.service.accounts.quota import STEP, Preview, Quota, records_of
from vedette.service.accounts.tenant import (
    DEFAULT,
    SETTABLE,
    Tenant,
    members_of,
    read,
    record_of,
    tenant_of,
)
from vedette.service.cabinet import TRIES, Cabinet, Page, Versions, Writing, noted
from vedette.service.caller import Caller
from vedette.service.form import Form
from vedette.service.parting import Parting
from vedette.service.refusals import (
    BusyError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NewerError,
    NotFoundError,
    invalid,
)

#: Everything that a tenant has, in the order in which it goes: first what uses the rest.
_BELONGINGS: Final = (
    Kind.KEY, Kind.LINK, Kind.STATE, Kind.ACCOUNT, Kind.GRANT, Kind.REVOCATION, Kind.ENDPOINT,
    Kind.GUARD, Kind.APP, Kind.ANSWER, Kind.CURSOR, Kind.SETTING,
)  # fmt: skip

#: Rounds over what a tenant has: the first takes it away, a second what came during the first.
_ROUNDS: Final = 10


class Tenants:
    """What is done with tenants. All but to read one's own is up to an admin."""

    __slots__ = ("_cabinet", "_consents", "_parting", "quota")

    def __init__(self, cabinet: Cabinet, consents: Consents) -> None:
        self._cabinet = cabinet
        self._consents = consents
        self._parting = Parting(cabinet)
        self.quota = Quota(cabinet)

    async def create(
        self, caller: Caller, wish: Mapping[str, object], *, id_: str | None = None
    ) -> Tenant:
        """Make a tenant. Raises InvalidError, TakenError."""
        caller.needs_admin("to make a tenant")
        chosen = TenantId(self._cabinet.new_id() if id_ is None else _named(id_))
        tenant = _read(wish, Tenant(id=chosen))
        writing = Writing(record=record_of(tenant), what="tenant.created")
        return tenant_of(await self._cabinet.add(caller, writing))

    async def get(self, caller: Caller, id_: TenantId) -> Tenant:
        """Return a tenant. Raises NotFoundError."""
        caller.needs("tenants:read")
        if caller.tenant not in {None, id_}:
            raise NotFoundError("tenant", id_)
        return await self.of(id_)

    async def of(self, id_: TenantId) -> Tenant:
        """Return a tenant, whoever asks. Raises NotFoundError; the default one is always there."""
        record = await self._cabinet.records.record(Kind.TENANT, id_)
        if record is not None:
            return tenant_of(record)
        if id_ == DEFAULT:
            return Tenant(id=DEFAULT)
        raise NotFoundError("tenant", id_)

    async def page(
        self, caller: Caller, *, after: str = "", text: str = "", limit: int = 100
    ) -> Page[Tenant]:
        """Return tenants in the order of their ids."""
        caller.needs_admin("to see all tenants")
        query = RecordQuery(kind=Kind.TENANT, after=after, text=text, limit=limit)
        return await self._cabinet.page(caller, query, tenant_of)

    async def update(
        self,
        caller: Caller,
        id_: TenantId,
        wish: Mapping[str, object],
        *,
        expected: Versions = None,
    ) -> Tenant:
        """Change some of a tenant, and go over to its limit. Raises StaleError, InvalidError."""
        caller.needs_admin("to change a tenant")

        async def decide(record: Record) -> Writing | None:
            before = tenant_of(record)
            if before.is_leaving:
                raise ConflictError(f"the tenant {id_} is being deleted")
            then = _read(wish, before)
            if then.max_accounts != before.max_accounts:
                then = replace(then, is_settling=True)
            if then == before:
                return None
            changed = sorted(
                name
                for name, value in members_of(then).items()
                if members_of(before)[name] != value
            )
            record_ = record_of(then, over=record)
            return Writing(record=record_, what="tenant.updated", detail={"changed": changed})

        await self._exist(caller, id_)
        record = await self._cabinet.change(caller, Kind.TENANT, id_, decide, expected=expected)
        found = tenant_of(record)
        return await self.settle(caller, id_) if found.is_settling else found

    async def preview(self, caller: Caller, id_: TenantId, *, max_accounts: int | None) -> Preview:
        """Say who would be paused and who resumed under another limit; nothing is written."""
        if max_accounts is not None and max_accounts < 0:
            raise invalid("maxAccounts", "expected a whole number from 0")
        await self.get(caller, id_)
        return await self.quota.preview(id_, max_accounts)

    async def settle(self, caller: Caller, id_: TenantId) -> Tenant:
        """Go over to the limit of a tenant, as often as it changes meanwhile."""
        tenant = await self.of(id_)
        await self.quota.settle(caller, id_, tenant.max_accounts)

        async def decide(record: Record) -> Writing | None:
            found = tenant_of(record)
            if not found.is_settling or found.max_accounts != tenant.max_accounts:
                # Who set another limit goes over to that one.
                return None
            then = record_of(replace(found, is_settling=False), over=record)
            return Writing(record=then, what="tenant.settled")

        if not tenant.is_settling:
            return tenant
        return tenant_of(await self._cabinet.change(caller, Kind.TENANT, id_, decide))

    async def pause(self, caller: Caller, id_: TenantId, *, reason: str = "") -> Tenant:
        """Stop watching all accounts of a tenant, until it is resumed."""
        why = Form({"reason": reason})
        text = why.text("reason", longest=500)
        why.done()
        return await self._set_pause(caller, id_, text)

    async def resume(self, caller: Caller, id_: TenantId) -> Tenant:
        """End the pause of a tenant; each account is then as it was."""
        return await self._set_pause(caller, id_, None)

    async def delete(self, caller: Caller, id_: TenantId, *, expected: Versions = None) -> None:
        """Delete a tenant with all that it has, its keys to secrets last (crypto-shredding)."""
        caller.needs_admin("to delete a tenant")
        if id_ == DEFAULT:
            raise ForbiddenError("the default tenant is always there; delete what is in it")

        async def decide(record: Record) -> Writing | None:
            found = tenant_of(record)
            if found.is_leaving:
                return None
            then = record_of(replace(found, is_leaving=True), over=record)
            return Writing(record=then, what="tenant.leaving")

        await self._cabinet.change(caller, Kind.TENANT, id_, decide, expected=expected)
        await self._take_away(caller, id_)

    async def recover(self, caller: Caller) -> None:
        """Go on with what was cut off by a crash: limits to go over to, tenants to delete."""
        async for record in records_of(self._cabinet, Kind.TENANT):
            try:
                tenant = tenant_of(record)
            except NewerError:
                # An instance of the version that wrote it goes on with it.
                continue
            if tenant.is_leaving:
                await self._take_away(caller, tenant.id)
            elif tenant.is_settling:
                await self.settle(caller, tenant.id)

    async def _set_pause(self, caller: Caller, id_: TenantId, reason: str | None) -> Tenant:
        caller.needs_admin("to pause or resume a tenant")
        is_pause = reason is not None

        async def decide(record: Record) -> Writing | None:
            before = tenant_of(record)
            if (before.paused_at is not None) == is_pause:
                return None
            at = self._cabinet.now() if is_pause else None
            then = replace(before, paused_at=at, pause_reason=reason or "")
            what = "tenant.paused" if is_pause else "tenant.resumed"
            detail = {"reason": reason} if reason else {}
            return Writing(record=record_of(then, over=record), what=what, detail=detail)

        await self._exist(caller, id_)
        return tenant_of(await self._cabinet.change(caller, Kind.TENANT, id_, decide))

    async def _exist(self, caller: Caller, id_: TenantId) -> None:
        """Write the default tenant down before something of it is changed."""
        if id_ != DEFAULT or await self._cabinet.records.record(Kind.TENANT, id_) is not None:
            return
        record = record_of(Tenant(id=DEFAULT))
        # Where another instance did that first, it is there as well.
        await self._cabinet.write(caller, [(Writing(record=record, what="tenant.created"), 0)])

    async def _take_away(self, caller: Caller, id_: TenantId) -> None:
        for _ in range(_ROUNDS):
            found = 0
            for kind in _BELONGINGS:
                found += await self._take_kind(caller, id_, kind)
            if not found:
                break
        await self._cabinet.sealer.shred([id_])
        record = await self._cabinet.records.record(Kind.TENANT, id_)
        if record is not None:
            await self._cabinet.drop(caller, record, "tenant.deleted", {})

    async def _take_kind(self, caller: Caller, id_: TenantId, kind: Kind) -> int:
        taken = misses = 0
        while misses < TRIES:
            query = RecordQuery(kind=kind, tenant=id_, limit=STEP)
            page = await self._cabinet.records.records(query)
            if not page:
                return taken
            now = self._cabinet.now()
            if kind is Kind.ACCOUNT:
                for each in page:
                    await self._consents.withdraw_consent(
                        AccountId(each.id), now=now, by=caller.name
                    )
            # Its keys go with a tenant, and what is to be told to others stays until it is told.
            stays = [put for each in page for put in await self._parting.of_tenant(each)]
            written = await self._cabinet.records.write(
                [*(Drop(kind=kind, id=each.id, tenant=id_) for each in page), *stays],
                now=now,
                notes=[
                    noted(caller, f"{kind.value}.deleted", each, {"reason": "tenant"})
                    for each in page
                ],
            )
            # One that somebody else took away refuses the step: what is left is read again.
            taken += len(page) if written.refusal is None else 0
            misses = 0 if written.refusal is None else misses + 1
        raise BusyError("tenant", id_)


def _named(id_: str) -> str:
    try:
        return fields.name(id_)
    except ValueError as error:
        raise invalid("id", str(error)) from None


def _read(wish: Mapping[str, object], base: Tenant) -> Tenant:
    """Return a tenant with what a form says of it. Raises InvalidError."""
    kept = {name: value for name, value in members_of(base).items() if name in SETTABLE}
    form = Form({**kept, **wish})
    found = read(form, id_=base.id)
    form.refuse_unknown()
    if form.mistakes:
        raise InvalidError(form.mistakes)
    return replace(
        found,
        paused_at=base.paused_at,
        pause_reason=base.pause_reason,
        is_settling=base.is_settling,
        is_leaving=base.is_leaving,
        created_at=base.created_at,
        updated_at=base.updated_at,
        version=base.version,
    )
