"""``/v1/guards``: what guards mailboxes, and what people set beside it. It must not know how guards judge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.etags import Expected, tag
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given
from vedette.api.shapes.guards import (
    AccountsWish,
    AllowsShown,
    AllowWish,
    AskedShown,
    ChangesShown,
    GrantWish,
    GuardChange,
    GuardPauseWish,
    GuardShown,
    GuardWish,
    SweepWish,
    SweptShown,
    SwitchesShown,
    SwitchWish,
    UndoWish,
    allow,
    asked,
    change,
    switch,
)
from vedette.api.shapes.guards import guard as _shown
from vedette.model.ids import AccountId, TenantId
from vedette.ports.override import Scope
from vedette.secret import Secret
from vedette.service.caller import Caller
from vedette.service.guards.guards import MAX_PAGE

router = APIRouter(prefix="/v1/guards", tags=["guards"])

Reader = Annotated[Caller, Security(allowed, scopes=["guards:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["guards:read", "guards:write"])]

Number = Annotated[str, Path(max_length=19, description="The number of a change.")]


@router.post("", status_code=201)
async def create_guard(
    wish: GuardWish, caller: Writer, services: Given, response: Response
) -> GuardShown:
    """Post a guard. A tenant's name for it has its own in front."""
    form = wish.form()
    id_, tenant = form.pop("id", None), form.pop("tenant", None)
    found = await services.guardroom.guards.create(
        caller,
        form,
        id_=None if id_ is None else str(id_),
        tenant=None if tenant is None else TenantId(str(tenant)),
    )
    response.headers["Location"] = f"{router.prefix}/{found.id}"
    tag(response, found.version)
    return _shown(found)


@router.get("")
async def list_guards(
    window: Asked,
    caller: Reader,
    services: Given,
    q: Annotated[str, Query(max_length=200, description="Found in name or pack.")] = "",
) -> Listing[GuardShown]:
    """List guards by name; a page has 100 at most."""
    limit = min(window.limit, MAX_PAGE)
    found = await services.guardroom.guards.page(caller, after=window.after, text=q, limit=limit)
    return listing(found, _shown)


@router.post("/undo")
async def undo_actions(wish: UndoWish, caller: Writer, services: Given) -> AskedShown:
    """Have actions taken back; of a protective guard that waits."""
    return asked(await services.guardroom.warding.undo(caller, wish.actions))


@router.get("/switches")
async def list_switches(caller: Reader, services: Given) -> SwitchesShown:
    """List what is switched off."""
    found = await services.guardroom.warding.switches(caller)
    return SwitchesShown(items=[switch(each) for each in found])


@router.post("/switches/pause")
async def pause_guards(wish: GuardPauseWish, caller: Writer, services: Given) -> AskedShown:
    """Have guards keep all mail in place, at once: the kill switch. A protective one waits."""
    scope = Scope(wish.scope)
    return asked(
        await services.guardroom.warding.pause(caller, scope, wish.name, seconds=wish.seconds)
    )


@router.post("/switches/resume")
async def resume_guards(wish: SwitchWish, caller: Writer, services: Given) -> AskedShown:
    """Have guards do what their modes say."""
    return asked(await services.guardroom.warding.resume(caller, Scope(wish.scope), wish.name))


@router.get("/allows")
async def list_allows(
    account: Annotated[str, Query(min_length=1, max_length=255)], caller: Reader, services: Given
) -> AllowsShown:
    """List whom guards leave alone at an account."""
    found = await services.guardroom.warding.allows(caller, account)
    return AllowsShown(items=[allow(each) for each in found])


@router.post("/allows")
async def allow_sender(wish: AllowWish, caller: Writer, services: Given) -> AskedShown:
    """Have a guard leave a sender's domain alone at an account; with a protective one that waits."""
    return asked(
        await services.guardroom.warding.allow(
            caller, wish.account, wish.guard, wish.domain, remove=False
        )
    )


@router.post("/allows/remove")
async def disallow_sender(wish: AllowWish, caller: Writer, services: Given) -> AskedShown:
    """Have a guard judge a sender's domain again."""
    return asked(
        await services.guardroom.warding.allow(
            caller, wish.account, wish.guard, wish.domain, remove=True
        )
    )


@router.get("/changes")
async def list_changes(caller: Reader, services: Given) -> ChangesShown:
    """List the loosenings of protective guards that wait."""
    return ChangesShown(
        items=[change(each) for each in await services.guardroom.warding.changes(caller)]
    )


@router.post("/changes/{change}/withdraw")
async def withdraw_change(change: Number, caller: Writer, services: Given) -> AskedShown:
    """Take the request for a loosening back."""
    return asked(await services.guardroom.warding.withdraw(caller, change))


@router.post("/changes/{change}/grant")
async def grant_change(
    change: Number, wish: GrantWish, caller: Writer, services: Given
) -> AskedShown:
    """Let a loosening happen at once, by the secret of the guard's partner."""
    secret = Secret(wish.secret.get_secret_value())
    return asked(await services.guardroom.warding.grant(caller, change, secret))


@router.get("/{guard}")
async def get_guard(guard: str, caller: Reader, services: Given, response: Response) -> GuardShown:
    """Show a guard, as it is wanted."""
    found = await services.guardroom.guards.get(caller, guard)
    tag(response, found.version)
    return _shown(found)


@router.patch("/{guard}")
async def change_guard(
    guard: str,
    change: GuardChange,
    expected: Expected,
    caller: Writer,
    services: Given,
    response: Response,
) -> GuardShown:
    """Change a guard. What loosens a protective one holds when the ratchet lets it."""
    found = await services.guardroom.guards.update(caller, guard, change.form(), expected=expected)
    tag(response, found.version)
    return _shown(found)


@router.delete("/{guard}", status_code=204)
async def delete_guard(guard: str, expected: Expected, caller: Writer, services: Given) -> None:
    """Delete a guard. A protective one stands on until the ratchet lets it go."""
    await services.guardroom.guards.delete(caller, guard, expected=expected)


@router.post("/{guard}/attach")
async def attach_guard(
    guard: str, wish: AccountsWish, caller: Writer, services: Given, response: Response
) -> GuardShown:
    """Let a guard stand at these accounts too."""
    found = await services.guardroom.guards.attach(caller, guard, _accounts(wish))
    tag(response, found.version)
    return _shown(found)


@router.post("/{guard}/detach")
async def detach_guard(
    guard: str, wish: AccountsWish, caller: Writer, services: Given, response: Response
) -> GuardShown:
    """Let a guard stand at these accounts no more; not at the last that it names."""
    found = await services.guardroom.guards.detach(caller, guard, _accounts(wish))
    tag(response, found.version)
    return _shown(found)


@router.post("/{guard}/sweep", status_code=202)
async def sweep_guard(guard: str, wish: SweepWish, caller: Writer, services: Given) -> SweptShown:
    """Have the mail that is there already judged at these accounts, by all guards that stand there."""
    count = await services.guardroom.warding.sweep(caller, guard, wish.accounts)
    return SweptShown(accounts=count)


def _accounts(wish: AccountsWish) -> list[AccountId]:
    return [AccountId(each) for each in wish.accounts]
