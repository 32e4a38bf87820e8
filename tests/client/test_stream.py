"""Events as they come: however the octets are cut, and whatever happens to the connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.carriers import ScriptedCarrier, Told, problem
from vedette.client import Client, ProblemError
from vedette.client.events import _blocks, _event
from vedette.errors import NetworkError


def told(cursor: str, number: int) -> bytes:
    """Return an event as the service sends it."""
    data = json.dumps({"number": number})
    return f"id: {cursor}\nevent: message.received\ndata: {data}\n\n".encode()


SENT = b": here\n\n" + told("a", 1) + b": nothing new\nid: b\n\n" + told("c", 2)


async def _cut(sent: bytes, places: Sequence[int]) -> AsyncIterator[bytes]:
    begin = 0
    for place in (*sorted(places), len(sent)):
        yield sent[begin:place]
        begin = max(begin, place)


@given(st.lists(st.integers(0, len(SENT)), max_size=8))
async def test_events_are_the_same_however_they_are_cut(places: list[int]) -> None:
    """The law of chunks."""
    found = [_event(block) async for block in _blocks(_cut(SENT, places))]

    assert [None if each is None else (each.cursor, each.event) for each in found] == [
        None,
        ("a", {"number": 1}),
        ("b", {}),
        ("c", {"number": 2}),
    ]


async def _no_wait(_seconds: float) -> None:
    return None


async def test_a_stream_that_breaks_goes_on_where_it_was() -> None:
    """Behind the last cursor that came, also one without an event: none is told twice."""
    carrier = ScriptedCarrier(
        [
            Told(body=told("a", 1) + b": nothing new\nid: b\n\n" + b"id: c\ndata: {"),
            NetworkError("it broke off"),
            problem(503, "overloaded"),
            Told(body=told("c", 2)),
            problem(401, "unauthorized"),
        ]
    )
    found: dict[str, int] = {}

    async def read() -> None:
        async for each in Client(carrier, sleep=_no_wait).events.stream(after="now"):
            found[each.cursor] = each.event["number"]

    with pytest.raises(ProblemError, match="unauthorized"):
        await read()

    assert found == {"a": 1, "c": 2}
    assert [each.headers.get("last-event-id") for each in carrier.asked] == [
        None,
        "b",
        "b",
        "b",
        "c",
    ]
    assert carrier.asked[0].target == "/v1/events/stream?after=now"
    assert carrier.asked[1].target == "/v1/events/stream"
