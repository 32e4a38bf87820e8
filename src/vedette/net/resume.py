"""The TLS session cache: one session per host, port and policy.

A resumed link costs half the handshake and keeps no certificate chain in
memory. Resumption skips verification, so a session is offered only for an
hour after the full handshake it descends from. One ticket serves many links:
a thousand mailboxes of one host reconnect at once (RFC 8446 appendix C.4
advises against reuse to hide a client's moves; each link names its account anyway).
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass

from vedette.ports.link import TlsPolicy

# An expired or withdrawn certificate is noticed within this time (seconds), at the price
# of one full handshake per host. RFC 8446 section 4.6.1 asks for such a bound.
SESSION_LIFETIME = 3600.0

# A session is 2 to 8 KiB, most of it the server's certificate.
SESSION_LIMIT = 1024

# To look at a link's session copies it, which takes 0.1 ms, and CPython before 3.12.8 and 3.13.1
# loses the copy's 6 KiB for ever (gh-116810). One look in an hour is enough for a server that
# gives tickets; one that gives none, or takes each but once, costs no more than so many looks
# in so many seconds, however many links there are.
LOOKS = 4
LOOKS_SPAN = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a session belongs to; another policy must not profit from this one's trust."""

    host: str
    port: int
    policy: TlsPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A session and the loop's time of the full handshake it descends from.

    ``context`` made the session; OpenSSL refuses it with another one.
    """

    session: ssl.SSLSession
    context: ssl.SSLContext
    verified_at: float


class Sessions:
    """The sessions to offer, the least recently used given up over the limit."""

    __slots__ = ("_kept", "_limit", "_looks")

    def __init__(self, *, limit: int = SESSION_LIMIT) -> None:
        self._kept: OrderedDict[Service, Kept] = OrderedDict()
        self._limit = limit
        # The looks at links of a service, and the loop's time of the first of them.
        self._looks: OrderedDict[Service, tuple[int, float]] = OrderedDict()

    def offer(self, service: Service, context: ssl.SSLContext, now: float) -> Kept | None:
        """Return the session to offer at ``now``, or None for a full handshake."""
        kept = self._kept.get(service)
        if kept is None:
            return None
        if kept.context is not context or now - kept.verified_at >= SESSION_LIFETIME:
            del self._kept[service]
            return None
        self._kept.move_to_end(service)
        return kept

    def keep(self, service: Service, kept: Kept) -> None:
        """Offer this session from now on."""
        self._kept[service] = kept
        self._kept.move_to_end(service)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def may_look(self, service: Service, now: float) -> bool:
        """Tell whether a link of ``service`` may be looked at, and count it as done."""
        looks, since = self._looks.pop(service, (0, now))
        if now - since >= LOOKS_SPAN:
            looks, since = 0, now
        self._looks[service] = (min(looks + 1, LOOKS), since)
        while len(self._looks) > self._limit:
            self._looks.popitem(last=False)
        return looks < LOOKS

    def forget(self, service: Service) -> None:
        """Offer no session for ``service``: a handshake failed (RFC 5246 section 7.2.2)."""
        self._kept.pop(service, None)


class Harvest:
    """Takes one link's session once it is there.

    In TLS 1.3 the ticket comes after the handshake (RFC 8446 section 4.6.1):
    the stream calls at each data and at the close, until it is told that it is done.
    """

    __slots__ = ("_context", "_service", "_sessions", "_verified_at")

    def __init__(
        self, sessions: Sessions, service: Service, context: ssl.SSLContext, verified_at: float
    ) -> None:
        self._sessions = sessions
        self._service = service
        self._context = context
        self._verified_at = verified_at

    def reap(self, sock: ssl.SSLSocket, now: float) -> bool:
        """Keep the session of ``sock`` if it can be resumed; tell whether the look was the last."""
        if not self._sessions.may_look(self._service, now):
            return True
        session = sock.session
        if session is None or not (session.has_ticket or (session.id and not _late(sock))):
            return False
        kept = Kept(session=session, context=self._context, verified_at=self._verified_at)
        self._sessions.keep(self._service, kept)
        return True


def _late(sock: ssl.SSLSocket) -> bool:
    """Tell whether a session without a ticket is only one whose ticket did not come yet."""
    return sock.version() == "TLSv1.3"
