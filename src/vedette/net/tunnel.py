"""The client side of HTTP CONNECT (RFC 9110 section 9.3.6), with Basic credentials.

The name of the server goes to the proxy as it is: it is resolved there, never
here. Credentials are in no error and no log.
"""

from __future__ import annotations

import base64
import socket

from vedette.errors import NetworkError
from vedette.net.host import authority
from vedette.net.wire import read_until, send
from vedette.ports.link import Proxy

# Proxies answer with a few hundred bytes of header; h11 and most servers stop at 16 KiB.
_HEADER_LIMIT = 16 * 1024

# Enough of a reason phrase for a person; a proxy may send any text.
_REASON_LIMIT = 100

_AUTHENTICATION_REQUIRED = 407
_SUCCESS = range(200, 300)


async def http_connect(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Ask the HTTP proxy behind ``sock`` for a tunnel to a canonical host.

    Raises NetworkError with the proxy's status line, OSError.
    """
    destination = authority(host, port)
    lines = [f"CONNECT {destination} HTTP/1.1", f"Host: {destination}"]
    if proxy.user is not None:
        lines.append(f"Proxy-Authorization: Basic {_credentials(proxy)}")
    await send(sock, "\r\n".join([*lines, "", ""]).encode("ascii"))
    header = await read_until(sock, b"\r\n\r\n", limit=_HEADER_LIMIT)
    status, words = _status(header)
    if status == _AUTHENTICATION_REQUIRED:
        refused = "wants a user and password" if proxy.user is None else "refused the user"
        raise NetworkError(f"the HTTP proxy {refused}: {words}", reply=words)
    if status not in _SUCCESS:
        raise NetworkError(f"the HTTP proxy could not connect: {words}", reply=words)


def _credentials(proxy: Proxy) -> str:
    password = proxy.password.reveal() if proxy.password is not None else ""
    return base64.b64encode(f"{proxy.user}:{password}".encode()).decode("ascii")


def _status(header: bytes) -> tuple[int, str]:
    line = header.split(b"\r\n", 1)[0].decode("latin-1")
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or len(code) != len("200") or not code.isdecimal():
        raise NetworkError("it does not speak HTTP; check the proxy's port and scheme")
    printable = "".join(character for character in reason if character.isprintable())
    return int(code), f"{code} {printable[:_REASON_LIMIT]}".rstrip()
