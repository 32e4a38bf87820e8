"""The use cases of guards: post, see, change, attach, take away.

What is written here is what somebody wants. What is enforced of a protective guard is the
ratchet's: it compares, and what loosens waits there, a deletion too. It must not know how guards
judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from vedette.config.settings import GuardSettings
from vedette.errors import ConfigError
from vedette.guard.pack import ActionKind
from vedette.model.event import EventType
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record, RecordQuery
from vedette.secret import Secret
from vedette.service.accounts.tenants import Tenants
from vedette.service.beside import joined
from vedette.service.cabinet import Cabinet, Page, Versions, Writing
from vedette.service.caller import Caller
from vedette.service.endpoints.endpoint import FieldError, endpoint_of
from vedette.service.form import Form
from vedette.service.guards.filed import FiledGuards
from vedette.service.guards.post import (
    SEALED,
    RegisteredGuard,
    guard_of,
    is_name,
    members_in,
    prefix_of,
    record_of,
    settings_of,
    text_in,
)
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    Mistake,
    NotFoundError,
    TakenError,
    invalid,
)

READ: Final = "guards:read"
WRITE: Final = "guards:write"

#: Of an id that is made up, what is in the name of a guard: there are a few of them.
_DIGITS: Final = 12
#: Guards of one page at most; a pack's text may have a megabyte.
MAX_PAGE: Final = 100
#: Accounts that are attached or detached at once.
MAX_ATTACHED: Final = 1_000


#: What a partner is told, and nothing else: it must not learn from the mail itself.
_TOLD: Final = [EventType.GUARD_CHANGED.value]


class Guards:
    """What is done with guards. ``filed`` are those of the configuration file."""

    __slots__ = ("_cabinet", "_filed", "_tenants")

    def __init__(
        self,
        cabinet: Cabinet,
        tenants: Tenants,
        *,
        filed: FiledGuards | None = None,
    ) -> None:
        self._cabinet = cabinet
        self._tenants = tenants
        self._filed = FiledGuards() if filed is None else filed

    async def create(
        self,
        caller: Caller,
        wish: Mapping[str, object],
        *,
        id_: str | None = None,
        tenant: TenantId | None = None,
    ) -> RegisteredGuard:
        """Post a guard under a name, to which that of the caller's tenant is put in front.

        Whatever its pack is called, it is called that here.

        ``wish`` has ``pack`` (the name of a shipped one) or ``text``, ``active``, the members of
        ``post.MEMBERS`` and, as ``Secret``, ``partnerSecret``. Raises InvalidError, TakenError,
        PlanLimitError, ForbiddenError.
        """
        caller.needs(WRITE)
        owner, limit = await self._owner(caller, tenant)
        base = RegisteredGuard(id=self._named(caller, id_, owner), tenant=owner)
        found, given, _ = await self._wished(caller, wish, base, {})
        writing = Writing(
            record=record_of(found),
            what="guard.created",
            detail={"pack": found.pack, "mode": found.members.get("mode", "shadow")},
            secrets=given,
            limit=limit,
        )
        return guard_of(await self._cabinet.add(caller, writing))

    async def get(self, caller: Caller, id_: str) -> RegisteredGuard:
        """Return a guard. Raises NotFoundError."""
        caller.needs(READ)
        found = self._filed.of(id_, caller.tenant)
        return found or guard_of(await self._cabinet.record(caller, Kind.GUARD, id_))

    async def knows(self, caller: Caller, id_: str) -> bool:
        """Tell whether there is a guard that the caller sees."""
        if self._filed.of(id_, caller.tenant) is not None:
            return True
        found = await self._cabinet.records.record(Kind.GUARD, id_, tenant=caller.tenant)
        return found is not None

    async def settings(self, caller: Caller, id_: str, found: RegisteredGuard) -> GuardSettings:
        """Return how a guard is posted; ``found`` is it, or a draft of it. Raises InvalidError."""
        filed = self._filed.of(id_, caller.tenant)
        if filed is not None:
            own = self._filed.settings(id_) if filed == found else None
            return own or await posted(found, {})
        record = await self._cabinet.record(caller, Kind.GUARD, id_)
        return await posted(found, await self._cabinet.opened(record))

    async def page(
        self, caller: Caller, *, after: str = "", text: str = "", limit: int = MAX_PAGE
    ) -> Page[RegisteredGuard]:
        """Return guards in the order of their names."""
        caller.needs(READ)
        query = RecordQuery(kind=Kind.GUARD, after=after, text=text, limit=limit)
        page = await self._cabinet.page(caller, query, guard_of, most=MAX_PAGE)
        beside = self._filed.after(after, tenant=caller.tenant, text=text)
        return joined(page, beside, limit)

    async def update(
        self,
        caller: Caller,
        id_: str,
        wish: Mapping[str, object],
        *,
        expected: Versions = None,
    ) -> RegisteredGuard:
        """Change some of a guard; what is not named stays, and so does a blank secret."""
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)

        async def decide(record: Record) -> Writing | None:
            base = guard_of(record)
            held = await self._cabinet.opened(record)
            found, given, changed = await self._wished(caller, wish, base, held)
            if found == base and not given:
                return None
            return Writing(
                record=record_of(found, over=record),
                what="guard.updated",
                detail={"changed": changed},
                secrets=given,
            )

        record = await self._cabinet.change(caller, Kind.GUARD, id_, decide, expected=expected)
        return guard_of(record)

    async def attach(
        self, caller: Caller, id_: str, accounts: Sequence[AccountId]
    ) -> RegisteredGuard:
        """Let a guard stand at these accounts too, of those that the caller sees.

        One that stands at all accounts of its tenant stays there.
        """
        await self._know(caller, accounts)

        def then(before: list[str]) -> list[str]:
            return list(dict.fromkeys([*before, *accounts])) if before else before

        return await self._stand(caller, id_, then)

    async def detach(
        self, caller: Caller, id_: str, accounts: Sequence[AccountId]
    ) -> RegisteredGuard:
        """Let a guard stand at these accounts no more. Raises ConflictError for the last ones.

        A guard that names no account stands at all of them, so who takes the last away would get
        more than there was.
        """
        gone = set(accounts[:MAX_ATTACHED])

        def then(before: list[str]) -> list[str]:
            left = [each for each in before if each not in gone]
            if not left:
                raise ConflictError(
                    "these are all the accounts that the guard names, and one that names none "
                    "stands at all; deactivate or delete it"
                )
            return left

        return await self._stand(caller, id_, then)

    async def delete(self, caller: Caller, id_: str, *, expected: Versions = None) -> None:
        """Delete a guard. A protective one stands on until the ratchet lets it go."""
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)
        record = await self._cabinet.record(caller, Kind.GUARD, id_)
        await self._cabinet.drop(caller, record, "guard.deleted", {}, expected=expected)

    async def _stand(
        self, caller: Caller, id_: str, then: Callable[[list[str]], list[str]]
    ) -> RegisteredGuard:
        caller.needs(WRITE)
        self._filed.keep_out(caller, id_)
        record = await self._cabinet.record(caller, Kind.GUARD, id_)
        found = guard_of(record)
        before = found.members.get("accounts")
        named = [str(each) for each in before] if isinstance(before, list) else []
        wish = {"accounts": then(named) or None}
        return await self.update(caller, id_, wish, expected=found.version)

    async def _know(self, caller: Caller, accounts: Sequence[AccountId]) -> None:
        if not 1 <= len(accounts) <= MAX_ATTACHED:
            raise invalid("accounts", f"expected 1 to {MAX_ATTACHED} accounts")
        for each in accounts:
            await self._cabinet.record(caller, Kind.ACCOUNT, each)

    async def _owner(
        self, caller: Caller, tenant: TenantId | None
    ) -> tuple[TenantId | None, int | None]:
        """Return whose a new guard is, and how many of them that tenant may have."""
        wanted = caller.tenant or tenant
        if tenant not in {None, wanted}:
            raise NotFoundError("tenant", str(tenant))
        if wanted is None:
            return None, None
        found = await self._tenants.of(wanted)
        if found.is_leaving:
            raise ConflictError(f"the tenant {wanted} is being deleted")
        return wanted, found.max_guards

    def _named(self, caller: Caller, id_: str | None, owner: TenantId | None) -> str:
        """Return the name of a new guard.

        Names are the same for all tenants; with its own in front, none tells what others have.
        """
        prefix = "guard-" if owner is None else prefix_of(owner)
        if id_ is None:
            id_ = f"{prefix}{self._cabinet.new_id()[:_DIGITS]}"
        elif not caller.is_admin and not id_.startswith(prefix):
            id_ = f"{prefix}{id_}"
        if not is_name(id_):
            raise invalid("id", "expected small letters, digits and -, such as offers")
        if id_ in self._filed.ids:
            raise TakenError("guard", id_)
        return id_

    async def _wished(
        self,
        caller: Caller,
        wish: Mapping[str, object],
        base: RegisteredGuard,
        held: Mapping[str, Secret[str]],
    ) -> tuple[RegisteredGuard, Mapping[str, Secret[str]], list[str]]:
        """Return what becomes of a guard, the secrets to seal, and the names of what changed."""
        form = Form(_filled(base, wish))
        found = replace(
            base,
            pack=form.optional("pack", longest=100),
            text=text_in(form),
            members=members_in(form),
            active=form.flag("active", default=True),
        )
        given = {
            name: secret
            for member, name in SEALED.items()
            if (secret := form.secret(member)) is not None
        }
        if (found.pack is None) == (not found.text) and not form.mistakes:
            form.fail("pack", "give the name of a shipped pack, or the text of one, and not both")
        form.refuse_unknown()
        form.done()
        before, after = _whole(base), _whole(found)
        changed = [
            each for each in sorted({*after, *before}) if after.get(each) != before.get(each)
        ]
        _permit(caller, found, changed)
        await self._judge(found, {**held, **given})
        changed += [member for member, name in SEALED.items() if name in given]
        return replace(found, sealed=tuple(sorted({*held, *given}))), given, changed

    async def _judge(self, found: RegisteredGuard, secrets: Mapping[str, Secret[str]]) -> None:
        """Raise InvalidError where a guard can not be posted, or names what is another's."""
        settings = await posted(found, secrets)
        if found.tenant is None:
            return
        for field, id_ in _endpoints(settings):
            record = await self._cabinet.records.record(Kind.ENDPOINT, id_, tenant=found.tenant)
            if record is None:
                raise invalid(field, f"there is no endpoint {id_!r} of this tenant")
            if field == "partner" and endpoint_of(record).members.get("events") != _TOLD:
                raise invalid(field, f"is told of changes only: give {id_} events {_TOLD}")


async def posted(found: RegisteredGuard, secrets: Mapping[str, Secret[str]]) -> GuardSettings:
    """Return a guard as it would be posted. Raises InvalidError where it can not be."""
    try:
        return await asyncio.to_thread(settings_of, found, secrets)
    except FieldError as error:
        raise invalid(error.field, error.why) from None
    except ConfigError as error:
        field = "text" if found.pack is None else "pack"
        lines = str(error).splitlines()
        raise InvalidError(Mistake(field=field, why=each) for each in lines) from None


def _whole(found: RegisteredGuard) -> dict[str, object]:
    """Return the members of a form that says what a guard is."""
    own = {"pack": found.pack, "text": found.text or None, "active": found.active}
    return {**found.members, **own}


def _filled(base: RegisteredGuard, wish: Mapping[str, object]) -> dict[str, object]:
    """Return the whole form: a text takes the place of a shipped pack, and the other way round."""
    before = _whole(base)
    if wish.get("text") is not None and "pack" not in wish:
        before["pack"] = None
    elif wish.get("pack") is not None and "text" not in wish:
        before["text"] = None
    return {**before, **wish}


def _endpoints(settings: GuardSettings) -> list[tuple[str, str]]:
    """Return the endpoints that a guard sends to, with the field that names them."""
    found = [] if settings.partner is None else [("partner", str(settings.partner))]
    return found + [
        ("text", each.target) for each in settings.pack.actions if each.kind is ActionKind.ROUTE
    ]


def _permit(caller: Caller, found: RegisteredGuard, changed: Sequence[str]) -> None:
    """Raise ForbiddenError where only an admin may want that."""
    if caller.is_admin:
        return
    if "private" in changed and found.members.get("private") is True:
        raise ForbiddenError("private: that lists come from inside addresses is up to an admin")
    if "tenants" in changed and found.members.get("tenants"):
        raise ForbiddenError("tenants: to say at whose accounts a guard stands is up to an admin")
