"""Who asks: a key, or whoever can open the socket in the state folder.

Callers are told apart before a single octet of a body is read: a stranger costs one look-up. It
must not know what routes do (docs/decisions/0046-callers.md).
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vedette.api.pace import MAX_CALLERS, Pace
from vedette.api.problems import ProblemError, refuse
from vedette.api.rules import Rules
from vedette.config.api import Network
from vedette.secret import Secret
from vedette.service.caller import Caller, admin
from vedette.service.keys import Keys

#: Where everything is that needs a key; beside it are probes and the document of the API.
GUARDED: Final = "/v1"
#: Where providers send browsers back to, which have a state and a cookie, and no key.
CALLBACK: Final = "/v1/oauth/callback"

#: Wrong keys a second from one address, and at once: a person's typing error, and no search.
WRONG_RATE: Final = 1.0
WRONG_BURST: Final = 20

#: Characters of a header with a key: the key itself is 47.
_LONGEST: Final = 512

#: Names of this machine in a request's Host; a page that a browser was tricked with has another.
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Whom requests are from. The proxies of the ``rules`` may say for whom they ask."""

    keys: Keys
    rules: Rules


class Doorkeeper:
    """Finds out who asks, and how often. Errors are problems, raised for whoever is around it."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors
        self._wrong = Pace(rate=WRONG_RATE, burst=WRONG_BURST)
        #: Digests of keys that were right when they were sent last, the latest at the end.
        self._right: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a caller in."""
        if scope["type"] == "http":
            state = scope["state"]
            state["caller"] = caller = await self._caller(scope)
            if caller is None and is_guarded(scope["path"]):
                raise _unauthorized()
            if caller is not None and not state.get("is_socket"):
                self._be_slow(self._doors.rules.pace, caller.name)
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        """Return who asks; None for somebody without a key. Raises a problem for a wrong key."""
        if scope["state"].get("is_socket"):
            return admin("socket")
        given = Headers(scope=scope).getlist("authorization")
        if not given:
            return None
        address = neighbours(remote(scope, self._doors.rules.settings.trusted_proxies))
        now = asyncio.get_running_loop().time()
        kind, _, text = given[0].partition(" ")
        proof = sha256(text.encode("latin-1")).digest()
        # Who shares the address of somebody that tries keys, behind a proxy say, goes on asking.
        if proof not in self._right and (wait := self._wrong.wait(address, now)):
            raise _too_many(wait)
        if len(given) == 1 and len(text) <= _LONGEST and kind.casefold() == "bearer":
            caller = await self._doors.keys.caller(Secret(text.strip()))
            if caller is not None:
                self._remember(proof)
                return caller
        self._right.pop(proof, None)
        self._wrong.take(address, now)
        raise _unauthorized()

    def _remember(self, proof: bytes) -> None:
        self._right[proof] = None
        self._right.move_to_end(proof)
        if len(self._right) > MAX_CALLERS:
            self._right.popitem(last=False)

    @staticmethod
    def _be_slow(pace: Pace, name: str) -> None:
        if wait := pace.take(name, asyncio.get_running_loop().time()):
            raise _too_many(wait)


class Socket:
    """Marks what came through the socket in the state folder, which its owner alone can open."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as one of the owner's."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["is_socket"] = True
        await self._app(scope, receive, send)


def is_guarded(path: str) -> bool:
    """Tell whether a path needs a key."""
    return path != CALLBACK and (path == GUARDED or path.startswith(f"{GUARDED}/"))


def remote(scope: Scope, proxies: Sequence[Network]) -> str:
    """Return the address of who asks: the last one that no trusted proxy has."""
    peer = scope.get("client")
    found = "" if peer is None else str(peer[0])
    if not proxies or not _is_in(found, proxies):
        return found
    told = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    for each in reversed(told.split(",")[-32:]):
        hop = each.strip()
        if not hop:
            continue
        found = hop[:64]
        if not _is_in(hop, proxies):
            break
    return found


def neighbours(address: str) -> str:
    """Return what stands for an address where it is counted: of IPv6 the network of one line.

    Whoever has one address of a /64 has all of them (RFC 4291 section 2.5.4).
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> 64 << 64, 64)))


def is_local(request: Request) -> bool:
    """Tell whether somebody on this machine asks, and nobody through a proxy or a browser's page."""
    scope, headers = request.scope, request.headers
    if scope["state"].get("is_socket"):
        return True
    forwarded = any(name in headers for name in ("x-forwarded-for", "forwarded", "via"))
    host = headers.get("host", "").rpartition(":")
    name = host[0] if host[1] and not host[2].endswith("]") else headers.get("host", "")
    peer = scope.get("client")
    if forwarded or peer is None or name.casefold() not in _LOCAL:
        return False
    try:
        return ip_address(peer[0]).is_loopback
    except ValueError:
        return False


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _unauthorized() -> ProblemError:
    return refuse(
        "unauthorized",
        "send an API key that is valid: Authorization: Bearer vdt_…",
        WWW_Authenticate="Bearer",
    )


def _too_many(wait: float) -> ProblemError:
    return refuse(
        "too_many", "this is asked too often; wait", Retry_After=str(max(1, math.ceil(wait)))
    )


_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="An API key: `vdt_` and 43 characters."
)


def allowed(
    request: Request,
    scopes: SecurityScopes,
    _given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks, who has every scope that the route names. Raises a problem, and ForbiddenError.

    ``metrics:read`` is had by whoever asks from this machine.
    """
    caller: Caller | None = request.scope["state"].get("caller")
    if caller is None:
        if scopes.scopes == [_MEASURED] and is_local(request):
            return Caller(name="loopback", scopes=frozenset((_MEASURED,)))
        raise _unauthorized()
    for scope in scopes.scopes:
        if scope == "admin":
            caller.needs_admin("this")
        else:
            caller.needs(scope)
    return caller


_MEASURED: Final = "metrics:read"
