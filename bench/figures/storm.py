"""Logins as fast as they go: from nothing to every mailbox in IDLE, first time and resumed.

Must not know: who is measured.
"""

from __future__ import annotations

from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import load_server
from bench.scene import Scene, connect

_RESUMED = "vedette resumed"


def measure(scene: Scene, variant: str) -> Values:
    """Connect one mailbox, then all others at once."""
    count = scene.of(1000, 50)
    load = Load(mailboxes=count, tickets=variant == _RESUMED)
    with load_server(load) as server, scene.client(variant, server) as one:
        connect(one, server, 1)
        before, cpu = server.stats(), one.cpu()
        took = connect(one, server, count)
        after = server.stats()
        used = (after.cpu_ns - before.cpu_ns) / 1e9
        return {
            "per_second": (count - 1) / took,
            "cpu_ms": (one.cpu() - cpu) * 1000 / (count - 1),
            "resumed": (after.resumed - before.resumed) / (count - 1) * 100,
            "server_cpu_ms": used * 1000 / (count - 1),
            "server_share": used / took * 100,
        }


FIGURE = Figure(
    name="storm",
    title="Connect storm",
    method=(
        "From one connected mailbox to 1,000 in IDLE (for Vedette also caught up and proven), 16"
        " logins under way at a time, no login rates. The server gives no tickets, so every"
        " handshake is a full one; where it says resumed, it does, and all logins share what the"
        " first began. The peers do not resume sessions."
    ),
    quantities=(
        Quantity(
            key="per_second",
            title="logins to IDLE, first time",
            unit="/s",
            more_is_better=True,
            target=1200.0,
        ),
        Quantity(
            key="per_second",
            title="logins to IDLE, resumed",
            unit="/s",
            more_is_better=True,
            target=2000.0,
            of=_RESUMED,
        ),
        Quantity(key="cpu_ms", title="processor time per login", unit="ms"),
        Quantity(key="resumed", title="sessions resumed", unit="%", compared=False),
        Quantity(
            key="server_cpu_ms",
            title="server's processor time per login",
            unit="ms",
            compared=False,
        ),
        Quantity(key="server_share", title="server's processor", unit="%", compared=False),
    ),
    variants=("vedette", _RESUMED, *CLIENTS[1:]),
    measure=measure,
)
