"""``/v1/accounts``: the mailboxes that are watched. It must not know how accounts are kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.etags import Expected, tag
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given, Services
from vedette.api.shapes.accounts import AccountChange, AccountWish, BatchWish, ResyncWish
from vedette.api.shapes.registered import (
    AccountShown,
    BatchShown,
    OutcomeShown,
    VerifiedShown,
    account,
    outcome,
    verified,
)
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.service.accounts.batches import Addition, Alteration, Outcome, Removal
from vedette.service.accounts.condition import State
from vedette.service.accounts.registration import instant_of
from vedette.service.accounts.roll import AccountQuery
from vedette.service.caller import Caller
from vedette.service.refusals import invalid

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]
#: What is written is shown in return, so who writes has to be one who reads.
Writer = Annotated[Caller, Security(allowed, scopes=["accounts:read", "accounts:write"])]


@router.post("", status_code=201)
async def create_account(
    wish: AccountWish, caller: Writer, services: Given, response: Response
) -> AccountShown:
    """Register an account; it is watched within a second."""
    addition = _addition(wish)
    made = await services.accounts.create(
        caller, addition.wish, id_=addition.id, tenant=addition.tenant
    )
    response.headers["Location"] = f"{router.prefix}/{made.account.id}"
    return await _answer(services, response, made)


@router.get("")
async def list_accounts(
    window: Asked,
    caller: Reader,
    services: Given,
    q: Annotated[
        str, Query(max_length=200, description="Found in address, user, host, title or tags.")
    ] = "",
    state: Annotated[State | None, Query(description="In this state.")] = None,
    tag: Annotated[str | None, Query(max_length=64, description="With this tag.")] = None,
    tenant: Annotated[str | None, Query(max_length=255, description="Of this tenant.")] = None,
    host: Annotated[str | None, Query(max_length=255, description="At this server.")] = None,
    email: Annotated[str | None, Query(max_length=320, description="With this address.")] = None,
    active: Annotated[bool | None, Query(description="Active, or not.")] = None,
) -> Listing[AccountShown]:
    """List accounts by id; `next` is null at the end alone."""
    given = {"tags": tag, "host": host, "email": email, "active": active}
    query = AccountQuery(
        after=window.after,
        text=q,
        fields={name: value for name, value in given.items() if value is not None},
        tenant=None if tenant is None else TenantId(tenant),
        limit=window.limit,
    )
    found = await services.overview.page(caller, query, state)
    return listing(found, account)


@router.post("/verify")
async def verify_account(wish: AccountWish, caller: Writer, services: Given) -> VerifiedShown:
    """Try an account out before it is saved: each step of the way in, with what to do where it fails."""
    addition = _addition(wish)
    found = await services.verifying.wish(caller, addition.wish, tenant=addition.tenant)
    return verified(found)


@router.post("/batch")
async def change_accounts(wish: BatchWish, caller: Writer, services: Given) -> BatchShown:
    """Create, change and delete many accounts, in this order; each is done or refused by itself."""
    if not (wish.create or wish.update or wish.delete):
        raise invalid("create", "there is nothing to do")
    created = updated = deleted = []
    if wish.create:
        created = await services.batches.create(caller, [_addition(each) for each in wish.create])
    if wish.update:
        changes = [
            Alteration(id=AccountId(each.id), wish=each.change.form(), expected=each.version)
            for each in wish.update
        ]
        updated = await services.batches.update(caller, changes)
    if wish.delete:
        gone = [Removal(id=AccountId(each.id), expected=each.version) for each in wish.delete]
        deleted = await services.batches.delete(caller, gone)
    return BatchShown(
        create=await _outcomes(services, created, done=201),
        update=await _outcomes(services, updated, done=200),
        delete=await _outcomes(services, deleted, done=204),
    )


@router.get("/{account}")
async def get_account(
    account: str, caller: Reader, services: Given, response: Response
) -> AccountShown:
    """Show an account, and how it is doing."""
    return await _answer(
        services, response, await services.accounts.get(caller, AccountId(account))
    )


@router.patch("/{account}")
async def change_account(
    account: str,
    change: AccountChange,
    expected: Expected,
    caller: Writer,
    services: Given,
    response: Response,
) -> AccountShown:
    """Change an account: what is not sent stays, null goes back to its default."""
    found = await services.accounts.update(
        caller, AccountId(account), change.form(), expected=expected
    )
    return await _answer(services, response, found)


@router.delete("/{account}", status_code=204)
async def delete_account(account: str, expected: Expected, caller: Writer, services: Given) -> None:
    """Delete an account with its credentials."""
    await services.accounts.delete(caller, AccountId(account), expected=expected)


@router.post("/{account}/verify")
async def verify_saved_account(account: str, caller: Writer, services: Given) -> VerifiedShown:
    """Try an account out as it is saved."""
    return verified(await services.verifying.saved(caller, AccountId(account)))


@router.post("/{account}/pause")
async def pause_account(
    account: str, expected: Expected, caller: Writer, services: Given, response: Response
) -> AccountShown:
    """Stop watching it until it is resumed."""
    found = await services.orders.pause(caller, AccountId(account), expected=expected)
    return await _answer(services, response, found)


@router.post("/{account}/resume")
async def resume_account(
    account: str, expected: Expected, caller: Writer, services: Given, response: Response
) -> AccountShown:
    """Watch it again; what came meanwhile is delivered."""
    found = await services.orders.resume(caller, AccountId(account), expected=expected)
    return await _answer(services, response, found)


@router.post("/{account}/reconnect")
async def reconnect_account(
    account: str, expected: Expected, caller: Writer, services: Given, response: Response
) -> AccountShown:
    """Connect anew, with the same credentials even where they were refused."""
    found = await services.orders.reconnect(caller, AccountId(account), expected=expected)
    return await _answer(services, response, found)


@router.post("/{account}/resync")
async def resync_account(
    account: str,
    wish: ResyncWish,
    expected: Expected,
    caller: Writer,
    services: Given,
    response: Response,
) -> AccountShown:
    """Look anew through all mail from an instant on; what was not delivered then is."""
    since = instant_of(wish.since)
    if since is None:
        raise invalid("since", "is no instant, such as 2026-11-01T00:00:00Z")
    found = await services.orders.resync(caller, AccountId(account), since, expected=expected)
    return await _answer(services, response, found)


def _addition(wish: AccountWish) -> Addition:
    form = wish.form()
    id_, tenant = form.pop("id", None), form.pop("tenant", None)
    return Addition(
        wish=form,
        id=None if id_ is None else str(id_),
        tenant=None if tenant is None else TenantId(str(tenant)),
    )


async def _answer(services: Services, response: Response, found: Registration) -> AccountShown:
    # One of the file or of a table has no version of ours: nothing could be changed by it.
    if found.version:
        tag(response, found.version)
    return account(await services.overview.seen(found))


async def _outcomes(
    services: Services, outcomes: list[Outcome], *, done: int
) -> list[OutcomeShown]:
    return [
        outcome(
            each,
            None if each.account is None else await services.overview.seen(each.account),
            done=done,
        )
        for each in outcomes
    ]
