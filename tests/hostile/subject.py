"""The whole real engine in a process of its own, with a gauge on it: what a hostile test watches.

``python -m tests.hostile.subject STATE name=port …`` watches a mailbox of each name in clear on
loopback. It prints a line of JSON for each event, ``{"measuring": true}`` after ``measure`` on
standard input, and what was measured when its input ends. It must not know who is hostile.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.hostile.gauge import Gauge
from tests.support.engine import mailbox
from vedette.app.engine import Engine
from vedette.config.settings import Settings
from vedette.model.delivery import Delivered, Endpoint, Outcome, Parcel
from vedette.model.ids import EndpointId
from vedette.ports.link import Encryption
from vedette.sync.cadence import Tempo
from vedette.telemetry.log import LogPolicy, configure

#: Minutes of the field are seconds here; the waits after a failure are the product's own.
QUICK = Tempo(proof=2.0, poll=1.0, safety=3.0, reopen=600.0, recheck=0.5)
SINK = EndpointId("told")


class Told:
    """A sink that tells each event on standard output."""

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Tell one event in short."""
        event = json.loads(parcel.body)
        data = event["data"]
        tell(
            event=event["type"],
            account=event["account"],
            uid=data.get("uid"),
            subject=str(data.get("subject"))[:80],
        )
        return Delivered()


def tell(**words: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def main(gauge: Gauge, state: Path, ports: dict[str, int]) -> None:
    """Watch until the input ends."""
    accounts = [
        mailbox(
            name,
            name=name,
            port=port,
            ca_file=state / "none",
            folders=("*",) if name == "everything" else ("\\Inbox",),
            encryption=Encryption.NONE,
        )
        for name, port in ports.items()
    ]
    engine = Engine(
        Settings(state=state, accounts=tuple(accounts), tempo=QUICK),
        extra={SINK: (Endpoint(id=SINK, ordered=False, concurrency=8), Told())},
        on_failure=lambda account, error: tell(failed=account, code=error.code, error=str(error)),
        on_connected=lambda account: tell(connected=account),
    )
    await engine.start()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        if line == b"measure\n":
            gauge.begin()
            tell(measuring=True)
    tell(
        longest=gauge.longest,
        longest_wall=gauge.longest_wall,
        growth=gauge.growth,
        crash=None if engine.crash is None else repr(engine.crash),
    )
    await engine.stop()


if __name__ == "__main__":
    configure(LogPolicy())
    measured = Gauge()
    places = dict(word.split("=") for word in sys.argv[2:])
    with asyncio.Runner(loop_factory=measured.loop) as runner:
        runner.run(
            main(measured, Path(sys.argv[1]), {name: int(port) for name, port in places.items()})
        )
