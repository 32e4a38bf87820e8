"""What doing nothing costs: the processor's share of mailboxes in which nothing happens.

Must not know: how the engine spends it.
"""

from __future__ import annotations

import time

from bench.figures.figure import Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import load_server
from bench.scene import Scene, connect

#: The longest period of a duty, the safety sync: a window as long has each duty once.
_LONGEST = 300.0
#: Seconds of a window at usual size: all periods of the engine are divided by 40 then.
_WINDOW = 7.5
#: A time that no run lasts: nothing is due in the quiet window.
_NEVER = 3600.0
#: The promise is about so many mailboxes.
_MAILBOXES = 10_000

_PERIODS = {"proof": 120.0, "poll": 60.0, "safety": 300.0, "reopen": 1800.0}


def measure(scene: Scene, variant: str) -> Values:
    """Measure a window without duties, and one in which they come often."""
    count = scene.of(1000, 50)
    window = _WINDOW * min(1.0, max(0.2, scene.scale))
    faster = _LONGEST / window
    quiet, _ = _share(scene, variant, count, dict.fromkeys(_PERIODS, _NEVER), window)
    tempo = {name: seconds / faster for name, seconds in _PERIODS.items()}
    busy, trips = _share(scene, variant, count, tempo, window)
    factor = _MAILBOXES / count
    return {
        "quiet": quiet * factor,
        "share": (quiet + (busy - quiet) / faster) * factor,
        "trip_ms": (busy - quiet) / 100 * window * 1000 / max(1, trips),
        "trips": trips / count,
    }


def _share(
    scene: Scene, variant: str, count: int, tempo: dict[str, float], window: float
) -> tuple[float, int]:
    """Return the percentage of a core used in a window, and how many commands were sent."""
    with (
        load_server(Load(mailboxes=count)) as server,
        scene.client(variant, server, tempo=tempo) as one,
    ):
        connect(one, server, count)
        # The look that follows every sync is 4 s later (Tempo.recheck).
        scene.rest(6.0)
        before, cpu, begun = server.stats().reads, one.cpu(), time.monotonic()
        time.sleep(window)
        took = time.monotonic() - begun
        return (one.cpu() - cpu) / took * 100, server.stats().reads - before


FIGURE = Figure(
    name="idle",
    title="Idle",
    method=(
        "1,000 mailboxes in which nothing happens, over 7.5 s: once with no duty due, once with"
        " every period of the engine divided by 40 (a proof of life every 3 s instead of 120, a"
        " full sync every 7.5 s instead of 300). The share at 10,000 mailboxes and the usual"
        " periods is ten times the quiet share and a 40th of the difference."
    ),
    quantities=(
        Quantity(key="share", title="share of a core at 10,000 mailboxes", unit="%", target=4.0),
        Quantity(key="quiet", title="of it without any duty", unit="%", compared=False),
        Quantity(key="trip_ms", title="processor time per round trip", unit="ms", compared=False),
        Quantity(key="trips", title="round trips per mailbox in the window", compared=False),
    ),
    variants=("vedette",),
    measure=measure,
)
