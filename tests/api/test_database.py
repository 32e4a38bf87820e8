"""The database goes in the midst of requests and comes back: each POST has its effect once, and soon.

Clients send each POST again, with its idempotency key, until it is answered for good.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.api import Answer, Face
from tests.support.postgres import Postgres
from vedette.app.clock import SystemClock
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

CLIENTS = 8
EACH = 15
#: Seconds for the last of them, after the database is back: a claim of ours is nobody's wait.
SOON = 10.0


class Clients:
    """Those who ask, and what they were told."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._stood = asyncio.Condition()
        #: Set while it is worth while to ask again.
        self.there = asyncio.Event()
        self.there.set()
        self.told: Counter[str] = Counter()
        self.done = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for client in range(CLIENTS):
                tasks.create_task(self._client(client))

    async def until(self, done: int) -> None:
        """Return when so many were answered for good."""
        async with asyncio.timeout(60), self._stood:
            await self._stood.wait_for(lambda: self.done >= done)

    async def _client(self, client: int) -> None:
        for number in range(EACH):
            name = f"{client}-{number}"
            while not self._is_over(await self._ask(name)):
                await self.there.wait()
            async with self._stood:
                self.done += 1
                self._stood.notify_all()

    async def _ask(self, name: str) -> Answer:
        return await self._face.ask("POST", "/v1/tenants", {"name": name}, idempotency_key=name)

    def _is_over(self, answer: Answer) -> bool:
        self.told[answer.code or str(answer.status)] += 1
        assert answer.status in {201, 409, 503}, answer.body
        return answer.status == 201 or answer.code == "answer_lost"


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_database_that_goes_under_requests_loses_and_doubles_none(
    make_postgres: Callable[..., Postgres], end: str
) -> None:
    """Killed as by a power cut, or stopped in order."""
    server = make_postgres(durable=True)
    clock = SystemClock()
    store = PostgresStore(Secret(server.url(await server.make())), clock, instance="one")
    await store.start()
    face = Face(store, clock)
    face.root = await face.key()
    clients = Clients(face)
    running = asyncio.create_task(clients.run())

    for part in (1, 2):
        await clients.until(part * CLIENTS * EACH // 4)
        clients.there.clear()
        await asyncio.to_thread(getattr(server, end))
        assert (await face.ask("GET", "/readyz", key=None)).status == 503
        await asyncio.to_thread(server.start)
        clients.there.set()
    await clients.until(CLIENTS * EACH * 3 // 4)
    await asyncio.wait_for(running, SOON)

    names = Counter[str]()
    page = (await face.ask("GET", "/v1/tenants?limit=1000")).json
    names.update(each["name"] for each in page["items"])
    assert sorted(names) == sorted(f"{c}-{n}" for c in range(CLIENTS) for n in range(EACH))
    assert set(names.values()) == {1}
    assert clients.told["store"] > 0
    await store.stop()
