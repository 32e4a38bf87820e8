"""How often a client has to ask before it has a message that was announced, and what that costs.

Must not know: who is measured.
"""

from __future__ import annotations

import re
import time
from statistics import median

from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import load_server
from bench.scene import Scene, connect, quantile, received

_ROUND_TRIP = 0.030
_NOTIFY = "vedette notify"
#: Seconds between two messages: after the longest way from one to the end of its FETCH.
_APART = 0.25

_ANNOUNCED = re.compile(r"\* ([0-9]+) EXISTS")


def measure(scene: Scene, variant: str) -> Values:
    """Let messages arrive one by one where every command takes 30 ms to be heard."""
    events = scene.of(10, 3)
    load = Load(
        mailboxes=1,
        processes=1,
        round_trip=_ROUND_TRIP,
        notify=variant == _NOTIFY,
        transcript=0,
    )
    # Vedette asks for NOTIFY where there is a folder besides the open one (decision 0022).
    folders = ("\\Inbox", "Other") if load.notify else ("\\Inbox",)
    with (
        load_server(load) as server,
        scene.client(variant, server, folders=folders) as one,
    ):
        connect(one, server, 1)
        # The first sync has an end that is not announced; let it be over.
        time.sleep(1.0)
        for _ in range(events):
            server.deliver(0, size=10_000)
            time.sleep(_APART)
        ages = received(one, events, 5.0)
        writes = exchanges(server.transcript())
        return {
            "p50_ms": quantile(ages, 0.5),
            "writes": median(writes) if writes else float("inf"),
            "missed": float(events - len(ages)),
        }


def exchanges(notes: list[tuple[int, str, str]]) -> list[int]:
    """Return, for each announced message, how many writes of the client came before its body."""
    found = []
    for index, (_, who, words) in enumerate(notes):
        announced = _ANNOUNCED.search(words) if who == "S" else None
        if announced is None:
            continue
        body = re.compile(rf"\* {announced[1]} FETCH .*\{{", re.DOTALL)
        if body.search(words):
            found.append(0)
            continue
        writes = 0
        for _, speaker, said in notes[index + 1 :]:
            if speaker == "S" and body.search(said):
                found.append(writes)
                break
            writes += speaker == "C"
    return found


FIGURE = Figure(
    name="round_trips",
    title="Round trips",
    method=(
        "One mailbox on a load server that hears every command 30 ms late, as over a line of that"
        " round-trip time; messages of 10 KB arrive one by one. Counted are the writes of the"
        " client between the announcement and the body, as the server saw them: each is waited for"
        " before the next. With NOTIFY the server hands the message over with the announcement."
    ),
    quantities=(
        Quantity(key="writes", title="writes before the message, IDLE", target=1.0),
        Quantity(key="writes", title="writes before the message, NOTIFY", target=0.0, of=_NOTIFY),
        Quantity(key="p50_ms", title="announcement to message, median", unit="ms"),
        Quantity(key="missed", title="messages not had within 5 s", compared=False),
    ),
    variants=("vedette", _NOTIFY, *CLIENTS[1:]),
    measure=measure,
)
