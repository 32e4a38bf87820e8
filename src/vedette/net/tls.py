"""TLS on a connected socket: the handshake, the pin, and the session to resume.

Names, proxies and IMAP are not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import ssl
import sys
import traceback
from dataclasses import dataclass

from vedette.errors import LinkError, NetworkError, TLSError
from vedette.net import keepalive
from vedette.net.admission import Gate
from vedette.net.context import Contexts
from vedette.net.failure import explain, plaintext, words
from vedette.net.ready import readable, writable
from vedette.net.resume import Harvest, Service, Sessions

# RFC 8446 section 5.1: what a server may answer a ClientHello with is a handshake or an alert.
_ALERT, _HANDSHAKE = 21, 22

# Enough of a plaintext answer for a person to know the server by.
_QUOTED = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """A socket after its handshake; ``harvest`` is None where no new session is wanted."""

    sock: ssl.SSLSocket
    version: str
    cipher: str
    resumed: bool
    harvest: Harvest | None


class Tls:
    """Secures sockets; holds the contexts and sessions that all links share."""

    __slots__ = ("_contexts", "_gate", "_sessions")

    def __init__(self, gate: Gate) -> None:
        self._contexts = Contexts()
        self._gate = gate
        self._sessions = Sessions()

    async def secure(
        self,
        sock: socket.socket,
        service: Service,
        *,
        upgrade: bool = False,
        patience: float | None = None,
    ) -> Secured:
        """Make ``sock`` a TLS link; it is owned from here on, and closed on any failure.

        ``upgrade`` says that STARTTLS was agreed on, where plaintext is an
        attack rather than a wrong port. ``patience`` bounds the handshake
        itself in seconds. Raises TLSError, NetworkError.
        """
        try:
            async with self._gate.place():
                return await self._secure(sock, service, upgrade=upgrade, patience=patience)
        except BaseException:
            sock.close()
            raise

    async def _secure(
        self, sock: socket.socket, service: Service, *, upgrade: bool, patience: float | None
    ) -> Secured:
        secured: ssl.SSLSocket | None = None
        try:
            context = await self._contexts.of(service.policy)
            now = asyncio.get_running_loop().time()
            offered = self._sessions.offer(service, context, now)
            if upgrade:
                # Nothing awaits from here to the ClientHello.
                refuse_injected(sock)
            secured = _wrap(sock, context, service, offered.session if offered else None)
            if patience is None:
                await self._shake(secured, service, upgrade=upgrade)
            else:
                async with asyncio.timeout(patience):
                    await self._shake(secured, service, upgrade=upgrade)
            _check_pin(secured, service.policy.pin)
        except BaseException as error:
            if secured is not None:
                secured.close()
            if isinstance(error, LinkError):
                self._sessions.forget(service)
            if isinstance(error, TimeoutError) and patience is not None:
                raise NetworkError(f"no answer to the TLS handshake in {patience:g} s") from error
            raise
        resumed = bool(secured.session_reused)
        cipher = secured.cipher()
        return Secured(
            sock=secured,
            # Each handshake spells them anew; ten thousand idle links need them once.
            version=sys.intern(secured.version() or ""),
            cipher=sys.intern(cipher[0] if cipher else ""),
            resumed=resumed,
            # The session that was resumed serves the next link too: a storm needs one.
            harvest=None if resumed else Harvest(self._sessions, service, context, now),
        )

    async def _shake(self, sock: ssl.SSLSocket, service: Service, *, upgrade: bool) -> None:
        answered = False
        while True:
            answered = answered or _answered(sock, upgrade=upgrade)
            try:
                sock.do_handshake()
                keepalive.acknowledge(sock)
                break
            except ssl.SSLWantReadError:
                await readable(sock)
            except ssl.SSLWantWriteError:
                await writable(sock)
            except OSError as error:
                raise explain(error, sock, service.host, upgrade=upgrade) from error


def refuse_injected(sock: socket.socket) -> None:
    """Raise TLSError if a byte is readable where the server must wait for a ClientHello.

    Such a byte was sent in plaintext, perhaps by somebody in between, and
    must not be taken for the server's word under TLS (CVE-2011-0411).
    """
    head = _peek(sock)
    if head is None:
        return
    if not head:
        raise NetworkError("the server closed the connection after it agreed to STARTTLS")
    raise TLSError(
        f"the server sent more after it agreed to STARTTLS: {_quote(head)};"
        " it may be injected by an attacker, use implicit TLS",
        reply=_quote(head),
    )


def _answered(sock: ssl.SSLSocket, *, upgrade: bool) -> bool:
    """Tell whether the server has spoken; raise TLSError if what it said is not TLS."""
    head = _peek(sock)
    if not head:
        return False
    if head[0] in {_ALERT, _HANDSHAKE}:
        return True
    quoted = _quote(head)
    raise plaintext(quoted, upgrade=upgrade, reply=quoted)


def _peek(sock: socket.socket) -> bytes | None:
    """Return the first waiting bytes and leave them, None if there are none, empty at the end.

    An ``SSLSocket`` refuses to peek; the plain method looks at what the kernel holds.
    """
    try:
        return socket.socket.recv(sock, _QUOTED, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError as error:
        raise NetworkError(words(error), reply=words(error)) from error


def _quote(head: bytes) -> str:
    """Quote the first line of a stranger's bytes, fit for a log."""
    line = head.split(b"\r\n", 1)[0].split(b"\n", 1)[0]
    return ascii(line.decode("latin-1"))


def _wrap(
    sock: socket.socket,
    context: ssl.SSLContext,
    service: Service,
    session: ssl.SSLSession | None,
) -> ssl.SSLSocket:
    """Wrap ``sock`` without a handshake; an IP literal is verified but not sent as SNI.

    CPython takes the descriptor over and loses it when the server has reset the link by then;
    so that is looked at first, and what a reset that comes in between leaves open is closed.
    """
    _refuse_reset(sock)
    try:
        return context.wrap_socket(
            sock,
            server_hostname=service.host,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
            session=session,
        )
    except OSError as error:
        close_lost(error)
        kind = TLSError if isinstance(error, ssl.SSLError) else NetworkError
        raise kind(words(error), reply=words(error)) from error


def close_lost(error: OSError) -> None:
    """Close the socket that a failed ``wrap_socket`` made: only the error's frames know of it."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        lost = frame.f_locals.get("self")
        if isinstance(lost, ssl.SSLSocket):
            lost.close()


def _refuse_reset(sock: socket.socket) -> None:
    try:
        sock.getpeername()
    except OSError as error:
        status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        said = os.strerror(status) if status else words(error)
        raise NetworkError(said, reply=said) from error


def _check_pin(sock: ssl.SSLSocket, pin: str | None) -> None:
    if pin is None:
        return
    certificate = sock.getpeercert(binary_form=True) or b""
    found = hashlib.sha256(certificate).hexdigest()
    if found != pin.replace(":", "").lower():
        raise TLSError(
            f"the server's certificate has the SHA-256 {found}, not the pinned one;"
            " if its owner renewed it, set the new pin"
        )


def farewell(sock: ssl.SSLSocket) -> None:
    """Send close_notify if it can be sent at once (RFC 8446 section 6.1).

    A server that sees none may throw the session away. The link is over
    either way, so what the socket says to it is of no interest.
    """
    with contextlib.suppress(OSError, ValueError):
        sock.unwrap()
