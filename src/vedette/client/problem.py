"""What the service says went wrong: problem details (RFC 9457), as a noun and as an error.

It must not know how answers come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from vedette.errors import VedetteError

#: Exit statuses (``sysexits.h``) by code, as ``vedette.service.refusals`` has them for its errors.
_EXITS: Final[Mapping[str, int]] = MappingProxyType({
    "answer_lost": 73, "busy": 75, "conflict": 73, "consent": 77, "forbidden": 77,
    "in_progress": 75, "invalid": 65,
    "newer": 78, "not_found": 66, "not_running": 69, "overloaded": 75, "plan_limit": 73,
    "read_only": 77, "secret": 78, "secret_damaged": 65, "stale": 75, "store": 74,
    "store_full": 74, "store_unwritable": 73, "store_version": 78, "taken": 73, "throttled": 75,
    "too_many": 75, "unauthorized": 77, "usage": 64, "config": 78,
})  # fmt: skip

#: The same by the class of a status, for a code that is newer than this client.
_CLASSES: Final[Mapping[int, int]] = MappingProxyType({3: 76, 4: 65, 5: 69})

#: Characters of a line for a person that is of a stranger's making: a proxy's page, say.
_LONGEST: Final = 2_000

#: Seconds of the longest wait that is believed: who says more is asked again after a day.
_DAY: Final = 86_400.0

#: What every problem has; the rest are extension members (RFC 9457 section 3.2).
_KNOWN: Final = frozenset({"type", "title", "status", "detail", "code", "instance", "errors"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with one field, in one line."""

    field: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. ``code`` is for programs and never changes, ``detail`` is a line for a person.

    ``fields`` are what is wrong with each field, ``retry_after`` the seconds to wait, where the
    service said so, ``instance`` the name under which its log has this, and ``members`` what this
    code has beside, such as ``limit``.
    """

    status: int
    code: str
    detail: str
    fields: tuple[Mistake, ...] = ()
    retry_after: float | None = None
    instance: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)


class ProblemError(VedetteError):
    """The service refused, or failed. ``str(error)`` is the line for a person."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.code = problem.code
        usual = _CLASSES.get(problem.status // 100, 69)
        self.exit_status = _EXITS.get(problem.code, usual)
        self.retryable = problem.status in {429, 502, 503, 504}


def problem_of(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """Read what came with a status that is no success; headers by their names in lower case.

    What is no problem of ours (a proxy's page, say) becomes one that tells of the status.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    retry_after = _seconds(headers.get("retry-after"))
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        where = headers.get("location")
        goes = f", and sends us to {where[:200]!r}" if where else ""
        detail = (
            f"the server answered {status}{goes}, and not as Vedette's API does; look at the URL"
        )
        return Problem(status=status, code="foreign", detail=detail, retry_after=retry_after)
    return problem_in(told, status=status, retry_after=retry_after)


def problem_in(
    told: Mapping[str, Any], *, status: int | None = None, retry_after: float | None = None
) -> Problem:
    """Return the problem that a JSON object tells of."""
    given = told.get("status")
    detail, instance = told.get("detail"), told.get("instance")
    return Problem(
        status=status or (given if isinstance(given, int) else 500),
        code=str(told.get("code")),
        detail=str(detail or told.get("title") or told.get("code"))[:_LONGEST],
        fields=_mistakes(told.get("errors")),
        retry_after=retry_after,
        instance=None if instance is None else str(instance)[:200],
        members={name: value for name, value in told.items() if name not in _KNOWN},
    )


def _mistakes(told: object) -> tuple[Mistake, ...]:
    if not isinstance(told, Sequence):
        return ()
    return tuple(
        Mistake(field=str(each.get("field")), why=str(each.get("why")))
        for each in told
        if isinstance(each, Mapping)
    )


def _seconds(text: str | None) -> float | None:
    """Return what Retry-After says (RFC 9110 section 10.2.3); a date is as if nothing was said."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:  # noqa: PLR2004 - 31 years
        return None
    return min(float(text), _DAY)
