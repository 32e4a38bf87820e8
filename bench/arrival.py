"""How long a message takes from its announcement to the commit and to the webhook, and its CPU.

Run it as ``python -m bench.arrival [mailboxes] [messages]``. First messages come one
at a time, so that each has the engine for itself, then one to every mailbox at once.
The server and the receiver are child processes; the instants are of the clock that
all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import re
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from bench.canned_server import CannedServer, canned_server
from bench.catch_up import cpu
from bench.mailboxes import live, settings, until
from tests.support.authority import Authority
from vedette.app.engine import Engine
from vedette.config.settings import EndpointSettings
from vedette.model.delivery import Endpoint
from vedette.model.ids import EndpointId
from vedette.ports.store import Commit, Verdict
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings
from vedette.telemetry.log import LogPolicy, configure

MAILBOXES = 200
MESSAGES = 400
#: Seconds between two messages that come alone.
PAUSE = 0.02
BURSTS = 3

WHO = re.compile(rb'"account":"([^"]+)"')
UID = re.compile(rb'"uid":([0-9]+)')
LENGTH = re.compile(rb"(?i)content-length: ([0-9]+)")

Key = tuple[str, int]


class Receiver(asyncio.Protocol):
    """A webhook endpoint as cheap as can be: it answers 204 and notes the instant."""

    seen: dict[Key, float]

    def __init__(self, seen: dict[Key, float]) -> None:
        self.seen = seen
        self.inbound = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.inbound += data
        while (end := self.inbound.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.inbound[:end])
            whole = end + 4 + int(length[1] if length else 0)
            if len(self.inbound) < whole:
                return
            body, self.inbound = self.inbound[end + 4 : whole], self.inbound[whole:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            who, uid = WHO.search(body), UID.search(body)
            if who and uid:
                self.seen[who[1].decode(), int(uid[1])] = time.monotonic()


async def _receive(control: Connection) -> None:
    seen: dict[Key, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(seen), "127.0.0.1", 0)
    control.send(server.sockets[0].getsockname()[1])
    while await loop.run_in_executor(None, control.recv):
        control.send(seen)
        seen.clear()


def receive(control: Connection) -> None:
    """Run the receiver; the entry of its process."""
    asyncio.run(_receive(control))


def told(name: str, waits: list[float], **more: float) -> None:
    """Print one figure: the spread of waits in milliseconds."""
    waits.sort()
    print(
        json.dumps(
            {
                "figure": name,
                "count": len(waits),
                "p50_ms": round(waits[len(waits) // 2] * 1e3, 2),
                "p99_ms": round(waits[int(len(waits) * 0.99)] * 1e3, 2),
                "max_ms": round(waits[-1] * 1e3, 2),
                **more,
            }
        ),
        flush=True,
    )


class Scene:
    """The engine with one webhook, the server, and what happened when."""

    def __init__(self, engine: Engine, server: CannedServer, hook: Connection, count: int) -> None:
        self.engine = engine
        self.server = server
        self.hook = hook
        self.users = [f"user-{number}" for number in range(count)]
        self.uids = dict.fromkeys(self.users, 0)
        self.announced: dict[Key, float] = {}
        self.committed: dict[Key, float] = {}
        self._commit = engine.store.commit
        engine.store.commit = self._noted  # type: ignore[method-assign]

    async def _noted(self, commit: Commit) -> Verdict:
        verdict = await self._commit(commit)
        if commit.postings:
            self.committed[commit.account, commit.cursor.last_uid] = time.monotonic()
        return verdict

    async def announce(self, users: list[str]) -> None:
        """Let one message arrive for each of the users."""
        at = await self.server.deliver(users, 1)
        for user in users:
            self.uids[user] += 1
            self.announced[user.replace("user", "mailbox"), self.uids[user]] = at

    async def report(self, name: str, cpu_before: float) -> None:
        """Wait until all is delivered and settled; print the figures and forget them."""
        count = len(self.announced)
        received: dict[Key, float] = {}
        async with asyncio.timeout(60):
            while len(received) < count:
                await asyncio.sleep(0.3)
                self.hook.send("tell")
                received |= await asyncio.get_running_loop().run_in_executor(None, self.hook.recv)
        spent = cpu()[0] - cpu_before
        told(f"{name}_committed", [self.committed[key] - at for key, at in self.announced.items()])
        told(
            f"{name}_received",
            [received[key] - at for key, at in self.announced.items()],
            cpu_us_each=round(spent / count * 1e6),
        )
        self.announced.clear()
        self.committed.clear()


async def measure(folder: Path, server: CannedServer, ca: Path, hook: Connection, n: int) -> None:
    """Bring the mailboxes up and let mail arrive."""
    sink = WebhookSettings(
        url=Secret(f"http://127.0.0.1:{hook.recv()}/hook"), keys=(Secret(b"k" * 32),)
    )
    endpoint = EndpointSettings(endpoint=Endpoint(id=EndpointId("hook")), sink=sink, private=True)
    engine = Engine(replace(settings(folder, server.port, ca, n), endpoints=(endpoint,)))
    await engine.start()
    await until(lambda: live(engine) == n)
    scene = Scene(engine, server, hook, n)
    await asyncio.sleep(1)
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES
    for name in ("warm_up", "alone"):
        before = cpu()[0]
        for _ in range(messages):
            await scene.announce([random.choice(scene.users)])
            await server.rested()
            await asyncio.sleep(PAUSE)
        await scene.report(name, before)
    for _ in range(BURSTS):
        before = cpu()[0]
        await scene.announce(scene.users)
        await server.rested()
        await scene.report("burst", before)
    await engine.stop()


def main() -> None:
    """Run the benchmark."""
    configure(LogPolicy(level="error"))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MAILBOXES
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,))
    receiver.start()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        authority = Authority(folder)
        leaf = authority.issue("localhost", "127.0.0.1")
        with canned_server(leaf.path) as server:
            asyncio.run(measure(folder / "state", server, authority.ca_file, ours, count))
    ours.send("")
    receiver.join(5)


if __name__ == "__main__":
    main()
