"""Events over the API: pulled in the order of their commits, or told as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vedette.client.carrier import MAX_ANSWER
from vedette.client.exchange import WAITS, Exchange, Said
from vedette.client.operation import USUAL, Form, Operation, listing, nothing
from vedette.client.problem import ProblemError
from vedette.errors import NetworkError, ProtocolError

#: Seconds of silence after which a stream is dead: the service gives a sign every 15.
SILENT: Final = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """Some events, each a CloudEvent as endpoints get it, and the cursor behind them."""

    items: tuple[Mapping[str, Any], ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of a stream, and the cursor behind it."""

    cursor: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many deliveries of an event there are, by what became of them."""

    due: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, and what became of its deliveries."""

    event: Mapping[str, Any]
    deliveries: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest events, newest first."""

    items: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """That a reader has done with all events up to a cursor."""

    reader: str
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How far a reader is."""

    reader: str
    cursor: str
    at: datetime


PULL: Final = Operation(
    method="GET",
    path="/v1/events",
    answer=Pulled,
    query=("after", "reader", "type", "account", "limit", "wait"),
)
STREAM: Final = Operation(
    method="GET",
    path="/v1/events/stream",
    answer=bytes,
    form=Form.OCTETS,
    query=("after", "reader", "type", "account"),
    headers=("last-event-id",),
)
ACK: Final = Operation(method="POST", path="/v1/events/ack", answer=Reader, wish=Ack)
READERS: Final = listing("/v1/events/readers", Reader)
FORGET: Final = nothing("DELETE", "/v1/events/readers/{reader}")
NEWEST: Final = Operation(
    method="GET",
    path="/v1/events/newest",
    answer=Newest,
    query=("type", "account", "from", "to", "limit"),
)
GET: Final = Operation(method="GET", path="/v1/events/{event}", answer=Event)


class Events:
    """``/v1/events``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def pull(
        self,
        *,
        after: str | None = None,
        reader: str | None = None,
        types: Sequence[str] = (),
        account: str | None = None,
        limit: int = 100,
        wait: float = 0.0,
    ) -> Pulled:
        """Return what follows a cursor, or what a reader acknowledged; ``now`` is behind all.

        ``wait`` is for how many seconds the service waits where nothing is new. A part may be empty
        before the end: go on with its ``next``.
        """
        query = {
            "after": after,
            "reader": reader,
            "type": ",".join(types),
            "account": account,
            "limit": limit,
            "wait": wait or None,
        }
        return await self._exchange.one(PULL, Said(query=query, seconds=USUAL + wait))

    async def ack(self, reader: str, cursor: str) -> Reader:
        """Keep how far a reader is; one who is past it already stays."""
        return await self._exchange.one(ACK, Said(wish=Ack(reader=reader, cursor=cursor)))

    def readers(self, *, limit: int = 100) -> AsyncIterator[Reader]:
        """Yield readers by name."""
        return self._exchange.pages(READERS, Said(query={"limit": limit}))

    async def forget(self, reader: str) -> None:
        """Forget how far a reader is."""
        await self._exchange.done(FORGET, Said(ids={"reader": reader}))

    async def newest(
        self,
        *,
        types: Sequence[str] = (),
        account: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
    ) -> tuple[Event, ...]:
        """Return the newest events, newest first; a program that wants all of them pulls."""
        query: dict[str, object] = {"type": ",".join(types), "account": account, "limit": limit}
        query |= {"from": begin, "to": end}
        return (await self._exchange.one(NEWEST, Said(query=query))).items

    async def get(self, event: str) -> Event:
        """Return one event."""
        return await self._exchange.one(GET, Said(ids={"event": event}))

    async def stream(
        self,
        *,
        after: str | None = None,
        reader: str | None = None,
        types: Sequence[str] = (),
        account: str | None = None,
    ) -> AsyncIterator[Told]:
        """Yield events as they come, for ever; a connection that is lost is made again.

        It goes on behind the last event that was yielded, so none is skipped and none told twice.
        """
        query = {"after": after, "reader": reader, "type": ",".join(types), "account": account}
        last, failures = None, 0
        while True:
            try:
                async with aclosing(self._told(query, last)) as telling:
                    async for told in telling:
                        last, failures = told.cursor, 0
                        if told.event:
                            yield told
            except NetworkError:
                pass
            except ProblemError as error:
                if not error.retryable:
                    raise
            failures += 1
            await self._exchange.pause(WAITS.wait(failures, 0.5))

    async def _told(
        self, query: Mapping[str, object], last: str | None
    ) -> AsyncGenerator[Told, None]:
        """Yield the events of one connection; a cursor alone comes with an empty event."""
        headers = {} if last is None else {"last-event-id": last}
        said = Said(query=query if last is None else {**query, "after": None, "reader": None})
        async with self._exchange.streamed(STREAM, said, **headers) as answer:
            async for block in _blocks(answer.pieces):
                found = _event(block)
                if found is not None:
                    yield found


async def _blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what stands between empty lines, as our service writes it: lines that end in LF."""
    held = bytearray()
    while True:
        try:
            async with asyncio.timeout(SILENT):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise NetworkError(f"the stream was silent for {SILENT:.0f} s") from None
        if piece is None:
            return
        begin = max(len(held) - 1, 0)
        held += piece
        while (end := held.find(b"\n\n", begin)) >= 0:
            yield bytes(held[:end])
            del held[: end + 2]
            begin = 0
        if len(held) > MAX_ANSWER:
            raise ProtocolError(f"the server told of an event of more than {MAX_ANSWER} octets")


def _event(block: bytes) -> Told | None:
    """Read one event of a stream (WHATWG HTML, section 9.2.6); None for a comment."""
    cursor, data = None, []
    for line in block.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            cursor = value
        elif name == "data":
            data.append(value)
    if cursor is None:
        return None
    try:
        event = json.loads("\n".join(data)) if data else {}
    except ValueError:
        raise ProtocolError("the server told of an event that is no JSON") from None
    return Told(cursor=cursor, event=event)
