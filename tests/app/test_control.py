"""The service's own door: one line in, one line out, whatever the line is."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from vedette.app.control import MAX_LINE, SOCKET, Control, ask
from vedette.app.replaying import query_from, query_to, replaying
from vedette.errors import NetworkError, UsageError
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import EventQuery, Point, Span
from vedette.service.endpoints.replay import Bookmark, Replayed

#: For one answer over a socket of this machine, in seconds.
PATIENCE = 60.0

QUERY = EventQuery(
    tenant=TenantId("acme"),
    account=AccountId("anna"),
    types=("message.*",),
    start=1.5,
    end=2.5,
    event=EventId("e1"),
    limit=7,
)


REST = Bookmark(
    endpoint=EndpointId("hook"),
    tenant=None,
    account=AccountId("a"),
    span=Span(
        first=Point(time=1763600000.000001, number=(20_000 << 46) + 7),
        last=Point(time=1763700000.1, number=(20_001 << 46) + 9),
    ),
)


class Replays:
    """Remembers what was asked for, and answers with a count or an error."""

    def __init__(self) -> None:
        self.asked: list[tuple[EventQuery, list[EndpointId]]] = []
        self.went_on: list[tuple[float | None, Bookmark | None]] = []

    async def __call__(
        self,
        query: EventQuery,
        names: Sequence[EndpointId],
        asked: float | None,
        rest: Bookmark | None,
    ) -> Replayed:
        self.asked.append((query, list(names)))
        self.went_on.append((asked, rest))
        if "nobody" in names:
            raise UsageError("no endpoint is named 'nobody'")
        return Replayed(queued=3, rest=REST if rest is None else None)


@asynccontextmanager
async def door(state: Path) -> AsyncIterator[Replays]:
    """Hold a door open on a state folder."""
    replays = Replays()
    control = Control(state, {"replay": replaying(replays)})
    await control.start()
    try:
        yield replays
    finally:
        await control.stop()


async def said(state: Path, line: bytes) -> bytes:
    """Write raw octets to the door and return all it says before it hangs up."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_unix_connection(str(state / SOCKET))
        try:
            writer.write(line)
            return await reader.read()
        finally:
            writer.close()


async def test_a_ping_is_answered(tmp_path: Path) -> None:
    """Somebody is there."""
    async with door(tmp_path):
        assert await ask(tmp_path, {"command": "ping"}) == {"pong": True}


async def test_a_replay_is_passed_on_and_its_count_comes_back(tmp_path: Path) -> None:
    """The query arrives as it was asked."""
    async with door(tmp_path) as replays:
        request = {"command": "replay", "query": query_to(QUERY), "endpoints": ["hook"]}

        answer = await ask(tmp_path, request)

    assert answer is not None
    assert answer["queued"] == 3
    assert replays.asked == [(QUERY, [EndpointId("hook")])]


async def test_a_replay_goes_on_where_the_request_before_ended(tmp_path: Path) -> None:
    """What an answer leaves comes back with the next request, to the last bit of an instant."""
    async with door(tmp_path) as replays:
        request: dict[str, Any] = {"command": "replay", "asked": 1763700000.1, "rest": None}
        first = await ask(tmp_path, request)
        assert first is not None
        last = await ask(tmp_path, {**request, "rest": first["rest"]})

    assert last == {"queued": 3, "rest": None}
    assert replays.went_on == [(1763700000.1, None), (1763700000.1, REST)]


async def test_a_replay_that_is_refused_says_why(tmp_path: Path) -> None:
    """The one line of the error, for the person who asked."""
    async with door(tmp_path):
        answer = await ask(tmp_path, {"command": "replay", "endpoints": ["nobody"]})

    assert answer == {"error": "no endpoint is named 'nobody'"}


def test_a_query_comes_through_json_as_it_was() -> None:
    """All of its filters, and none where none was given."""
    assert query_from(json.loads(json.dumps(query_to(QUERY)))) == QUERY
    assert query_from({}) == EventQuery()


@pytest.mark.parametrize("request_", [{"command": "stop"}, {}, {"command": None}])
async def test_an_unknown_command_is_told(tmp_path: Path, request_: dict[str, object]) -> None:
    """The door does what it was given to do and nothing else."""
    async with door(tmp_path):
        assert await ask(tmp_path, request_) == {"error": "the command is not known"}


@pytest.mark.parametrize("line", [b"[]\n", b"3\n", b'"replay"\n', b"null\n"])
async def test_what_is_no_object_is_told(tmp_path: Path, line: bytes) -> None:
    """JSON, but no request."""
    async with door(tmp_path):
        assert json.loads(await said(tmp_path, line)) == {"error": "expected an object"}


@pytest.mark.parametrize(
    "line",
    [
        b'{"command": "replay", "endpoints": 3}\n',
        b'{"command": "replay", "query": 3}\n',
        b'{"command": "replay", "query": {"types": 3}}\n',
        b'{"command": "replay", "query": {"limit": null}}\n',
        b'{"command": "replay", "query": {"limit": Infinity}}\n',
        b'{"command": "replay", "query": {"start": "yesterday"}}\n',
        b'{"command": "replay", "query": {"end": []}}\n',
        b'{"command": "replay", "rest": 3}\n',
        b'{"command": "replay", "rest": {}}\n',
        b'{"command": "replay", "rest": {"endpoint": "a", "span": [[1, 2]]}}\n',
        b'{"command": "replay", "asked": "now"}\n',
    ],
)
async def test_a_request_of_another_shape_is_told_and_not_run(tmp_path: Path, line: bytes) -> None:
    """Nothing of it reaches the store."""
    async with door(tmp_path) as replays:
        answer = json.loads(await said(tmp_path, line))

    assert answer["error"].startswith("the request can not be read: ")
    assert replays.asked == []


@pytest.mark.parametrize(
    "line",
    [b"garbage\n", b"\xff\xfe\n", b"\n", b"{", b"[" * 60_000 + b"\n", b"x" * (2 * MAX_LINE)],
    ids=["words", "octets", "empty line", "torn", "nested", "over-long"],
)
async def test_garbage_is_hung_up_on_and_the_door_stays_open(tmp_path: Path, line: bytes) -> None:
    """No error is left to the loop, and the next one is answered."""
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unhandled.append(what))
    async with door(tmp_path):
        if line.endswith(b"\n") or len(line) > MAX_LINE:
            try:
                assert await said(tmp_path, line) == b""
            except ConnectionError:
                # Hung up on in the middle of the line: that is the point.
                assert len(line) > MAX_LINE
        else:
            _, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
            writer.write(line)
            writer.close()

        assert await ask(tmp_path, {"command": "ping"}) == {"pong": True}
    assert unhandled == []


async def test_where_no_service_runs_nobody_answers(tmp_path: Path) -> None:
    """None, which is no error: the caller knows what to do without one."""
    assert await ask(tmp_path, {"command": "ping"}) is None


async def test_a_dead_socket_is_nobody(tmp_path: Path) -> None:
    """A service that was killed leaves its socket behind."""
    await leave_socket(tmp_path)

    assert await ask(tmp_path, {"command": "ping"}) is None


async def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    """The next service on the same state opens its own door."""
    await leave_socket(tmp_path)

    async with door(tmp_path):
        assert await ask(tmp_path, {"command": "ping"}) == {"pong": True}


async def test_a_file_in_the_place_of_the_socket_is_replaced(tmp_path: Path) -> None:
    """As a copy or a backup of a state folder may leave it."""
    (tmp_path / SOCKET).touch()

    async with door(tmp_path):
        assert await ask(tmp_path, {"command": "ping"}) == {"pong": True}


async def test_a_folder_in_the_place_of_the_socket_stops_nothing(tmp_path: Path) -> None:
    """The door stays shut, and the service runs."""
    (tmp_path / SOCKET).mkdir()

    async with door(tmp_path):
        assert (tmp_path / SOCKET).is_dir()


async def test_a_service_that_hangs_up_without_a_word_is_an_error(tmp_path: Path) -> None:
    """Not a replay of nothing: it is not known what was done."""

    def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, str(tmp_path / SOCKET))
    try:
        with pytest.raises(NetworkError, match=r"did not answer|does not answer"):
            await ask(tmp_path, {"command": "replay"})
    finally:
        server.close()


async def test_only_the_owner_may_knock(tmp_path: Path) -> None:
    """The socket's mode is 0600."""
    async with door(tmp_path):
        assert stat.S_IMODE((tmp_path / SOCKET).stat().st_mode) == 0o600


async def test_a_closed_door_leaves_no_socket(tmp_path: Path) -> None:
    """After an orderly stop the folder is as before."""
    async with door(tmp_path):
        pass

    assert not (tmp_path / SOCKET).exists()


async def test_without_a_place_for_the_socket_the_service_still_runs(tmp_path: Path) -> None:
    """Watching is what matters: a path of 108 octets and more is none for a socket (unix(7))."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    control = Control(folder, {})
    await control.start()

    assert control.started
    await control.stop()


async def leave_socket(state: Path) -> None:
    """Leave a socket that nobody listens on, as after a kill."""
    server = await asyncio.start_unix_server(lambda _reader, _writer: None, str(state / SOCKET))
    held = (state / SOCKET).rename(state / "kept")
    server.close()
    held.rename(state / SOCKET)
