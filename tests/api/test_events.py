"""Events are pulled by their cursors, waited for, streamed and acknowledged; none is skipped.

Must not know: how the stores keep them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock, post, posting
from tests.support.api import Answer, Face, request
from tests.support.postgres import Postgres
from vedette.api.assembly import State
from vedette.model.ids import AccountId, TenantId
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.service.events import feed
from vedette.store.postgres.store import PostgresStore
from vedette.store.sqlite.store import SqliteStore

WRITERS = 8
EACH = 30
OTHER = TenantId("other")


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    """Return a real store."""
    clock = StillClock(NOW)
    kept: SqliteStore | PostgresStore
    if request.param == "sqlite":
        kept = SqliteStore(tmp_path, clock)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        kept = PostgresStore(Secret(server.url(await server.make())), clock, instance="one")
    await kept.start()
    yield kept
    await kept.stop()


async def put(face: Face, *names: str, **members: Any) -> None:
    await post(face.state, *(posting(each, body=_body(each), **members) for each in names))


def _body(event: str) -> bytes:
    return json.dumps({"id": event, "specversion": "1.0"}).encode()


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.json["items"]]


async def waits(face: Face, path: str, key: str | None = None) -> Answer:
    """Ask as a peer that stays."""
    face.root = face.root or await face.key()
    headers = {"authorization": f"Bearer {key or face.root}"}
    return await request(face.app, "GET", path, headers=headers, stalls=True)


async def tenant_key(face: Face, tenant: str, *scopes: str) -> str:
    if (await face.ask("GET", f"/v1/tenants/{tenant}")).status == 404:
        await face.ask("POST", "/v1/tenants", {"id": tenant})
    return await face.key(*scopes, tenant=tenant)


async def seated(face: Face, count: int) -> None:
    """Return when so many wait."""
    for _ in range(10_000):
        if face.services.feed.waiting >= count:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits")


class Stream:
    """A peer that reads a stream of events part by part, as slowly as a test lets it."""

    def __init__(self, face: Face, path: str, headers: Mapping[str, str]) -> None:
        self._gone = asyncio.Event()
        self._parts: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(maxsize=1)
        told = [(b"host", b"vedette.example")]
        told += [(name.encode(), value.encode()) for name, value in headers.items()]
        where, _, query = path.partition("?")
        self._scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": where, "raw_path": where.encode(), "root_path": "",
            "query_string": query.encode(), "headers": told, "client": ("192.0.2.7", 4711),
            "server": ("127.0.0.1", 8025),
        }  # fmt: skip
        self._task = asyncio.create_task(self._run(face))

    async def _run(self, face: Face) -> None:
        async def receive() -> Mapping[str, Any]:
            await self._gone.wait()
            return {"type": "http.disconnect"}

        await face.app(self._scope, receive, self._parts.put)  # type: ignore[arg-type]

    async def part(self) -> Mapping[str, Any]:
        async with asyncio.timeout(10):
            return await self._parts.get()

    async def told(self) -> list[dict[str, str]]:
        """Return the next events, each by its fields; a sign of life has no data."""
        lines = bytes((await self.part())["body"]).decode()
        return [
            dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            for block in lines.split("\n\n")
            if block
        ]

    async def leave(self) -> None:
        self._gone.set()
        async with asyncio.timeout(10):
            await self._task


async def stream(face: Face, path: str = "/v1/events/stream", **headers: str) -> Stream:
    face.root = face.root or await face.key()
    found = Stream(face, path, {"authorization": f"Bearer {face.root}", **headers})
    head = await found.part()
    assert head["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in list(head["headers"])
    await found.part()
    return found


async def test_a_puller_goes_on_with_the_cursor_of_its_page(face: Face) -> None:
    """Page by page, in the order of the commits; an empty page has a cursor too."""
    await put(face, "a", "b", "c")
    first = await face.ask("GET", "/v1/events?limit=2")
    second = await face.ask("GET", f"/v1/events?after={first.json['next']}")
    third = await face.ask("GET", f"/v1/events?after={second.json['next']}")

    assert (ids(first), ids(second), ids(third)) == (["a", "b"], ["c"], [])
    await put(face, "d")
    assert ids(await face.ask("GET", f"/v1/events?after={third.json['next']}")) == ["d"]


async def test_eight_writers_are_pulled_without_a_gap(store: State) -> None:
    """Who pulls by the API while they commit misses none, and sees each once."""
    face = Face(store, StillClock(NOW))

    async def write(name: str) -> None:
        for number in range(EACH):
            event = f"{name}-{number}"
            one = posting(event, body=_body(event), account=AccountId(name))
            await store.post(Fence(), [one])

    writing = asyncio.gather(*(write(f"w{at}") for at in range(WRITERS)))
    found: list[str] = []
    after = ""
    async with asyncio.timeout(60):
        while len(found) < WRITERS * EACH:
            answer = await waits(face, f"/v1/events?limit=9&wait=5{after}")
            found += ids(answer)
            after = f"&after={answer.json['next']}"
    await writing

    assert sorted(found) == sorted(f"w{at}-{n}" for at in range(WRITERS) for n in range(EACH))
    assert ids(await face.ask("GET", f"/v1/events?limit=9{after}")) == []


async def test_who_waits_is_answered_by_a_commit(face: Face) -> None:
    """At once, and not by events of others; all who wait are."""
    await put(face, "a")
    end = (await face.ask("GET", "/v1/events")).json["next"]
    mine = await tenant_key(face, "acme", "events:read")
    paths = [f"/v1/events?wait=30&after={end}", f"/v1/events?wait=30&after={end}&account=bert"]
    asking = [asyncio.create_task(waits(face, path, mine)) for path in paths]
    await seated(face, len(paths))
    await put(face, "foreign", tenant=OTHER)
    await put(face, "b")
    async with asyncio.timeout(0.9):
        assert ids(await asking[0]) == ["b"]
    assert not asking[1].done()
    await put(face, "c", account=AccountId("bert"))
    async with asyncio.timeout(0.9):
        assert ids(await asking[1]) == ["c"]


async def test_who_waits_in_vain_is_told_where_to_go_on(face: Face) -> None:
    """The cursor has passed what others had meanwhile."""
    mine = await tenant_key(face, "acme", "events:read")
    face.services.feed.longest = 0.05
    await put(face, "foreign", tenant=OTHER)
    answer = await waits(face, "/v1/events?wait=30", mine)

    assert ids(answer) == []
    assert answer.json["next"] == (await face.ask("GET", "/v1/events")).json["next"]


async def test_a_peer_that_goes_gives_its_place_back(face: Face) -> None:
    """Nobody waits for one who has hung up."""
    answer = await face.ask("GET", "/v1/events?wait=30")

    assert ids(answer) == []
    assert face.services.feed.waiting == 0


async def test_no_more_wait_than_there_is_room_for(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key does not take all places; who is refused is told to come again."""
    monkeypatch.setattr(feed, "WAITERS_OF_ONE", 1)
    monkeypatch.setattr(feed, "WAITERS", 2)
    keys = [await tenant_key(face, "acme", "events:read") for _ in range(3)]
    asking = [asyncio.create_task(waits(face, "/v1/events?wait=30", key)) for key in keys[:2]]
    await seated(face, len(asking))

    for key in keys:
        answer = await waits(face, "/v1/events?wait=30", key)
        assert (answer.status, answer.code) == (429, "too_many")
        assert (await face.ask("GET", "/v1/events", key=key)).status == 200
    await face.services.feed.stop()
    assert [ids(await each) for each in asking] == [[], []]


async def test_of_many_streams_at_once_those_without_a_place_are_refused(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place is taken before the answer begins: no stream is broken off for want of one."""
    monkeypatch.setattr(feed, "WAITERS_OF_ONE", 2)
    key = await tenant_key(face, "acme", "events:read")
    told = {"authorization": f"Bearer {key}"}
    streams = [Stream(face, "/v1/events/stream", told) for _ in range(6)]

    statuses = [(await each.part())["status"] for each in streams]

    assert sorted(statuses) == [200, 200, 429, 429, 429, 429]
    for each in streams:
        await each.leave()
    assert face.services.feed.waiting == 0


async def test_a_key_that_is_taken_away_hears_nothing_more(face: Face) -> None:
    """A stream that is open ends, and who waits is refused; nothing is told any more."""
    maker = await tenant_key(face, "acme", "events:read")
    [key] = [k for k in (await face.ask("GET", "/v1/keys")).json["items"] if k["tenant"] == "acme"]
    told = Stream(face, "/v1/events/stream", {"authorization": f"Bearer {maker}"})
    await told.part()
    await told.part()
    waiting = asyncio.create_task(waits(face, "/v1/events?wait=30", maker))
    await seated(face, 2)

    assert (await face.ask("DELETE", f"/v1/keys/{key['id']}")).status == 204
    await put(face, "a")

    assert (await waiting).status == 401
    assert await told.part() == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_reader_goes_on_behind_what_it_acknowledged(face: Face) -> None:
    """Never back: an older acknowledgement that comes late changes nothing."""
    await put(face, "a", "b")
    first = (await face.ask("GET", "/v1/events?limit=1")).json["next"]
    last = (await face.ask("GET", "/v1/events")).json["next"]
    for cursor in (last, first):
        done = await face.ask("POST", "/v1/events/ack", {"reader": "billing", "cursor": cursor})
        assert (done.status, done.json["cursor"]) == (200, last)
    await put(face, "c")

    assert ids(await face.ask("GET", "/v1/events?reader=billing")) == ["c"]
    assert ids(await face.ask("GET", "/v1/events?reader=another")) == ["a", "b", "c"]
    listed = await face.ask("GET", "/v1/events/readers")
    assert [each["reader"] for each in listed.json["items"]] == ["billing"]
    assert (await face.ask("DELETE", "/v1/events/readers/billing")).status == 204
    assert (await face.ask("GET", "/v1/events/readers")).json["items"] == []
    assert ids(await face.ask("GET", "/v1/events?reader=billing")) == ["a", "b", "c"]


async def test_readers_of_one_name_are_each_tenants_own(face: Face) -> None:
    """What one acknowledges moves nobody else."""
    await put(face, "a")
    await put(face, "b", tenant=OTHER)
    acme = await tenant_key(face, "acme", "events:*")
    other = await tenant_key(face, "other", "events:*")
    cursor = (await face.ask("GET", "/v1/events", key=acme)).json["next"]
    wish = {"reader": "billing", "cursor": cursor}
    assert (await face.ask("POST", "/v1/events/ack", wish, key=acme)).status == 200

    assert ids(await face.ask("GET", "/v1/events?reader=billing", key=acme)) == []
    assert ids(await face.ask("GET", "/v1/events?reader=billing", key=other)) == ["b"]
    assert (await face.ask("GET", "/v1/events/readers", key=other)).json["items"] == []


async def test_a_tenant_is_told_its_own_events(face: Face) -> None:
    """Pulled, by their ids, streamed; another's is as if it were not there."""
    await put(face, "a", "a2")
    await put(face, "b", tenant=OTHER)
    acme = await tenant_key(face, "acme", "events:read")

    assert ids(await face.ask("GET", "/v1/events", key=acme)) == ["a", "a2"]
    assert (await face.ask("GET", "/v1/events/b", key=acme)).status == 404
    found = await face.ask("GET", "/v1/events/a", key=acme)
    assert found.json["event"]["id"] == "a"
    assert found.json["deliveries"] == {"due": 0, "delivered": 0, "failed": 0}
    told = Stream(face, "/v1/events/stream", {"authorization": f"Bearer {acme}"})
    await told.part()
    await told.part()
    assert [json.loads(each["data"])["id"] for each in await told.told()] == ["a", "a2"]
    await told.leave()


async def test_filters_are_by_type_and_by_account(face: Face) -> None:
    """Several types have commas between; a star stands for the rest of one."""
    await put(face, "a")
    await put(face, "b", kind="account.paused")
    await put(face, "c", kind="guard.tripped", account=AccountId("bert"))

    assert ids(await face.ask("GET", "/v1/events?type=account.*,guard.tripped")) == ["b", "c"]
    assert ids(await face.ask("GET", "/v1/events?account=bert")) == ["c"]


@pytest.mark.parametrize("cursor", ["x", "MTp4", "MToxLjI", "MTox", "MTowLi0x", "a" * 81])
async def test_what_is_no_cursor_is_refused(face: Face, cursor: str) -> None:
    """It is a clear 4xx, wherever it is sent, and moves no reader."""
    await put(face, "a")
    for answer in (
        await face.ask("GET", f"/v1/events?after={cursor}"),
        await face.ask("GET", f"/v1/events/stream?after={cursor}"),
        await face.ask("POST", "/v1/events/ack", {"reader": "r", "cursor": cursor}),
    ):
        assert answer.status in {400, 409, 422}
    assert (await face.ask("GET", "/v1/events/readers")).json["items"] == []


async def test_a_cursor_from_before_a_restored_copy_is_told(face: Face) -> None:
    """What comes would be taken for read; the reader has to know."""
    await put(face, "a", "b")
    cursor = (await face.ask("GET", "/v1/events")).json["next"]
    face.state.state.events.clear()  # type: ignore[attr-defined]
    face.state.state.points.clear()  # type: ignore[attr-defined]
    face.state.state.last_event = 0  # type: ignore[attr-defined]

    answer = await face.ask("GET", f"/v1/events?after={cursor}")
    assert (answer.status, answer.code) == (409, "conflict")
    assert "copy" in answer.json["detail"]


async def test_a_stream_tells_what_comes_and_goes_on_where_it_was_cut(face: Face) -> None:
    """Each event has its cursor for an id; ``Last-Event-ID`` goes before ``after``."""
    await put(face, "a")
    one = await stream(face)
    (first,) = await one.told()
    assert (first["event"], json.loads(first["data"])["id"]) == ("message.received", "a")
    await put(face, "b")
    (second,) = await one.told()
    await one.leave()
    await put(face, "c")
    again = await stream(face, "/v1/events/stream?after=now", **{"last-event-id": first["id"]})

    assert [json.loads(each["data"])["id"] for each in await again.told()] == ["b", "c"]
    assert json.loads(second["data"])["id"] == "b"
    await again.leave()
    assert face.services.feed.waiting == 0


async def test_a_stream_says_that_it_is_alive(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is nothing to tell: its cursor passes what is not told."""
    monkeypatch.setattr("vedette.api.routes.events.PULSE", 0.05)
    await put(face, "a")
    one = await stream(face, "/v1/events/stream?type=account.*")
    (life,) = await one.told()

    assert list(life) == ["id"]
    assert life["id"] == (await face.ask("GET", "/v1/events")).json["next"]
    await one.leave()


async def test_a_slow_reader_of_a_stream_holds_one_part(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read from the store for one who has not taken what was sent."""
    monkeypatch.setattr("vedette.api.routes.events.TOGETHER", 1)
    await put(face, *(f"e{number}" for number in range(20)))
    looks: list[int] = []
    tail = face.state.tail

    async def counted(query: Any) -> Any:
        looks.append(1)
        return await tail(query)

    monkeypatch.setattr(face.state, "tail", counted)
    one = await stream(face)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(looks) <= 3
    assert [json.loads((await one.told())[0]["data"])["id"] for _ in range(20)] == [
        f"e{number}" for number in range(20)
    ]
    await one.leave()
