"""Refuses a query that says what nothing reads: a misspelt filter would list everything.

It must not know what any parameter means.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from vedette.service.refusals import InvalidError, Mistake

#: Characters of a name that are told back.
_SHOWN: Final = 60


async def known(request: Request) -> None:
    """Raise InvalidError for a parameter that the route does not have, or that comes twice."""
    if not request.scope["query_string"]:
        return
    route = request.scope["route"]
    if isinstance(route, APIRoute) and not route.include_in_schema:
        # A page for browsers: providers, and who passes a link on, add what they like.
        return
    names = _names(route.dependant) if isinstance(route, APIRoute) else frozenset()
    given = Counter(name for name, _ in request.query_params.multi_items())
    mistakes = [
        Mistake(field=name[:_SHOWN], why="is given twice" if name in names else "is not known here")
        for name, times in given.items()
        if name not in names or times > 1
    ]
    if mistakes:
        raise InvalidError(mistakes)


def _names(dependant: Dependant) -> frozenset[str]:
    """Return what a route and all that it depends on read of a query."""
    own = frozenset(each.alias for each in dependant.query_params)
    return own.union(*(_names(each) for each in dependant.dependencies))
