"""From a message's arrival to its being gone from INBOX, on a real Dovecot, over lines of three lengths.

The engine runs as it is, with a guard that acts; what some servers lack is taken from Dovecot's
capabilities. Beside it a daemon that wakes a backend. Must not know: how a guard acts.
"""

from __future__ import annotations

import asyncio
import smtplib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures.figure import Figure, Quantity, Values
from bench.figures.letters import WORDS
from bench.line import Lane, Lines, Log, Note, lines
from bench.peers.backend import Backend
from bench.scene import Mailhost, Scene, quantile
from tests.support import guards
from tests.support.dovecot import HOST
from tests.support.dovecot_config import Options
from tests.support.engine import Watching, mailbox
from vedette.sync.cadence import Tempo

_BACKEND = "backend"
_NOTIFY = "vedette notify"
#: What the server lacks, by the variant's second word.
_LACKS = {
    _NOTIFY: frozenset[str](),
    "vedette": frozenset({"NOTIFY"}),
    "vedette no-searchres": frozenset({"NOTIFY", "SEARCHRES"}),
    "vedette no-uidplus": frozenset({"NOTIFY", "UIDPLUS"}),
    "vedette no-move": frozenset({"NOTIFY", "MOVE"}),
    _BACKEND: frozenset({"NOTIFY"}),
}
#: Round-trip times in milliseconds: the same house, the same continent, another one.
_TRIPS = (0, 40, 120)
#: Of each run: mailboxes at each distance, and messages to each. Two runs have 36 at a distance, in
#: less than three minutes: what takes so long is that Dovecot waits, so many wait at once.
_MAILBOXES = 6
_MESSAGES = 3
_RUNS = 2
#: Seconds from one message of a mailbox to the next. Dovecot gathers what comes for half a second,
#: then announces it; at 120 ms the backend needs 1.2 more, and its own changes are gathered too.
_APART = 2.4
#: Seconds within which a message must be gone.
_GONE = 20.0
#: Seconds of silence after which a client has done all that it does when it has logged in.
_REST = 1.0
#: Seconds between two looks whether all are.
_LOOK = 0.2
#: Four seconds after it logged in Vedette would look once more, in the midst of the first messages.
_TEMPO = Tempo(recheck=60.0)
_TEXT = WORDS * 700


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """A mailbox and how far away it is, in milliseconds."""

    user: str
    trip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One message: seconds from arrival, and from the announcement, until it was gone.

    ``turns`` are the round trips for which was waited meanwhile.
    """

    arrived: float
    told: float
    turns: int


def measure(scene: Scene, variant: str) -> Values:
    """Let messages arrive in mailboxes at three distances, one after the other."""
    lacks = _LACKS[variant]
    host = scene.mailhost(f"guard {' '.join(sorted(lacks))}", Options(without=lacks))
    begun, boxes, count = time.monotonic_ns(), scene.of(_MAILBOXES), scene.of(_MESSAGES, 2)
    plan = [
        _Lane(user=f"guard-{begun}-{trip}-{box}", trip=trip)
        for box in range(boxes)
        for trip in _TRIPS
    ]
    found = asyncio.run(_passages(host, variant, plan, count))
    values: Values = {}
    for trip in _TRIPS:
        own = [
            each
            for lane, seen in zip(plan, found, strict=True)
            if lane.trip == trip
            for each in seen
        ]
        if 2 * len(own) < boxes * count:
            raise RuntimeError("the machine is too busy to tell one message from the next")
        arrived = sorted(each.arrived for each in own)
        told = sorted(each.told for each in own)
        notice = sorted(each.arrived - each.told for each in own)
        values |= {
            f"notice_{trip}": quantile(notice, 0.5),
            f"p50_{trip}": quantile(arrived, 0.5),
            f"p99_{trip}": quantile(arrived, 0.99),
            f"acted_{trip}": quantile(told, 0.5),
            f"acted_p99_{trip}": quantile(told, 0.99),
            f"excess_{trip}": quantile(told, 0.5) - 2 * trip,
            f"turns_{trip}": statistics.median(each.turns for each in own),
        }
    return values


async def _passages(
    host: Mailhost, variant: str, plan: Sequence[_Lane], count: int
) -> list[list[Passage]]:
    laid = [
        Lane(trip=lane.trip / 1000, folder=str(host.dovecot.base / "mail" / lane.user / "maildir"))
        for lane in plan
    ]
    clients = _daemons if variant == _BACKEND else _engine
    with lines(HOST, host.port, laid) as line:
        async with clients(host, line.ports, plan):
            await _settled(line)
            # Each mailbox has its own moment, so that those who act are not in each other's way.
            start, step = time.monotonic(), _APART / len(plan)
            posted = await asyncio.gather(
                *(
                    _post(host, lane.user, start + place * step, count)
                    for place, lane in enumerate(plan)
                )
            )
            logs = await _ended(line, posted)
    return [
        passages(log, arrivals, lane.trip / 1000)
        for lane, log, arrivals in zip(plan, logs, posted, strict=True)
    ]


async def _settled(line: Lines) -> None:
    """Wait until nobody says anything any more: all clients only wait."""
    end = time.monotonic() + _GONE
    while any(log.notes[-1].at > time.monotonic() - _REST for log in line.logs() if log.notes):
        if time.monotonic() > end:
            raise RuntimeError(f"the clients did not come to rest within {_GONE:g} s")
        await asyncio.sleep(_LOOK)


async def _post(host: Mailhost, user: str, start: float, count: int) -> list[float]:
    """Deliver messages to a mailbox, one by one; return when the server had taken each."""
    arrivals = []
    for number in range(count):
        await asyncio.sleep(start + number * _APART - time.monotonic())
        arrivals.append(await asyncio.to_thread(_delivered, host, user, number))
    return arrivals


def _delivered(host: Mailhost, user: str, number: int) -> float:
    raw = guards.unwanted(f"token-{number:016x}", text=_TEXT)
    with smtplib.LMTP(HOST, host.dovecot.lmtp_port, timeout=30) as lmtp:
        lmtp.sendmail("sender@example.org", [user], raw)
        return time.monotonic()


async def _ended(line: Lines, posted: Sequence[Sequence[float]]) -> list[Log]:
    """Wait until the last message of every mailbox is gone; return what was noted."""
    end = time.monotonic() + _GONE
    while True:
        logs = line.logs()
        pairs = zip(logs, posted, strict=True)
        if all(log.gone and log.gone[-1] > arrivals[-1] for log, arrivals in pairs):
            return logs
        if time.monotonic() > end:
            raise RuntimeError(f"a message was not gone within {_GONE:g} s")
        await asyncio.sleep(_LOOK)


def passages(log: Log, arrivals: Sequence[float], trip: float) -> list[Passage]:
    """Return what a line of so many seconds saw of messages, by the instants of their arrival.

    The first connection is the one that watches: what it is told first after an arrival is the
    announcement. What an overloaded machine mixes up is left out: a message that came before the
    last one was gone, or while the client was awake for something else.
    """
    found, gone = [], 0.0
    for arrived in arrivals:
        if arrived < gone:
            continue
        gone = next(instant for instant in log.gone if instant > arrived)
        after = [note for note in log.notes if arrived <= note.at <= gone]
        told = next((note for note in after if note.cable == 0), None)
        if told is None or told.up:
            continue
        # What left later had no part in it.
        notes = [note for note in after if told.at <= note.at <= gone - trip / 2]
        found.append(
            Passage(arrived=gone - arrived, told=gone - told.at, turns=turns(notes, log.notes))
        )
    return found


def turns(notes: Sequence[Note], known: Iterable[Note] = ()) -> int:
    """Return how often a client spoke after it was told something: the round trips it waited for.

    A connection that none of ``known`` before these notes was on is one more: it had to be made.
    """
    begun = notes[0].at if notes else 0.0
    spoken = {note.cable: False for note in known if note.at < begun}
    count = 0
    for note in notes:
        if note.up and not spoken.get(note.cable, False):
            count += 1 if note.cable in spoken else 2
        spoken[note.cable] = note.up
    return count


@asynccontextmanager
async def _engine(
    host: Mailhost, ports: Sequence[int], plan: Sequence[_Lane]
) -> AsyncIterator[None]:
    boxes = [
        mailbox(lane.user, name=lane.user, port=port, ca_file=host.ca_file)
        for lane, port in zip(plan, ports, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="vd-bench-guard-") as state:
        watching = Watching(*boxes, state=Path(state), tempo=_TEMPO)
        watching.engine.guards.post([guards.post()])
        async with watching:
            await watching.until_connected(len(boxes))
            yield


@asynccontextmanager
async def _daemons(
    host: Mailhost, ports: Sequence[int], plan: Sequence[_Lane]
) -> AsyncIterator[None]:
    backends: list[Backend] = []
    try:
        for lane, port in zip(plan, ports, strict=True):
            backends.append(
                await asyncio.to_thread(
                    Backend, "localhost", port, host.ca_file, lane.user, guards.LISTED
                )
            )
        yield
    finally:
        for backend in backends:
            await asyncio.to_thread(backend.close)


def _quantities() -> tuple[Quantity, ...]:
    found: list[Quantity] = []
    for trip in _TRIPS:
        at = f"at {trip} ms"
        told = f"announced to gone, {at}"
        beyond = f"announced to gone, beyond two round trips, {at}"
        found += [
            Quantity(
                key=f"notice_{trip}",
                title=f"arrival to announced, {at}, median",
                unit="ms",
                compared=False,
            ),
            Quantity(key=f"p50_{trip}", title=f"arrival to gone, {at}, median", unit="ms"),
            Quantity(key=f"p99_{trip}", title=f"arrival to gone, {at}, p99", unit="ms"),
            Quantity(key=f"acted_{trip}", title=f"{told}, median", unit="ms"),
            Quantity(key=f"acted_p99_{trip}", title=f"{told}, p99", unit="ms"),
            Quantity(key=f"turns_{trip}", title=f"round trips from announced to gone, {at}"),
            Quantity(key=f"excess_{trip}", title=beyond, unit="ms", target=20.0, compared=False),
            Quantity(
                key=f"excess_{trip}",
                title=f"{beyond}, NOTIFY",
                unit="ms",
                target=20.0,
                of=_NOTIFY,
                compared=False,
            ),
        ]
    found.append(
        Quantity(
            key="acted_40",
            title="announced to gone, at 40 ms, IDLE",
            target=4.0,
            times=_BACKEND,
            compared=False,
        )
    )
    return tuple(found)


FIGURE = Figure(
    name="guard_latency",
    title="A guard at work, Dovecot",
    method=(
        "Messages of 56 KB from a listed sender are delivered by LMTP to eighteen mailboxes, six at"
        " each distance, one every 0.13 s; a message is gone when its file has left the folder on the"
        " server's disk. The clients reach Dovecot over lines of the round-trip time told, which a"
        " process of its own keeps; the announcement is the first that the server says to the"
        " connection that waits: Dovecot gathers changes for half a second. Round trips are turns in"
        " which a client speaks after it was told something, and one for each connection. Vedette"
        " decides, journals with a sync of the disk, and moves to a quarantine on the connection that"
        " watches, by IDLE unless NOTIFY is told; the backend logs in on a second connection, reads"
        " the whole message, marks it and expunges. Each run has 18 messages at each distance, so"
        " that its p99 is its slowest."
    ),
    quantities=_quantities(),
    variants=tuple(_LACKS),
    measure=measure,
    runs=_RUNS,
)
