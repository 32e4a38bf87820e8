"""One ``SSLContext`` per way of trusting, shared by every link that trusts so.

A context with the system's trust store costs about a megabyte and 20 ms to
make; it is made in a thread, once. Pins are not part of a context: a thousand
accounts with a thousand pins share one. Sockets are not known here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from dataclasses import dataclass

from vedette.errors import TLSError
from vedette.ports.link import TlsPolicy

# Each account may name its own CA file; a context with one CA is some 50 KiB.
CONTEXT_LIMIT = 256

_MINIMA = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trust:
    """What makes two contexts differ."""

    verify: bool
    ca_file: str | None
    ca: str | None
    minimum: str
    security_level: int | None


class Contexts:
    """The contexts in use, the least recently used given up over the limit."""

    __slots__ = ("_limit", "_made", "_making")

    def __init__(self, *, limit: int = CONTEXT_LIMIT) -> None:
        self._limit = limit
        self._made: OrderedDict[_Trust, ssl.SSLContext] = OrderedDict()
        self._making = asyncio.Lock()

    async def of(self, policy: TlsPolicy) -> ssl.SSLContext:
        """Return the context for ``policy``.

        Raises TLSError when the CA file can not be read or a setting is unknown to OpenSSL.
        """
        chained = policy.verify and policy.pin is None
        trust = _Trust(
            verify=chained,
            ca_file=policy.ca_file if chained else None,
            ca=policy.ca if chained else None,
            minimum=policy.minimum,
            security_level=policy.security_level,
        )
        context = self._made.get(trust)
        if context is None:
            async with self._making:
                context = self._made.get(trust)
                if context is None:
                    context = await asyncio.to_thread(_make, trust)
                    self._made[trust] = context
        self._made.move_to_end(trust)
        while len(self._made) > self._limit:
            self._made.popitem(last=False)
        return context


def _make(trust: _Trust) -> ssl.SSLContext:
    """Build a client context. Memory: OpenSSL frees a link's buffers whenever they are empty.

    CPython sets SSL_MODE_RELEASE_BUFFERS itself; read-ahead, which would keep
    bytes inside OpenSSL where the selector can not see them, is off by default.
    """
    if trust.minimum not in _MINIMA:
        raise TLSError(f"the lowest TLS version is 1.2 or 1.3, not {trust.minimum!r}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _MINIMA[trust.minimum]
    # A server may not start a second handshake inside the link (CVE-2021-3449 and before).
    context.options |= ssl.OP_NO_RENEGOTIATION
    # CPython 3.10 to 3.11.2 set it with OpenSSL 3: an end without close_notify, which anybody on the way can make
    # out of a TCP FIN, would then pass for the server's own (a truncation attack).
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if trust.security_level is not None:
        try:
            context.set_ciphers(f"DEFAULT@SECLEVEL={trust.security_level}")
        except ssl.SSLError as error:
            raise TLSError(
                f"OpenSSL knows no security level {trust.security_level}; it is 0 to 5"
            ) from error
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trust.ca is not None:
        _trust_text(context, trust.ca)
    elif trust.ca_file is not None:
        _trust_file(context, trust.ca_file)
    else:
        context.load_default_certs()
    return context


def _trust_text(context: ssl.SSLContext, text: str) -> None:
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        words = str(getattr(error, "reason", None) or error)
        raise TLSError(f"the CA holds no certificate in PEM form: {words}", reply=words) from error


def _trust_file(context: ssl.SSLContext, path: str) -> None:
    # A person who names one certificate means it, be it a root, an intermediate or the server's.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        words = str(error.reason or error)
        raise TLSError(
            f"the CA file {path} holds no certificate in PEM form: {words}", reply=words
        ) from error
    except OSError as error:
        words = error.strerror or str(error)
        raise TLSError(f"the CA file {path} can not be read: {words}", reply=words) from error
