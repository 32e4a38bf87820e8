"""The options of every TCP socket: no delay for small commands, and a dead peer is noticed."""

from __future__ import annotations

import socket

# A NAT forgets idle links after minutes (RFC 5382 asks for 124, real ones take five): the first
# probe goes after 60 s of silence, then every 20 s; three lost ones end the link, 120 s in all.
IDLE_SECONDS = 60
INTERVAL_SECONDS = 20
PROBES = 3

# Bytes of ours that nobody acknowledges end the link after the same time, not after
# the 15 minutes of the kernel's retransmissions (RFC 5482).
UNACKNOWLEDGED_MILLISECONDS = (IDLE_SECONDS + PROBES * INTERVAL_SECONDS) * 1000


def apply(sock: socket.socket) -> None:
    """Set the options on ``sock``. Raises OSError."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, INTERVAL_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)


def acknowledge(sock: socket.socket) -> None:
    """Acknowledge what comes next at once; the kernel soon turns that off again.

    A server with Nagle's algorithm sends its TLS tickets and then keeps its greeting
    until they are acknowledged, which Linux delays by 40 ms. Raises OSError.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
