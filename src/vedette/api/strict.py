"""Refuses JSON that two readers read in two ways: a member that is there twice, NaN, UTF-16.

A proxy or an audit before us may believe the first of two members, and we the last one (RFC 8259
sections 4, 6 and 8.1). It must not know what any member means.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import Request

from vedette.api.problems import refuse
from vedette.service.strict import twice

#: Members of one object: ours have some dozens, and what a tenant sets for itself a hundred.
MOST: Final = 1_000
#: Characters of a name that are told back.
_SHOWN: Final = 60
#: What a file of accounts is read by is beside the loop, as it is larger (``routes/imports.py``).
_ELSEWHERE: Final = "/v1/accounts/import"


async def read(request: Request) -> None:
    """Raise a problem for a body that says something twice, or in no JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if not kind.endswith("json") or request.scope["path"] == _ELSEWHERE:
        return
    body = await request.body()
    if not body:
        return
    try:
        json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise refuse("malformed", "the body is no JSON in UTF-8") from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse members of one name; what they hold was looked at before, and is let go."""
    if len(pairs) > MOST:
        # Before each of them is looked up, and told of, on the loop.
        raise refuse("malformed", f"an object of the body has more than {MOST} members")
    name = twice(pairs)
    if name is not None:
        raise refuse("malformed", f"a member of the body is there twice: {name[:_SHOWN]!a}")


def _constant(name: str) -> None:
    raise refuse("malformed", f"{name} is no number of JSON")
