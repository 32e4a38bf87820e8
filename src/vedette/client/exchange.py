"""Asks an operation and reads its answer; asks again where that can do no harm.

What is asked again: whatever was not sent, or was turned away unread (429, and 503 with a wait); and
after a lost answer whatever has the same effect twice: GET, PUT, DELETE, a POST by its idempotency
key, a PATCH that is not for one version. It must not know any resource.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from vedette import __version__
from vedette.backoff import Backoff
from vedette.client.carrier import Answer, Carrier, NotSentError, Request
from vedette.client.operation import Operation, Page, Unread
from vedette.client.problem import Problem, ProblemError, problem_of
from vedette.client.shape import members, noun
from vedette.errors import NetworkError, ProtocolError, UsageError
from vedette.secret import Secret

T = TypeVar("T")

#: Times that something is asked.
TRIES: Final = 4
#: Waits between them, where the service names none: a restart takes some seconds.
WAITS: Final = Backoff(first=0.5, ceiling=8.0)

#: Answers that may be different in a moment, whatever was asked: it was turned away unread.
_CLAIMED: Final = "in_progress"
_UNREAD: Final = frozenset({"too_many", "overloaded", "busy", _CLAIMED})
#: The same, where the same effect twice is one: what became of it is not known.
_UNKNOWN: Final = frozenset({408, 500, 502, 503, 504})

_GONE: Final = 404

#: Things that lists left out which are remembered: more are told by the page alone.
MAX_UNREAD: Final = 100

_DICE: Final = SystemRandom().random


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of one question. ``key`` is what a POST is known by, where its maker keeps it."""

    ids: Mapping[str, str] | None = None
    query: Mapping[str, object] | None = None
    wish: object = None
    version: int | None = None
    key: str | None = None
    seconds: float | None = None


NOTHING: Final = Said()


class Exchange:
    """Asks, over a carrier."""

    def __init__(
        self,
        carrier: Carrier,
        key: Secret[str] | None,
        *,
        dice: Callable[[], float] = _DICE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.carrier = carrier
        #: What lists left out that were asked for whole.
        self.unread: tuple[Unread, ...] = ()
        self._key = key
        self._dice = dice
        self.pause = sleep

    async def one(self, operation: Operation[T], said: Said = NOTHING) -> T:
        """Return the noun that is answered. Raises ProblemError, LinkError."""
        headers, body = await self._asked(operation, said)
        found = noun(operation.answer, _json(body))
        version = _version(headers.get("etag"))
        if version is not None and hasattr(found, "version"):
            found = replace(found, version=version)  # type: ignore[type-var]  # nouns are dataclasses
        return found

    async def many(self, operation: Operation[T], said: Said = NOTHING) -> tuple[T, ...]:
        """Return the nouns of a list that is answered whole."""
        _, body = await self._asked(operation, said)
        told = _json(body)
        if not isinstance(told, list):
            raise ProtocolError("the server answered with no list")
        return tuple(noun(operation.answer, each) for each in told)

    async def page(self, operation: Operation[T], said: Said = NOTHING) -> Page[T]:
        """Return a page of a list."""
        _, body = await self._asked(operation, said)
        told = _json(body)
        if not isinstance(told, dict) or not isinstance(told.get("items"), list):
            raise ProtocolError("the server answered with no page of a list")
        following = told.get("next")
        return Page(
            items=tuple(noun(operation.answer, each) for each in told["items"]),
            next=None if following is None else str(following),
            unread=tuple(noun(Unread, each) for each in told.get("unread", ())),
        )

    async def pages(self, operation: Operation[T], said: Said = NOTHING) -> AsyncIterator[T]:
        """Yield all nouns of a list, a page at a time."""
        asked = said
        while True:
            page = await self.page(operation, asked)
            self.unread += page.unread[: MAX_UNREAD - len(self.unread)]
            for each in page.items:
                yield each
            if page.next is None:
                return
            if asked.query is not None and page.next == asked.query.get("after"):
                raise ProtocolError("the server answered with a page that is followed by itself")
            asked = replace(said, query={**(said.query or {}), "after": page.next})

    async def done(self, operation: Operation[None], said: Said = NOTHING) -> None:
        """Have something done that answers nothing."""
        await self._asked(operation, said)

    async def octets(self, operation: Operation[bytes], said: Said = NOTHING) -> bytes:
        """Return the body as it is."""
        return (await self._asked(operation, said))[1]

    @asynccontextmanager
    async def streamed(
        self, operation: Operation[bytes], said: Said = NOTHING, **headers: str
    ) -> AsyncIterator[Answer]:
        """Give an answer whose body is read as it comes; it is asked once.

        The deadline is for its beginning alone. Raises ProblemError, LinkError.
        """
        request = self._request(operation, said)
        request = replace(request, headers={**request.headers, **headers})
        seconds = said.seconds or operation.seconds
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(seconds):
                    answer = await stack.enter_async_context(self.carrier.send(request))
            except TimeoutError:
                raise _late(seconds) from None
            if not _is_good(answer.status):
                body = await answer.whole()
                raise ProblemError(problem_of(answer.status, answer.headers, body))
            yield answer

    async def _asked(
        self, operation: Operation[Any], said: Said
    ) -> tuple[Mapping[str, str], bytes]:
        request = self._request(operation, said)
        seconds = said.seconds or operation.seconds
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        is_lost = False
        earlier: ProblemError | None = None
        for attempt in range(1, TRIES + 1):
            try:
                async with asyncio.timeout_at(end):
                    answer = await self._told(request)
            except TimeoutError:
                raise _late(seconds) from None
            except NetworkError as error:
                is_sent = not isinstance(error, NotSentError)
                is_lost = is_lost or is_sent
                failure: NetworkError | ProblemError = error
                is_over = is_sent and not _is_same_twice(operation, said)
                wait = None
            else:
                if not isinstance(answer, Problem):
                    return answer
                if is_lost and operation.method == "DELETE" and answer.status == _GONE:
                    # The answer that was lost had said that it is gone.
                    return {}, b""
                if earlier is not None and earlier.code != _CLAIMED == answer.code:
                    # The claim of the try that failed stands for a minute: its failure is the news.
                    raise earlier
                failure = earlier = ProblemError(answer)
                is_over = not _is_passing(operation, said, answer)
                wait = answer.retry_after
            wait = WAITS.wait(attempt, self._dice()) if wait is None else wait
            if is_over or attempt == TRIES or loop.time() + wait >= end:
                raise failure
            await self.pause(wait)
        raise AssertionError("the last try answers or raises")

    async def _told(self, request: Request) -> tuple[Mapping[str, str], bytes] | Problem:
        async with self.carrier.send(request) as answer:
            body = await answer.whole()
            if _is_good(answer.status):
                return answer.headers, body
            return problem_of(answer.status, answer.headers, body)

    def _request(self, operation: Operation[Any], said: Said) -> Request:
        headers = {"user-agent": f"vedette/{__version__}", "accept": "application/json, */*"}
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        if said.version is not None:
            headers["if-match"] = f'"{said.version}"'
        if operation.method == "POST":
            headers["idempotency-key"] = said.key or secrets.token_hex(16)
        body = None
        if said.wish is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(members(said.wish)).encode()
        target = path_of(operation.path, said.ids or {})
        query = _query(said.query or {})
        return Request(
            method=operation.method,
            target=f"{target}?{query}" if query else target,
            headers=headers,
            body=body,
        )


def path_of(path: str, ids: Mapping[str, str]) -> str:
    """Return a path with ids in it, percent-encoded. Raises UsageError for what can be none.

    A dot or two would be resolved on the way (RFC 3986 section 5.2.4), and name something else.
    """
    for name, id_ in ids.items():
        if id_ in {"", ".", ".."}:
            raise UsageError(f"{id_!r} is the {name} of nothing")
        path = path.replace(f"{{{name}}}", quote(id_, safe=""))
    return path


def _query(given: Mapping[str, object]) -> str:
    told = {}
    for name, value in given.items():
        if value is None or value == "":
            continue
        told[name] = str(value).lower() if isinstance(value, bool) else str(members(value))
    return urlencode(told, quote_via=quote)


def _is_same_twice(operation: Operation[Any], said: Said) -> bool:
    return operation.method != "PATCH" or said.version is None


def _is_passing(operation: Operation[Any], said: Said, problem: Problem) -> bool:
    if problem.code in _UNREAD:
        return True
    return problem.status in _UNKNOWN and (
        problem.retry_after is not None or problem.code == "foreign"
    ) and _is_same_twice(operation, said)  # fmt: skip


def _is_good(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - 2xx (RFC 9110 section 15.3)


def _late(seconds: float) -> NetworkError:
    return NetworkError(f"the service did not answer within {seconds:.0f} s")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolError("the server answered with no JSON; look at the URL") from None


def _version(tag: str | None) -> int | None:
    text = "" if tag is None else tag.strip('"')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - 64 bits
