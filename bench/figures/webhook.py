"""From the announcement of a message to its webhook at the receiver.

Must not know: how it gets there.
"""

from __future__ import annotations

import time
from functools import partial

from bench.figures.figure import Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import load_server
from bench.receiver import Receiver, receiver
from bench.scene import Scene, connect, quantile, until

#: Messages per second when they come one by one.
_RATE = 60.0


def measure(scene: Scene, variant: str) -> Values:
    """Let single messages arrive, then one in every mailbox at once."""
    count, events = scene.of(1000, 50), scene.of(240, 60)
    with (
        receiver() as hook,
        load_server(Load(mailboxes=count)) as server,
        scene.client(variant, server, webhook=hook.url) as one,
    ):
        connect(one, server, count)
        # The look that follows every sync is 4 s later (Tempo.recheck).
        scene.rest(6.0)
        cpu, before, begun = one.cpu(), server.stats().cpu_ns, time.monotonic()
        server.arrive(_RATE, count=events)
        until(partial(_came, hook, events))
        used, ages = one.cpu() - cpu, hook.ages()
        spent = (server.stats().cpu_ns - before) / 1e9 / (time.monotonic() - begun)
        # What follows a message, such as settling its delivery, is part of what it costs.
        server.deliver_all()
        until(partial(_came, hook, events + count))
        burst = hook.ages()
        return {
            "p50_ms": quantile(ages, 0.5),
            "p99_ms": quantile(ages, 0.99),
            "cpu_ms": used * 1000 / events,
            "burst_ms": quantile(burst, 1.0),
            "again": float(hook.again()),
            "server_share": spent * 100,
        }


def _came(hook: Receiver, count: int) -> bool:
    return hook.count() >= count


FIGURE = Figure(
    name="webhook",
    title="Announcement to webhook",
    method=(
        "1,000 watched mailboxes and a receiver of its own process. Messages of 10 KB arrive one by"
        " one, 60 a second at random instants, then one in every mailbox at once. An age ends when"
        " the receiver has read the request. The processor time is all that the process used."
    ),
    quantities=(
        Quantity(key="p50_ms", title="one message, median", unit="ms", target=6.0),
        Quantity(key="p99_ms", title="one message, p99", unit="ms", target=20.0),
        Quantity(key="cpu_ms", title="processor time per message", unit="ms", target=1.0),
        Quantity(
            key="burst_ms", title="one in every mailbox at once, all", unit="ms", target=1500.0
        ),
        Quantity(key="again", title="webhooks that came twice", compared=False),
        Quantity(key="server_share", title="server's processor", unit="%", compared=False),
    ),
    variants=("vedette",),
    measure=measure,
)
