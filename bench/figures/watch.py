"""Watched mailboxes: what they cost in memory, and how soon a message is had.

Must not know: who is measured.
"""

from __future__ import annotations

import time

from bench.client import Client
from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import LoadServer, load_server
from bench.scene import Scene, connect, quantile, received

_MEGABYTE = 1024 * 1024
#: So many that the store's page cache, of which a process has one, weighs one KiB on each, not three.
_MAILBOXES = 1_000
#: Mailboxes that get a message each at once.
_BURST = 300
#: Messages through the first mailbox before memory is measured.
_WARM_UP = 20
#: Mailboxes that get their megabyte at the same time.
_TOGETHER = 20
#: Between two single events, in seconds: far enough that one does not wait for another.
_APART = 0.015


def measure(scene: Scene, variant: str) -> Values:
    """Watch, let a megabyte arrive in each mailbox twice, then single messages, then a burst."""
    count, events, burst = scene.of(_MAILBOXES, 40), scene.of(200, 40), scene.of(_BURST, 40)
    with load_server(Load(mailboxes=count)) as server, scene.client(variant, server) as one:
        connect(one, server, 1)
        _one_by_one(scene, one, server, 10_000)
        base = one.rss()
        connect(one, server, count)
        _settle(scene, one, 4.0)
        idle = (one.rss() - base) / (count - 1) / 1024
        values = {"mailboxes": float(count), "idle_kib": idle}
        _one_by_one(scene, one, server, _MEGABYTE)
        base = one.rss()
        for turn in ("first", "second"):
            for begin in range(0, count, _TOGETHER):
                end = min(begin + _TOGETHER, count)
                server.deliver_all(begin, end, size=_MEGABYTE)
                received(one, end - begin)
            _settle(scene, one, 1.0)
            values[f"{turn}_kib"] = idle + (one.rss() - base) / count / 1024
        values |= _events(scene, one, server, events)
        server.deliver_all(0, burst)
        ages = received(one, burst)
        values["burst_p99_ms"] = quantile(ages, 0.99)
        values["burst_all_ms"] = quantile(ages, 1.0)
        return values


def _settle(scene: Scene, one: Client, seconds: float) -> None:
    # Twice, because what a collector frees it may give back only at the next time.
    for part in (seconds, 1.0):
        scene.rest(part)
        one.do("settle")


def _one_by_one(scene: Scene, one: Client, server: LoadServer, size: int) -> None:
    """Let messages through the first mailbox, so that what a process costs once is paid."""
    for _ in range(_WARM_UP):
        server.deliver(0, size=size)
        received(one, 1)
        # Some clients do not see what is announced in the record that answers IDLE.
        time.sleep(0.05)
    _settle(scene, one, 1.0)


def _events(scene: Scene, one: Client, server: LoadServer, events: int) -> Values:
    before, cpu = server.stats().cpu_ns, one.cpu()
    begun = time.monotonic()
    for _ in range(events):
        server.deliver(scene.dice.randrange(server.load.mailboxes))
        time.sleep(_APART)
    took = time.monotonic() - begun
    ages = received(one, events, 5.0)
    return {
        "event_p50_ms": quantile(ages, 0.5),
        "event_p99_ms": quantile(ages, 0.99),
        "event_cpu_ms": (one.cpu() - cpu) * 1000 / events,
        "missed": float(events - len(ages)),
        "server_share": (server.stats().cpu_ns - before) / 1e9 / took * 100,
    }


FIGURE = Figure(
    name="watch",
    title="Watched mailboxes",
    method=(
        "One process watches mailboxes over TLS. Idle memory is what the process grew by from"
        " one watched mailbox, which had 20 messages of 10 KB, to all, per mailbox. Then 20 messages"
        " of 1 MB go through the first; what the process grows by while each mailbox fetches 1 MB,"
        " twenty at a time, is added per mailbox; and once more. Vedette's worker for large mail, of"
        " which there is one, is not counted. Then single messages of 10 KB arrive 15 ms apart in"
        f" random mailboxes, and at last one in each of {_BURST} mailboxes at once. An age ends with"
        " the commit to disk for Vedette, and with the body in hand for the peers, which store nothing."
    ),
    quantities=(
        Quantity(key="mailboxes", title="mailboxes", compared=False),
        Quantity(key="idle_kib", title="memory per idle mailbox", unit="KiB", target=28.0),
        Quantity(key="first_kib", title="after 1 MB through each", unit="KiB", target=28.0),
        Quantity(key="second_kib", title="after 1 MB more through each", unit="KiB", target=28.0),
        Quantity(key="event_p50_ms", title="one message, median", unit="ms", target=3.0),
        Quantity(key="event_p99_ms", title="one message, p99", unit="ms", target=10.0),
        Quantity(key="event_cpu_ms", title="processor time per message", unit="ms"),
        Quantity(key="burst_p99_ms", title=f"one in each of {_BURST} at once, p99", unit="ms"),
        Quantity(
            key="burst_all_ms",
            title=f"one in each of {_BURST} at once, all",
            unit="ms",
            target=500.0,
        ),
        Quantity(key="missed", title="messages not had within 5 s", compared=False),
        Quantity(key="server_share", title="server's processor", unit="%", compared=False),
    ),
    variants=CLIENTS,
    measure=measure,
)
