"""What a watched mailbox costs: RSS per idle TLS mailbox of the whole engine, state included.

Run it as ``python -m bench.mailboxes [mailboxes]``. It prints the figure when all
are idle, and again after each has fetched a message of one megabyte.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.load_server import LoadServer, load_server
from tests.support.authority import Authority
from vedette.app.engine import Engine
from vedette.app.memory import give_back
from vedette.config.settings import AccountSettings, Settings
from vedette.engine.gate import LoginRate
from vedette.model.account import Account, AccountState, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Target, TlsPolicy
from vedette.secret import Secret
from vedette.telemetry.log import LogPolicy, configure

MAILBOXES = 2000
MEGABYTE = 1024 * 1024
#: Messages of a megabyte through the first mailbox.
WARM_UP = 100
#: The benchmark ends by itself, whatever happens.
DEADLINE = 300.0


def rss() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def settings(folder: Path, port: int, ca_file: Path, count: int) -> Settings:
    """Return settings with ``count`` mailboxes on the load server."""
    target = Target(
        host="localhost", port=port, policy=TlsPolicy(ca_file=str(ca_file)), private=True
    )
    accounts = tuple(
        AccountSettings(
            account=Account(
                id=AccountId(f"mailbox-{number}"),
                tenant=TenantId("bench"),
                email=f"user-{number}@example.org",
                credentials=Credentials(user=f"user-{number}", password=Secret("pass")),
                folders=("\\Inbox",),
            ),
            target=target,
        )
        for number in range(count)
    )
    # Measured is what a mailbox costs, not how patient a provider is.
    rate = LoginRate(
        host_per_second=10_000, host_at_once=64, total_per_second=10_000, total_at_once=64
    )
    return Settings(state=folder, accounts=accounts, logins=rate)


async def measure(folder: Path, server: LoadServer, ca_file: Path, count: int) -> None:
    """Bring the mailboxes up, and print what they cost."""
    every = settings(folder, server.port, ca_file, count)
    # One first, with mail, so that what a process costs once is not counted: imports,
    # contexts, threads, the store's page cache, the worker that reads large messages.
    engine = Engine(Settings(state=folder, accounts=every.accounts[:1], logins=every.logins))
    await engine.start()
    await until(lambda: live(engine) == 1)
    for _ in range(WARM_UP):
        since = time.time()
        server.deliver(MEGABYTE)
        await until(partial(all_worked, engine, since, 1))
    await settled()
    before, begun, cpu = rss(), time.monotonic(), time.process_time()
    await engine.apply(every)
    await until(lambda: live(engine) == count)
    seconds = time.monotonic() - begun
    report(
        "connected",
        count=count,
        seconds=round(seconds, 2),
        per_second=round(count / seconds),
        cpu_ms_each=round((time.process_time() - cpu) * 1000 / count, 2),
    )
    await settled()
    report("idle", kib_each=round((rss() - before) / count / 1024, 1))
    for round_number in (1, 2):
        since = time.time()
        server.deliver(MEGABYTE)
        await until(partial(all_worked, engine, since, count))
        report("fetched_1_mb_each", round=round_number, seconds=round(time.time() - since, 2))
        await settled()
        report("idle_after", round=round_number, kib_each=round((rss() - before) / count / 1024, 1))
    await engine.stop()


def live(engine: Engine) -> int:
    """Return how many mailboxes are connected and proven."""
    return sum(
        health.state is AccountState.CONNECTED and health.proof_at is not None
        for health in engine.healths
    )


def all_worked(engine: Engine, since: float, count: int) -> bool:
    """Tell whether ``count`` mailboxes have committed a message since an instant."""
    done = [health for health in engine.healths if (health.work_at or 0.0) >= since]
    return len(done) == count


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - a benchmark looks from outside
            await asyncio.sleep(0.05)


async def settled() -> None:
    """Let what is under way end, and do what the engine does once a minute."""
    await asyncio.sleep(6)
    gc.collect()
    give_back()


def report(figure: str, **values: float) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"figure": figure, **values}), flush=True)


def main() -> None:
    """Run the benchmark."""
    configure(LogPolicy(level="error"))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MAILBOXES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        leaf = authority.issue("localhost", "127.0.0.1")
        with load_server(leaf.path) as server:
            asyncio.run(measure(folder / "state", server, authority.ca_file, count))


if __name__ == "__main__":
    main()
