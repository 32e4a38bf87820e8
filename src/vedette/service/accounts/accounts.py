"""The use cases of accounts: register, see, search, change, delete.

An account is returned as it stands under its tenant, so its ``is_watched`` is the truth. Those that
others keep (``elsewhere.py``) are seen here and changed there. It must not know how mail is
watched: who watches follows the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ports.consent import Consents
from vedette.ports.link import Target
from vedette.ports.records import Kind, Record, RecordQuery
from vedette.ports.registration import Auth, Registration
from vedette.service.accounts import fields
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.accounts.pausing import has_place, under
from vedette.service.accounts.registration import record_of, registration_of
from vedette.service.accounts.roll import FILTERS, AccountQuery
from vedette.service.accounts.searching import Choice, Searching
from vedette.service.accounts.tenant import DEFAULT, Tenant
from vedette.service.accounts.tenants import Tenants
from vedette.service.accounts.wish import Wished, wished
from vedette.service.body import Unread, legible
from vedette.service.cabinet import Cabinet, Decide, Page, Versions, Writing, fits, paged
from vedette.service.caller import Caller
from vedette.service.parting import Parting
from vedette.service.reach import Ports, usual_ports
from vedette.service.refusals import (
    ConflictError,
    NewerError,
    NotFoundError,
    ReadOnlyError,
    invalid,
)

READ: Final = "accounts:read"
WRITE: Final = "accounts:write"

#: Accounts of one page at most.
MAX_PAGE: Final = 1_000


class Accounts:
    """What is done with accounts. Each method takes who asks first."""

    __slots__ = ("_cabinet", "_consents", "_parting", "elsewhere", "ports", "searching", "tenants")

    def __init__(
        self,
        cabinet: Cabinet,
        tenants: Tenants,
        consents: Consents,
        elsewhere: Elsewhere | None = None,
        ports: Ports = usual_ports,
    ) -> None:
        self._cabinet = cabinet
        self._consents = consents
        self._parting = Parting(cabinet)
        self.ports = ports
        self.tenants = tenants
        self.elsewhere = Elsewhere() if elsewhere is None else elsewhere
        self.searching = Searching(cabinet, self.elsewhere)

    async def create(
        self,
        caller: Caller,
        wish: Mapping[str, object],
        *,
        id_: str | None = None,
        tenant: TenantId | None = None,
    ) -> Registration:
        """Register an account. An admin may choose its id and has to choose its tenant.

        ``wish`` has members of ``registration.SETTABLE`` and, as ``Secret``, of
        ``registration.SECRETS``. Raises InvalidError, TakenError, PlanLimitError, ForbiddenError.
        """
        caller.needs(WRITE)
        owner = await self.owner(caller, tenant)
        chosen = self.chosen(caller, id_)
        found = self.judged(caller, wish, blank(chosen, owner.id))
        await self.know_app(found.registration)
        record = await self._cabinet.add(caller, new_writing(found, owner))
        await self.still_fits(caller, record, owner)
        return await self.find(caller, chosen)

    async def get(self, caller: Caller, id_: AccountId) -> Registration:
        """Return an account. Raises NotFoundError."""
        caller.needs(READ)
        return await self.find(caller, id_)

    async def find(self, caller: Caller, id_: AccountId) -> Registration:
        """Return an account to who may do something else with it than to read it."""
        record = await self._cabinet.records.record(Kind.ACCOUNT, id_, tenant=caller.tenant)
        found = None if record is None else registration_of(record)
        found = found or self.elsewhere.of(id_, caller.tenant)
        if found is None:
            raise NotFoundError("account", id_)
        return _beneath(found, await self._tenant(found.account.tenant))

    async def several(
        self, caller: Caller, ids: Sequence[AccountId]
    ) -> dict[str, Registration | Unread]:
        """Return those of some accounts that are there; they are read together."""
        caller.needs(READ)
        return await self.these(caller, ids)

    async def these(
        self, caller: Caller, ids: Sequence[AccountId]
    ) -> dict[str, Registration | Unread]:
        """Return some accounts to who may do something else with them than to read them."""
        read = self._cabinet.records.several
        there = await read(Kind.ACCOUNT, ids, tenant=caller.tenant)
        kept = legible(there, registration_of)
        found = [kept.get(id_) or self.elsewhere.of(id_, caller.tenant) for id_ in ids]
        return {_id(each): each for each in await self._under(each for each in found if each)}

    async def page(
        self, caller: Caller, query: AccountQuery, choice: Choice | None = None
    ) -> Page[Registration]:
        """Return accounts in the order of their ids, all or those that are chosen."""
        caller.needs(READ)
        if not 1 <= query.limit <= MAX_PAGE:
            raise invalid("limit", f"expected a whole number from 1 to {MAX_PAGE}")
        for name in query.fields:
            if name not in FILTERS:
                raise invalid(name[:60], f"is no filter; there are {', '.join(sorted(FILTERS))}")
        tenant = query.tenant if caller.tenant is None else caller.tenant
        if query.tenant not in {None, tenant}:
            raise NotFoundError("tenant", str(query.tenant))
        if query.text or query.fields or choice is not None:
            return await self._searched(caller, query, tenant, choice)
        kept = await self._cabinet.records.records(
            RecordQuery(kind=Kind.ACCOUNT, tenant=tenant, after=query.after, limit=query.limit + 1)
        )
        found = self._joined(legible(kept, registration_of), query, tenant)
        page = found[: query.limit]
        following = _id(page[-1]) if len(found) > query.limit else None
        return paged(await self._under(page), following)

    async def _searched(
        self,
        caller: Caller,
        query: AccountQuery,
        tenant: TenantId | None,
        choice: Choice | None,
    ) -> Page[Registration]:
        """Return a page of those who fit, by the rolls and then by what is read of each."""
        found: list[Registration | Unread] = []
        await self.searching.look()
        after, wanted = query.after, query.limit + 1
        while len(found) < wanted:
            step = replace(query, after=after, limit=wanted - len(found))
            ids = await self.searching.found(step, tenant, choice)
            there = await self.several(caller, ids)
            # What changed since the roll was looked at may not fit any more, or be gone.
            found += [
                one
                for id_ in ids
                if (one := there.get(id_)) is not None
                and (isinstance(one, Unread) or self._fits(one, query, tenant, choice))
            ]
            if len(ids) < step.limit:
                break
            after = ids[-1]
        page = found[: query.limit]
        return paged(page, _id(page[-1]) if len(found) > query.limit else None)

    def _fits(
        self,
        found: Registration,
        query: AccountQuery,
        tenant: TenantId | None,
        choice: Choice | None,
    ) -> bool:
        is_theirs = tenant in {None, found.account.tenant}
        return is_theirs and self.searching.fits(found, query, choice)

    async def update(
        self,
        caller: Caller,
        id_: AccountId,
        wish: Mapping[str, object],
        *,
        expected: Versions = None,
    ) -> Registration:
        """Change some of an account; what is not named stays, and so does a blank secret.

        Raises NotFoundError, StaleError, InvalidError, ReadOnlyError, ForbiddenError.
        """

        async def decide(record: Record) -> Writing | None:
            base = registration_of(record)
            found = self.judged(caller, wish, base)
            if not found.changed and not found.secrets and found.registration == base:
                return None
            if found.registration.grant != base.grant:
                await self.know_app(found.registration)
            return Writing(
                record=record_of(found.registration, over=record),
                what="account.updated",
                detail={"changed": list(found.changed)},
                secrets=found.secrets,
            )

        return await self.change(caller, id_, decide, expected=expected)

    async def delete(self, caller: Caller, id_: AccountId, *, expected: Versions = None) -> None:
        """Delete an account with its secrets; its consent ends first, so nothing is read after.

        Its provider is told later that nobody uses the consent any more.
        """
        caller.needs(WRITE)
        record = await self.own(caller, id_)
        if fits(record, expected):
            now = self._cabinet.now()
            await self._consents.withdraw_consent(id_, now=now, by=caller.name)
        detail = {"email": registration_of(record).account.email}
        await self._cabinet.drop(
            caller,
            record,
            "account.deleted",
            detail,
            expected=expected,
            also=(Kind.GRANT,),
            beside=self._parting.of,
        )
        await self.fill(caller, record.tenant)

    async def change(
        self, caller: Caller, id_: AccountId, decide: Decide, *, expected: Versions = None
    ) -> Registration:
        """Replace an account by what ``decide`` makes of it, for a caller that may write."""
        caller.needs(WRITE)
        await self.own(caller, id_)
        record = await self._cabinet.change(caller, Kind.ACCOUNT, id_, decide, expected=expected)
        return _beneath(registration_of(record), await self._tenant(record.tenant))

    async def own(self, caller: Caller, id_: AccountId) -> Record:
        """Return the record of an account that is kept here. Raises ReadOnlyError otherwise."""
        record = await self._cabinet.records.record(Kind.ACCOUNT, id_, tenant=caller.tenant)
        if record is not None:
            return record
        other = self.elsewhere.of(id_, caller.tenant)
        if other is not None:
            raise ReadOnlyError("account", id_, origin=other.origin.value)
        raise NotFoundError("account", id_)

    async def owner(self, caller: Caller, tenant: TenantId | None) -> Tenant:
        """Return the tenant that something new is of. Raises NotFoundError, ConflictError."""
        wanted = caller.tenant or tenant or DEFAULT
        if tenant not in {None, wanted}:
            raise NotFoundError("tenant", str(tenant))
        found = await self.tenants.of(wanted)
        if found.is_leaving:
            raise ConflictError(f"the tenant {wanted} is being deleted")
        return found

    def judged(self, caller: Caller, wish: Mapping[str, object], base: Registration) -> Wished:
        """Return what becomes of an account by a form. Raises InvalidError, ForbiddenError."""
        return wished(caller, wish, base, now=self._cabinet.now(), ports=self.ports())

    def chosen(self, caller: Caller, id_: str | None) -> AccountId:
        """Return the id of a new account."""
        if id_ is None:
            return AccountId(self._cabinet.new_id())
        caller.needs_admin("id: to choose it")
        try:
            chosen = AccountId(fields.name(id_))
        except ValueError as error:
            raise invalid("id", str(error)) from None
        if self.elsewhere.of(chosen) is not None:
            raise ConflictError(f"the account {chosen} is kept elsewhere already")
        return chosen

    async def fill(self, caller: Caller, tenant: TenantId) -> None:
        """Give a place that became free to who waits for one."""
        if await self.tenants.quota.is_anybody_aside(tenant):
            await self.tenants.settle(caller, tenant)

    async def still_fits(self, caller: Caller, record: Record, owner: Tenant) -> None:
        """Look again after a write: a limit, or the tenant's end, may have come in between.

        Who sets a limit writes it and then reads the accounts; who makes an account writes it and
        then reads the limit. One of the two sees the other.
        """
        try:
            now = await self.tenants.of(owner.id)
        except NotFoundError:
            now = replace(owner, is_leaving=True)
        if now.is_leaving:
            await self._cabinet.drop(caller, record, "account.deleted", {"reason": "tenant"})
            raise NotFoundError("tenant", owner.id)
        if now.max_accounts != owner.max_accounts:
            await self.tenants.settle(caller, owner.id)

    async def is_as_before(self, owner: Tenant) -> bool:
        """Tell whether nothing came in between that ``still_fits`` would heed."""
        try:
            now = await self.tenants.of(owner.id)
        except NotFoundError:
            return False
        return not now.is_leaving and now.max_accounts == owner.max_accounts

    async def know_app(self, registration: Registration) -> None:
        """Raise InvalidError where an account is of an app that its tenant does not have."""
        grant, tenant = registration.grant, registration.account.tenant
        if grant.auth is not Auth.OAUTH2 or grant.app is None:
            return
        for each in (tenant, DEFAULT):
            if await self._cabinet.records.record(Kind.APP, grant.app, tenant=each) is not None:
                return
        raise invalid("app", "there is no such OAuth 2.0 app")

    def _joined(
        self,
        kept: Mapping[str, Registration | Unread],
        query: AccountQuery,
        tenant: TenantId | None,
    ) -> list[Registration | Unread]:
        """Return a page of both, by id; one more tells that there is another page."""
        wanted = query.limit + 1
        others = self.elsewhere.after(query.after, tenant=tenant)
        found: dict[str, Registration | Unread] = {
            each.account.id: each for each, _ in zip(others, range(wanted), strict=False)
        }
        found |= kept
        return [found[each] for each in sorted(found)[:wanted]]

    async def _under(self, found: Iterable[Registration | Unread]) -> list[Registration | Unread]:
        """Return accounts of a list as they stand under their tenants.

        Of a tenant that can not be read nobody can tell how its accounts stand.
        """
        tenants: dict[TenantId, Tenant | NewerError] = {}
        result: list[Registration | Unread] = []
        for each in found:
            if isinstance(each, Unread):
                result.append(each)
                continue
            id_ = each.account.tenant
            if id_ not in tenants:
                try:
                    tenants[id_] = await self._tenant(id_)
                except NewerError as error:
                    tenants[id_] = error
            tenant = tenants[id_]
            if isinstance(tenant, NewerError):
                result.append(Unread(id=each.account.id, why=str(tenant)))
            else:
                result.append(_beneath(each, tenant))
        return result

    async def _tenant(self, id_: TenantId) -> Tenant:
        try:
            return await self.tenants.of(id_)
        except NotFoundError:
            # Tenants of the file, and of the host's table, need no record.
            return Tenant(id=id_)


def _beneath(found: Registration, tenant: Tenant) -> Registration:
    return under(found, paused_at=tenant.stopped_at, consent=tenant.consent)


def _id(found: Registration | Unread) -> str:
    return found.id if isinstance(found, Unread) else found.account.id


def blank(id_: AccountId, tenant: TenantId) -> Registration:
    """Return an account of which nothing is said yet."""
    return Registration(
        account=Account(id=id_, tenant=tenant, email="", credentials=Credentials(user="")),
        target=Target(host="", port=0),
    )


def new_writing(found: Wished, owner: Tenant) -> Writing:
    """Return the write of an account that is new, within the limit of its tenant."""
    registration = found.registration
    return Writing(
        record=record_of(registration),
        what="account.created",
        detail={"email": registration.account.email, "host": registration.target.host},
        secrets=found.secrets,
        limit=owner.max_accounts if has_place(registration) else None,
    )
