"""The way to a server: where it is, how to reach it, and the stream of bytes.

A stream pushes: it calls its receiver with a view into a buffer that all
streams of the process share, so an idle connection owns no buffer at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Protocol

from vedette.errors import LinkError
from vedette.secret import Secret


@unique
class Encryption(StrEnum):
    """How the link is protected; there is no opportunistic mode (RFC 8314 section 5.1)."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@unique
class ProxyScheme(StrEnum):
    """The proxies that can be asked to resolve the name themselves."""

    SOCKS5 = "socks5"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy on the way; the server's name is resolved by the proxy, not here."""

    scheme: ProxyScheme
    host: str
    port: int
    user: str | None = None
    password: Secret[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """Whom to trust. Links with equal policies share one context and one session cache.

    ``ca_file`` replaces the system's trust store, and so does ``ca``, the certificates
    themselves as PEM text. ``pin`` is the SHA-256 of the
    peer's DER certificate in lower-case hex and replaces chain and name checks.
    ``minimum`` is ``"1.2"`` or ``"1.3"``; ``security_level`` lowers OpenSSL's
    level for one account with an old server. ``verify`` off is for tests by hand.
    """

    verify: bool = True
    ca_file: str | None = None
    pin: str | None = None
    minimum: str = "1.2"
    security_level: int | None = None
    ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server to reach. ``private`` lets the address guard pass loopback and private ranges."""

    host: str
    port: int
    encryption: Encryption = Encryption.IMPLICIT
    policy: TlsPolicy = field(default_factory=TlsPolicy)
    proxy: Proxy | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What a stream is connected to: for logs, ``doctor`` and OAUTHBEARER.

    ``tls`` is the protocol version (``TLSv1.3``) or None on a plaintext link.
    """

    address: str
    port: int
    tls: str | None = None
    cipher: str | None = None
    resumed: bool = False


class Receiver(Protocol):
    """What a stream pushes to. Neither method may block or raise."""

    def data_received(self, data: memoryview) -> None:
        """Take bytes; the view is valid only until the call returns."""

    def connection_lost(self, error: LinkError | None) -> None:
        """Learn that the stream is over, once; None after an orderly end of file."""


class Stream(Protocol):
    """A connected stream. Its methods are called from the loop's own thread."""

    @property
    def peer(self) -> Peer:
        """Whom the stream talks to."""

    def write(self, data: bytes) -> None:
        """Send in order, without waiting; over the outbound bound the stream is lost."""

    async def start_tls(self) -> None:
        """Upgrade a plaintext stream (RFC 9051 section 6.2.1).

        Raises TLSError, also when a single byte was received after the
        server's OK and before the handshake: it may be injected (CVE-2011-0411).
        """

    def pause(self) -> None:
        """Stop reading, so that the server waits."""

    def resume(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Drop the link at once; ``connection_lost`` is not called for it. Idempotent."""


class Dialer(Protocol):
    """Makes streams; cancelling ``dial`` leaves nothing open."""

    async def dial(self, target: Target, receiver: Receiver) -> Stream:
        """Connect: DNS, TCP, proxy and implicit TLS.

        The caller sets the deadline. Raises NetworkError or TLSError with every
        address that was tried and the library's own words.
        """
