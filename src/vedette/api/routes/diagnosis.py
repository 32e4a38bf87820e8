"""``/v1/accounts/{account}/diagnosis``: what is known of an account, with remedies.

Its mailbox is not asked: that is ``/verify``. It must not know how anything is found out.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.diagnosis import DiagnosisShown, diagnosis
from vedette.model.ids import AccountId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]


@router.get("/{account}/diagnosis")
async def get_diagnosis(account: str, caller: Reader, services: Given) -> DiagnosisShown:
    """Say how an account is doing in all that is known of it, and what helps where it is not well.

    Its state, who watches it, consent, probe mails, completeness, the host's table, deliveries and
    guards. The mailbox is not asked; `verify` does.
    """
    id_ = AccountId(account)
    return diagnosis(id_, await services.casebook.read(caller, id_))
