"""``vedette deliveries``: what became of events at endpoints, from the state."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from vedette.cli.live import plain
from vedette.cli.stored import NEWEST, USUAL, Newest, Stored
from vedette.errors import UsageError
from vedette.model.delivery import DeliveryState
from vedette.model.ids import EndpointId
from vedette.outbox.envelope import instant
from vedette.ports.store import DeliveryQuery, EventQuery, StoredDelivery

Flag = Annotated[bool, Parameter(negative=())]

STYLES = {
    DeliveryState.DUE: "yellow",
    DeliveryState.DELIVERED: "green",
    DeliveryState.FAILED: "red",
}


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
    stored: Stored = USUAL,
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
    with stored.read() as reader:
        found = reader.deliveries(query)
    if stored.as_json:
        for each in found:
            sys.stdout.write(json_module.dumps(_json(each)) + "\n")
        return 0
    Console(highlight=False).print(_table(found))
    return 0


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


def _table(found: Sequence[StoredDelivery]) -> Table:
    table = Table(box=None, pad_edge=False)
    columns = ("event at", "type", "account", "endpoint", "state", "attempts", "next", "event")
    for column in (*columns, "last answer"):
        table.add_column(column, overflow="fold")
    for each in found:
        waits = each.state is DeliveryState.DUE
        state = "in flight" if waits and each.is_in_flight else each.state.value
        table.add_row(
            _second(each.time),
            each.type,
            plain(each.account),
            plain(each.endpoint),
            f"[{STYLES[each.state]}]{state}[/]",
            str(each.attempts),
            _second(each.due) if waits else "-",
            each.event,
            plain(each.reason),
        )
    return table


def _second(at: float) -> str:
    return instant(at).replace("T", " ")[:19] + "Z"


def _json(each: StoredDelivery) -> dict[str, Any]:
    waits = each.state is DeliveryState.DUE
    return {
        "delivery": each.delivery,
        "endpoint": each.endpoint,
        "state": each.state.value,
        "inFlight": waits and each.is_in_flight,
        "attempts": each.attempts,
        "queuedAt": instant(each.queued_at),
        "nextAt": instant(each.due) if waits else None,
        "settledAt": None if waits else instant(each.due),
        "reason": each.reason,
        "event": {
            "id": each.event,
            "type": each.type,
            "tenant": each.tenant,
            "account": each.account,
            "time": instant(each.time),
        },
    }
