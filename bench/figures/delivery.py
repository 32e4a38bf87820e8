"""From delivery by LMTP to a real Dovecot to the webhook, against a bare socket on the same server.

Must not know: who is measured.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.mail import Mill
from bench.receiver import receiver
from bench.scene import AT_ONCE, Mailhost, Scene, quantile, received, until
from tests.support.dovecot import HOST
from tests.support.dovecot_config import Options

#: The client that only sees announcements.
_WIRE = "wire"
#: Seconds between two messages: until the session hibernates again.
_APART = 1.3
#: Dovecot hands idle sessions to one process after this, which announces at once.
_HIBERNATE = "1 secs"


class Wire:
    """A bare socket in IDLE that notes when it is told; ``first`` is what it says before."""

    def __init__(self, host: Mailhost, user: str, first: bytes = b"") -> None:
        self.told: list[float] = []
        context = ssl.create_default_context(cafile=str(host.ca_file))
        raw = socket.create_connection((HOST, host.port), timeout=60)
        self._sock = context.wrap_socket(raw, server_hostname="localhost")
        self._say(b"", b"OK")
        self._say(f"a LOGIN {user} pass\r\n".encode(), b"a OK")
        self._say(b"b SELECT INBOX\r\n", b"b OK")
        if first:
            self._say(b"n " + first + b"\r\n", b"n OK")
        self._say(b"c IDLE\r\n", b"+ ")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._sock.close()

    def _say(self, words: bytes, answer: bytes) -> None:
        if words:
            self._sock.sendall(words)
        heard = b""
        while answer not in heard:
            chunk = self._sock.recv(4096)
            if not chunk:
                raise ConnectionError("dovecot hung up")
            heard += chunk

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._sock.recv(4096):
                if b"EXISTS" in data:
                    self.told.append(time.monotonic())


def measure(scene: Scene, variant: str) -> Values:
    """Deliver messages one by one to a mailbox that one client watches."""
    host = scene.mailhost("delivery", Options(hibernate=_HIBERNATE))
    if variant == _WIRE:
        ages = _wire(scene, host)
    elif variant == "vedette":
        ages = _hooked(scene, host, variant)
    else:
        with scene.client(variant, host) as one:
            one.do("connect", last=1, at_once=AT_ONCE)
            count = sum(1 for _ in _delivered(scene, host))
            ages = received(one, count, 5.0)
    return {"p50_ms": quantile(ages, 0.5), "p99_ms": quantile(ages, 0.99)}


def _wire(scene: Scene, host: Mailhost) -> list[float]:
    wire = Wire(host, "user-0")
    try:
        sent = list(_delivered(scene, host))
        time.sleep(1.0)
        return sorted(
            min(at for at in wire.told if at > begun) - begun
            for begun in sent
            if any(at > begun for at in wire.told)
        )
    finally:
        wire.close()


def _hooked(scene: Scene, host: Mailhost, variant: str) -> list[float]:
    with receiver() as hook, scene.client(variant, host, webhook=hook.url) as one:
        one.do("connect", last=1, at_once=AT_ONCE)
        count = sum(1 for _ in _delivered(scene, host))
        until(lambda: hook.count() >= count)
        return hook.ages()


def _delivered(scene: Scene, host: Mailhost) -> Iterator[float]:
    """Deliver messages one by one; yield when each was begun to be delivered."""
    mill = Mill()
    with smtplib.LMTP(HOST, host.dovecot.lmtp_port, timeout=30) as lmtp:
        for number in range(scene.of(6, 2)):
            time.sleep(_APART)
            begun = time.monotonic_ns()
            raw = mill.message(0, number, begun, 10_000)
            lmtp.sendmail("sender@example.org", ["user-0"], raw)
            yield begun / 1e9


FIGURE = Figure(
    name="delivery",
    title="Delivery to webhook, Dovecot",
    method=(
        "Messages of 10 KB are delivered by LMTP, 1.3 s apart, to a mailbox whose idle session"
        " Dovecot hibernates after 1 s (else it waits half a second before it announces). An age"
        " begins with the LMTP transaction. The wire is a bare socket in IDLE that only sees the"
        " announcement; Vedette's age ends at the webhook's receiver, the peers' with the body."
    ),
    quantities=(
        Quantity(
            key="p50_ms",
            title="delivery to webhook or body, median",
            unit="ms",
            target=3.0,
            above=_WIRE,
        ),
        Quantity(key="p99_ms", title="delivery to webhook or body, p99", unit="ms"),
    ),
    variants=(_WIRE, *CLIENTS),
    measure=measure,
)
