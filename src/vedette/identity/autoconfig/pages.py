"""Fetches a small document over HTTPS from a host that a user named.

Each address is judged where its socket is made, on each redirect anew; redirects lead to HTTPS on
its own port alone, and a few times at most. It must not know what a document says.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from vedette import __version__
from vedette.errors import NetworkError
from vedette.ports.address import AddressGuard
from vedette.web import client, explained, trust

#: Redirects that are followed: to ``www.``, and to the host that has it for many domains.
HOPS: Final = 3
#: Octets read ahead.
_BUFFER: Final = 16 * 1024

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_MISSING: Final = frozenset({401, 403, 404, 410})


class WebPages:
    """Gets documents from hosts that ``guard`` lets be dialled; ``ca_file`` is whom to trust."""

    def __init__(
        self,
        *,
        guard: AddressGuard,
        ca_file: Path | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._guard = guard
        self._ca_file = ca_file
        self._resolver = resolver

    async def page(self, url: str, *, most: int) -> bytes | None:
        """Return a document, or None where there is none."""
        trusted = await asyncio.to_thread(trust, self._ca_file)
        session = client(
            guard=self._guard,
            trust=trusted,
            connections=1,
            buffer=_BUFFER,
            resolver=self._resolver,
        )
        target = URL(url)
        async with session:
            try:
                for _ in range(HOPS + 1):
                    found = await _answered(session, target, most)
                    if not isinstance(found, URL):
                        return found
                    target = found
            except aiohttp.InvalidURL as error:
                raise NetworkError("it leads to what is no URL") from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise NetworkError(explained(error)) from error
        raise NetworkError(f"it leads on more than {HOPS} times")


async def _answered(session: aiohttp.ClientSession, url: URL, most: int) -> bytes | URL | None:
    """Return the document, where it leads to, or None where there is none."""
    headers = {
        "User-Agent": f"vedette/{__version__}",
        "Accept": "text/xml, application/xml",
        "Accept-Encoding": "identity",
    }
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        if answer.status in _REDIRECTS:
            return _followed(url, answer.headers.get("Location", ""))
        if answer.status in _MISSING:
            return None
        if answer.status != _OK:
            raise NetworkError(f"it answers with HTTP {answer.status}")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > most:
                raise NetworkError(f"it answers with more than {most:,} octets")
        return bytes(body)


def _followed(url: URL, location: str) -> URL:
    target = url.join(URL(location))
    if target.scheme != "https" or target.port != url.port or not target.host:
        raise NetworkError("it leads elsewhere than to HTTPS")
    return target.with_user(None)
