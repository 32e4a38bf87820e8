"""From a message's arrival to its being gone from INBOX, on a real Dovecot, over lines of three lengths.

The engine runs as it is, with a guard that acts; what some servers lack is taken from Dovecot's
capabilities. Beside it a daemon that wakes a backend. Must not know: how a guard acts.
"""

from __future__ import annotations

import asyncio
import imaplib
import smtplib
import ssl
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures.delivery import Wire
from bench.figures.figure import Figure, Quantity, Values
from bench.figures.letters import WORDS
from bench.peers.backend import Backend
from bench.scene import Mailhost, Scene, quantile
from tests.support import guards
from tests.support.dovecot import HOST
from tests.support.dovecot_config import Options
from tests.support.engine import Watching, mailbox
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import Flow, Onward, Pipe, Toxic, Way
from vedette.sync.cadence import Tempo

_BACKEND = "backend"
#: What the server lacks, by the variant's second word.
_LACKS = {
    "vedette notify": frozenset[str](),
    "vedette": frozenset({"NOTIFY"}),
    "vedette no-searchres": frozenset({"NOTIFY", "SEARCHRES"}),
    "vedette no-uidplus": frozenset({"NOTIFY", "UIDPLUS"}),
    "vedette no-move": frozenset({"NOTIFY", "MOVE"}),
    _BACKEND: frozenset({"NOTIFY"}),
}
_NOTIFY = b"NOTIFY SET (SELECTED (MessageNew MessageExpunge))"
#: Round-trip times in milliseconds: the same house, the same continent, another one.
_TRIPS = (0, 40, 120)
_MESSAGES = 10
#: Seconds between two messages: Dovecot gathers what comes for half a second, then announces it.
_APART = 1.0
#: Seconds within which a message must be gone.
_GONE = 20.0
#: Seconds between two looks.
_LOOK = 0.002
_TEXT = WORDS * 700


class _Line(Toxic):
    """A line on which every octet takes so many seconds, however many are under way."""

    def __init__(self, seconds: float) -> None:
        super().__init__(Way.BOTH)
        self.seconds = seconds

    def flow(self, _pipe: Pipe) -> Flow:
        """Return what one way of one connection has of it."""
        return _Way(self.seconds)


class _Way(Flow):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: asyncio.Task[None] | None = None

    async def carry(self, data: bytes, onward: Onward) -> None:
        """Let the octets arrive later, in order, and take the next ones at once."""
        due = asyncio.get_running_loop().time() + self._seconds
        self._last = asyncio.create_task(self._arrive(due, data, onward, self._last))

    async def closing(self) -> None:
        """Let all arrive before the end."""
        if self._last is not None:
            await self._last

    @staticmethod
    async def _arrive(
        due: float, data: bytes, onward: Onward, before: asyncio.Task[None] | None
    ) -> None:
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if before is not None:
            await before
        await onward(data)


@dataclass(frozen=True, slots=True)
class _Passage:
    """One message: when it was announced to a bare socket and when it was gone, in seconds."""

    told: float
    gone: float


def measure(scene: Scene, variant: str) -> Values:
    """Let messages arrive one by one over each line."""
    lacks = _LACKS[variant]
    name = f"guard {' '.join(sorted(lacks))}"
    host = scene.mailhost(name, Options(without=lacks))
    values: Values = {}
    for trip in _TRIPS:
        user = f"guard-{variant.replace(' ', '-')}-{trip}-{time.monotonic_ns()}"
        passages = asyncio.run(_passages(host, variant, trip / 1000, user, scene.of(_MESSAGES, 2)))
        gone = sorted(each.gone for each in passages)
        acted = sorted(each.gone - each.told for each in passages)
        values[f"p50_{trip}"] = quantile(gone, 0.5)
        values[f"p99_{trip}"] = quantile(gone, 0.99)
        values[f"acted_{trip}"] = quantile(acted, 0.5)
        values[f"excess_{trip}"] = quantile(acted, 0.5) - 2 * trip
    return values


async def _passages(
    host: Mailhost, variant: str, trip: float, user: str, count: int
) -> list[_Passage]:
    # The wire is told as the client is.
    first = b"" if "NOTIFY" in _LACKS[variant] else _NOTIFY
    async with FaultProxy(HOST, host.port) as proxy:
        proxy.put(_Line(trip / 2))
        async with (_daemon if variant == _BACKEND else _engine)(host, proxy.port, user):
            # The wire hears of a message when the server announces it, without any line.
            wire = await asyncio.to_thread(Wire, host, user, first)
            try:
                return [
                    await asyncio.to_thread(_passage, host, wire, user, number)
                    for number in range(count)
                ]
            finally:
                await asyncio.to_thread(wire.close)


@asynccontextmanager
async def _engine(host: Mailhost, port: int, user: str) -> AsyncIterator[None]:
    box = mailbox(user, port=port, ca_file=host.ca_file)
    with tempfile.TemporaryDirectory(prefix="vd-bench-guard-") as state:
        watching = Watching(box, state=Path(state), tempo=Tempo())
        watching.engine.guards.post([guards.post()])
        async with watching:
            await watching.until_connected()
            yield


@asynccontextmanager
async def _daemon(host: Mailhost, port: int, user: str) -> AsyncIterator[None]:
    backend = await asyncio.to_thread(Backend, "localhost", port, host.ca_file, user, guards.LISTED)
    try:
        yield
    finally:
        await asyncio.to_thread(backend.close)


def _passage(host: Mailhost, wire: Wire, user: str, number: int) -> _Passage:
    """Deliver one message, and look until it is gone."""
    raw = guards.unwanted(f"token-{number:016x}", text=_TEXT)
    context = ssl.create_default_context(cafile=str(host.ca_file))
    with (
        imaplib.IMAP4_SSL("localhost", host.port, ssl_context=context, timeout=_GONE) as eye,
        smtplib.LMTP(HOST, host.dovecot.lmtp_port, timeout=30) as lmtp,
    ):
        eye.login(user, "pass")
        time.sleep(_APART)
        wire.told.clear()
        lmtp.sendmail("sender@example.org", [user], raw)
        begun = time.monotonic()
        while _held(eye):
            if time.monotonic() > begun + _GONE:
                raise RuntimeError(f"a message was not gone within {_GONE:g} s")
            time.sleep(_LOOK)
        gone = time.monotonic()
        told = min(wire.told, default=begun)
        return _Passage(told=told - begun, gone=gone - begun)


def _held(eye: imaplib.IMAP4_SSL) -> bool:
    # Not STATUS: Dovecot answers that from an index which others bring up to date later.
    _, words = eye.select("INBOX", readonly=True)
    return words[0] != b"0"


def _quantities() -> tuple[Quantity, ...]:
    found: list[Quantity] = []
    for trip in _TRIPS:
        at = f"at {trip} ms"
        found += [
            Quantity(key=f"p50_{trip}", title=f"arrival to gone, {at}, median", unit="ms"),
            Quantity(key=f"p99_{trip}", title=f"arrival to gone, {at}, p99", unit="ms"),
            Quantity(key=f"acted_{trip}", title=f"announced to gone, {at}, median", unit="ms"),
            Quantity(
                key=f"excess_{trip}",
                title=f"that, beyond two round trips, {at}",
                unit="ms",
                target=20.0,
                compared=False,
            ),
        ]
    return tuple(found)


FIGURE = Figure(
    name="guard_latency",
    title="A guard at work, Dovecot",
    method=(
        "Messages of 56 KB from a listed sender are delivered by LMTP, a second apart; each is looked for"
        " until INBOX is empty. The clients reach Dovecot over a line of the round-trip time told; the"
        " announcement is what a bare socket in IDLE hears at the server itself. Vedette decides,"
        " journals, and moves to a quarantine on the connection that watches; the backend logs in on a"
        " second connection, reads the whole message, marks it and expunges."
    ),
    quantities=_quantities(),
    variants=tuple(_LACKS),
    measure=measure,
)
