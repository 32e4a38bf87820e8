"""The client side of SOCKS5 (RFC 1928) with user and password (RFC 1929).

The name of the server goes to the proxy as it is: it is resolved there, never
here. Credentials are in no error and no log.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from vedette.errors import NetworkError
from vedette.net.host import is_literal
from vedette.net.wire import read_exactly, send
from vedette.ports.link import Proxy

_VERSION = 5
_NO_AUTHENTICATION = 0
_USER_PASSWORD = 2
_NOTHING_ACCEPTABLE = 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4

# RFC 1929 section 2: both fields have a length of one octet.
_FIELD_LIMIT = 255

# RFC 1928 section 6.
_REPLIES = {
    1: "general failure",
    2: "connection not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


async def socks5(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Ask the SOCKS5 proxy behind ``sock`` to connect to a canonical host.

    Raises NetworkError with the proxy's answer in words, OSError.
    """
    wishes = bytes((_USER_PASSWORD,)) if proxy.user is not None else bytes((_NO_AUTHENTICATION,))
    await send(sock, bytes((_VERSION, len(wishes))) + wishes)
    version, method = await read_exactly(sock, 2)
    if version != _VERSION:
        raise NetworkError("it does not speak SOCKS5; check the proxy's port and scheme")
    if method == _NOTHING_ACCEPTABLE or method not in wishes:
        wanted = "no user and password were given" if proxy.user is None else "it takes none"
        raise NetworkError(f"the SOCKS5 proxy refused the authentication method: {wanted}")
    if method == _USER_PASSWORD:
        await _authenticate(sock, proxy)
    await send(sock, bytes((_VERSION, _CONNECT, 0)) + _destination(host) + struct.pack(">H", port))
    _, reply, _, kind = await read_exactly(sock, 4)
    if reply != 0:
        words = _REPLIES.get(reply, f"reply {reply}")
        raise NetworkError(f"the SOCKS5 proxy could not connect: {words}", reply=words)
    await _skip_bound_address(sock, kind)


async def _authenticate(sock: socket.socket, proxy: Proxy) -> None:
    user = (proxy.user or "").encode()
    password = (proxy.password.reveal() if proxy.password is not None else "").encode()
    if not 0 < len(user) <= _FIELD_LIMIT or len(password) > _FIELD_LIMIT:
        raise NetworkError("the SOCKS5 user or password is longer than 255 bytes, or empty")
    await send(sock, bytes((1, len(user))) + user + bytes((len(password),)) + password)
    _, status = await read_exactly(sock, 2)
    if status != 0:
        raise NetworkError("the SOCKS5 proxy refused the user and password")


def _destination(host: str) -> bytes:
    if is_literal(host):
        address = ipaddress.ip_address(host)
        return bytes((_IPV4 if address.version == 4 else _IPV6,)) + address.packed  # noqa: PLR2004 - the version of IP is its own name
    name = host.encode("ascii")
    return bytes((_NAME, len(name))) + name


async def _skip_bound_address(sock: socket.socket, kind: int) -> None:
    """Read away BND.ADDR and BND.PORT: they say where the proxy stands, which helps nobody."""
    if kind == _IPV4:
        length = 4
    elif kind == _IPV6:
        length = 16
    elif kind == _NAME:
        (length,) = await read_exactly(sock, 1)
    else:
        raise NetworkError("the SOCKS5 proxy answered with an unknown address type")
    await read_exactly(sock, length + 2)
