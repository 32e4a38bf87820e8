"""What went wrong, as problem details (RFC 9457): one table from codes to statuses.

A code is for machines and never changes; the detail is one line for a person. Neither holds a
secret, a traceback or what the caller sent. It must not know what routes do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from vedette.errors import VedetteError
from vedette.service.refusals import MAX_MISTAKES, RefusalError

#: The type of an answer that tells of a problem (RFC 9457 section 3).
MEDIA: Final = "application/problem+json"

#: Seconds after which to ask again a store that is away: it is tried every few seconds.
AGAIN: Final = 5

#: Characters of a line about one field: a library's words about a value may be long.
MAX_WHY: Final = 200

#: Each code, its status and what it is called.
TABLE: Final[Mapping[str, tuple[int, str]]] = MappingProxyType({
    "malformed": (400, "The request can not be read"),
    "unauthorized": (401, "A valid API key is needed"),
    "forbidden": (403, "The key may not do that"),
    "consent": (403, "The mailbox's owner has not agreed"),
    "authorization_refused": (403, "The provider gave no consent that can be used"),
    "read_only": (403, "It is kept elsewhere"),
    "not_found": (404, "There is none"),
    "method_not_allowed": (405, "The method is not for this resource"),
    "timeout": (408, "The request did not come in time"),
    "conflict": (409, "Its state does not allow that"),
    "held": (409, "A guard is held to it"),
    "taken": (409, "It is there already"),
    "busy": (409, "It is changed all the time"),
    "newer": (409, "A newer version of Vedette wrote it"),
    "consent_missing": (409, "The mailbox's owner has not agreed"),
    "plan_limit": (409, "The plan's limit is reached"),
    "watched_elsewhere": (409, "Another instance has it"),
    "in_progress": (409, "A request with this idempotency key is under way"),
    "answer_lost": (409, "It was done, and its answer was lost"),
    "unknown_state": (410, "It was used, or its time is over"),
    "gone": (410, "The folder was made anew"),
    "stale": (412, "It was changed meanwhile"),
    "too_large": (413, "The body is too large"),
    "media_type": (415, "The body is of the wrong type"),
    "invalid": (422, "Fields are wrong"),
    "usage": (422, "The request is wrong"),
    "config": (422, "The settings are wrong"),
    "key_reused": (422, "The idempotency key belongs to another request"),
    "too_many": (429, "Too many requests"),
    "head_too_large": (431, "The request's head is too large"),
    "internal": (500, "A defect of ours"),
    "auth_failed": (502, "The mail server refused the login"),
    "unreachable": (502, "The mail server can not be reached"),
    "tls_failed": (502, "The mail server can not be trusted"),
    "protocol": (502, "The mail server did not keep to the protocol"),
    "limited": (503, "The mail server has no room"),
    "throttled": (503, "The mail server wants patience"),
    "store": (503, "The store is away"),
    "store_full": (503, "The store is full"),
    "store_unwritable": (503, "The store can not be written"),
    "store_version": (503, "The store was written by a newer version"),
    "secret": (503, "The key of the secrets can not be had"),
    "secret_damaged": (503, "A secret was changed where it is kept"),
    "overloaded": (503, "Too much is asked at once"),
    "not_running": (503, "No engine runs here"),
})  # fmt: skip

_NO_METHOD: Final = 405

#: What stands for an error that no code above belongs to: the way to another server failed.
_ELSEWHERE: Final = (502, "Another server did not do its part")

#: What the framework says by a status alone.
_CODES: Final = MappingProxyType({
    status: next(code for code, (number, _) in TABLE.items() if number == status)
    for status in {number for number, _ in TABLE.values()}
} | {404: "not_found", 422: "invalid"})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. ``members`` are extension members (RFC 9457 section 3.2)."""

    code: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The status code of HTTP."""
        return TABLE.get(self.code, _ELSEWHERE)[0]

    def told(self, instance: str | None = None) -> dict[str, Any]:
        """Return the members; ``instance`` names this one occurrence, as the log does."""
        status, title = TABLE.get(self.code, _ELSEWHERE)
        told = {
            "type": f"urn:vedette:problem:{self.code}",
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": self.code,
        }
        if instance is not None:
            told["instance"] = f"urn:uuid:{instance}"
        return {**self.members, **told}

    def body(self, instance: str | None = None) -> bytes:
        """Return the JSON."""
        return json.dumps(self.told(instance)).encode()

    def answer(self, instance: str | None = None) -> Response:
        """Return the answer."""
        return Response(
            self.body(instance),
            status_code=self.status,
            headers=dict(self.headers),
            media_type=MEDIA,
        )


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def refuse(code: str, detail: str, **headers: str) -> ProblemError:
    """Return the error of a problem; names of headers have ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ProblemError(Problem(code=code, detail=detail, headers=named))


def of_error(error: VedetteError) -> Problem:
    """Return the problem that an error of ours is."""
    members = error.members if isinstance(error, RefusalError) else {}
    status, _ = TABLE.get(error.code, _ELSEWHERE)
    # What a mail server wants, or as often as the store is tried.
    wait = getattr(error, "retry_after", None) or AGAIN
    again = error.retryable and status == TABLE["store"][0]
    return Problem(
        code=error.code,
        detail=str(error),
        members=members,
        headers={"Retry-After": str(math.ceil(wait))} if again else {},
    )


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem of what pydantic found: fields and why, never what was sent."""
    if any(each["type"] == "json_invalid" for each in errors):
        return Problem(code="malformed", detail="the body is no JSON")
    wrong = [{"field": _field(each["loc"]), "why": _why(each)} for each in errors[:MAX_MISTAKES]]
    detail = "; ".join(f"{each['field']}: {each['why']}" for each in wrong)
    return Problem(code="invalid", detail=detail, members={"errors": wrong})


def of_status(error: HTTPException, allow: str | None = None) -> Problem:
    """Return the problem of what the framework says by a status; ``allow`` are methods."""
    code = _CODES.get(error.status_code, "malformed")
    headers = {} if allow is None else {"Allow": allow}
    return Problem(code=code, detail=_WORDS.get(code, TABLE[code][1]), headers=headers)


#: What is said where the framework found it out.
_WORDS: Final = MappingProxyType(
    {
        "malformed": "the body can not be read",
        "not_found": "there is nothing at this address",
        "method_not_allowed": "Allow names the methods that are for this resource",
    }
)


def install(app: FastAPI) -> None:
    """Let every error of the app end as a problem. What is unexpected is the gate's."""

    async def known(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == _NO_METHOD:
            problem = of_status(error, _allowed(app, request))
        else:
            problem = _problem(error)
        return problem.answer(request.scope.get("state", {}).get("request"))

    for kind in (ProblemError, VedetteError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, known)


def _problem(error: Exception) -> Problem:
    match error:
        case ProblemError():
            return error.problem
        case VedetteError():
            return of_error(error)
        case RequestValidationError():
            return of_validation(error.errors())
        case HTTPException():
            return of_status(error)
        case _:
            raise error


def _allowed(app: FastAPI, request: Request) -> str:
    """Return all methods of what is at an address: the framework names those of one route of it."""
    found = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            found.append(method)
    if "GET" in found:
        # Answered by the gate, wherever there is a GET.
        found.insert(1, "HEAD")
    return ", ".join(found)


def _why(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a field, in the words of the use cases where they have some."""
    match error["type"]:
        case "extra_forbidden":
            return "is not known here"
        case "missing":
            return "is missing"
        case _:
            return str(error["msg"])[:MAX_WHY]


def _field(place: Sequence[int | str]) -> str:
    """Return a field's name as a person writes it: ``tags.0``."""
    inner = place[1:] if len(place) > 1 else place
    return ".".join(str(part)[:MAX_WHY] for part in inner[:8])
