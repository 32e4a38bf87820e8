"""The consumers of the examples, behind the real sink and its real broker."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import nats
import pytest
from redis.asyncio import Redis as RedisClient

from tests.conftest import absent
from tests.examples.program import PATIENCE, example
from tests.sinks.letters import letter
from tests.support.authority import Authority
from tests.support.clock import VirtualClock
from tests.support.debian import UnavailableError
from tests.support.nats import PASSWORD as NATS_PASSWORD
from tests.support.nats import USER, Nats
from tests.support.process import wait_until
from tests.support.redis import PASSWORD as REDIS_PASSWORD
from tests.support.redis import Redis
from vedette.app.sinks import build
from vedette.config.settings import EndpointSettings, SinkSettings
from vedette.model.delivery import Delivered, Endpoint
from vedette.model.ids import EndpointId
from vedette.secret import Secret
from vedette.sinks.settings import NatsSettings, RedisSettings

pytestmark = pytest.mark.server

#: Events of one test, each of which is sent twice.
COUNT = 20


@pytest.fixture(scope="module")
def redis_server(authority: Authority) -> Iterator[Redis]:
    try:
        made = Redis(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(scope="module")
def nats_server() -> Iterator[Nats]:
    try:
        made = Nats()
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


async def send(settings: SinkSettings, numbers: Sequence[int]) -> None:
    """Send events as the courier does."""
    endpoint = Endpoint(id=EndpointId("bus"))
    sink = build(EndpointSettings(endpoint=endpoint, sink=settings, private=True), VirtualClock())
    await sink.start()
    try:
        for number in numbers:
            assert isinstance(await sink.send(letter(number)), Delivered)
    finally:
        await sink.stop()


def events(file: Path) -> list[str]:
    """Return the ids that a consumer kept."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, timeout=30)) as database:
        try:
            found: list[tuple[str]] = database.execute("SELECT id FROM event").fetchall()
        except sqlite3.OperationalError:
            # It has not come to make its table.
            return []
        return [event for (event,) in found]


async def until(condition: Any, what: str) -> None:
    await asyncio.to_thread(wait_until, condition, within=PATIENCE, what=what)


async def test_members_of_a_redis_group_share_the_events_and_keep_each_once(
    redis_server: Redis, tmp_path: Path
) -> None:
    """Two of them and a dead one, each event twice: all are kept, once, and nothing is left over."""
    url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{redis_server.port}/0"
    settings = RedisSettings(url=Secret(url), stream="shared")
    file = tmp_path / "events.db"
    await send(settings, range(COUNT))
    client: Any = RedisClient(port=redis_server.port, password=REDIS_PASSWORD)
    await client.xgroup_create("shared", "helpdesk", id="0")
    await client.xreadgroup("helpdesk", "dead", {"shared": ">"}, count=5)

    words, env = (url, "shared", str(file)), {"STALE": "0"}
    with (
        example("redis_consumer.py", *words, out=tmp_path / "one", env=env),
        example("redis_consumer.py", *words, out=tmp_path / "two", env=env),
    ):
        await send(settings, range(COUNT))
        await until(lambda: len(events(file)) == COUNT, "all events")

        async with asyncio.timeout(PATIENCE):
            while True:
                (group,) = await client.xinfo_groups("shared")
                if not group["pending"] and not group["lag"]:
                    break
    await client.aclose()

    assert sorted(events(file)) == sorted(f"evt-{number}" for number in range(COUNT))


async def test_a_nats_consumer_keeps_each_event_once_and_goes_on_where_it_was(
    nats_server: Nats, tmp_path: Path
) -> None:
    """What comes while it is away waits for it; a late repeat is known by its id."""
    url = f"nats://{USER}:{NATS_PASSWORD}@127.0.0.1:{nats_server.port}"
    settings = NatsSettings(url=Secret(url))
    client = await nats.connect(url)
    # A short window of duplicates: a repeat gets past the stream, to the consumer.
    await client.jetstream().add_stream(
        name="VEDETTE", subjects=["vedette.>"], duplicate_window=0.1
    )
    file = tmp_path / "events.db"
    words = (url, "VEDETTE", str(file))

    with example("nats_consumer.py", *words, out=tmp_path / "one"):
        await send(settings, range(COUNT))
        await until(lambda: len(events(file)) == COUNT, "the first events")
    await send(settings, range(COUNT + 5))
    with example("nats_consumer.py", *words, out=tmp_path / "two"):
        await until(lambda: len(events(file)) == COUNT + 5, "the later events")
        async with asyncio.timeout(PATIENCE):
            while True:
                known = await client.jetstream().consumer_info("VEDETTE", "helpdesk")
                if not known.num_pending and not known.num_ack_pending:
                    break
    await client.close()

    assert sorted(events(file)) == sorted(f"evt-{number}" for number in range(COUNT + 5))
