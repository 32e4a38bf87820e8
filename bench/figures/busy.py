"""Messages that arrive while a thousand other mailboxes log in.

Must not know: who is measured.
"""

from __future__ import annotations

import time

from bench.client import Client
from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import LoadServer, load_server
from bench.scene import Scene, connect, quantile, received

#: Messages per second, in both windows.
_RATE = 100.0
#: Seconds of the quiet window.
_QUIET = 2.0


def measure(scene: Scene, variant: str) -> Values:
    """Let messages arrive in watched mailboxes, first in peace, then while others log in."""
    watched, more = scene.of(100, 20), scene.of(1000, 60)
    load = Load(mailboxes=watched + more)
    with load_server(load) as server, scene.client(variant, server) as one:
        connect(one, server, watched)
        scene.rest(1.0)
        quiet = _ages(one, server, watched, _QUIET)
        before = server.stats()
        server.arrive(_RATE, first=0, last=watched)
        took = connect(one, server, watched + more)
        server.arrive(0.0)
        after = server.stats()
        ages = received(one, after.announced - before.announced, 5.0)
        return {
            "quiet_p99_ms": quantile(quiet, 0.99),
            "storm_p99_ms": quantile(ages, 0.99),
            "added_p99_ms": quantile(ages, 0.99) - quantile(quiet, 0.99),
            "storm_p50_ms": quantile(ages, 0.5),
            "per_second": more / took,
            "server_share": (after.cpu_ns - before.cpu_ns) / 1e9 / took * 100,
        }


def _ages(one: Client, server: LoadServer, watched: int, seconds: float) -> list[float]:
    before = server.stats().announced
    server.arrive(_RATE, first=0, last=watched)
    time.sleep(seconds)
    server.arrive(0.0)
    time.sleep(0.2)
    return received(one, server.stats().announced - before, 5.0)


FIGURE = Figure(
    name="busy",
    title="Messages while logins run",
    method=(
        "100 watched mailboxes get 100 messages of 10 KB a second in all: for 2 s in peace, then"
        " while the same process logs in to 1,000 more, 16 at a time and with no login rates."
    ),
    quantities=(
        Quantity(key="added_p99_ms", title="p99 added by the logins", unit="ms", target=10.0),
        Quantity(key="quiet_p99_ms", title="p99 in peace", unit="ms"),
        Quantity(key="storm_p50_ms", title="median during the logins", unit="ms"),
        Quantity(key="storm_p99_ms", title="p99 during the logins", unit="ms"),
        Quantity(key="per_second", title="logins", unit="/s", more_is_better=True, compared=False),
        Quantity(key="server_share", title="server's processor", unit="%", compared=False),
    ),
    variants=CLIENTS[:3],
    measure=measure,
)
