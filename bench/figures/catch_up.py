"""A mailbox full of mail, fetched and read: on the load server and on Dovecot.

Must not know: who is measured.
"""

from __future__ import annotations

import os
import time

from bench.client import Client
from bench.figures.figure import CLIENTS, Figure, Quantity, Values
from bench.load.mail import Mill
from bench.load.options import Load
from bench.load.server import load_server
from bench.scene import AT_ONCE, Mailhost, Scene
from tests.support.dovecot_config import Options

_SIZE = 10_000


def on_load_server(scene: Scene, variant: str) -> Values:
    """Catch up with the load server."""
    count = scene.of(5000, 200)
    with (
        load_server(Load(mailboxes=1, processes=1, preloaded=count, size=_SIZE)) as server,
        scene.client(variant, server) as one,
    ):
        before = server.stats().cpu_ns
        values = _caught_up(one, count)
        used = (server.stats().cpu_ns - before) / 1e9
        return values | {"server_share": used / values["seconds"] * 100}


def on_dovecot(scene: Scene, variant: str) -> Values:
    """Catch up with Dovecot, where user-0 has the messages."""
    count = scene.of(5000, 200)
    host = scene.mailhost("catch-up", Options())
    _fill(host, count)
    with scene.client(variant, host) as one:
        return _caught_up(one, count)


def _caught_up(one: Client, count: int) -> Values:
    # The engine runs, as a service does when it is given one more mailbox.
    one.do("connect", last=0, at_once=AT_ONCE)
    # One core for the client, so that a second thread does not count as speed.
    one.pin(max(os.sched_getaffinity(0)))
    cpu, begun = one.cpu(), time.monotonic()
    found = one.do("catch_up", count=count)
    seconds = time.monotonic() - begun
    return {
        "per_second": count / seconds,
        "per_cpu_second": count / max(0.01, one.cpu() - cpu),
        "missed": float(count - found["messages"]),
        "seconds": seconds,
    }


def _fill(host: Mailhost, count: int) -> None:
    if len(host.dovecot.holdings("user-0")) >= count:
        return
    mill = Mill()
    messages = [mill.message(0, uid, 0, _SIZE) for uid in range(1, count + 1)]
    host.dovecot.deliver_many("user-0", messages)


_QUANTITIES = (
    Quantity(
        key="per_second",
        title="messages of 10 KB",
        unit="/s",
        more_is_better=True,
        target=6000.0,
    ),
    Quantity(
        key="per_cpu_second",
        title="messages per second of processor time",
        unit="/s",
        more_is_better=True,
    ),
    Quantity(key="missed", title="messages missed", compared=False),
)
_METHOD = (
    "5,000 messages of 10 KB (2 KB of fields, a text and an HTML part) in one mailbox, fetched and"
    " read, on one core; for Vedette also written to disk with their events. The time begins"
    " before the login, in a process that runs. IMAPClient and aioimaplib read with the standard library's compat32,"
    " imapflow with simpleParser without its conversions between text and HTML."
)

LOAD_SERVER = Figure(
    name="catch_up",
    title="Catch-up, load server",
    method=_METHOD,
    quantities=(
        *_QUANTITIES,
        Quantity(key="server_share", title="server's processor", unit="%", compared=False),
    ),
    variants=CLIENTS,
    measure=on_load_server,
)
DOVECOT = Figure(
    name="catch_up_dovecot",
    title="Catch-up, Dovecot",
    method="The same on a Dovecot, with Maildir on the machine's disk.",
    quantities=_QUANTITIES,
    variants=CLIENTS,
    measure=on_dovecot,
)
FIGURES = (LOAD_SERVER, DOVECOT)
