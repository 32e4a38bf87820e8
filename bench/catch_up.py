"""How fast one mailbox is caught up: fetched, read and committed durably (SQLite FULL).

Run it as ``python -m bench.catch_up [messages] [rounds] [webhook]``. The server is a
child process; CPU seconds are those of the engine's process, all threads, and apart
from them those of the workers that read mail. ``per_second_of_cpu`` is the rate that
one core gives, however busy the machine is.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import sys
import tempfile
from pathlib import Path

from bench.canned_server import CannedServer, canned_server
from bench.mailboxes import live, settings, until
from tests.support.authority import Authority
from vedette.app.engine import Engine
from vedette.telemetry.log import LogPolicy, configure

MESSAGES = 5_000
ROUNDS = 5


def cpu() -> tuple[float, float, float]:
    """Return the CPU seconds of this process: all, of the kernel's part, of ended children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, own.ru_stime, children.ru_utime + children.ru_stime


def stored(folder: Path) -> int:
    """Return how many events are on disk."""
    with sqlite3.connect(folder / "vedette.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
    return int(count)


async def measure(folder: Path, server: CannedServer, ca_file: Path, count: int, no: int) -> None:
    """Catch up once, and print what it took."""
    engine = Engine(settings(folder, server.port, ca_file, 1))
    await engine.start()
    await until(lambda: live(engine) == 1)
    # One message first: imports, caches, the store's first pages.
    await server.deliver(["user-0"], 1)
    await server.rested()
    before, kernel, _ = cpu()
    began = await server.deliver(["user-0"], count)
    ended = await server.rested()
    after, kernel_after, _ = cpu()
    await engine.stop()
    told = stored(folder)
    print(
        json.dumps(
            {
                "figure": "catch_up",
                "round": no,
                "messages": count,
                "told": told - 1,
                "seconds": round(ended - began, 3),
                "per_second": round(count / (ended - began)),
                "cpu_seconds": round(after - before, 3),
                "cpu_kernel": round(kernel_after - kernel, 3),
                "cpu_us_each": round((after - before) / count * 1e6),
                "per_second_of_cpu": round(count / (after - before)),
            }
        ),
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    configure(LogPolicy(level="error"))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        authority = Authority(folder)
        leaf = authority.issue("localhost", "127.0.0.1")
        with canned_server(leaf.path) as server:
            for number in range(rounds):
                state = folder / f"state-{number}"
                asyncio.run(measure(state, server, authority.ca_file, count, number))
    print(json.dumps({"figure": "catch_up_workers", "cpu_seconds": round(cpu()[2], 3)}), flush=True)


if __name__ == "__main__":
    main()
