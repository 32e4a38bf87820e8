"""Joins the doctor's questions to the real network, and to what is configured beside the mailbox.

Nothing is stored.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from vedette.app.clock import SystemClock
from vedette.app.sinks import build
from vedette.app.visit import passing
from vedette.config.settings import EndpointSettings, GuardSettings, Settings
from vedette.errors import SinkError
from vedette.guard.pack import ActionKind
from vedette.model.account import Account
from vedette.model.cursor import FolderState
from vedette.model.delivery import Delivered, Outcome, Parcel, Selection
from vedette.model.ids import EventId
from vedette.net.host import canonical
from vedette.net.resolve import SystemResolver
from vedette.outbox.envelope import instant
from vedette.ports.sink import Sink
from vedette.ports.state import StateView
from vedette.ports.store import EventQuery
from vedette.ports.token import Tokens
from vedette.reader import MessageReader
from vedette.service.doctor import checkup
from vedette.service.doctor.doctor import CheckOutcome, Finding, Question, examine

#: Seconds for one endpoint: the longest that a sink has for an attempt.
ANSWER = 35.0
#: The type of the event that an endpoint is tried with. No selection of types asks for it.
TRIAL = "endpoint.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known beside the mailbox: a ``state``, ``guards``, and ``endpoints`` to be tried."""

    state: StateView | None = None
    guards: Sequence[GuardSettings] = ()
    endpoints: Sequence[EndpointSettings] = ()


async def diagnose(
    settings: Settings, *, beside: Beside | None = None, tokens: Tokens | None = None
) -> AsyncGenerator[Finding, None]:
    """Yield the findings for the first account of the settings."""
    only, known = settings.accounts[0], beside or Beside()
    world = replace(passing(settings.state, MessageReader()), tokens=tokens)
    resolver = SystemResolver()

    async def lookup(host: str) -> list[str]:
        return list(await resolver.resolve(canonical(host)))

    more: list[Question] = [checkup.opens, checkup.pushes]
    if known.state is not None:
        states: Sequence[FolderState] = known.state.folders(only.account.id)
        more.append(checkup.complete(world, states, partial(_stored, known.state)))
    if names := _targets(only.account, known.guards):
        more.append(checkup.room(names))
    found = examine(only.account, only.target, world, lookup, more=more)
    async with aclosing(checkup.advised(only.target.host, found)) as findings:
        async for finding in findings:
            yield finding
    for endpoint in known.endpoints:
        yield await tried(endpoint)


async def _stored(state: StateView, events: Sequence[EventId]) -> frozenset[EventId]:
    """Return those that are stored: a look into an index for each."""
    return frozenset(each for each in events if state.events(EventQuery(event=each, limit=1)))


def _targets(account: Account, guards: Sequence[GuardSettings]) -> list[str]:
    """Return the folders that the guards of an account move mail to."""
    mine = [
        guard
        for guard in guards
        if not (guard.accounts and account.id not in guard.accounts)
        and not (guard.tenants and account.tenant not in guard.tenants)
    ]
    moves = [
        action.target
        for guard in mine
        for action in guard.pack.actions
        if action.kind is ActionKind.MOVE
    ]
    return list(dict.fromkeys(moves))


def takes(selection: Selection, account: Account) -> bool:
    """Tell whether events of an account may go where a selection says."""
    return (not selection.accounts or account.id in selection.accounts) and (
        not selection.tenants or account.tenant in selection.tenants
    )


async def tried(settings: EndpointSettings) -> Finding:
    """Send an endpoint a test event, signed as every event is, and say what came of it."""
    loop, clock = asyncio.get_running_loop(), SystemClock()
    begun, check = loop.time(), f"endpoint {settings.endpoint.id}"
    event = EventId(f"test-{secrets.token_hex(16)}")
    body = (
        f'{{"specversion":"1.0","id":"{event}","source":"/vedette","type":"{TRIAL}",'
        f'"time":"{instant(clock.now())}","datacontenttype":"application/json","data":{{}}}}'
    ).encode()
    parcel = Parcel(
        delivery=0,
        endpoint=settings.endpoint.id,
        event=event,
        type=TRIAL,
        lane=b"",
        body=body,
        attempt=1,
        queued_at=clock.now(),
    )
    try:
        sink = build(settings, clock)
        outcome = await _sent(sink, parcel)
    except SinkError as error:
        return Finding(
            check=check,
            outcome=CheckOutcome.FAILED,
            seconds=loop.time() - begun,
            detail=str(error),
            remedy="events for it wait until this is mended; nothing is lost meanwhile",
            error=error,
        )
    took = loop.time() - begun
    if isinstance(outcome, Delivered):
        detail = outcome.detail or "took the test event"
        return Finding(check=check, outcome=CheckOutcome.OK, seconds=took, detail=detail)
    return Finding(
        check=check,
        outcome=CheckOutcome.FAILED,
        seconds=took,
        detail=outcome.reason,
        remedy="check the address and the secret; a receiver answers 2xx to every event it knows of",
        error=SinkError(outcome.reason),
    )


async def _sent(sink: Sink, parcel: Parcel) -> Outcome:
    """Start a sink, send once, and stop it. Raises SinkError."""
    try:
        async with asyncio.timeout(ANSWER):
            await sink.start()
            try:
                return await sink.send(parcel)
            finally:
                await sink.stop()
    except TimeoutError as error:
        raise SinkError(
            f"endpoint {parcel.endpoint} does not answer within {ANSWER:.0f} s"
        ) from error
