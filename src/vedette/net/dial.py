"""The way to a server: name, address guard, race, proxy, TLS, stream.

Every failure names each address that was tried and what came of it. The
caller's deadline cancels; the cancellation then carries the same trail as a
note, and no descriptor stays open. IMAP is not known here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import assert_never

from vedette.errors import LinkError, NetworkError, TLSError
from vedette.net.address import PRIVATE, AddressGuard, Network
from vedette.net.admission import PLACES, Gate
from vedette.net.failure import words
from vedette.net.host import authority, canonical, is_literal
from vedette.net.race import ATTEMPT_DELAY, Race, interleaved
from vedette.net.resolve import Resolver, SystemResolver
from vedette.net.resume import Service
from vedette.net.socks import socks5
from vedette.net.stream import BUFFER_SIZE, OUTBOUND_LIMIT, Common, SocketStream
from vedette.net.tls import Secured, Tls
from vedette.net.tunnel import http_connect
from vedette.ports.address import ForbiddenAddress
from vedette.ports.link import Encryption, Peer, Proxy, ProxyScheme, Receiver, Target
from vedette.turnstile import Turnstile

# A name may have any number of addresses; real mail services publish up to a dozen.
ADDRESS_LIMIT = 16

# A path that passes small segments and loses large ones connects and then hangs in the
# handshake. While other addresses wait, this one gets no more than this (seconds).
HANDSHAKE_PATIENCE = 5.0

_PORTS = range(1, 65536)


class SocketDialer:
    """Makes streams over real sockets; see ``vedette.ports.link.Dialer``.

    One per process: its streams share a receive buffer, TLS contexts and
    sessions. ``allow`` are networks the guard passes for every target.
    ``resolver`` looks names up. At most ``handshakes`` run at a time. The
    delays are in seconds. A handshake is two bursts of arithmetic of up to a
    millisecond: whoever has other things to do gives ``dial`` to a turnstile,
    and the same one here for the handshakes of STARTTLS, which are tasks of
    their own.
    """

    __slots__ = (
        "_common",
        "_delay",
        "_patience",
        "_private",
        "_public",
        "_resolver",
        "_tls",
        "_turnstile",
    )

    def __init__(
        self,
        *,
        resolver: Resolver | None = None,
        allow: Iterable[Network] = (),
        outbound_limit: int = OUTBOUND_LIMIT,
        attempt_delay: float = ATTEMPT_DELAY,
        handshakes: int = PLACES,
        handshake_patience: float = HANDSHAKE_PATIENCE,
        turnstile: Turnstile | None = None,
    ) -> None:
        allowed = tuple(allow)
        self._resolver = SystemResolver() if resolver is None else resolver
        self._public = AddressGuard(allow=allowed)
        self._private = AddressGuard(allow=(*allowed, *PRIVATE))
        self._common = Common(
            buffer=memoryview(bytearray(BUFFER_SIZE)), outbound_limit=outbound_limit
        )
        self._delay = attempt_delay
        self._patience = handshake_patience
        self._tls = Tls(Gate(places=handshakes))
        self._turnstile = Turnstile() if turnstile is None else turnstile

    async def dial(self, target: Target, receiver: Receiver) -> SocketStream:
        """Connect: DNS, TCP, proxy and implicit TLS. The caller sets the deadline.

        Raises NetworkError or TLSError with every address that was tried and
        the library's own words; a cancellation carries them as a note.
        """
        trail = _Trail()
        try:
            return await self._reach(target, receiver, trail)
        except LinkError as error:
            place = authority(target.host, target.port)
            via = f" by the proxy {_place(target.proxy)}" if target.proxy else ""
            raise type(error)(f"{place}{via}: {error}", reply=error.reply) from error
        except asyncio.CancelledError as stop:
            stop.add_note(f"{authority(target.host, target.port)}: {trail.told()}")
            raise

    async def _reach(self, target: Target, receiver: Receiver, trail: _Trail) -> SocketStream:
        guard = self._private if target.private else self._public
        host = canonical(target.host)
        hop = (target.host, target.port) if target.proxy is None else _hop(target.proxy)
        for port in (target.port, hop[1]):
            if port not in _PORTS:
                raise NetworkError(f"{port} is not a port; it is 1 to 65535")
        if target.proxy is not None and is_literal(host):
            # A name is for the proxy to judge; a literal would reach the inside by its hand.
            guard.check(host)
        addresses = await self._addresses(canonical(hop[0]), guard, trail)
        while addresses:
            trail.stage = f"connecting to {', '.join(addresses)}"
            race = Race(addresses, hop[1], failed=trail.failed, delay=self._delay)
            won = await race.run()
            if won is None:
                break
            sock, address = won
            addresses = [other for other in addresses if other not in {address, *trail.tried}]
            try:
                patience = self._patience if addresses else None
                return await self._finish(
                    sock, address, target, host, receiver, trail, patience=patience
                )
            except LinkError as error:
                trail.add(address, error)
        raise trail.error()

    async def _addresses(self, host: str, guard: AddressGuard, trail: _Trail) -> list[str]:
        """Resolve once; what the guard refuses is noted and never dialled."""
        if is_literal(host):
            found: Sequence[str] = (host,)
        else:
            trail.stage = f"resolving {host}"
            found = await self._resolver.resolve(host)
        allowed = []
        for address in interleaved(found)[:ADDRESS_LIMIT]:
            try:
                guard.check(address)
            except ForbiddenAddress as error:
                trail.add(address, error)
            else:
                allowed.append(address)
        if not found:
            raise NetworkError(f"{host} has no address")
        return allowed

    async def _finish(
        self,
        sock: socket.socket,
        address: str,
        target: Target,
        host: str,
        receiver: Receiver,
        trail: _Trail,
        *,
        patience: float | None,
    ) -> SocketStream:
        """Pass the proxy and TLS on a connected socket, which is closed on any failure."""
        service = Service(host=host, port=target.port, policy=target.policy)
        peer = Peer(address=host if target.proxy else address, port=target.port)
        name = authority(target.host, target.port)
        try:
            if target.proxy is not None:
                trail.stage = f"asking the proxy at {address}"
                async with asyncio.timeout(patience):
                    await _pass_proxy(sock, target.proxy, host, target.port)
            if target.encryption is not Encryption.IMPLICIT:
                return self._plain(sock, receiver, peer, name, service)
            trail.stage = f"in the TLS handshake with {address}"
            secured = await self._tls.secure(sock, service, patience=patience)
        except OSError as error:
            sock.close()
            if isinstance(error, TimeoutError) and error.errno is None and patience is not None:
                raise NetworkError(f"no answer from the proxy in {patience:g} s") from error
            raise NetworkError(words(error), reply=words(error)) from error
        except BaseException:
            sock.close()
            raise
        return self._secured(secured, receiver, peer, name)

    def _plain(
        self, sock: socket.socket, receiver: Receiver, peer: Peer, name: str, service: Service
    ) -> SocketStream:
        async def upgrade(plain: socket.socket) -> Secured:
            return await self._turnstile.paced(self._tls.secure(plain, service, upgrade=True))

        return SocketStream(
            sock, receiver, peer=peer, name=name, common=self._common, upgrade=upgrade
        )

    def _secured(self, secured: Secured, receiver: Receiver, peer: Peer, name: str) -> SocketStream:
        return SocketStream(
            secured.sock,
            receiver,
            peer=_peer(peer, secured.version, secured.cipher, resumed=secured.resumed),
            name=name,
            common=self._common,
            harvest=secured.harvest,
        )


@lru_cache(maxsize=1024)
def _peer(peer: Peer, version: str, cipher: str, *, resumed: bool) -> Peer:
    """Return whom a secured link talks to: one object for the thousands that are alike."""
    return replace(peer, tls=version, cipher=cipher, resumed=resumed)


class _Trail:
    """What was tried on the way, for the error or the deadline that ends it."""

    __slots__ = ("_errors", "stage")

    def __init__(self) -> None:
        self._errors: dict[str, LinkError] = {}
        self.stage = "starting"

    @property
    def tried(self) -> Iterable[str]:
        return self._errors.keys()

    def add(self, address: str, error: LinkError) -> None:
        self._errors[address] = error

    def failed(self, address: str, error: OSError) -> None:
        self.add(address, NetworkError(words(error), reply=words(error)))

    def told(self) -> str:
        """Say where the way ended, and what had failed before."""
        return "; ".join([f"the time was over while {self.stage}", *self._lines()])

    def error(self) -> LinkError:
        """Join the errors: TLS trouble outranks the network's, a refusal needs to be alone."""
        errors = tuple(self._errors.values())
        message = "; ".join(self._lines())
        reply = next((error.reply for error in errors if error.reply), None)
        if any(isinstance(error, TLSError) for error in errors):
            reply = next(error.reply for error in errors if isinstance(error, TLSError))
            return TLSError(message, reply=reply)
        if all(isinstance(error, ForbiddenAddress) for error in errors):
            return ForbiddenAddress(message, reply=reply)
        return NetworkError(message, reply=reply)

    def _lines(self) -> list[str]:
        return [
            str(error) if str(error).startswith(address) else f"{address}: {error}"
            for address, error in self._errors.items()
        ]


async def _pass_proxy(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    match proxy.scheme:
        case ProxyScheme.SOCKS5:
            await socks5(sock, proxy, host, port)
        case ProxyScheme.HTTP:
            await http_connect(sock, proxy, host, port)
        case _:
            assert_never(proxy.scheme)


def _hop(proxy: Proxy) -> tuple[str, int]:
    return (proxy.host, proxy.port)


def _place(proxy: Proxy) -> str:
    return authority(proxy.host, proxy.port)
