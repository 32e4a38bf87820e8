"""How a request travels: over TCP or TLS to a URL, or through a Unix socket; or some other way.

Nothing is followed elsewhere and no proxy of the environment is used: a request has a key. It must
not know what is asked.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from vedette.errors import NetworkError, ProtocolError, TLSError, UsageError

#: Octets of an answer that is taken whole: a page of a thousand accounts is a few million.
MAX_ANSWER: Final = 32 * 1024 * 1024
#: Seconds to a connection.
CONNECT: Final = 10.0
#: Connections at once.
CONNECTIONS: Final = 16
#: Octets of a piece of an answer that is read as it comes.
PIECE: Final = 64 * 1024


class NotSentError(NetworkError):
    """There was no connection: nothing of the request was sent, and it may be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. ``target`` is the path with its query, percent-encoded."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered; names of headers are in lower case. ``pieces`` come as they arrive."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]

    async def whole(self) -> bytes:
        """Return the whole body. Raises ProtocolError where it is larger than any of ours."""
        body = bytearray()
        async for piece in self.pieces:
            body += piece
            if len(body) > MAX_ANSWER:
                raise ProtocolError(f"the server answered with more than {MAX_ANSWER} octets")
        return bytes(body)


class Carrier(Protocol):
    """Carries requests, between ``open`` and ``close``."""

    async def open(self) -> None:
        """Make ready. Raises VedetteError."""

    async def close(self) -> None:
        """Let everything go. Idempotent."""

    def send(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """Send a request; the answer is good inside. Raises LinkError. The caller has a deadline."""


class HttpCarrier:
    """HTTP/1.1 to a URL, or through a Unix socket."""

    def __init__(
        self, base: str, *, socket: Path | None = None, ca_file: Path | None = None
    ) -> None:
        self._base = base
        self._socket = socket
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def at_url(cls, url: str, *, ca_file: Path | None = None, in_the_clear: bool = False) -> Self:
        """Return a carrier to a service. Raises UsageError for a URL that a key must not go to."""
        return cls(_base(url, in_the_clear=in_the_clear), ca_file=ca_file)

    @classmethod
    def at_socket(cls, path: Path) -> Self:
        """Return a carrier through a socket."""
        return cls("http://localhost", socket=path)

    async def open(self) -> None:
        """Make ready; nothing is connected yet."""
        if self._socket is not None:
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(
                str(self._socket), limit=CONNECTIONS
            )
        else:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=_context(self._ca_file))
        self._session = aiohttp.ClientSession(
            connector=connector,
            # Deadlines are the caller's; a page that sets cookies is none of ours.
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        """Send a request. Raises NotSentError, NetworkError, TLSError."""
        if self._session is None:
            raise UsageError("the client is not open: use it with 'async with'")
        url = URL(self._base + request.target, encoded=True)
        with _translated(self._base if self._socket is None else str(self._socket)):
            async with self._session.request(
                request.method,
                url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
            ) as response:
                yield Answer(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    pieces=response.content.iter_chunked(PIECE),
                )


class _translated:  # noqa: N801 - used as a verb: ``with _translated(where):``
    """Raises our errors in the place of aiohttp's."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        where = self._where
        match error:
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
                raise TLSError(f"{where}: {error}; --ca-file names who is trusted") from error
            case aiohttp.ClientConnectorError(os_error=cause):
                number = cause.errno or 0
                why = os.strerror(number) if number > 0 else str(cause)
                raise NotSentError(f"{where} can not be reached: {why}") from error
            case aiohttp.ConnectionTimeoutError():
                raise NotSentError(f"{where} can not be reached within {CONNECT:.0f} s") from error
            case aiohttp.ClientResponseError():
                raise ProtocolError(f"{where} does not speak HTTP: {error.message}") from error
            case aiohttp.ClientError() | ConnectionError():
                raise NetworkError(
                    f"{where} broke off: {str(error) or type(error).__name__}"
                ) from error
            case _:
                return


def _base(url: str, *, in_the_clear: bool) -> str:
    """Return what paths are put behind."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"{url!r} is no URL of a service, such as https://mail.example.org")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("the URL of a service is its address alone: no user, no query")
    if parts.scheme == "http" and not in_the_clear and not _is_loopback(host):
        raise UsageError(
            f"a key would cross the network to {host} in the clear: say https://, or allow it"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{ca_file} has no certificates that can be read: {error}") from error
    return context


async def is_served(socket: Path) -> bool:
    """Tell whether somebody listens at a socket."""
    try:
        async with asyncio.timeout(CONNECT):
            _, writer = await asyncio.open_unix_connection(str(socket))
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except (OSError, TimeoutError) as error:
        raise NetworkError(f"{socket} can not be opened: {error}") from error
    writer.close()
    return True
