"""The outermost layer: a name for each request, the headers of each answer, bounds, and the log.

What nobody expected ends here as a 500 whose number is in the log: no traceback leaves. It must
not know callers or routes.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.api.headers import MAX_HEAD, POLICY, SECURITY
from vedette.api.problems import Problem, ProblemError, of_error, of_status
from vedette.errors import VedetteError
from vedette.ports.clock import Clock
from vedette.telemetry.counters import Counter

_log = structlog.stdlib.get_logger(__name__)

_REQUESTS = Counter(
    "vedette_api_requests_total",
    "Requests of the API that were answered, by class of status; 0xx: the peer went before.",
    label="status",
    values=("0xx", "2xx", "3xx", "4xx", "5xx"),
)

#: Octets of a body: a thousand accounts at once are half of it.
MAX_BODY: Final = 1024 * 1024
#: Seconds for a whole body.
BODY: Final = 30.0
#: Requests that are being answered at once: each may hold a body, and waits for the one store.
AT_ONCE: Final = 200
#: Where a file of accounts is sent to, which may be larger: 20,000 lines of 400 characters.
IMPORT: Final = "/v1/accounts/import"
MAX_IMPORT: Final = 8 * 1024 * 1024
#: Such files at once: each is in memory, and its accounts several times.
IMPORTS: Final = 2
_FILES: Final = frozenset({"application/json", "text/csv"})
#: What a body may be: JSON, and none of the types that a form of a page can send to another site.
TYPES: Final = frozenset({"application/json", "application/merge-patch+json"})
#: Where people fill in forms of ours: each has a mark that no other site knows (``visitor.py``).
FORMS: Final = "/connect/"
_FORM: Final = frozenset({"application/x-www-form-urlencoded"})
#: Has no end, and so no answer to a HEAD.
ENDLESS: Final = "/v1/events/stream"

#: Paths that are asked every few seconds by machines: they are logged at debug.
_PROBES: Final = frozenset({"/livez", "/readyz", "/ownerz", "/metrics"})


class Gate:
    """Wraps the whole app."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._going = 0
        self._imports = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            # A lifespan at most: there are no WebSockets here.
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._clock)
        self._going += 1
        self._imports += exchange.is_import
        try:
            await self._answer(exchange)
        finally:
            self._going -= 1
            self._imports -= exchange.is_import
            exchange.tell()

    async def _answer(self, exchange: _Exchange) -> None:
        try:
            is_crowded = exchange.is_import and self._imports > IMPORTS
            exchange.check(is_full=self._going > AT_ONCE or is_crowded)
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except ProblemError as error:
            await exchange.end(error.problem)
        except VedetteError as error:
            await exchange.end(of_error(error))
        except HTTPException as error:
            await exchange.end(of_status(error))
        except asyncio.CancelledError:
            # The service stops, and has waited for this answer as long as it does.
            await exchange.end(
                Problem(code="overloaded", detail="the service is draining; ask again")
            )
            raise
        except Exception as error:  # noqa: BLE001 - the last one who can answer
            _log.error("api.failed", request=exchange.request, exc_info=error)
            await exchange.end(
                Problem(
                    code="internal",
                    detail=f"a defect of ours; the log has it under {exchange.request}",
                )
            )


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, clock: Clock) -> None:
        self.request = str(uuid4())
        # A HEAD is a GET whose body stays here (RFC 9110 section 9.3.2).
        self._is_head = scope["method"] == "HEAD" and scope["path"] != ENDLESS
        self.scope = {**scope, "method": "GET"} if self._is_head else scope
        self._receive = receive
        self._send = send
        self._clock = clock
        self._begun = asyncio.get_running_loop().time()
        self._status = 0
        self._octets = 0
        self._is_read = False
        #: When the whole body has to be there; known when it is asked for first.
        self._end: float | None = None
        self.is_import = scope["path"] == IMPORT
        self._most = MAX_IMPORT if self.is_import else MAX_BODY
        self.scope.setdefault("state", {})["request"] = self.request

    def check(self, *, is_full: bool) -> None:
        """Refuse what can be seen to be too much, or of the wrong type. Raises a problem."""
        headers = Headers(scope=self.scope)
        if is_full:
            raise _refused("overloaded", "too much is asked at once; wait", {"Retry-After": "1"})
        if sum(len(name) + len(value) for name, value in self.scope["headers"]) > MAX_HEAD:
            # The server bounds what comes in parts; what comes in one it passes on.
            raise _refused("head_too_large", f"a request's head has at most {MAX_HEAD} octets")
        if "\0" in self.scope["path"] or b"%00" in self.scope["query_string"]:
            # No name has one, and no database takes it.
            raise _refused("malformed", "an address holds no NUL")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise _refused("malformed", "Content-Length is no number")
        if len(length) > len(str(self._most)) or int(length) > self._most:
            raise _refused("too_large", f"a body has at most {self._most} octets")
        if length == "0" and "transfer-encoding" not in headers:
            return
        kind = headers.get("content-type", "").partition(";")[0].strip().casefold()
        types = _FORM if self.scope["path"].startswith(FORMS) else TYPES
        types = _FILES if self.is_import else types
        if kind not in types or headers.get("content-encoding", "identity") != "identity":
            raise _refused("media_type", f"a body is one of {', '.join(sorted(types))}")

    async def receive(self) -> Message:
        """Pass a body on, up to its bound and its deadline, which parts of it do not move on."""
        if self._is_read:
            return await self._receive()
        if self._end is None:
            self._end = asyncio.get_running_loop().time() + BODY
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408) from None
        self._octets += len(message.get("body", b""))
        if self._octets > self._most:
            raise HTTPException(413)
        self._is_read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, whose first has the headers of every answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif self._is_head:
            message = {**message, "body": b""}
        await self._send(message)

    async def end(self, problem: Problem) -> None:
        """Answer with a problem. In the middle of an answer the server sees that it is broken off."""
        if not self._status:
            await problem.answer(self.request)(self.scope, self._receive, self.send)

    def tell(self) -> None:
        """Log what was asked and answered: the route and not the address, which names people."""
        route = getattr(self.scope.get("route"), "path", None)
        caller = self.scope["state"].get("caller")
        _REQUESTS.inc(f"{self._status // 100}xx")
        told = {
            "request": self.request,
            "method": "HEAD" if self._is_head else self.scope["method"][:16],
            "route": route,
            "status": self._status,
            "seconds": round(asyncio.get_running_loop().time() - self._begun, 4),
            "caller": getattr(caller, "name", None),
        }
        if route in _PROBES:
            _log.debug("api.answered", **told)
        else:
            _log.info("api.answered", **told)

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        # A page says itself what it may; nothing else of ours is looser than what all have.
        own_policy = any(name.lower() == POLICY for name, _ in given)
        security = [each for each in SECURITY if not (own_policy and each[0] == POLICY)]
        mine = {name for name, _ in security}
        date = formatdate(self._clock.now(), usegmt=True).encode()
        own: list[tuple[bytes, bytes]] = [
            *security,
            (b"date", date),
            (b"x-request-id", self.request.encode()),
        ]
        return [*own, *((name, value) for name, value in given if name.lower() not in mine)]


def _refused(code: str, detail: str, headers: dict[str, str] | None = None) -> ProblemError:
    return ProblemError(Problem(code=code, detail=detail, headers=headers or {}))
