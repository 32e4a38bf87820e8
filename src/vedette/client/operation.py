"""One operation of the API as the client has it: method, path, query, what it is told and answers.

A test compares each of them with the OpenAPI document of the service, member by member. It must not
know how a request travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Generic, TypeVar

T = TypeVar("T")

#: Seconds for an answer, tries and waits between them included.
USUAL = 30.0


@unique
class Form(Enum):
    """How an answer holds its nouns."""

    ONE = "one"
    LIST = "list"
    PAGE = "page"
    NOTHING = "nothing"
    OCTETS = "octets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """What can be asked. ``answer`` is the noun, of which ``form`` says how many there are.

    ``wish`` is the noun that is the body. ``is_versioned``: it takes the version that it is for, as
    If-Match; ``headers`` are others that it takes. ``seconds`` is the deadline of the whole, tries and waits included.
    """

    method: str
    path: str
    answer: type[T]
    form: Form = Form.ONE
    wish: type | None = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    is_versioned: bool = False
    seconds: float = USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One of a list that its service can not read, and why, for a person."""

    id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list. ``next`` is where the next one begins; None: this was the last.

    ``unread`` are those between its items that the service can not read: a newer version wrote them.
    """

    items: tuple[T, ...]
    next: str | None
    unread: tuple[Unread, ...] = ()


def nothing(
    method: str, path: str, *, wish: type | None = None, is_versioned: bool = False
) -> Operation[None]:
    """Return an operation that answers nothing."""
    return Operation(
        method=method,
        path=path,
        answer=type(None),
        form=Form.NOTHING,
        wish=wish,
        is_versioned=is_versioned,
    )


def listing(path: str, answer: type[T], *query: str, seconds: float = USUAL) -> Operation[T]:
    """Return an operation that answers with a page of a list."""
    return Operation(
        method="GET",
        path=path,
        answer=answer,
        form=Form.PAGE,
        query=("limit", "after", *query),
        seconds=seconds,
    )
