"""``/v1/accounts/import``: a whole file of accounts. It must not know how a file is read."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Security

from vedette.api.caller import allowed
from vedette.api.problems import refuse
from vedette.api.services import Given
from vedette.api.shapes.imports import ImportShown
from vedette.service.accounts.importing import read_csv, read_json
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Writer = Annotated[Caller, Security(allowed, scopes=["accounts:read", "accounts:write"])]

_CSV: Final = "email,host,password\njane@example.org,imap.example.org,secret\n"
_JSON: Final = [{"email": "jane@example.org", "host": "imap.example.org", "password": "secret"}]

#: The body is read by what it is of, so that its shape is said here.
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _CSV},
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"type": "array", "items": {"$ref": "#/components/schemas/AccountWish"}},
                        {"$ref": "#/components/schemas/AccountWish"},
                    ]
                },
                "example": _JSON,
            },
        },
    }
}


@router.post("/import", openapi_extra=_BODY)
async def import_accounts(request: Request, caller: Writer, services: Given) -> ImportShown:
    """Register the accounts of a CSV or JSON file of 8 MiB at most, or none of them.

    Every line is checked before one is written; mistakes are told with their lines. An account that
    is there already, by address, user and host, is left as it is, so that a file may be sent again.
    In a CSV the first line names members of an account, and lists are divided by `;`.
    """
    body = await request.body()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse("malformed", f"the file is no UTF-8 at octet {error.start}") from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    read = read_csv if kind == "text/csv" else read_json
    # A hundred thousand cells are a second of work, and mail is to get in between.
    lines = await asyncio.to_thread(read, text)
    if not lines:
        raise refuse("malformed", "the file has no account")
    done = await services.importing.take(caller, lines)
    return ImportShown(created=done.made, there=done.there)
