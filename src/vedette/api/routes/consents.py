"""``/v1/consents``: whose owners agreed that their mail be read. It must not know who asks for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Page, cursor
from vedette.api.services import Given
from vedette.api.shapes.accounts import ConsentsWish, ConsentWish
from vedette.api.shapes.registered import ConsentShown, consent
from vedette.model.ids import AccountId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/consents", tags=["consents"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["accounts:read", "accounts:write"])]


@router.get("")
async def list_pending_consents(
    window: Asked, caller: Reader, services: Given
) -> Page[ConsentShown]:
    """List accounts that lack a consent. A page may be short; `next` is null at the end alone."""
    found, following = await services.agreements.pending(
        caller, after=window.after, limit=window.limit
    )
    after = None if following is None else cursor(following)
    return Page(items=[consent(each) for each in found], next=after)


@router.post("")
async def give_consents(wish: ConsentsWish, caller: Writer, services: Given) -> list[ConsentShown]:
    """Agree for many accounts, or for none of them where one is not as it is said."""
    ids = [AccountId(each) for each in wish.accounts]
    given = await services.agreements.give(caller, ids, version=wish.version, by=wish.by)
    return [consent(each) for each in given]


@router.get("/{account}")
async def get_consent(account: str, caller: Reader, services: Given) -> ConsentShown:
    """Show how it stands with the consent of an account."""
    return consent(await services.agreements.of(caller, AccountId(account)))


@router.put("/{account}")
async def give_consent(
    account: str, wish: ConsentWish, caller: Writer, services: Given
) -> ConsentShown:
    """Agree for one account."""
    given = await services.agreements.give(
        caller, [AccountId(account)], version=wish.version, by=wish.by
    )
    return consent(given[0])


@router.delete("/{account}")
async def withdraw_consent(account: str, caller: Writer, services: Given) -> ConsentShown:
    """End a consent at once: nothing is read any more. That it was given stays on record."""
    return consent(await services.agreements.withdraw(caller, AccountId(account)))
