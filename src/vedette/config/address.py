"""Where an account lives, as one URL: ``imaps://user@host``.

``imaps`` is TLS from the first byte (RFC 8314), ``imap`` is STARTTLS and never
less, and ``imap+plaintext`` is the only way to ask for no TLS at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from vedette.errors import UsageError
from vedette.ports.link import Encryption, Proxy, ProxyScheme
from vedette.secret import Secret

_SCHEMES = {
    "imaps": (Encryption.IMPLICIT, 993),
    "imap": (Encryption.STARTTLS, 143),
    "imap+plaintext": (Encryption.NONE, 143),
}
_EXAMPLE = "imaps://user@mail.example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """The parts of an account's URL."""

    host: str
    port: int
    encryption: Encryption
    user: str | None
    password: Secret[str] | None


def read_address(url: str) -> MailAddress:
    """Read an account's URL. Raises UsageError without repeating what may be a password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        schemes = ", ".join(f"{name}://" for name in _SCHEMES)
        raise UsageError(f"a mailbox is a URL with {schemes}, such as {_EXAMPLE}")
    encryption, standard = _SCHEMES[scheme.lower()]
    authority = rest.split("/", 1)[0]
    # A user name may itself be an address: the last @ divides.
    userinfo, at, _ = authority.rpartition("@")
    host, port = _host(rest[len(userinfo) + len(at) :] if at else rest, standard)
    user, colon, password = userinfo.partition(":")
    return MailAddress(
        host=host,
        port=port,
        encryption=encryption,
        user=unquote(user) or None,
        password=Secret(unquote(password)) if colon else None,
    )


def read_proxy(url: str) -> Proxy:
    """Read a proxy's URL: ``socks5://`` or ``http://``. Raises UsageError, as ``read_address``."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(
            "the proxy's URL can not be read; write it as socks5://proxy.example.org:1080"
        ) from None
    schemes = {"socks5": (ProxyScheme.SOCKS5, 1080), "http": (ProxyScheme.HTTP, 8080)}
    if parts.scheme not in schemes:
        raise UsageError("a proxy is a URL with socks5:// or http://")
    scheme, standard = schemes[parts.scheme]
    host, port = _host(parts.netloc.rpartition("@")[2], standard)
    return Proxy(
        scheme=scheme,
        host=host,
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else Secret(unquote(parts.password)),
    )


def _host(text: str, standard: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        # The cause is left out: without an @ what it quotes may be a password.
        raise UsageError(
            f"the host or port of the URL can not be read; write it as {_EXAMPLE},"
            " with %2F for a / in user or password"
        ) from None
    if not parts.hostname:
        raise UsageError(f"the URL names no host; write it as {_EXAMPLE}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise UsageError(f"the URL has more than user, host and port; write it as {_EXAMPLE}")
    if port == 0:
        raise UsageError("port 0 is not a port")
    return parts.hostname, standard if port is None else port
