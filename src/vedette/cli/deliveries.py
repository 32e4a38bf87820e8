"""``vedette deliveries``: what became of events at endpoints.

Without a URL it is read from the state, whether a service runs on it or not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.endpoints.reading import DELIVERIES, tint
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, print_table
from vedette.cli.stored import NEWEST, Newest
from vedette.cli.verb import listed
from vedette.cli.view import view
from vedette.client.endpoints import Delivery, EventNamed
from vedette.errors import UsageError
from vedette.model.delivery import DeliveryState
from vedette.model.ids import EndpointId
from vedette.ports.store import DeliveryQuery, EventQuery, StoredDelivery

Flag = Annotated[bool, Parameter(negative=())]


def deliveries(
    *,
    newest: Newest = NEWEST,
    endpoint: str | None = None,
    due: Flag = False,
    delivered: Flag = False,
    failed: Flag = False,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative=())] = (),
    until: str | None = None,
    event: str | None = None,
    at: Reach = HERE,
) -> int:
    """Show deliveries, those of the newest events first.

    A failed one is a dead letter: it is kept with its event until that is too old, and
    vedette replay --failed queues it again.

    Parameters
    ----------
    endpoint
        Only those to this endpoint.
    due
        Only those that wait for an attempt.
    delivered
        Only those that the endpoint took.
    failed
        Only those that were given up: the dead letters.
    type_
        Only of events of this type (again for more), such as message.received or account.*.
    until
        Only of events before this instant.
    event
        Only of the event of this id.
    """
    state = _state(due=due, delivered=delivered, failed=failed)
    query = _about(newest.events(types=type_, until=until, event=event), endpoint, state)
    if at.is_elsewhere:
        return _asked(at, query)
    with view(at.config, at.state) as reader:
        _print([_shown(each) for each in reader.deliveries(query)], as_json=at.as_json)
    return 0


def _asked(at: Reach, query: DeliveryQuery) -> int:
    """Print what a service elsewhere tells."""
    return listed(
        at,
        DELIVERIES,
        query.limit,
        lambda client, page: client.endpoints.deliveries(
            query.endpoint,
            state=None if query.state is None else query.state.value,
            account=query.account,
            type_=",".join(query.types),
            begin=None if query.start is None else _instant(query.start),
            end=None if query.end is None else _instant(query.end),
            event=query.event,
            limit=page,
        ),
        tint=tint,
    )


def _about(events: EventQuery, endpoint: str | None, state: DeliveryState | None) -> DeliveryQuery:
    return DeliveryQuery(
        endpoint=None if endpoint is None else EndpointId(endpoint),
        state=state,
        account=events.account,
        types=events.types,
        start=events.start,
        end=events.end,
        event=events.event,
        limit=events.limit,
    )


def _state(**asked: bool) -> DeliveryState | None:
    """Return the one state that is asked for, None for all. Raises UsageError for several."""
    named = [name for name, is_asked in asked.items() if is_asked]
    if len(named) > 1:
        raise UsageError(f"a delivery has one state: give one of --{', --'.join(named)}")
    return DeliveryState(named[0]) if named else None


def _print(found: Sequence[Delivery], *, as_json: bool) -> None:
    if not as_json:
        print_table(found, DELIVERIES, tint)
        return
    for each in found:
        sys.stdout.write(line(each) + "\n")


def _shown(each: StoredDelivery) -> Delivery:
    """Return a delivery of the state as the API shows it."""
    waits = each.state is DeliveryState.DUE
    return Delivery(
        delivery=each.delivery,
        endpoint=each.endpoint,
        state=each.state.value,
        in_flight=waits and each.is_in_flight,
        attempts=each.attempts,
        queued_at=_instant(each.queued_at),
        next_at=_instant(each.due) if waits else None,
        settled_at=None if waits else _instant(each.due),
        reason=each.reason,
        event=EventNamed(
            id=each.event,
            type=each.type,
            tenant=each.tenant,
            account=each.account,
            time=_instant(each.time),
        ),
    )


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
