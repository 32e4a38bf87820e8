"""``/v1/events``: pull what was committed, acknowledge it, or have it told as it comes.

It must not know how events are kept.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query, Request, Response, Security

from vedette.api.caller import allowed
from vedette.api.flow import MEDIA, Flow, staying, still, told
from vedette.api.pages import Asked, Page, following
from vedette.api.problems import refuse
from vedette.api.services import Given, Services
from vedette.api.shapes.endpoints import which
from vedette.api.shapes.events import (
    LONGEST,
    AckWish,
    EventShown,
    EventsShown,
    NewestShown,
    ReaderShown,
    newest,
    page,
    reader,
    spot,
    text,
    whole,
)
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import EventQuery
from vedette.ports.tail import Spot, Stretch
from vedette.service.caller import Caller
from vedette.service.events.feed import LONGEST as MOST_SECONDS
from vedette.service.events.feed import MAX_PAGE, Ask
from vedette.service.refusals import invalid

router = APIRouter(prefix="/v1/events", tags=["events"])

Reader = Annotated[Caller, Security(allowed, scopes=["events:read"])]
Acker = Annotated[Caller, Security(allowed, scopes=["events:read", "events:write"])]

#: Seconds between two signs of life in a stream: proxies close what is silent for 30 to 60.
PULSE: Final = 15.0
#: Events that are read at once for a stream: what a slow peer holds.
TOGETHER: Final = 50
#: Where somebody begins who wants nothing of what was.
_NOW: Final = "now"

Types = Annotated[
    str,
    Query(
        alias="type",
        max_length=1000,
        description="Of these types, with commas between; each may end in `*`.",
    ),
]
Account = Annotated[str | None, Query(max_length=255, description="Of this account.")]
After = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description="The cursor to begin behind, or `now`; without it all that is stored.",
    ),
]
Name = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Begin behind what this reader acknowledged.",
    ),
]
NameInPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


@router.get("", response_class=Response, responses={200: {"model": EventsShown}})
async def pull_events(
    request: Request,
    caller: Reader,
    services: Given,
    after: After = None,
    reader: Name = None,
    type_: Types = "",
    account: Account = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    wait: Annotated[
        float, Query(ge=0, le=MOST_SECONDS, description="Seconds to wait where nothing is new.")
    ] = 0.0,
) -> Response:
    """Pull events in the order of their commits, none skipped; go on with `next`.

    A page may be empty before the end: a cursor passes what the filters are not about.
    """
    ask = Ask(
        after=await _begin(services, caller, after, reader),
        account=None if account is None else AccountId(account),
        types=_types(type_),
        limit=limit,
        wait=wait,
    )
    pulling = services.feed.pull(caller, ask)
    found = await (staying(request.receive, pulling) if wait else pulling)
    if wait and not await services.keys.is_valid(caller):
        raise refuse("unauthorized", "the key was taken away while it waited")
    if found is None:
        # Nobody is there to read it.
        found = Stretch(events=(), reached=ask.after, is_end=True)
    body = page([each.body for each in found.events], found.reached)
    return Response(body, media_type="application/json")


@router.get(
    "/stream",
    response_class=Response,
    responses={200: {"content": {MEDIA: {"schema": {"type": "string"}}}}},
)
async def stream_events(
    caller: Reader,
    services: Given,
    after: After = None,
    reader: Name = None,
    type_: Types = "",
    account: Account = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=LONGEST, description="The cursor to begin behind; it goes first."),
    ] = None,
) -> Response:
    """Be told events as they come: server-sent events, whose ids are cursors.

    Whoever reads too slowly is cut off, and goes on with `Last-Event-ID`.
    """
    # A browser that connects again asks as it did at first, and says what it had.
    name = None if last_event_id else reader
    ask = Ask(
        after=await _begin(services, caller, last_event_id or after, name),
        account=None if account is None else AccountId(account),
        types=_types(type_),
        limit=TOGETHER,
    )
    # What is wrong is told before the answer begins.
    leave = await services.feed.admit(caller, ask)
    telling = services.feed.stream(caller, ask, pulse=PULSE)
    return Flow(_parts(telling, partial(services.keys.is_valid, caller)), leave)


@router.post("/ack")
async def acknowledge_events(wish: AckWish, caller: Acker, services: Given) -> ReaderShown:
    """Keep how far a reader is: `?reader=` begins there. One who is past it already stays."""
    return reader(await services.feed.acknowledge(caller, wish.reader, spot(wish.cursor)))


@router.get("/readers")
async def list_readers(window: Asked, caller: Reader, services: Given) -> Page[ReaderShown]:
    """List readers by name, with how far they acknowledged."""
    found = await services.feed.places(caller, after=window.after, limit=window.limit)
    names = [each.reader for each in found]
    return Page(items=[reader(each) for each in found], next=following(names, window))


@router.delete("/readers/{reader}", status_code=204)
async def forget_reader(reader: NameInPath, caller: Acker, services: Given) -> None:
    """Forget how far a reader is: it begins with all that is stored."""
    await services.feed.forget(caller, reader)


@router.get("/newest", response_class=Response, responses={200: {"model": NewestShown}})
async def list_newest_events(
    caller: Reader,
    services: Given,
    type_: Types = "",
    account: Account = None,
    from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> Response:
    """List the newest events, newest first, and what became of their deliveries.

    It is for people. A program pulls: there nothing is skipped, and nothing comes twice.
    """
    wanted = which(account=account, types=type_, since=from_, until=to, event=None, limit=limit)
    query = EventQuery(
        account=wanted.account,
        types=wanted.types,
        start=wanted.start,
        end=wanted.end,
        limit=wanted.limit,
    )
    return Response(
        newest(await services.feed.newest(caller, query)), media_type="application/json"
    )


@router.get("/{event}", response_class=Response, responses={200: {"model": EventShown}})
async def get_event(event: str, caller: Reader, services: Given) -> Response:
    """Show one event, and what became of its deliveries."""
    found = await services.feed.event(caller, EventId(event))
    return Response(whole(found), media_type="application/json")


async def _begin(services: Services, caller: Caller, after: str | None, name: str | None) -> Spot:
    if after is not None and name is not None:
        raise invalid("after", "give a cursor or a reader, not both")
    if name is not None:
        return await services.feed.place(caller, name)
    if after is None:
        return Spot()
    return await services.feed.end() if after == _NOW else spot(after)


def _types(given: str) -> tuple[str, ...]:
    return tuple(each for part in given.split(",") if (each := part.strip()))


async def _parts(
    telling: AsyncGenerator[Stretch], is_valid: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[bytes]:
    """Yield what is sent of each stretch, until the key that asked is taken away."""
    async with aclosing(telling) as stretches:
        async for found in stretches:
            if not await is_valid():
                return
            events = [told(each.type, each.body, text(each.spot)) for each in found.events]
            yield b"".join(events) if events else still(text(found.reached))
