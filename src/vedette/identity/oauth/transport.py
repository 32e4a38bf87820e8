"""Asks token services over HTTP: one request at a time, guarded, bounded, with a deadline.

Redirects are not followed: a service that sends a client secret elsewhere is not one. It must not
know what is asked, nor what an answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver
from yarl import URL

from vedette import __version__
from vedette.errors import NetworkError
from vedette.ports.address import AddressGuard
from vedette.ports.clock import Clock
from vedette.web import client, explained, trust

#: Seconds for one request: name, connection, TLS, and what a busy service takes.
DEADLINE: Final = 15.0
#: Octets of an answer: two tokens and an id token of 16 KiB each, and some.
MAX_ANSWER: Final = 64 * 1024
#: Requests to one service at a time; who waits for it waits outside of the deadline.
AT_ONCE: Final = 16
#: Connections to all services together.
CONNECTIONS: Final = 128
#: The longest wish of a service that is believed, in seconds.
MAX_RETRY_AFTER: Final = 24 * 3600.0

_REDIRECT: Final = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service said. ``retry_after`` is in seconds."""

    status: int
    body: bytes
    retry_after: float | None = None

    def members(self) -> Mapping[str, Any]:
        """Return the members of a JSON object; of anything else, none."""
        try:
            value = orjson.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Transport:
    """An HTTP client for services that users name. ``stop`` closes it.

    ``guard`` judges addresses, ``private`` those of services that may be inside.
    """

    def __init__(
        self,
        *,
        guard: AddressGuard,
        private: AddressGuard,
        clock: Clock,
        ca_file: Path | None = None,
        resolver: AbstractResolver | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._guards = {False: guard, True: private}
        self._clock = clock
        self._ca_file = ca_file
        self._resolver = resolver
        self._deadline = deadline
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._opening = asyncio.Lock()
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def stop(self) -> None:
        """Close the connections. Idempotent."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()

    async def post(
        self,
        url: str,
        body: Mapping[str, str] | bytes,
        *,
        headers: Mapping[str, str] | None = None,
        private: bool = False,
    ) -> Answer:
        """Post a form, or JSON where ``body`` is octets. Raises NetworkError."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **(headers or {})}
            return await self._ask("POST", url, body, headers, private=private)
        return await self._ask("POST", url, dict(body), headers or {}, private=private)

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, private: bool = False
    ) -> Answer:
        """Get what is at an address. Raises NetworkError."""
        return await self._ask("GET", url, None, headers or {}, private=private)

    async def _ask(
        self,
        method: str,
        url: str,
        body: dict[str, str] | bytes | None,
        headers: Mapping[str, str],
        *,
        private: bool,
    ) -> Answer:
        target = _target(url, private=private)
        session = await self._session(private=private)
        place = self._places.setdefault(str(target.origin()), asyncio.Semaphore(AT_ONCE))
        async with place:
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._answered(session, method, target, body, headers)
            except TimeoutError as error:
                raise NetworkError(
                    f"{target.host} did not answer within {self._deadline:g} s"
                ) from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise NetworkError(f"{target.host} can not be asked: {explained(error)}") from error

    async def _answered(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        body: dict[str, str] | bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        own = {
            "User-Agent": f"vedette/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        async with session.request(
            method, url, data=body, headers={**own, **headers}, allow_redirects=False
        ) as answer:
            if answer.status in _REDIRECT:
                raise NetworkError(
                    f"{url.host} leads elsewhere (HTTP {answer.status}), and secrets do not follow;"
                    " give the address where it answers itself"
                )
            return Answer(
                status=answer.status,
                body=await _bounded(answer, str(url.host)),
                retry_after=self._wish(answer.headers.get("Retry-After", "")),
            )

    async def _session(self, *, private: bool) -> aiohttp.ClientSession:
        async with self._opening:
            session = self._sessions.get(private)
            if session is None or session.closed:
                trusted = await asyncio.to_thread(trust, self._ca_file)
                session = self._sessions[private] = client(
                    guard=self._guards[private],
                    trust=trusted,
                    connections=CONNECTIONS,
                    buffer=MAX_ANSWER // 4,
                    resolver=self._resolver,
                )
            return session

    def _wish(self, text: str) -> float | None:
        """Return how long to wait, from seconds or a date (RFC 9110 section 10.2.3)."""
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), MAX_RETRY_AFTER)
        try:
            instant = parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
        return min(max(instant - self._clock.now(), 0.0), MAX_RETRY_AFTER)


async def _bounded(answer: aiohttp.ClientResponse, host: str) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise NetworkError(f"{host} answered with more than {MAX_ANSWER:,} octets")
    return bytes(body)


def _target(url: str, *, private: bool) -> URL:
    """Return where to ask: over TLS, but for services inside (RFC 6749 section 3.2)."""
    try:
        target = URL(url)
    except ValueError as error:
        raise NetworkError("the address of the token service is no URL") from error
    if target.host is None or target.scheme not in ({"https", "http"} if private else {"https"}):
        raise NetworkError("the address of the token service is not one of https")
    return target
