"""Asks an rspamd on this host what it thinks of a message (``POST /checkv2``).

Mail goes to a loopback address and nowhere else, unless the configuration opens inside networks;
never to a public one. What rspamd would do (its ``action``) is not looked at: its score and its
symbols are opinions among others. The operator sees to it that rspamd itself asks nobody.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp

from vedette.errors import NetworkError
from vedette.ports.address import ForbiddenAddress
from vedette.ports.scorer import Letter
from vedette.web import client, explained, trust

Network: TypeAlias = IPv4Network | IPv6Network

#: Where mail may go unless the configuration says otherwise.
LOOPBACK: tuple[Network, ...] = (
    ipaddress.ip_network("127.0.0.0/8"),
    ipaddress.ip_network("::1/128"),
)

#: Octets of a message that is shown: rspamd takes 10 ms for so many. Larger ones hold attachments.
MAX_LETTER = 2 * 1024 * 1024
#: Octets of an answer; one with a hundred symbols has 20 KiB.
MAX_ANSWER = 512 * 1024
#: Symbols of one answer that are opinions.
MAX_SYMBOLS = 100
#: Connections: as many messages as a panel shows at once.
CONNECTIONS = 8
#: What a symbol of rspamd is called in a pack.
PREFIX = "RSPAMD_"

_SYMBOL = re.compile(r"[A-Z0-9_]{1,57}")  # A pack's name of a scorer has 64 characters at most.
_OK = 200


class Only:
    """An address guard that lets some networks pass and nothing else."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress unless ``address``, a literal IP, is in one of the networks."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError as error:
            raise ForbiddenAddress(f"{address!r} is not an IP address") from error
        if not any(found in network for network in self._networks):
            raise ForbiddenAddress(
                f"{address} is not on this host; mail is shown to no other unless the "
                "configuration allows it"
            )


class Rspamd:
    """One rspamd. ``groups`` restricts it to some groups of its symbols, which is quicker.

    Its opinion ``NAME`` is its score as a share of what it rejects at; each symbol that it gives
    points for is an opinion ``RSPAMD_SYMBOL`` of 1.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "rspamd",
        groups: Sequence[str] = (),
        networks: Sequence[Network] = LOOPBACK,
        ca_file: Path | None = None,
    ) -> None:
        self.name = name
        self._url = f"{url.rstrip('/')}/checkv2"
        self._headers = {"Content-Type": "message/rfc822"}
        if groups:
            self._headers["Settings"] = json.dumps({"groups_enabled": list(groups)})
        self._guard = Only(networks)
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    def speaks_as(self, name: str) -> bool:
        """Tell whether it may have an opinion of this name."""
        return name == self.name or name.startswith(PREFIX)

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Return its score and its symbols; none of a message that is not in hand as a whole.

        Raises NetworkError.
        """
        octets = await _octets(letter)
        if octets is None:
            return {}
        try:
            session = await self._opened()
            async with session.post(
                self._url, data=octets, headers=self._headers, allow_redirects=False
            ) as answer:
                if answer.status != _OK:
                    raise NetworkError(f"rspamd answered HTTP {answer.status}")
                body = await _body(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NetworkError(f"rspamd can not be asked: {explained(error)}") from error
        return read_answer(body, name=self.name)

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        trusted = await asyncio.to_thread(trust, self._ca_file)
        # Another message may have opened it meanwhile.
        if self._session is None:
            self._session = client(
                guard=self._guard,
                trust=trusted,
                connections=CONNECTIONS,
                buffer=64 * 1024,
            )
        return self._session


def read_answer(body: bytes, *, name: str) -> dict[str, float]:
    """Return the opinions in an answer of ``/checkv2``. Raises NetworkError for any other text."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NetworkError("rspamd's answer is no JSON") from error
    if not isinstance(answer, dict):
        raise NetworkError("rspamd's answer is no object")
    score, required = _number(answer.get("score")), _number(answer.get("required_score"))
    if score is None or required is None or required <= 0:
        raise NetworkError("rspamd's answer has no score and required_score")
    found = {name: min(max(score / required, 0.0), 1.0)}
    symbols = answer.get("symbols")
    for symbol, row in symbols.items() if isinstance(symbols, dict) else ():
        if len(found) > MAX_SYMBOLS:
            break
        if isinstance(row, dict) and _SYMBOL.fullmatch(symbol):
            points = _number(row.get("score"))
            if points is not None and points > 0:
                found[PREFIX + symbol] = 1.0
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    parts = bytearray()
    async for chunk in answer.content.iter_any():
        parts += chunk
        if len(parts) > MAX_ANSWER:
            raise NetworkError(f"rspamd's answer has more than {MAX_ANSWER:,} octets")
    return bytes(parts)


async def _octets(letter: Letter) -> bytes | None:
    """Return the whole message; None where it is not in hand, or too large."""
    source = letter.source
    if max(letter.size, 0) > MAX_LETTER:
        return None
    octets = source if isinstance(source, bytes) else await asyncio.to_thread(_read, source)
    whole = len(octets) >= letter.size and len(octets) <= MAX_LETTER
    return octets if whole else None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LETTER + 1)
    except OSError as error:
        raise NetworkError(f"the message can not be read: {error.strerror or error}") from error
