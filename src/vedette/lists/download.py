"""Gets a list from where it is published: asked politely, bounded, and to a file.

A server that has nothing new says so (RFC 9110 section 13.1); redirects are followed to https
alone, a few, and each address on the way is judged. It must not know what a list holds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from vedette import __version__
from vedette.errors import NetworkError
from vedette.ports.address import AddressGuard
from vedette.web import client, explained, trust

#: Octets of a list as it is sent: the longest that is published has 15 MB.
MAX_OCTETS = 128 * 1024 * 1024
#: Seconds for all of it: 128 MiB at 4 Mbit/s.
DEADLINE = 300.0
#: Redirects that are followed: a mirror and its mirror.
HOPS = 3
#: Octets written at a time.
CHUNK = 64 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a server had: whether it is new, and by what to ask the next time."""

    is_new: bool
    etag: str | None = None
    modified: str | None = None


async def download(
    url: str,
    into: Path,
    *,
    guard: AddressGuard,
    etag: str | None = None,
    modified: str | None = None,
    ca_file: Path | None = None,
) -> Got:
    """Write a list to ``into`` if it is new. Raises NetworkError, in words without the URL."""
    headers = {"User-Agent": f"vedette/{__version__}", "Accept-Encoding": "identity"}
    if etag is not None:
        headers["If-None-Match"] = etag
    if modified is not None:
        headers["If-Modified-Since"] = modified
    trusted = await asyncio.to_thread(trust, ca_file)
    try:
        async with (
            asyncio.timeout(DEADLINE),
            client(guard=guard, trust=trusted, connections=1, buffer=CHUNK) as session,
        ):
            return await _followed(session, URL(url), headers, into)
    except TimeoutError as error:
        raise NetworkError(f"the list was not there within {DEADLINE:.0f} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NetworkError(f"the list can not be fetched: {explained(error)}") from error


async def _followed(
    session: aiohttp.ClientSession, url: URL, headers: dict[str, str], into: Path
) -> Got:
    for _ in range(HOPS + 1):
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status in _REDIRECTS:
                target = url.join(URL(answer.headers.get("Location", "")))
                if target.scheme != "https" and url.scheme == "https":
                    raise NetworkError("the list's server leads from https to http")
                url = target
                continue
            return await _taken(answer, into)
    raise NetworkError(f"the list's server leads on more than {HOPS} times")


async def _taken(answer: aiohttp.ClientResponse, into: Path) -> Got:
    if answer.status == 304:  # noqa: PLR2004 - RFC 9110 section 15.4.5
        return Got(is_new=False)
    if answer.status != 200:  # noqa: PLR2004 - RFC 9110 section 15.3.1
        raise NetworkError(f"the list's server answered HTTP {answer.status}")
    size = 0
    with into.open("wb") as file:
        async for chunk in answer.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > MAX_OCTETS:
                raise NetworkError(f"the list has more than {MAX_OCTETS:,} octets")
            file.write(chunk)
    return Got(
        is_new=True,
        etag=answer.headers.get("ETag"),
        modified=answer.headers.get("Last-Modified"),
    )
